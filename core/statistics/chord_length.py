"""Chord lengths: how long the pieces are into which lines cut the phase.

Definition: p(l) is the share, among all chords along an axis, of those l pixels long; a chord is a longest run of the
phase on a line (Torquato and Lu, Phys. Rev. E 47, 2950, 1993). Its mean is the mean intercept, φ over the number of
chords per length of line, and p is the second difference of L. Lengths are in pixels, p is per pixel of length.

Boundary and estimator: a chord that the border cuts has an unknown length. It is left out, and each of those left is
weighted by 1 / (n − l − 1), with n the length of the line: the inverse of the number of places in which a chord of its
length, both of its ends in sight, can lie on the line (Horvitz and Thompson, J. Am. Stat. Assoc. 47, 663, 1952; as
minus sampling in stereology). The number of chords of each length per length of line is unbiased then; chords longer
than n − 2 are never seen. Leaving them out without the weight would favour short ones. Periodic: lines close, each
chord counts once, and a line wholly in the phase has none.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import finish
from core.statistics.indicator import Indicator, checked_indicator, line_blocks
from core.statistics.lineal_path import run_lengths

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ChordLengths:
    """Chords of one phase along each axis.

    Attributes
    ----------
    lengths
        Shape (n,), pixels: 1, 2, … up to the longest side.
    density
        Shape (ndim, n): chords of each length per pixel of line.
    cut
        Share of the phase's pixels that lie in chords cut by the border, one entry an axis.
    """

    lengths: Floats
    density: Floats
    cut: tuple[float, ...]

    @property
    def distribution(self) -> Floats:
        """p(l) along each axis, shape (ndim, n): each row sums to 1, or is 0 where no whole chord was seen."""
        total = self.density.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(self.density, total, out=np.zeros_like(self.density), where=total > 0))

    @property
    def distribution_mean(self) -> Floats:
        """p(l) over the chords of all axes, shape (n,)."""
        total = self.density.sum()
        return np.asarray(self.density.sum(axis=0) / (total if total > 0 else 1))

    @property
    def means(self) -> tuple[float, ...]:
        """Mean chord length (px) along each axis; NaN where no whole chord was seen."""
        return tuple(mean_length(self.lengths, row) for row in self.density)

    @property
    def mean(self) -> float:
        """Mean length (px) of the chords of all axes."""
        return mean_length(self.lengths, self.density.sum(axis=0))

    def quantile(self, share: float) -> float:
        """The length (px) up to which ``share`` of the chords of all axes reach; NaN where there is none."""
        reached = np.cumsum(self.distribution_mean)
        return float(self.lengths[np.searchsorted(reached, share - 1e-12)]) if reached[-1] > 0 else float("nan")


def mean_length(lengths: Floats, density: Floats) -> float:
    """Mean of a distribution, NaN where it is empty."""
    total = density.sum()
    return float((lengths * density).sum() / total) if total > 0 else float("nan")


def chord_lengths(indicator: Indicator, periodic: bool = False) -> ChordLengths:
    """Chord lengths along each axis.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1; three or more pixels along each axis where not periodic.
    periodic
        Whether the array repeats in space.

    Raises
    ------
    InputError
        Where the indicator cannot be used.
    """
    return finish(chord_steps(indicator, periodic))


def chord_steps(indicator: Indicator, periodic: bool = False) -> Generator[None, None, ChordLengths]:
    """As `chord_lengths`, but yields after each block of lines."""
    inside = checked_indicator(indicator)
    if not periodic and min(inside.shape) < 3:
        raise InputError(f"Chords need three pixels along each axis, not the shape {inside.shape}.")
    longest = max(inside.shape)
    density = np.zeros((inside.ndim, longest))
    cut = []
    phase = int(np.count_nonzero(inside))
    for axis, length in enumerate(inside.shape):
        runs = np.zeros(length + 1, dtype=np.int64)
        for block in line_blocks(inside, axis):
            runs += _closed(block) if periodic else run_lengths(_without_cut(block))
            yield
        lines = inside.size // length
        whole = np.arange(length + 1)
        density[axis, :length] = runs[1:] / (lines * (np.full(length, length) if periodic else _places(length)))
        cut.append(1 - float((runs * whole).sum() / phase) if phase else 0.0)
    return ChordLengths(np.arange(1.0, longest + 1), density, tuple(cut))


def _places(length: int) -> Counts:
    """Places on a line for a chord of 1 … ``length`` pixels with both ends in sight; 1 where there is none."""
    return np.maximum(1, length - 1 - np.arange(1, length + 1))


def _without_cut(block: Bools) -> Bools:
    """The lines without the runs that touch their ends."""
    left = np.logical_and.accumulate(block, axis=1)
    right = np.logical_and.accumulate(block[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(block & ~left & ~right)


def _closed(block: Bools) -> Counts:
    """Run lengths of lines that close on themselves: each is turned until it begins outside the phase."""
    lines = block[~block.all(axis=1)]
    if not len(lines):
        return np.zeros(block.shape[1] + 1, dtype=np.int64)
    begin = np.argmin(lines, axis=1)
    order = (begin[:, None] + np.arange(block.shape[1])) % block.shape[1]
    return run_lengths(np.take_along_axis(lines, order, axis=1))
