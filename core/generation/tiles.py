"""Volumes made tile by tile, so that whatever box is asked for, a voxel has the same value to the bit.

Convolution libraries choose their algorithm, and with it their rounding, by the shape they are given. So tiles have one
fixed edge and lie on one absolute grid (tile i covers voxels edge·i to edge·(i + 1) − 1 along each axis); each is
computed whole and then cropped to what was asked for.

Where the memory is too small for a tile, the volume is started again with tiles of half the edge. Such tiles round
differently, so voxels very close to the threshold may differ from those of a machine with more memory. The edge that
was used is returned, to be kept with the result.

A volume that repeats has one tile for each place of its period, from voxel 0 on; the last may reach beyond it. A voxel
anywhere else takes its value from the tile of the place that it repeats, so periods of any length agree to the bit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from core.devices import is_out_of_memory
from core.errors import InputError, JobError
from core.generation.at_once import in_order
from core.generation.periods import Period, Triple
from core.generation.progress import GenerationProgress
from core.job import Job

TILE_EDGE = 64
"""Edge of a tile in voxels. A network's coarsest noise cell should divide it, so that all tiles have one shape."""
SMALLEST_EDGE = 16
"""Tiles are not made smaller than this: the border that a convolution reads would outweigh the tile."""


@dataclass(frozen=True)
class Piece:
    """What one tile gives to a box.

    Attributes
    ----------
    start
        First voxel of the tile.
    within, inside
        Its part that is taken, and where that belongs in the box: slices along z, y, x.
    """

    start: Triple
    within: tuple[slice, slice, slice]
    inside: tuple[slice, slice, slice]


def tile_origins(origin: Triple, size: Triple, edge: int) -> list[Triple]:
    """First voxels (z, y, x) of the tiles that cover the box ``origin … origin + size``, x fastest."""
    return [piece.start for piece in pieces(origin, size, edge)]


def pieces(origin: Triple, size: Triple, edge: int, period: Period = (None, None, None)) -> list[Piece]:
    """The parts of tiles that make up the box ``origin … origin + size``, x fastest.

    ``origin`` is any whole position; along an axis with a period, all tiles start within the first one.
    """
    along = [_runs(*axis, edge) for axis in zip(origin, size, period, strict=True)]
    found = []
    for z, y, x in product(*along):
        found.append(Piece((z[0], y[0], x[0]), (z[1], y[1], x[1]), (z[2], y[2], x[2])))
    return found


def _runs(begin: int, count: int, period: int | None, edge: int) -> list[tuple[int, slice, slice]]:
    """Along one axis: the tiles' starts, the part of each that is taken, and where that goes."""
    runs = []
    done = 0
    while done < count:
        place = begin + done if period is None else (begin + done) % period
        start = edge * (place // edge)
        stop = start + edge if period is None else min(start + edge, period)
        length = min(stop - place, count - done)
        runs.append((start, slice(place - start, place - start + length), slice(done, done + length)))
        done += length
    return runs


def assemble(
    make_tile: Callable[[Triple, int], np.ndarray],
    origin: Triple,
    size: Triple,
    *,
    edge: int = TILE_EDGE,
    smallest: int = SMALLEST_EDGE,
    period: Period = (None, None, None),
    dtype: type = np.uint8,
    what: str = "Generating",
    channels: int | None = None,
    at_once: int = 1,
) -> Job[tuple[np.ndarray, int]]:
    """A job that computes the tiles over a box and puts them together.

    Parameters
    ----------
    make_tile
        Called with a tile's first voxel and edge; returns its values, shape (edge, edge, edge), or with ``channels``
        values a voxel along a fourth axis.
    origin, size
        The box, voxels along z, y, x; ``origin`` may be negative.
    edge, smallest
        Edge of the tiles in voxels, and below which edge to give up.
    period
        After how many voxels along z, y, x the values repeat, or None.
    at_once
        How many tiles may be made at the same time, each by a thread of its own (`core.generation.at_once`).

    Yields
    ------
    `GenerationProgress` at the start and after each tile.

    Returns
    -------
    The values, shape ``size`` (and channels), and the edge of the tiles they were computed with.

    Raises
    ------
    InputError
        Where the box is empty.
    JobError
        Where even the smallest tiles, or the box itself, do not fit into memory.
    """
    if min(size) < 1:
        raise InputError(f"A volume has at least one voxel along each axis, not {size}.")
    try:
        box: np.ndarray = np.zeros(size if channels is None else (*size, channels), dtype=dtype)
    except (MemoryError, ValueError) as error:
        raise JobError(
            f"A volume of {' × '.join(map(str, size))} voxels does not fit into memory.", "Choose a smaller size."
        ) from error
    while True:
        try:
            yield from filling(box, make_tile, origin, edge, period, what, at_once)
            return box, edge
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if edge // 2 < smallest:
                raise JobError(
                    f"The memory was not enough even for tiles of {edge}³ voxels.",
                    "Close other programs, or train with fewer channels.",
                ) from error
            edge //= 2


def filling(
    box: np.ndarray,
    make_tile: Callable[[Triple, int], np.ndarray],
    origin: Triple,
    edge: int,
    period: Period,
    what: str,
    at_once: int = 1,
) -> Job[None]:
    """Put tiles of one edge into ``box``, which begins at ``origin``; ``at_once`` and reports as of `assemble`."""
    parts = pieces(origin, box.shape[:3], edge, period)  # type: ignore[arg-type]
    yield GenerationProgress(0, len(parts), what)
    made = in_order(lambda piece: make_tile(piece.start, edge)[piece.within], parts, at_once)
    with contextlib.closing(made):
        for done, (piece, block) in enumerate(zip(parts, made, strict=True), 1):
            box[piece.inside] = block
            z, y, x = (part.start for part in piece.inside)
            yield GenerationProgress(done, len(parts), what, block=block, origin=(z, y, x))
