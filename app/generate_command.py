"""The command generate: a volume from a model, in memory or block by block onto the disk."""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.terminal import ProgressDisplay, may_write, note
from core.errors import InputError, JobError, MicroloomError
from core.job import finish

if TYPE_CHECKING:
    from core.generation.recipe import Recipe
    from core.images.values import Phase, Volume
    from core.masks.mask import Mask

INTERRUPTED = 130
IN_MEMORY = 512**3
"""A TIFF of more voxels is written block by block; a smaller one only where blocks or a resumed run are asked for."""


def by_blocks(options: argparse.Namespace) -> bool:
    """Whether the volume goes straight onto the disk.

    Raises
    ------
    InputError
        Where blocks are asked for in a format that has none.
    """
    from core.generation.block_writing import suffix_of

    suffix = suffix_of(options.output).lower()
    asked = options.block is not None or options.resume
    if asked and not suffix:
        raise InputError(
            f"{options.output.name} cannot be written block by block.", "End the name with .ome.zarr or .tif."
        )
    return suffix.endswith("zarr") or (bool(suffix) and (asked or math.prod(options.size) > IN_MEMORY))


def write_blocks(options: argparse.Namespace, recipe: Recipe, display: ProgressDisplay) -> int:
    """Make the volume block by block; returns the exit code."""
    from core.generation.block_writing import BLOCK, part_path, unfinished, write_by_blocks

    path: Path = options.output
    replace = may_write(path, options.force)
    done = unfinished(path)
    if options.resume and done is not None:
        note(f"Going on with {part_path(path)}, of which {100 * done:.0f} % are there.")
    block = BLOCK if options.block is None else options.block
    job = write_by_blocks(recipe, path, block=block, resume=options.resume, overwrite=replace)
    try:
        with display:
            finish(job, display)
    except KeyboardInterrupt:
        share = 100 * (unfinished(path) or 0)
        note(f"Interrupted. {share:.0f} % are in {part_path(path)}; the same command with --resume goes on.")
        return INTERRUPTED
    say_fractions(recipe.phases, fractions_of(path))
    print(path)
    return 0


def fractions_of(path: Path) -> Sequence[float]:
    """Volume fractions that a finished store tells; none where its format does not."""
    from core.images.zarr_volume import is_zarr, open_zarr

    return (open_zarr(path).fractions or ()) if is_zarr(path) else ()


def say_fractions(phases: Sequence[Phase], fractions: Sequence[float]) -> None:
    """One line a phase."""
    for label, (phase, fraction) in enumerate(zip(phases, fractions, strict=False)):
        print(f"{label} {phase.name}: {100 * fraction:.2f} %")


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

    blocks = by_blocks(options)
    model = load_model(options.model)
    device = devices.resolve(options.device)
    format_of(options.output)
    seed = int(model.card["seed"]) if options.seed is None else options.seed
    asked = {
        "device": device,
        "volume_fraction": options.volume_fraction,
        "mask": wanted_mask(options),
        "periodic": options.periodic,
    }
    display = ProgressDisplay(options.quiet)
    if blocks:
        with display:
            recipe = finish(model.recipe(options.size, seed, **asked), display)
        return write_blocks(options, recipe, ProgressDisplay(options.quiet))
    replace = may_write(options.output, options.force)
    with display:
        volume = finish(model.generate(options.size, seed, **asked), display)
    write_or_rescue(volume, options.output, replace)
    say_fractions(volume.phases, volume.fractions)
    print(options.output)
    return 0
