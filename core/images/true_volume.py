"""A true volume that runs are set beside: which file, which part of it, which phase."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError

Box = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""First and end voxel along z, y, x."""


@dataclass(frozen=True)
class TrueVolume:
    """A volume on the disk, or a part of one, that is measured as the runs are.

    Attributes
    ----------
    path
        Where it lies.
    group
        What it has a box together with.
    phase
        Label of the phase of interest in the file.
    part
        Which part of the file's volume; None: all of it.
    known
        What was measured of it (`core.report.runs.Entry`), where that is known already, else None.
    """

    path: Path
    group: str
    phase: int
    part: Box | None = None
    known: Any = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """What it is called in a table: the file's name, and of a part where it begins (x, y, z)."""
        if self.part is None:
            return self.path.name
        z, y, x = (low for low, _ in self.part)
        return f"{self.path.name}, from {x}, {y}, {z}"


def parts_of(shape: Sequence[int], size: Sequence[int], most: int) -> tuple[Box, ...]:
    """At most ``most`` boxes of ``size`` voxels in a volume of ``shape``, none of which share a voxel.

    As many as fit stand in a grid that reaches from face to face; where fewer are wanted, each next one is that which
    is farthest from those there are.
    """
    counts = [side // edge for side, edge in zip(shape, size, strict=True)]
    if min(counts) < 1 or most < 1:
        return ()
    starts = [
        [round(place * (side - edge) / max(1, count - 1)) for place in range(count)]
        for side, edge, count in zip(shape, size, counts, strict=True)
    ]
    corners = np.array(list(itertools.product(*starts)))
    chosen, away = [0], np.full(len(corners), np.inf)
    while len(chosen) < min(most, len(corners)):
        away = np.minimum(away, np.linalg.norm(corners - corners[chosen[-1]], axis=1))
        chosen.append(int(away.argmax()))
    boxes = []
    for corner in corners[sorted(chosen)]:
        z, y, x = ((int(low), int(low) + edge) for low, edge in zip(corner, size, strict=True))
        boxes.append((z, y, x))
    return tuple(boxes)


def cut(shape: Sequence[int], part: Box | None, name: str) -> tuple[slice, ...]:
    """The slices of a part of an array of ``shape``.

    Raises
    ------
    InputError
        Where it reaches beyond the array.
    """
    if part is None:
        return (slice(None),) * len(shape)
    if any(high > side for (_, high), side in zip(part, shape, strict=True)):
        sides = " × ".join(map(str, reversed(shape)))
        raise InputError(f"{name} has only {sides} voxels by now.", "Take it out of the comparison and add it again.")
    return tuple(slice(low, high) for low, high in part)
