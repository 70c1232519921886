"""Volumes of any size, made block by block straight onto the disk: in bounded memory, and resumed after a kill.

While it is made, the volume is called ``NAME.part.SUFFIX`` and can be opened; a journal beside it says which blocks are
there. At the end it takes its place and the journal goes. How much is made at a time never changes a voxel: blocks are
whole cells of 64 voxels, made of tiles on one absolute grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Protocol

import numpy as np

from core.devices import is_out_of_memory
from core.errors import InputError, JobError, OutputExistsError
from core.generation.block_checking import Box, strike_out_what_is_lost
from core.generation.journal import Journal
from core.generation.periods import Triple
from core.generation.progress import GenerationProgress
from core.generation.recipe import Recipe
from core.generation.tiles import SMALLEST_EDGE, TILE_EDGE, filling
from core.images.atomic import put_in_place, remove, write_error
from core.images.outline import Outline
from core.images.pyramid import CELL
from core.job import Job, Progress

BLOCK = 256
"""Edge of the blocks where none is asked for, voxels: one shard, 16 MB."""


@dataclass(frozen=True)
class WritingProgress(Progress):
    """How far a volume on the disk is.

    Attributes
    ----------
    path
        The unfinished volume, which can be opened.
    finished
        Where a block has just become safe: which cells are there, shape (z, y, x) in cells of 64 voxels, bool; else
        None.
    """

    path: Path | None = None
    finished: np.ndarray | None = None


class BlockWriter(Protocol):
    """A file that takes a volume block by block."""

    def write(self, origin: Triple, labels: np.ndarray) -> None:
        """Put a block in its place; it is safe on the disk when this returns."""
        ...

    def finish(self, counts: np.ndarray) -> None:
        """All blocks are there; ``counts`` are the voxels of each label."""
        ...

    def read_back(self, origin: Triple, size: Triple) -> np.ndarray | None:
        """As of `core.generation.block_checking.ReadBack`."""
        ...

    def give_up(self, origin: Triple, size: Triple) -> list[Box]:
        """As of `core.generation.block_checking.ReadBack`."""
        ...


def suffix_of(path: Path) -> str:
    """The suffix of a format that can be written block by block; empty for any other."""
    name = path.name.lower()
    for suffix in (".ome.zarr", ".zarr", ".ome.tiff", ".ome.tif", ".tiff", ".tif"):
        if name.endswith(suffix) and len(name) > len(suffix):
            return path.name[-len(suffix) :]
    return ""


def part_path(path: Path) -> Path:
    """Where a volume lies until it is finished."""
    suffix = suffix_of(path)
    return path.with_name(f"{path.name.removesuffix(suffix)}.part{suffix}")


def journal_path(path: Path) -> Path:
    """The journal of an unfinished volume."""
    return journal_of(part_path(path))


def journal_of(part: Path) -> Path:
    """The journal of an unfinished volume that lies at ``part``."""
    return part.with_name(f"{part.name.removesuffix(suffix_of(part))}.journal")


def unfinished(path: Path) -> float | None:
    """The share of ``path`` that an earlier run finished, 0 to 1, or None where there is nothing to resume."""
    if not (journal_path(path).is_file() and part_path(path).exists()):
        return None
    try:
        return Journal.read(journal_path(path)).share
    except InputError:
        return None


def refuse_begun(path: Path) -> None:
    """`core.errors.OutputExistsError` where an earlier run began ``path`` and did not finish it."""
    if part_path(path).exists():
        raise OutputExistsError(
            f"{part_path(path)} is there: an earlier run was not finished.",
            "Go on with it (--resume), or begin again (--force).",
        )


def blocks_of(size: Triple, block: int) -> list[Box]:
    """The boxes of about ``block`` voxels' edge that make up a volume, x fastest; each begins at a whole cell."""
    edge = CELL * max(1, -(-block // CELL))
    found = []
    for z, y, x in product(*(range(0, side, edge) for side in size)):
        depth, rows, columns = (min(edge, side - first) for side, first in zip(size, (z, y, x), strict=True))
        found.append(((z, y, x), (depth, rows, columns)))
    return found


def write_by_blocks(
    recipe: Recipe,
    path: Path,
    *,
    block: int = BLOCK,
    resume: bool = False,
    overwrite: bool = False,
    order: Sequence[int] | None = None,
) -> Job[Path]:
    """A job that makes a volume straight onto the disk.

    Parameters
    ----------
    path
        A name ending in .ome.zarr (a folder), .ome.tif or .tif.
    block
        Edge of what is made at a time, voxels, rounded up to whole cells of 64. Memory grows with it.
    resume
        Go on where an earlier run of the same recipe stopped, if there was one. What it finished is read back; blocks
        that are no longer as they were written are made again.
    overwrite
        Whether what is at ``path``, finished or not, may be replaced.
    order
        The order in which blocks are made (numbers of `blocks_of`); by default as they lie.

    Yields
    ------
    `WritingProgress` after each tile.

    Raises
    ------
    InputError
        Where the name says no such format, the file is there, or the unfinished volume is another one.
    JobError
        Where memory or disk are not enough. What is finished stays and can be resumed.
    """
    if not suffix_of(path):
        raise InputError(f"{path.name} cannot be written block by block.", "End the name with .ome.zarr or .tif.")
    if block < 1:
        raise InputError(f"A block has at least one voxel, not {block}.")
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path} exists already.", "Choose another name, or allow it to be replaced (--force).")
    if not path.parent.is_dir():
        raise JobError(f"The folder {path.parent} does not exist.", "Make it, or choose another.")
    try:
        journal = _begun(recipe, path, resume, overwrite)
        if journal.blocks:
            journal = yield from _checked(recipe, path, journal)
        boxes = blocks_of(recipe.size, block)
        todo = boxes if order is None else [boxes[number] for number in order]
        while True:
            try:
                yield from _make(recipe, path, journal, todo)
                break
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if journal.edge // 2 < SMALLEST_EDGE:
                    raise JobError(
                        f"The memory was not enough even for tiles of {journal.edge}³ voxels.", "Close other programs."
                    ) from error
                # smaller tiles round differently: none of the larger ones may stay
                journal = _anew(recipe, path, journal.edge // 2)
        put_in_place(part_path(path), path)
        journal.remove()
        recipe.written()
    except OSError as error:
        raise write_error(path, error) from error
    return path


def _begun(recipe: Recipe, path: Path, resume: bool, overwrite: bool) -> Journal:
    there = part_path(path).exists()
    if there and resume and journal_path(path).is_file():
        journal = Journal.read(journal_path(path))
        _check_same(recipe, journal, path)
        return journal
    if not overwrite:
        refuse_begun(path)
    return _anew(recipe, path, TILE_EDGE)


def _checked(recipe: Recipe, path: Path, journal: Journal) -> Job[Journal]:
    """The journal without what has been lost since it was written."""
    try:
        writer = _writer(recipe, part_path(path), journal.edge)
    except OSError:
        raise
    except Exception:  # what zarr and tifffile raise on a file that is cut short has no common base
        return _anew(recipe, path, journal.edge)
    yield from strike_out_what_is_lost(writer, journal)
    return journal


def _check_same(recipe: Recipe, journal: Journal, path: Path) -> None:
    asked, begun = recipe.identity, journal.identity
    differing = sorted(key for key in {*asked, *begun} if asked.get(key) != begun.get(key))
    if differing:
        told = "; ".join(f"{key.replace('_', ' ')}: {begun.get(key)}, now {asked.get(key)}" for key in differing)
        raise InputError(
            f"{part_path(path).name} was begun as another volume ({told}), so the rest would not fit.",
            "Ask for the same as then, or begin again (--force).",
        )


def _anew(recipe: Recipe, path: Path, edge: int) -> Journal:
    part = part_path(path)
    # first the journal: data without one is begun anew, a journal without data would promise too much
    journal_path(path).unlink(missing_ok=True)
    remove(part)
    _writer(recipe, part, edge)
    return Journal.begin(journal_path(path), recipe.size, len(recipe.phases), recipe.identity, edge)


def _writer(recipe: Recipe, part: Path, edge: int) -> BlockWriter:
    outline = Outline(recipe.size, recipe.phases, recipe.voxel_size, recipe.name, recipe.provenance(edge), recipe.dtype)
    if suffix_of(part).lower().endswith("zarr"):
        from core.images.zarr_volume import ZarrWriter

        return ZarrWriter(part, outline)
    from core.images.big_tiff import TiffWriter

    return TiffWriter(part, outline)


def _make(recipe: Recipe, path: Path, journal: Journal, boxes: Sequence[Box]) -> Job[None]:
    part = part_path(path)
    writer = _writer(recipe, part, journal.edge)
    voxels = recipe.size[0] * recipe.size[1] * recipe.size[2]
    total = -(-voxels // CELL**3)
    done = sum(math.prod(block.size) for block in journal.blocks)

    def report(extra: int, finished: np.ndarray | None = None) -> WritingProgress:
        return WritingProgress(round(total * (done + extra) / voxels), total, "Generating", part, finished)

    def keep(start: Triple, labels: np.ndarray) -> None:
        writer.write(start, labels)
        journal.add(start, labels)

    yield report(0, journal.finished.copy())
    # a block is written while the next one is made; what is begun is finished, whatever ends this
    with ThreadPoolExecutor(1, "writing") as beside:
        kept: Future[None] | None = None
        for start, shape in _missing(journal, boxes):
            labels = np.zeros(shape, recipe.dtype)
            made = 0
            for tile in filling(
                labels, recipe.make_tile, start, journal.edge, recipe.period, "Generating", recipe.at_once
            ):
                made += tile.block.size if isinstance(tile, GenerationProgress) and tile.block is not None else 0
                if kept is not None and kept.done():
                    kept.result()
                    kept = None
                    yield report(made, journal.finished.copy())
                else:
                    yield report(made)
            done += made
            if kept is not None:
                kept.result()
                yield report(0, journal.finished.copy())
            kept = beside.submit(keep, start, labels)
        if kept is not None:
            kept.result()
            yield report(0, journal.finished.copy())
    writer.finish(journal.counts)


def _missing(journal: Journal, boxes: Sequence[Box]) -> list[Box]:
    """What is still to be made; of a box that another size of blocks has begun, its cells that are not there."""
    found: list[Box] = []
    for origin, size in boxes:
        pieces = _cells(origin, size) if journal.is_begun(origin, size) else [(origin, size)]
        found += [piece for piece in pieces if not journal.is_finished(*piece)]
    return found


def _cells(origin: Triple, size: Triple) -> list[Box]:
    found = []
    for (z, y, x), shape in blocks_of(size, CELL):
        found.append(((origin[0] + z, origin[1] + y, origin[2] + x), shape))
    return found
