"""Lineal path L: the chance that a whole segment lies in the phase.

Definition: L(r) is the probability that a segment of r + 1 successive pixels along an axis lies wholly in the phase (Lu
and Torquato, Phys. Rev. A 45, 922, 1992; the pixel form of Yeong and Torquato, Phys. Rev. E 57, 495, 1998). L(0) is the
volume fraction, and L(r) ≤ S2(r). Lags are in pixels, L has no unit.

Estimator, exact: a run of n successive pixels of the phase holds max(0, n − r) such segments, so the histogram of run
lengths gives every lag at once. Non-periodic: divided by the number of segments that fit into the lines, which is
unbiased. Periodic: a line closes on itself, every pixel starts one segment, and a line wholly in the phase counts for
each of them.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from core.job import finish
from core.statistics.indicator import Indicator, checked_indicator, checked_lag, line_blocks

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def lineal_path_axes(indicator: Indicator, max_lag: int, periodic: bool = False) -> Floats:
    """L along each axis.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1.
    max_lag
        Largest lag in pixels (a segment of max_lag + 1 pixels), below the shortest side.
    periodic
        Whether the array repeats in space; otherwise only segments inside it count.

    Returns
    -------
    Floats
        Shape (ndim, max_lag + 1): row a is L for lags 0 to max_lag along axis a.

    Raises
    ------
    InputError
        Where the indicator or the lag cannot be used.
    """
    return finish(lineal_path_steps(indicator, max_lag, periodic))


def lineal_path_steps(indicator: Indicator, max_lag: int, periodic: bool = False) -> Generator[None, None, Floats]:
    """As `lineal_path_axes`, but yields after each of its blocks of lines, so that a job can be left there."""
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
    lines = inside.size // length
    runs = np.zeros(length + 1, dtype=np.int64)
    full = 0
    for block in line_blocks(inside, axis):
        runs += run_lengths(block)
        if periodic:
            full += _close_lines(block, runs)
        yield
    segments = segments_in_runs(runs)[: max_lag + 1]
    if periodic:
        return np.asarray((segments + full * length) / (lines * length), dtype=np.float64)
    return np.asarray(segments / (lines * (length - np.arange(max_lag + 1))), dtype=np.float64)


def run_lengths(lines: npt.NDArray[np.bool_]) -> Counts:
    """How many runs of each length the lines hold.

    Parameters
    ----------
    lines
        Shape (lines, length), bool.

    Returns
    -------
    Counts
        Shape (length + 1,): entry n is the number of longest runs of exactly n pixels of the phase.
    """
    count, length = lines.shape
    # One pixel of the complement after each line keeps the runs of neighbouring lines apart.
    flat = np.zeros(count * (length + 1) + 1, dtype=np.bool_)
    flat[1:].reshape(count, length + 1)[:, :length] = lines
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return np.bincount(edges[1::2] - edges[::2], minlength=length + 1).astype(np.int64)


def segments_in_runs(runs: Counts) -> Counts:
    """Segments of r + 1 pixels in runs: Σₙ runs[n]·max(0, n − r), for r from 0 to the longest run less one.

    Written as two sums from the far end: a run of n pixels is longer than k for k = r … n − 1, which is n − r times.
    """
    longer = np.cumsum(runs[::-1])[::-1][1:]  # longer[k]: runs of more than k pixels
    return np.cumsum(longer[::-1])[::-1]


def _close_lines(block: npt.NDArray[np.bool_], runs: Counts) -> int:
    """Join, in ``runs``, the run at each line's end to the one at its start; take full lines out and count them."""
    length = block.shape[1]
    full = block.all(axis=1)
    runs[length] -= np.count_nonzero(full)
    joined = block[block[:, 0] & block[:, -1] & ~full]
    if len(joined):
        first = np.argmin(joined, axis=1)
        last = np.argmin(joined[:, ::-1], axis=1)
        for lengths, sign in ((first, -1), (last, -1), (first + last, 1)):
            runs += sign * np.bincount(lengths, minlength=length + 1)
    return int(np.count_nonzero(full))
