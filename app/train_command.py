"""The command train: one diffusion model from a folder of phase images, with a folder a class."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.arguments import changed
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
    command.add_argument("--preset", default=None, help="small (default) or paper")
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting of the engine diffusion"
    )


def train(options: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from core import devices
    from core.reconstruction.diffusion.classes import read_classes, training
    from core.reconstruction.model_file import save_model
    from core.reconstruction.registry import engine

    presets = engine("diffusion").presets
    preset = options.preset or next(iter(presets))
    if preset not in presets:
        raise InputError(f"There is no preset {preset!r}.", f"Choose one of: {', '.join(presets)}.")
    settings: Any = changed(presets[preset], [*sampling_settings(options), *options.set])
    replace = may_write(options.output, options.force)
    classes = read_classes(options.folder)
    for name, images in classes.items():
        note(f"{name}: {len(images)} image{'s' if len(images) != 1 else ''}")
    kept: list[Model] = []

    def watch(progress: Any) -> None:
        if progress.snapshot is not None:
            kept[:] = [progress.snapshot]
        display(progress)

    job = training(
        classes, settings, seed=options.seed, device=devices.resolve(options.device), max_seconds=options.max_seconds
    )
    try:
        with ProgressDisplay(options.quiet) as display:
            model = finish(job, watch)
    except KeyboardInterrupt:
        if not kept:
            note("Interrupted before there was a usable model.")
            return INTERRUPTED
        save_model(kept[0], options.output, overwrite=replace)
        note(f"Interrupted. The model as trained so far is in {options.output}.")
        return INTERRUPTED
    print(save_model(model, options.output, overwrite=replace))
    return 0
