"""The command train: one diffusion model from a folder of phase images, or grey ones, with a folder a class."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.arguments import changed
from app.checkpoint_options import check as check_checkpoints
from app.checkpoint_options import say_going_on, say_resumable, wanted_checkpoints
from app.sampling_options import sampling_settings
from app.terminal import ProgressDisplay, may_write, note
from core.errors import InputError
from core.job import finish

if TYPE_CHECKING:
    from core.reconstruction.engine import Model

INTERRUPTED = 130


def add_options(command: argparse.ArgumentParser) -> None:
    """The command's own options; seed, device, output and those common to all are added by the caller."""
    command.add_argument("folder", type=Path, help="phase images; each folder in it is a class of its own")
    command.add_argument(
        "--grey", action="store_true", help="the pictures are grey micrographs: learn their values, without phases"
    )
    command.add_argument("--preset", default=None, help="small (default) or paper")
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting of the engine diffusion"
    )


def train(options: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from core import devices
    from core.reconstruction.diffusion import classes as of_phases
    from core.reconstruction.diffusion import grey as of_grey
    from core.reconstruction.diffusion.copying import sentence
    from core.reconstruction.model_file import save_model
    from core.reconstruction.registry import engine

    presets = engine("diffusion").presets
    preset = options.preset or next(iter(presets))
    if preset not in presets:
        raise InputError(f"There is no preset {preset!r}.", f"Choose one of: {', '.join(presets)}.")
    settings: Any = changed(presets[preset], [*sampling_settings(options), *options.set])
    check_checkpoints(options)
    replace = may_write(options.output, options.force)
    kept_in = None if options.checkpoint is None else wanted_checkpoints(options.checkpoint, options)
    read: Any = of_grey.read_grey_classes if options.grey else of_phases.read_classes
    classes = read(options.folder)
    for name, images in classes.items():
        note(f"{name}: {len(images)} image{'s' if len(images) != 1 else ''}")
    if options.grey:
        note(f"Grey values {of_grey.check_grey(classes).words}.")
    kept: list[Model] = []

    def watch(progress: Any) -> None:
        if progress.snapshot is not None:
            kept[:] = [progress.snapshot]
        display(progress)

    say_going_on(kept_in)
    training: Any = of_grey.training if options.grey else of_phases.training
    job = training(
        classes, settings, seed=options.seed, device=devices.resolve(options.device), max_seconds=options.max_seconds,
        checkpoints=kept_in,
    )  # fmt: skip
    try:
        with ProgressDisplay(options.quiet) as display:
            model = finish(job, watch)
    except KeyboardInterrupt:
        if kept_in is not None and kept_in.path.exists():
            # the model's own file stays free for the training that goes on
            note("Interrupted.")
        elif kept:
            save_model(kept[0], options.output, overwrite=replace)
            note(f"Interrupted. The model as trained so far is in {options.output}.")
        else:
            note("Interrupted before there was a usable model.")
        say_resumable(kept_in)
        return INTERRUPTED
    print(save_model(model, options.output, overwrite=replace))
    said = sentence(model.card)
    if said is not None:
        note(said)
    if kept_in is not None:
        kept_in.remove()
    return 0
