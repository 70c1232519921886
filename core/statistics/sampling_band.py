"""How sure the curves of one picture are: the band in which the whole material's curves lie, from the picture alone.

A picture shows one piece of a material; another piece has other curves. A reconstruction within the band agrees with
the exemplar as well as the material itself would.

Estimator, in three steps, for S2 and for L.

1. *Where a curve comes from.* Each pair (segment) in the phase adds to the curve at its lag; summed over cells of the
   picture this is a field whose mean is the curve. What a pair adds is split: the part that follows from how much of
   the phase there is at its two ends (along the segment), by least squares, is laid down at those very pixels, the rest
   where the pair starts (Hoeffding's projection, Ann. Math. Stat. 19, 293, 1948). Without the split a pair's two ends
   look unrelated once they are farther apart than the window of step 2, and the band came out half too narrow there.
2. *How much its mean scatters.* The variance of the field's mean is the sum of its covariances over all displacements,
   which are weighted by a window: 1 up to some lengths, then falling to 0 at twice that (flat top, Politis and Romano,
   J. Time Ser. Anal. 16, 67, 1995; the plane's form is a product of both axes). The window is six correlation
   lengths wide, for L half of the lag more; that the picture's own mean was subtracted is put right, as by Bessel.
3. *The band.* S (1 − S) / variance is the number of independent places that the picture is worth at that lag, never
   more than at a shorter one; with it the band is that of a proportion (Clopper and Pearson, Biometrika 26, 404, 1934).
   So it is wider above than below where events are rare, and stays open where none was seen. The number is reduced as
   Student's distribution asks, since the variance itself comes from few places.

Calibration: on 240 sections of 200² of a sandstone (400³, correlation length 6 px), for its pores and for its grains,
the 95 % band held the volume's S2 and L at all 64 lags at once in 93 to 95 % of the sections, and on average over the
lags in 97 to 99 %. `tests/core/statistics/test_band_coverage.py` counts this. Slower variation than the picture shows
(a trend, layers wider than it) cannot be seen in it; the band is too narrow then.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from core.errors import InputError
from core.job import finish
from core.statistics.autocovariance import autocovariance, falls_to
from core.statistics.indicator import Indicator, checked_indicator, checked_lag
from core.statistics.lineal_path import lineal_path_steps
from core.statistics.two_point import two_point_steps

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CELLS = 32
"""Cells along the picture's longer side."""
KNOTS = 14
"""Lags at which the scatter is estimated; between them the number of independent places is interpolated."""
WINDOW_LENGTHS = 6.0
"""Half of the window's width in correlation lengths."""
WINDOW_OF_LAG = 0.5
"""… and, for L, in lags, in addition."""
WIDEST_WINDOW = 0.3
"""… and at most, in the picture's shorter side: beyond, too few places are left to judge by."""


@dataclass(frozen=True, eq=False)
class SamplingBand:
    """Where the axis-averaged curves of the material lie that the exemplar is a piece of.

    Attributes
    ----------
    s2_low, s2_high, lineal_path_low, lineal_path_high
        Shape (max_lag + 1,), probabilities within 0 to 1.
    confidence
        Probability that the material's curve lies inside (see the module's head for how this was checked).
    block
        Half of the window's width at lag 0, in pixels: what is farther apart counts as independent.
    """

    s2_low: Floats
    s2_high: Floats
    lineal_path_low: Floats
    lineal_path_high: Floats
    confidence: float
    block: int


def sampling_band(exemplar_indicator: Indicator, max_lag: int, confidence: float = 0.95) -> SamplingBand:
    """The band of S2 and L (see this module's head).

    Parameters
    ----------
    exemplar_indicator
        Shape (Y, X), bool or 0 and 1; at least 8 pixels along each axis.
    max_lag
        Largest lag in pixels, below the shorter side.
    confidence
        Above 0 and below 1.

    Raises
    ------
    InputError
        Where the exemplar, the lag or the confidence cannot be used.
    """
    return finish(estimating_band(exemplar_indicator, max_lag, confidence))


def estimating_band(
    exemplar_indicator: Indicator, max_lag: int, confidence: float = 0.95
) -> Generator[None, None, SamplingBand]:
    """As `sampling_band`, but yields after each lag and axis, so that a job can be left there."""
    inside = checked_indicator(exemplar_indicator)
    if inside.ndim != 2 or min(inside.shape) < 8:
        raise InputError(f"A sampling band needs a picture of at least 8 × 8 pixels, not shape {inside.shape}.")
    if not 0 < confidence < 1:
        raise InputError(f"A confidence must lie between 0 and 1, not {confidence}.")
    lag = checked_lag(max_lag, inside.shape)
    s2 = yield from two_point_steps(inside, max(lag, min(inside.shape) // 2), False)
    lineal_path = yield from lineal_path_steps(inside, lag, False)
    length = _correlation_length(s2, float(inside.mean()))
    ends = []
    for curves, whole_segments in ((s2[:, : lag + 1], False), (lineal_path, True)):
        knots = _knots(lag)
        fields = yield from influence(inside, curves, s2, knots, whole_segments=whole_segments)
        # neighbouring segments share most of their pixels, which the linear part takes up only in part
        windows = WINDOW_LENGTHS * length + (WINDOW_OF_LAG * knots if whole_segments else 0 * knots)
        ends.append(_band(fields, curves.mean(axis=0), knots, windows / _cell(inside), confidence))
    widest = WIDEST_WINDOW * min(inside.shape)
    return SamplingBand(
        *ends[0], *ends[1], confidence=confidence, block=max(1, round(min(WINDOW_LENGTHS * length, widest)))
    )


def _correlation_length(s2: Floats, fraction: float) -> float:
    """In pixels; at most the reach of ``s2``."""
    if fraction in (0.0, 1.0):
        return 1.0
    return min(falls_to(autocovariance(s2.mean(axis=0), fraction)), float(s2.shape[1] - 1))


def _cell(inside: Bools) -> int:
    longest: int = max(inside.shape)
    return -(-longest // CELLS)


def _knots(max_lag: int) -> npt.NDArray[np.int64]:
    """The first lags and then ever fewer, up to the last."""
    first = np.arange(min(3, max_lag + 1))
    rest = np.rint(np.geomspace(3, max_lag, KNOTS - 3)) if max_lag >= 3 else np.array([max_lag])
    return np.unique(np.concatenate([first, rest])).astype(np.int64)


def influence(
    inside: Bools, curves: Floats, s2: Floats, knots: npt.NDArray[np.int64], *, whole_segments: bool
) -> Generator[None, None, Floats]:
    """What each cell of the picture adds to the axis-averaged curve's excess over its own value.

    Parameters
    ----------
    inside
        Shape (Y, X).
    curves
        S2 or L along both axes, shape (2, max_lag + 1).
    s2
        S2 along both axes, for the variances.
    knots
        Lags, shape (k,).
    whole_segments
        Whether ``curves`` is L.

    Returns
    -------
    Floats
        Shape (k, cells down, cells across); each knot's field sums to 0.
    """
    cell = _cell(inside)
    fields = np.zeros((len(knots), *(-(-side // cell) for side in inside.shape)))
    fraction = float(inside.mean())
    variance = fraction - fraction**2
    for axis in range(2):
        lines = np.moveaxis(inside, axis, 0)
        length = len(lines)
        down, across = _members(length, cell), _members(lines.shape[1], cell)
        widths = across.sum(axis=1)
        # the phase's excess in each row and cell across, and its sums from the first row on
        excess = lines.astype(np.float32) @ across.T - fraction * widths
        sums = np.concatenate([np.zeros((1, excess.shape[1])), np.cumsum(excess, axis=0)])
        path, reach = lines, 0
        for number, lag in enumerate(knots):
            if whole_segments:
                while reach < lag:
                    reach += 1
                    path = path[:-1] & lines[reach:]
                pairs = path
            else:
                pairs = lines[: length - lag] & lines[lag:]
            starts = down[:, : length - lag]
            trials = np.outer(starts.sum(axis=1), widths)
            field = starts @ (pairs.astype(np.float32) @ across.T) - curves[axis, lag] * trials
            if lag and variance > 0:
                slope, there, here = _linear_part(
                    lag, s2[axis] - fraction**2, variance, excess, sums, down, whole_segments=whole_segments
                )
                field += curves[axis, lag] * (1 - fraction) * slope * (here - starts @ there)
            field /= 2 * trials.sum()
            fields[number] += field if axis == 0 else field.T
            yield
    return fields


def _linear_part(
    lag: int,
    covariance: Floats,
    variance: float,
    excess: Floats,
    sums: Floats,
    down: npt.NDArray[np.float32],
    *,
    whole_segments: bool,
) -> tuple[float, Floats, Floats]:
    """The mean excess of the phase over a pair's ends (a segment's pixels): 1 / its variance, per start, and in place.

    A pair in the phase has the mean 1, so its covariance with that mean is S (1 − φ), and the slope of the least
    squares is this over the mean's variance.
    """
    length = len(excess)
    if whole_segments:
        pixels = lag + 1
        apart = np.arange(1, pixels)
        spread = (pixels * variance + 2 * ((pixels - apart) * covariance[1:pixels]).sum()) / pixels**2
        there = (sums[pixels:] - sums[: length - lag]) / pixels
        row = np.arange(length)
        held = np.minimum(np.minimum(row + 1, length - row), min(pixels, length - lag))
        here = (down * held) @ excess / pixels
    else:
        spread = (variance + covariance[lag]) / 2
        there = (excess[lag:] + excess[: length - lag]) / 2
        here = (down[:, : length - lag] @ excess[: length - lag] + down[:, lag:] @ excess[lag:]) / 2
    return 1 / max(float(spread), 1e-3 * variance), there, here


def _members(length: int, cell: int) -> npt.NDArray[np.float32]:
    """Shape (cells, length): 1 where a cell holds the pixel."""
    held = np.arange(length) // cell == np.arange(-(-length // cell))[:, None]
    return np.asarray(held, dtype=np.float32)


def _band(
    fields: Floats, curve: Floats, knots: npt.NDArray[np.int64], windows: Floats, confidence: float
) -> tuple[Floats, Floats]:
    """Low and high ends about ``curve``, shape (max_lag + 1,) each; ``windows`` of the knots are in cells."""
    tail = (1 - confidence) / 2
    normal = special.ndtri(1 - tail)
    widest = WIDEST_WINDOW * min(fields.shape[1:])
    places = np.full(len(knots), np.nan)
    for place, lag in enumerate(knots):
        window = max(1.0, min(float(windows[place]), widest))
        variance, freedom = mean_variance(fields[place], window)
        mean = curve[lag]
        if variance > 0 and 0 < mean < 1:
            student = special.stdtrit(freedom, 1 - tail)
            places[place] = mean * (1 - mean) / variance * (normal / student) ** 2
    known = np.isfinite(places)
    if not known.any():
        return curve.copy(), curve.copy()
    lags = np.arange(len(curve))
    number = np.exp(np.interp(lags, knots[known], np.log(places[known])))
    number = np.minimum.accumulate(number)
    hits = curve * number
    misses = number - hits
    # where nothing, or everything, was hit, the end on that side is 0, or 1
    low = np.where(hits > 0, special.betaincinv(np.maximum(hits, 1e-12), misses + 1, tail), 0.0)
    high = np.where(misses > 0, special.betaincinv(hits + 1, np.maximum(misses, 1e-12), 1 - tail), 1.0)
    return np.minimum(low, curve), np.maximum(high, curve)


def mean_variance(field: Floats, window: float) -> tuple[float, float]:
    """Variance of the sum of a field with mean 0, and the degrees of freedom of that estimate.

    Parameters
    ----------
    field
        Shape (rows, columns).
    window
        Displacement, in cells, up to which covariances count in full; they count for nothing from twice that on.
    """
    narrow, wide = _tapered(field, window), _tapered(field, 2 * window)
    rows, columns = (np.arange(1 - side, side) for side in field.shape)
    weights = 2 * _taper(rows, columns, 2 * window) - _taper(rows, columns, window)
    overlap = np.outer(1 - np.abs(rows) / field.shape[0], 1 - np.abs(columns) / field.shape[1])
    freedom = field.size / float((weights**2 * overlap).sum())
    # the flat top may come out negative, the pointed one never does
    return max(2 * wide - narrow, narrow), freedom


def _tapered(field: Floats, window: float) -> float:
    """Σ (1 − |dy| / w) (1 − |dx| / w) of the products of all pairs of cells, the subtracted mean put right."""
    down, across = (_taper_matrix(side, window) for side in field.shape)
    total = float((field * (down @ field @ across)).sum())
    return total / (1 - float(down.mean() * across.mean()))


def _taper_matrix(side: int, window: float) -> Floats:
    place = np.arange(side)
    return np.asarray(np.maximum(0, 1 - np.abs(place[:, None] - place) / window))


def _taper(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], window: float) -> Floats:
    return np.outer(np.maximum(0, 1 - np.abs(rows) / window), np.maximum(0, 1 - np.abs(columns) / window))
