"""Boxes of a labelled volume at one of its levels: what of a volume larger than memory is in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Triple = tuple[int, int, int]
Clip = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""First and end voxel along z, y, x."""


class Levels(Protocol):
    """A volume at several resolutions, any box of which can be read, from any thread."""

    @property
    def shapes(self) -> Sequence[Triple]:
        """Voxels (z, y, x) of each level, the full one first."""
        ...

    @property
    def steps(self) -> Sequence[Triple]:
        """Voxels of the full level that one of each level stands for, along z, y, x."""
        ...

    def read(self, level: int, origin: Triple, size: Triple) -> np.ndarray:
        """Labels in a box of a level (uint8); raises `core.errors.InputError` where it is damaged."""
        ...


@dataclass(frozen=True, eq=False)
class Part:
    """Labels of a box.

    Attributes
    ----------
    labels
        Shape (Z, Y, X), uint8.
    origin
        The full volume's voxel at which its first voxel begins.
    step
        Voxels of the full volume that each stands for, along z, y, x.
    """

    labels: np.ndarray
    origin: Triple = (0, 0, 0)
    step: Triple = (1, 1, 1)

    def place(self, voxel: Sequence[int]) -> Triple:
        """The place in `labels` of a voxel of the full volume, inside or not."""
        z, y, x = ((at - first) // step for at, first, step in zip(voxel, self.origin, self.step, strict=True))
        return z, y, x

    def holds(self, voxel: Sequence[int]) -> bool:
        """Whether a voxel of the full volume is in it."""
        return all(0 <= at < side for at, side in zip(self.place(voxel), self.labels.shape, strict=True))

    def at(self, voxel: Sequence[int]) -> int:
        """The label of a voxel of the full volume; beyond a face, of the nearest one."""
        place = tuple(min(max(at, 0), side - 1) for at, side in zip(self.place(voxel), self.labels.shape, strict=True))
        return int(self.labels[place])

    def clip(self, clip: Clip) -> Clip:
        """The range of its own voxels that a range of the full volume's touches."""
        found = []
        for (low, high), first, step, side in zip(clip, self.origin, self.step, self.labels.shape, strict=True):
            start = min(max((low - first) // step, 0), side - 1)
            found.append((start, min(max(-((first - high) // step), start + 1), side)))
        z, y, x = found
        return z, y, x


def level_for(levels: Levels, per_pixel: Sequence[float], axes: Sequence[int]) -> int:
    """The coarsest level that shows all that a screen can: no voxel of it is larger than a pixel, along ``axes``.

    Parameters
    ----------
    per_pixel
        Voxels of the full level in a pixel, along each of ``axes``.
    """
    found = 0
    for level, step in enumerate(levels.steps):
        if all(step[axis] <= max(1.0, many) for axis, many in zip(axes, per_pixel, strict=True)):
            found = level
    return found


def finest_within(levels: Levels, clip: Clip, voxels: int) -> int:
    """The finest level at which a box has at most so many voxels, or the coarsest of all."""
    for level in range(len(levels.shapes)):
        _, (depth, rows, columns) = box_of(levels, level, clip)
        if depth * rows * columns <= voxels:
            return level
    return len(levels.shapes) - 1


def box_of(levels: Levels, level: int, clip: Clip) -> tuple[Triple, Triple]:
    """First voxel and size, in a level's own voxels, of what a box of the full level touches."""
    starts, sizes = [], []
    for (low, high), step, side in zip(clip, levels.steps[level], levels.shapes[level], strict=True):
        start = min(max(low // step, 0), side - 1)
        starts.append(start)
        sizes.append(max(1, min(-(-high // step), side) - start))
    return (starts[0], starts[1], starts[2]), (sizes[0], sizes[1], sizes[2])


def read_part(levels: Levels, level: int, clip: Clip) -> Part:
    """Read what a box of the full level touches, at ``level``."""
    origin, size = box_of(levels, level, clip)
    step = levels.steps[level]
    z, y, x = (first * many for first, many in zip(origin, step, strict=True))
    return Part(levels.read(level, origin, size), (z, y, x), step)
