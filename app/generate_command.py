"""The command generate: volumes from a model, in memory or block by block onto the disk."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.anchor_options import wanted_anchors
from app.onto_disk import INTERRUPTED, by_blocks, say_fractions, write_blocks
from app.picture_command import check_report, generate_grey, generate_pictures
from app.reconstruct_command import exit_code
from app.sampling_options import of_class_asked, sampled_as_asked
from app.series import Member, label, members, named
from app.terminal import ProgressDisplay, may_write, note
from app.towards_options import wanted_towards
from core.errors import InputError, JobError, MicroloomError
from core.job import finish

if TYPE_CHECKING:
    from core.images.values import Volume
    from core.masks.mask import Mask
    from core.reconstruction.engine import Model


def write_or_rescue(volume: Volume, path: Path, replace: bool) -> None:
    """Write the volume; where that fails, put it somewhere else rather than lose it."""
    from core.images.writing import write_volume

    try:
        write_volume(volume, path, overwrite=replace)
    except JobError as error:
        try:
            folder = Path(tempfile.mkdtemp(prefix="microloom-"))
            saved = write_volume(volume, folder / path.name)
        except (MicroloomError, OSError):
            raise error from None
        raise JobError(error.what, f"The volume was saved as {saved} instead.") from error


def wanted_mask(options: argparse.Namespace) -> Mask | None:
    """The mask that was asked for.

    Raises
    ------
    InputError
        Where it cannot be read, or a volume fraction is given as well.
    """
    if options.mask is None:
        return None
    if options.volume_fraction is not None:
        raise InputError(
            "A mask and a volume fraction were both given; the mask says the fraction at each place.",
            "Leave one of --mask and --volume-fraction out.",
        )
    from core.masks.files import read_mask

    return read_mask(options.mask)


def generate(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from core import devices
    from core.images.writing import format_of
    from core.reconstruction.model_file import load_model
    from core.reconstruction.shipped import model_path

    known = load_model(model_path(options.model), grey=True)
    model = sampled_as_asked(of_class_asked(known, options.material_class), options)
    if "grey" in model.card:
        return generate_grey(options, model)
    if options.pictures is not None:
        return generate_pictures(options, model)
    check_report(options)
    blocks = by_blocks(options, asked=options.block is not None or options.resume)
    device = devices.resolve(options.device)
    format_of(options.output)
    if options.seeds is not None:
        seeds = options.seeds
    else:
        seeds = (int(model.card["seed"]) if options.seed is None else options.seed,)
    mask = wanted_mask(options)
    besides = {**_anchors(options, model), **_towards(options, model)}
    if getattr(model, "can_be_exact", False):
        besides["exact"] = not options.as_calibrated
    fractions = (None,) if options.volume_fraction is None else options.volume_fraction
    series = members(seeds, fractions, train_once=True)
    places = [named(options.output, member, series) for member in series]
    # a series that was interrupted goes on with what is missing
    there = {path for path in places if len(series) > 1 and options.resume and path.exists()}
    # every file is asked for before the work begins
    replaces = [path not in there and may_write(path, options.force) for path in places]
    failures: list[MicroloomError] = []
    for number, (member, path, replace) in enumerate(zip(series, places, replaces, strict=True), 1):
        name = label(member, series)
        if name:
            note(f"{number} of {len(series)}: {name}" + (": it is there already." if path in there else ""))
        if path in there:
            continue
        try:
            code = _make(options, model, member, path, replace, {"device": device, "mask": mask, **besides}, blocks)
        except MicroloomError as error:
            # one volume that fails must not take the others with it
            if not name:
                raise
            note(f"microloom: {name}: " + " ".join(str(error).split()))
            failures.append(error)
            continue
        if code:
            return code
    return exit_code(failures)


def _anchors(options: argparse.Namespace, model: Model) -> dict[str, Any]:
    """The planes that were asked for, as the model takes them; nothing where none were.

    Raises
    ------
    InputError
        Where the model keeps no planes.
    """
    from core.reconstruction.registry import engine

    anchors = wanted_anchors(options)
    if not anchors:
        return {}
    chosen = engine(str(model.card["engine"]))
    if not getattr(chosen, "uses_anchors", False):
        raise InputError(
            f"A model of the engine {chosen.title} cannot keep given planes.", "Take a model of the engine diffusion."
        )
    return {"anchors": anchors}


def _towards(options: argparse.Namespace, model: Model) -> dict[str, Any]:
    """The other seed that was asked for, as the model takes it; nothing where none was.

    Raises
    ------
    InputError
        Where the model's engine cannot do that.
    """
    from core.reconstruction.registry import engine

    towards = wanted_towards(options)
    if towards is None:
        return {}
    chosen = engine(str(model.card["engine"]))
    if not getattr(chosen, "uses_towards", False):
        raise InputError(
            f"A model of the engine {chosen.title} cannot pass into the volume of another seed.", "Leave --towards out."
        )
    return {"towards": towards}


def _make(
    options: argparse.Namespace,
    model: Model,
    member: Member,
    path: Path,
    replace: bool,
    asked: dict[str, Any],
    blocks: bool,
) -> int:
    """Make and write one volume; returns the exit code."""
    from core.reconstruction.to_disk import keeping

    asked = {**asked, "volume_fraction": member.fraction, "periodic": options.periodic}
    display = ProgressDisplay(options.quiet)
    if blocks:
        try:
            with display:
                kept = keeping(model, path, resume=options.resume, overwrite=options.force)
                recipe = finish(model.recipe(options.size, member.seed, **asked, **kept), display)
        except KeyboardInterrupt:
            note("Interrupted. The same command with --resume goes on.")
            return INTERRUPTED
        return write_blocks(options, recipe, path, replace, ProgressDisplay(options.quiet))
    with display:
        volume = finish(model.generate(options.size, member.seed, **asked), display)
    write_or_rescue(volume, path, replace)
    say_fractions(volume.phases, volume.fractions)
    print(path)
    return 0
