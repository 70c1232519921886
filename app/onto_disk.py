"""Volumes that the command line writes straight onto the disk, block by block: which ones, and what is told of them."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.terminal import ProgressDisplay, note
from core.errors import InputError
from core.job import finish

if TYPE_CHECKING:
    from core.generation.recipe import Recipe
    from core.images.values import Phase

INTERRUPTED = 130
IN_MEMORY = 512**3
"""A TIFF of more voxels is written block by block; a smaller one only where blocks are asked for."""


def by_blocks(options: argparse.Namespace, *, asked: bool) -> bool:
    """Whether the volume goes straight onto the disk; ``asked``: whether somebody wishes so.

    Raises
    ------
    InputError
        Where blocks are asked for in a format that has none.
    """
    from core.generation.block_writing import suffix_of

    suffix = suffix_of(options.output).lower()
    if asked and not suffix:
        raise InputError(
            f"{options.output.name} cannot be written block by block.", "End the name with .ome.zarr or .tif."
        )
    return suffix.endswith("zarr") or (bool(suffix) and (asked or math.prod(options.size) > IN_MEMORY))


def write_blocks(
    options: argparse.Namespace, recipe: Recipe, path: Path, replace: bool, display: ProgressDisplay
) -> int:
    """Make the volume block by block; returns the exit code."""
    from core.generation.block_writing import BLOCK, part_path, unfinished, write_by_blocks

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
    if recipe.phases:
        say_fractions(recipe.phases, fractions_of(path))
    print(path)
    return 0


def fractions_of(path: Path) -> Sequence[float]:
    """Volume fractions that a finished store tells; none where its format does not."""
    from core.images.zarr_volume import is_zarr, open_zarr

    return (open_zarr(path).fractions or ()) if is_zarr(path) else ()


def say_fractions(phases: Sequence[Phase], fractions: Sequence[float]) -> None:
    """One line a phase."""
    for number, (phase, fraction) in enumerate(zip(phases, fractions, strict=False)):
        print(f"{number} {phase.name}: {100 * fraction:.2f} %")
