"""A mask over the voxels of a volume, a few sections at a time: a volume beyond memory follows a mask that way."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator

import numpy as np

from core.errors import InputError
from core.masks.mask import Mask, read_between, resample_axis

Triple = tuple[int, int, int]

_AT_ONCE = 1 << 22
"""Voxels that are made at once."""


class Stretched:
    """What `Mask.resampled` gives, to the bit, but never all of it.

    Parameters
    ----------
    mask
        The field, of any size.
    size
        Voxels along z, y, x that it is stretched over.
    within
        A box of at least that size, in whose first corner they lie: beyond them the outermost values go on.

    Raises
    ------
    InputError
        Where a side is below 1.
    """

    def __init__(self, mask: Mask, size: Triple, within: Triple | None = None) -> None:
        if len(size) != 3 or min(size) < 1:
            raise InputError(f"A mask cannot be resampled to {size!r}.", "Give three sides of at least 1 voxel.")
        self.mask, self.size = mask, (size[0], size[1], size[2])
        self.shape = within or self.size
        # of an axis along which elements are averaged: where the last request began, and the running sum there
        self._passed, self._sum = 0, np.zeros((1, 1))

    def within(self, size: Triple) -> Stretched:
        """The same in a larger box."""
        return Stretched(self.mask, self.size, size)

    def slabs(self) -> Iterator[tuple[slice, np.ndarray]]:
        """All of it in runs of whole sections across z: which ones, and their values, float32."""
        depth, height, width = self.shape
        each = max(1, _AT_ONCE // (height * width))
        for first in range(0, depth, each):
            stop = min(first + each, depth)
            yield slice(first, stop), self.sections(first, stop)

    def measuring(self) -> Generator[None, None, tuple[float, float, float]]:
        """Mean, lowest and highest value; yields after each part."""
        sums, low, high = [], np.inf, -np.inf
        for _, part in self.slabs():
            sums += [float(section.sum(dtype=np.float64)) for section in part]
            low, high = min(low, float(part.min())), max(high, float(part.max()))
            yield
        return math.fsum(sums) / math.prod(self.shape), low, high

    def sections(self, first: int, stop: int) -> np.ndarray:
        """Sections ``first`` to ``stop`` across z, shape (stop − first, y, x), float32. Fastest in rising order."""
        low = min(first, self.size[0] - 1)
        found = self._own(low, max(low + 1, min(stop, self.size[0])))
        beyond = [(0, side - own) for side, own in zip((stop - first, *self.shape[1:]), found.shape, strict=True)]
        return np.pad(found, beyond, mode="edge") if any(more for _, more in beyond) else found

    def _own(self, first: int, stop: int) -> np.ndarray:
        if self.size == self.mask.shape:
            return self.mask.fraction[first:stop]
        field = self._across_z(first, stop)
        for axis in (1, 2):
            field = resample_axis(field, axis, self.size[axis])
        found: np.ndarray = np.clip(field, 0, 1).astype(np.float32)
        return found

    def _across_z(self, first: int, stop: int) -> np.ndarray:
        """As `resample_axis` along the first axis; of its running sum only as much as these sections are made of."""
        field, wanted = self.mask.fraction, self.size[0]
        have = len(field)
        if have == wanted:
            return field[first:stop].astype(np.float64)
        if wanted > have:
            places = np.clip((np.arange(first, stop) + 0.5) * (have / wanted) - 0.5, 0, have - 1)
            begin = int(places[0])
            part = field[begin : int(places[-1]) + 2].astype(np.float64)
            return np.moveaxis(read_between(np.moveaxis(part, 0, -1), places, begin, have), -1, 0)
        edges = np.arange(wanted + 1) * (have / wanted)
        edges[-1] = have
        edges = edges[first : stop + 1]
        begin = int(edges[0])
        self._pass_on(begin)
        summed = np.concatenate([self._sum[None], field[begin : int(edges[-1]) + 1].astype(np.float64)]).cumsum(axis=0)
        read = read_between(np.moveaxis(summed, 0, -1), edges, begin, have + 1)
        return np.moveaxis(np.diff(read, axis=-1) * (wanted / have), -1, 0)

    def _pass_on(self, to: int) -> None:
        """Take the running sum on to element ``to``."""
        if to < self._passed or not self._passed:
            self._passed, self._sum = 0, np.zeros(self.mask.shape[1:])
        for section in self.mask.fraction[self._passed : to]:
            self._sum = self._sum + section
        self._passed = to
