"""Coarse levels of a volume: each half as fine as the one before, so that a large one can be seen at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Triple = tuple[int, int, int]

CELL = 64
"""Blocks begin at multiples of this many voxels, so that each can be made coarser alone."""
MAX_LEVELS = 7
"""Level 6 has one voxel for a whole cell; there is none beyond it."""
SMALL = 128
"""A level whose sides are all this short needs none below it."""


def level_shapes(shape: Triple) -> tuple[Triple, ...]:
    """Shapes (z, y, x) of the levels of a volume, the full one first."""
    shapes = [shape]
    while max(shapes[-1]) > SMALL and len(shapes) < MAX_LEVELS:
        z, y, x = (-(-side // 2) for side in shapes[-1])
        shapes.append((z, y, x))
    return tuple(shapes)


def finest_level(shapes: Sequence[Triple], voxels: int) -> int:
    """The finest of the levels of at most so many voxels, or the coarsest of all."""
    for level, shape in enumerate(shapes):
        if math.prod(shape) <= voxels:
            return level
    return len(shapes) - 1


def halved(labels: np.ndarray) -> np.ndarray:
    """Labels (uint8) at half the resolution: of each cell of 2³ voxels, the label that most have.

    Where several are as frequent, the cell's first voxel decides if it has one of them, else the lowest label. At a far
    face with an odd number of voxels, the last ones stand for those that are missing.

    Parameters
    ----------
    labels
        Shape (Z, Y, X), each at least 1.

    Returns
    -------
    Shape (⌈Z/2⌉, ⌈Y/2⌉, ⌈X/2⌉).
    """
    if any(side % 2 for side in labels.shape):
        labels = np.pad(labels, [(0, side % 2) for side in labels.shape], mode="edge")
    first = labels[::2, ::2, ::2]
    best = np.zeros(first.shape, np.uint8)
    most = np.zeros(first.shape, np.uint8)
    for label in range(int(labels.max()) + 1):
        votes = (labels == label).view(np.uint8)
        # axis by axis, which is ten times faster than a sum over all three
        votes = votes[::2] + votes[1::2]
        votes = votes[:, ::2] + votes[:, 1::2]
        votes = votes[..., ::2] + votes[..., 1::2]
        votes *= 2
        votes += first == label
        np.copyto(best, np.uint8(label), where=votes > most)
        np.maximum(most, votes, out=most)
    return best


def halved_grey(grey: np.ndarray) -> np.ndarray:
    """Grey values at half the resolution: the mean of each cell of 2³ voxels; ends, shapes and type as of `halved`."""
    if any(side % 2 for side in grey.shape):
        grey = np.pad(grey, [(0, side % 2) for side in grey.shape], mode="edge")
    sums = grey.astype(np.float64)
    for axis in range(3):
        first, second = (sums[(slice(None),) * axis + (slice(start, None, 2),)] for start in (0, 1))
        sums = first + second
    mean = sums / 8
    return np.asarray(mean if grey.dtype.kind == "f" else np.rint(mean), grey.dtype)


def coarser(origin: Triple, labels: np.ndarray, levels: int, *, grey: bool = False) -> list[tuple[Triple, np.ndarray]]:
    """A block at each of ``levels`` levels: its first voxel there and its labels, the full one first.

    ``origin`` must be a multiple of `CELL` along each axis, and the block end at one or at the volume's far face.
    ``labels`` may be ``grey`` values.
    """
    found = [(origin, labels)]
    while len(found) < levels:
        (z, y, x), finer = found[-1]
        found.append(((z // 2, y // 2, x // 2), halved_grey(finer) if grey else halved(finer)))
    return found
