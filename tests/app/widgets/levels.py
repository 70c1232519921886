"""A volume in levels that is in memory, and that tells what was read of it."""

from __future__ import annotations

import threading

import numpy as np

from app.widgets.volume_parts import Triple
from core.images.pyramid import halved


class ArrayLevels:
    """Each level half as fine as the one before."""

    def __init__(self, labels: np.ndarray, count: int) -> None:
        self.arrays = [labels]
        while len(self.arrays) < count:
            self.arrays.append(halved(self.arrays[-1]))
        self.reads: list[tuple[int, Triple, Triple]] = []
        self.gate = threading.Event()
        """While it is closed, nothing is read to its end."""
        self.gate.set()

    @property
    def shapes(self) -> tuple[Triple, ...]:
        return tuple((a.shape[0], a.shape[1], a.shape[2]) for a in self.arrays)

    @property
    def steps(self) -> tuple[Triple, ...]:
        return tuple((2**level, 2**level, 2**level) for level in range(len(self.arrays)))

    def read(self, level: int, origin: Triple, size: Triple) -> np.ndarray:
        self.reads.append((level, origin, size))
        assert self.gate.wait(60)
        box = tuple(slice(first, first + count) for first, count in zip(origin, size, strict=True))
        return self.arrays[level][box]
