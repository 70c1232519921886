"""Local thickness: the size of the pores, or particles, by the largest ball that fits at each place.

Definition: the local thickness at a point of the phase is the diameter of the largest ball that lies in the phase and
holds the point (Hildebrand and Rüegsegger, J. Microsc. 185, 67, 1997). Its distribution over the phase's volume is the
pore- or particle-size distribution of an opening granulometry. In pixels.

On the grid: D(x) is the Euclidean distance from the centre of x to the nearest pixel centre outside the phase (exact
distance transform); the ball about x holds the pixels nearer to x than D(x). The diameter is counted as 2·D − 1, since
the phase ends half a pixel before that centre: exact for a layer an odd number of pixels thick, one less for an even
number, 1 for a single pixel. Balls that lie wholly in a neighbour's ball are dropped first (the distance ridge, Remy
and Thiel, Image Vis. Comput. 23, 167, 2005), which changes nothing in the result.

Boundary: only pixels outside the phase bound a ball; the border of the array does not. A pore that the border cuts is
taken to go on beyond it, so its size is that of the part seen, or larger. In a section balls are discs, which see
larger and smaller sizes than balls in the volume: sections compare with sections.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import finish
from core.statistics.distances import squared_distances
from core.statistics.indicator import Indicator, checked_indicator

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Squares = npt.NDArray[np.int32]

WRITES = 1 << 21
"""Pixels painted between two yields."""


@dataclass(frozen=True, eq=False)
class SizeDistribution:
    """How the phase's volume (area) is shared among local thicknesses.

    Attributes
    ----------
    diameters
        Shape (n,), pixels, ascending: all that occur.
    shares
        Shape (n,): share of the phase with each; they sum to 1.
    """

    diameters: Floats
    shares: Floats

    @property
    def mean(self) -> float:
        """Mean local thickness over the phase, px."""
        return float(self.diameters @ self.shares)

    def quantile(self, share: float) -> float:
        """The thickness (px) up to which ``share`` of the phase reach."""
        reached = np.cumsum(self.shares)
        return float(self.diameters[min(len(reached) - 1, int(np.searchsorted(reached, share - 1e-12)))])

    def finer(self, diameters: npt.ArrayLike) -> Floats:
        """Share of the phase that is at most as thick as each of ``diameters`` (px)."""
        reached = np.concatenate([[0.0], np.cumsum(self.shares)])
        return np.asarray(reached[np.searchsorted(self.diameters, np.asarray(diameters), side="right")])


def local_thickness(indicator: Indicator) -> npt.NDArray[np.float32]:
    """Diameter of the largest ball that holds each pixel.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1, with at least one pixel outside the phase.

    Returns
    -------
    ndarray
        float32, the indicator's shape, pixels; 0 outside the phase.

    Raises
    ------
    InputError
        Where the indicator cannot be used or the phase fills it.
    """
    square = finish(_squared_steps(checked_indicator(indicator)))
    return np.where(square > 0, 2 * np.sqrt(square, dtype=np.float32) - 1, np.float32(0))


def size_distribution(indicator: Indicator) -> SizeDistribution:
    """The distribution of `local_thickness` over the phase.

    Raises
    ------
    InputError
        Where the indicator cannot be used, the phase fills it or is absent.
    """
    return finish(size_steps(indicator))


def size_steps(indicator: Indicator) -> Generator[None, None, SizeDistribution]:
    """As `size_distribution`, but yields while balls are painted."""
    inside = checked_indicator(indicator)
    if not inside.any():
        raise InputError("The phase is absent, so it has no size.", "Choose a phase that is there.")
    square = yield from _squared_steps(inside)
    counts = np.bincount(square.ravel())
    counts[0] = 0
    found = np.flatnonzero(counts)
    return SizeDistribution(2 * np.sqrt(found.astype(np.float64)) - 1, counts[found] / counts.sum())


def _squared_steps(inside: Bools) -> Generator[None, None, Squares]:
    """Largest D² among the balls that hold each pixel, 0 outside the phase."""
    if inside.all():
        raise InputError("The phase fills everything, so no ball in it has a size.", "Choose another phase.")
    squared = yield from squared_distances(inside)
    largest = int(squared.max())
    margin = int(np.sqrt(largest)) + 1
    ridge = yield from _ridge(squared, largest)
    painted = np.zeros([side + 2 * margin for side in inside.shape], dtype=np.int32)
    strides = np.array(painted.strides) // painted.itemsize
    places = ((np.stack(np.nonzero(ridge), axis=1) + margin) @ strides).astype(np.int64)
    values = squared[ridge]
    order = np.argsort(values, kind="stable")
    places, values = places[order], values[order]
    flat = painted.reshape(-1)
    written = 0
    # the smallest first: what a larger ball holds is painted over
    for value, begin, count in zip(*np.unique(values, return_index=True, return_counts=True), strict=True):
        offsets = ball(int(value), inside.ndim) @ strides
        step = max(1, WRITES // len(offsets))
        for start in range(begin, begin + count, step):
            some = places[start : min(start + step, begin + count)]
            flat[some[:, None] + offsets] = value
            written += len(some) * len(offsets)
            if written >= WRITES:
                written = 0
                yield
    kept = painted[(slice(margin, -margin),) * inside.ndim]
    return np.where(inside, kept, 0)


def ball(squared: int, ndim: int) -> npt.NDArray[np.int64]:
    """Offsets of the pixels nearer than √``squared`` to a centre, shape (n, ndim)."""
    reach = int(np.ceil(np.sqrt(squared)))
    offsets = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * ndim, indexing="ij"), axis=-1).reshape(-1, ndim)
    inside: npt.NDArray[np.int64] = offsets[(offsets**2).sum(axis=1) < squared]
    return inside


def _ridge(squared: Squares, largest: int) -> Generator[None, None, Bools]:
    """Where the ball is not wholly within that of one of the neighbours."""
    ndim = squared.ndim
    kept = squared > 0
    padded = np.pad(squared, 1)
    needed = {key: _needed(largest, np.array(key)) for key in product((0, 1), repeat=ndim) if any(key)}
    for shift in product((-1, 0, 1), repeat=ndim):
        if not any(shift):
            continue
        table = needed[tuple(abs(step) for step in shift)]
        window = tuple(slice(1 + step, 1 + step + side) for step, side in zip(shift, squared.shape, strict=True))
        for start in range(0, len(squared), max(1, WRITES // squared[0].size)):
            slab = slice(start, start + max(1, WRITES // squared[0].size))
            kept[slab] &= padded[window][slab] < table[squared[slab]]
            yield
    return kept


def _needed(largest: int, shift: npt.NDArray[np.int64]) -> Squares:
    """For each D² of a ball, the D² that a ball one ``shift`` away needs to hold it; shape (largest + 1,)."""
    reach = int(np.ceil(np.sqrt(largest)))
    # by symmetry the pixel of a ball that is farthest from the other centre lies opposite to it
    offsets = np.stack(np.meshgrid(*[np.arange(reach + 1)] * len(shift), indexing="ij"), axis=-1)
    near = (offsets**2).sum(axis=-1).ravel()
    far = ((offsets + shift) ** 2).sum(axis=-1).ravel()
    within = near < largest
    farthest = np.zeros(largest + 1, dtype=np.int64)
    np.maximum.at(farthest, near[within] + 1, far[within])
    return (np.maximum.accumulate(farthest) + 1).astype(np.int32)
