"""Volumes made tile by tile, so that whatever box is asked for, a voxel has the same value to the bit.

Convolution libraries choose their algorithm, and with it their rounding, by the shape they are given. So tiles have one
fixed edge and lie on one absolute grid (tile i covers voxels edge·i to edge·(i + 1) − 1 along each axis); each is
computed whole and then cropped to what was asked for.

Where the memory is too small for a tile, the volume is started again with tiles of half the edge. Such tiles round
differently, so voxels very close to the threshold may differ from those of a machine with more memory. The edge that
was used is returned, to be kept with the result.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from core.devices import is_out_of_memory
from core.errors import InputError, JobError
from core.generation.progress import GenerationProgress
from core.job import Job

Triple = tuple[int, int, int]

TILE_EDGE = 64
"""Edge of a tile in voxels. A network's coarsest noise cell should divide it, so that all tiles have one shape."""
SMALLEST_EDGE = 16
"""Tiles are not made smaller than this: the border that a convolution reads would outweigh the tile."""


def tile_origins(origin: Triple, size: Triple, edge: int) -> list[Triple]:
    """First voxels (z, y, x) of the tiles that cover the box ``origin … origin + size``, x fastest."""
    z, y, x = (range(edge * (first // edge), first + count, edge) for first, count in zip(origin, size, strict=True))
    return list(product(z, y, x))


def assemble(
    make_tile: Callable[[Triple, int], np.ndarray],
    origin: Triple,
    size: Triple,
    *,
    edge: int = TILE_EDGE,
    smallest: int = SMALLEST_EDGE,
    dtype: type = np.uint8,
    what: str = "Generating",
) -> Job[tuple[np.ndarray, int]]:
    """A job that computes the tiles over a box and puts them together.

    Parameters
    ----------
    make_tile
        Called with a tile's first voxel and edge; returns its values, shape (edge, edge, edge).
    origin, size
        The box, voxels along z, y, x; ``origin`` may be negative.
    edge, smallest
        Edge of the tiles in voxels, and below which edge to give up.

    Yields
    ------
    `GenerationProgress` at the start and after each tile.

    Returns
    -------
    The values, shape ``size``, and the edge of the tiles they were computed with.

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
        box: np.ndarray = np.zeros(size, dtype=dtype)
    except (MemoryError, ValueError) as error:
        raise JobError(
            f"A volume of {' × '.join(map(str, size))} voxels does not fit into memory.", "Choose a smaller size."
        ) from error
    while True:
        try:
            yield from _fill(box, make_tile, origin, edge, what)
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


def _fill(box: np.ndarray, make_tile: Callable[[Triple, int], np.ndarray], origin: Triple, edge: int, what: str) -> Job:
    starts = tile_origins(origin, box.shape, edge)  # type: ignore[arg-type]
    yield GenerationProgress(0, len(starts), what)
    for done, start in enumerate(starts, 1):
        inside, within = [], []
        for first, begin, count in zip(start, origin, box.shape, strict=True):
            low, high = max(first, begin), min(first + edge, begin + count)
            inside.append(slice(low - begin, high - begin))
            within.append(slice(low - first, high - first))
        block = make_tile(start, edge)[tuple(within)]
        box[tuple(inside)] = block
        z, y, x = (part.start for part in inside)
        yield GenerationProgress(done, len(starts), what, block=block, origin=(z, y, x))
