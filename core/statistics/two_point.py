"""Two-point probability S2: the chance that two points a given lag apart both lie in the phase.

Definition: S2(r) = ⟨I(x) I(x + r)⟩, with I the indicator of the phase (Torquato, *Random Heterogeneous Materials*,
2002, section 2.1). S2(0) is the volume fraction φ and S2 tends to φ² where the structure has no long-range order.
Lags are in pixels, S2 has no unit.

Estimators, both exact (pairs are counted, not sampled):

- non-periodic: pairs with both ends inside the array, divided by the number of such pairs. Unbiased.
- periodic: the array repeats, and every pixel starts one pair at each lag.

Pairs are counted by fast Fourier transform (Wiener and Khinchin). Counts are whole numbers, so the transform's rounding
errors (of the order 1e-9 of a pair in double precision) are removed by rounding.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import numpy as np
import numpy.typing as npt
from scipy import fft

from core.job import finish
from core.statistics.indicator import Indicator, checked_indicator, checked_lag, line_blocks

WORKERS = max(1, min(8, os.cpu_count() or 1))
"""Threads for the transforms; each line's transform is its own, so their number does not change a result."""

Floats = npt.NDArray[np.float64]


def two_point_axes(indicator: Indicator, max_lag: int, periodic: bool = False) -> Floats:
    """S2 along each axis.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1.
    max_lag
        Largest lag in pixels, below the shortest side.
    periodic
        Whether the array repeats in space; otherwise only pairs inside it count.

    Returns
    -------
    Floats
        Shape (ndim, max_lag + 1): row a is S2 for lags 0 to max_lag along axis a.

    Raises
    ------
    InputError
        Where the indicator or the lag cannot be used.
    """
    return finish(two_point_steps(indicator, max_lag, periodic))


def two_point_steps(indicator: Indicator, max_lag: int, periodic: bool = False) -> Generator[None, None, Floats]:
    """As `two_point_axes`, but yields after each of its blocks of lines, so that a job can be left there."""
    inside = checked_indicator(indicator)
    lag = checked_lag(max_lag, inside.shape)
    rows = []
    for axis in range(inside.ndim):
        row = yield from _along_axis(inside, axis, lag, periodic)
        rows.append(row)
    return np.stack(rows)


def _along_axis(
    inside: npt.NDArray[np.bool_], axis: int, max_lag: int, periodic: bool
) -> Generator[None, None, Floats]:
    length = inside.shape[axis]
    padded = length if periodic else padded_length(length, max_lag)
    power = np.zeros(padded // 2 + 1)
    for block in line_blocks(inside, axis):
        spectrum = fft.rfft(block.astype(np.float64), n=padded, axis=1, workers=WORKERS)
        power += np.einsum("ij,ij->j", spectrum.real, spectrum.real)
        power += np.einsum("ij,ij->j", spectrum.imag, spectrum.imag)
        yield
    pairs = np.rint(fft.irfft(power, n=padded)[: max_lag + 1])
    lines = inside.size // length
    starts = places(length, np.arange(max_lag + 1), periodic)
    return np.asarray(pairs / (lines * starts), dtype=np.float64)


def padded_length(length: int, max_lag: int) -> int:
    """A length quick to transform at which no pair up to ``max_lag`` apart wraps around into another."""
    return int(fft.next_fast_len(length + max_lag, real=True))


def places(length: int, lags: npt.NDArray[np.int64], periodic: bool) -> Floats:
    """How many pixels of a line of ``length`` start a pair at each lag (px, not negative); the shape of ``lags``."""
    if periodic:
        return np.full(lags.shape, length, dtype=np.float64)
    return (length - lags).astype(np.float64)
