"""How well a grey volume agrees with the grey pictures that its model learned from: autocovariance and histogram.

Normalised autocovariance along an axis: C(r) = ⟨(g(x) − m)(g(x + r) − m)⟩ / ⟨(g(x) − m)²⟩, 1 at r = 0, no unit, r in
pixels; pairs with both ends inside are averaged (unbiased), m is the mean of all that is looked at. Of pictures, both
directions of all of them are pooled; a volume's three axes are each set beside that by `discrepancy`: Eq. 23 of Lee and
Yun, *Microstructure reconstruction using diffusion-based generative models*, with C in place of S2.

Histograms are apart by the Wasserstein-1 distance, the area between their cumulative distributions (Ramdas, García
Trillos and Cuturi, *Entropy* 19, 47, 2017; `scipy.stats.wasserstein_distance`), in grey values: how far grey has to be
moved, in the mean, to turn the one into the other.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from core.statistics.comparison import discrepancy
from core.statistics.indicator import default_max_lag
from core.statistics.two_point import padded_length

Floats = npt.NDArray[np.float64]

LEVELS = 256
"""Of histograms, at most: whole grey values where the range has no more, else so many of even distance."""
KEPT = 1 << 25
"""Values of columns along z that are kept at once; of a larger volume some rows of every slice are looked at."""
_DIGITS = 6


class LagSums:
    """Gathers pairs along lines, up to ``max_lag`` pixels apart."""

    def __init__(self, max_lag: int) -> None:
        self._pairs, self._ends, self._counts = np.zeros((3, max_lag + 1))

    def add(self, lines: np.ndarray) -> None:
        """More lines, shape (n, length); a short line knows only lags below its length."""
        count, length = lines.shape
        known = min(len(self._pairs), length)
        padded = padded_length(length, known - 1)
        spectrum = fft.rfft(lines.astype(np.float64), n=padded, axis=1)
        power = np.einsum("ij,ij->j", spectrum.real, spectrum.real) + np.einsum(
            "ij,ij->j", spectrum.imag, spectrum.imag
        )
        self._pairs[:known] += fft.irfft(power, n=padded)[:known]
        sums = np.concatenate([[0.0], np.cumsum(lines.sum(axis=0, dtype=np.float64))])
        lags = np.arange(known)
        # of all pairs, the sum of both ends
        self._ends[:known] += sums[length - lags] + sums[length] - sums[lags]
        self._counts[:known] += count * (length - lags)

    @property
    def covariance(self) -> Floats | None:
        """C at lags 0, 1, …; None where all values are the same."""
        mean = self._ends[0] / (2 * self._counts[0])
        with np.errstate(invalid="ignore", divide="ignore"):
            found = (self._pairs - mean * self._ends) / self._counts + mean**2
        return None if found[0] <= 1e-12 * mean**2 else np.asarray(found / found[0])


def levels_of(low: float, high: float, whole: bool) -> Floats:
    """The grey values that a histogram counts, from ``low`` to ``high``; ``whole``: of whole numbers."""
    count = int(high - low) + 1 if whole and high - low < LEVELS else LEVELS
    return np.linspace(low, high, count)


def counted(grey: np.ndarray, levels: Floats) -> npt.NDArray[np.int64]:
    """How many values lie nearest to each of ``levels``."""
    share = (grey.astype(np.float64) - levels[0]) / (levels[-1] - levels[0])
    places = np.clip(np.rint(share * (len(levels) - 1)), 0, len(levels) - 1).astype(np.int64)
    return np.bincount(places.reshape(-1), minlength=len(levels))


@dataclass(frozen=True, eq=False)
class GreyRecord:
    """What is kept of pictures.

    Attributes
    ----------
    levels, counts
        Their histogram: grey values, and how many pixels have each.
    covariance
        C at lags 0, 1, … px.
    """

    levels: Floats
    counts: npt.NDArray[np.int64]
    covariance: Floats

    @classmethod
    def of(cls, pictures: Sequence[np.ndarray], levels: Floats) -> GreyRecord | None:
        """That of pictures (Y, X); None where they are too small, or show one value only."""
        lag = default_max_lag(*(picture.shape for picture in pictures))
        if lag < 1:
            return None
        sums, counts, middle = LagSums(lag), np.zeros(len(levels), np.int64), levels.mean()
        for picture in pictures:
            lines = picture.astype(np.float64) - middle
            sums.add(lines)
            sums.add(lines.T)
            counts += counted(picture, levels)
        covariance = sums.covariance
        return None if covariance is None else cls(levels, counts, covariance)

    def to_json(self) -> dict[str, Any]:
        """For a card; the levels follow from the range of the data."""
        return {"counts": self.counts.tolist(), "autocovariance": [round(float(c), _DIGITS) for c in self.covariance]}

    @classmethod
    def from_json(cls, told: Any, levels: Floats) -> GreyRecord | None:
        """From a card; None where it tells nothing that can be."""
        if not isinstance(told, Mapping):
            return None
        counts, covariance = told.get("counts"), told.get("autocovariance")
        if not (isinstance(counts, list) and isinstance(covariance, list)):
            return None
        good = len(counts) == len(levels) and all(type(one) is int and 0 <= one < 1 << 50 for one in counts)
        numbers = 2 <= len(covariance) <= 1024 and all(type(one) in (int, float) for one in covariance)
        if not (good and numbers and sum(counts) > 0 and all(math.isfinite(one) for one in covariance)):
            return None
        return cls(levels, np.array(counts, np.int64), np.array(covariance, np.float64))

    def shown(self, share: float) -> tuple[float, float]:
        """Grey values to show as black and white: a ``share`` of all pixels lies below the one, above the other."""
        below = np.cumsum(self.counts) / self.counts.sum()
        low, high = (float(self.levels[np.searchsorted(below, at)]) for at in (share, 1 - share))
        return (low, high) if low < high else (float(self.levels[0]), float(self.levels[-1]))


@dataclass(frozen=True)
class GreyAgreement:
    """A grey volume against what its model learned from.

    Attributes
    ----------
    epsilon
        `discrepancy` of C along z, y, x, a ratio; None along an axis that is too short, or where all is one value.
    lags
        The largest lag along z, y, x, px.
    distance
        Between the histograms, Wasserstein-1, in grey values.
    span
        The range of grey values of the data.
    """

    epsilon: tuple[float | None, float | None, float | None]
    lags: tuple[int, int, int]
    distance: float
    span: float

    def to_json(self) -> dict[str, Any]:
        """For a report."""
        return {
            "autocovariance": {
                axis: {"epsilon_percent": None if one is None else 100 * one, "largest_lag_px": lag}
                for axis, one, lag in zip("zyx", self.epsilon, self.lags, strict=True)
            },
            "histogram": {
                "wasserstein_1": self.distance,
                "unit": "grey values",
                "percent_of_range": 100 * self.distance / self.span,
            },
        }

    @property
    def lines(self) -> tuple[str, str]:
        """For a reader."""
        axes = (
            f"{axis} not known" if one is None else f"{axis} {100 * one:.1f} % (to {lag} px)"
            for axis, one, lag in zip("zyx", self.epsilon, self.lags, strict=True)
        )
        share = 100 * self.distance / self.span
        apart = f"{self.distance:.3g}" if self.distance < 1000 else f"{self.distance:.0f}"
        return (
            f"ε of the autocovariance along {', '.join(axes)}.",
            f"Histogram {apart} grey values from the data's ({share:.1f} % of their range, Wasserstein-1).",
        )


def agreement_steps(
    planes: Iterable[np.ndarray], shape: tuple[int, int, int], record: GreyRecord
) -> Generator[None, None, GreyAgreement]:
    """Compare a volume with a record; yields after each slice.

    Parameters
    ----------
    planes
        All slices across z in their order, shape (Y, X) each; they are looked at once.
    shape
        Voxels along z, y, x.
    """
    from scipy import stats  # takes a moment, and is not always wanted

    depth, height, width = shape
    most = len(record.covariance) - 1
    lags = [min(most, default_max_lag((side,))) for side in shape]
    sums = [LagSums(lag) for lag in lags]
    middle, counts = record.levels.mean(), np.zeros(len(record.levels), np.int64)
    # rows of every slice, evenly spread, that stand for all where all are too many
    rows = np.unique(np.linspace(0, height - 1, max(1, min(height, KEPT // (depth * width)))).round().astype(int))
    columns = np.empty((len(rows), width, depth), np.float32)
    for z, plane in enumerate(planes):
        values = plane.astype(np.float64) - middle
        counts += counted(plane, record.levels)
        sums[1].add(values.T)
        sums[2].add(values)
        columns[:, :, z] = values[rows]
        yield
    for block in columns:
        sums[0].add(block)
        yield
    found = [_apart(one, record, lag) for one, lag in zip(sums, lags, strict=True)]
    distance = stats.wasserstein_distance(record.levels, record.levels, counts, record.counts)
    span = float(record.levels[-1] - record.levels[0])
    return GreyAgreement((found[0], found[1], found[2]), (lags[0], lags[1], lags[2]), float(distance), span)


def _apart(sums: LagSums, record: GreyRecord, lag: int) -> float | None:
    curve = sums.covariance
    return None if lag < 1 or curve is None else discrepancy(curve[: lag + 1], record.covariance[: lag + 1])
