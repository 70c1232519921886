"""The regions of a mask by their target fraction: their share of the volume, and what a finished volume achieved there.

The interval of an achieved fraction treats blocks of the volume as clusters: with n_i voxels of the region in block i
and a_i of them in the phase, f = Σa/Σn and Var f = B/(B − 1) · Σ(a_i − f n_i)² / (Σn)² over the B blocks that hold any
(the ratio estimator of cluster sampling, Cochran, "Sampling Techniques", 1977, section 6.3), with Student's quantile.
It needs blocks larger than the features: else the interval is too narrow; with few blocks it is wide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.masks.mask import Mask

_BLOCKS = 4  # an edge
CONFIDENCE = 0.95
TOLERANCE = 0.01
"""An achieved fraction passes where it is so near to its target, or its interval holds it."""


@dataclass(frozen=True)
class Region:
    """All places whose target lies from ``low`` to ``high``.

    Attributes
    ----------
    target
        Mean target of the region.
    share
        Of the volume, 0 to 1.
    """

    low: float
    high: float
    target: float
    share: float


@dataclass(frozen=True)
class Achieved:
    """What a volume has in a region: fraction, its interval, and whether that meets the target."""

    region: Region
    fraction: float
    interval: tuple[float, float]
    passed: bool


def level_edges(mask: Mask, levels: int = 5) -> np.ndarray:
    """Bounds between the regions, rising, without the outermost; regions are lower-inclusive."""
    values = np.unique(mask.fraction)
    if len(values) <= levels:
        between: np.ndarray = (values[:-1].astype(np.float64) + values[1:]) / 2
        return between
    return np.linspace(float(values[0]), float(values[-1]), levels + 1)[1:-1]


def regions(mask: Mask, levels: int = 5) -> list[Region]:
    """One region for each value where there are at most ``levels``, else equal steps; rising, empty ones left out."""
    values = mask.fraction.astype(np.float64)
    place = np.digitize(values, level_edges(mask, levels))
    found = []
    for number in np.unique(place):
        inside = values[place == number]
        found.append(Region(float(inside.min()), float(inside.max()), float(inside.mean()), inside.size / values.size))
    return found


def achieved(mask: Mask, indicator: np.ndarray, levels: int = 5) -> list[Achieved]:
    """What the volume ``indicator`` (Z, Y, X; bool) has in each region of ``mask``, resampled to its size."""
    from scipy import stats

    fitted = mask.resampled(indicator.shape)  # type: ignore[arg-type]
    edges = level_edges(mask, levels)
    place = np.digitize(fitted.fraction.astype(np.float64), edges)
    blocks = np.zeros(indicator.shape, dtype=np.int32)
    for axis, side in enumerate(indicator.shape):
        count = min(_BLOCKS, side)
        number = (np.arange(side) * count // side).reshape([-1 if axis == other else 1 for other in range(3)])
        blocks = blocks * count + number.astype(np.int32)
    found = []
    for number in np.unique(place):
        inside = place == number
        targets = fitted.fraction[inside].astype(np.float64)
        region = Region(float(targets.min()), float(targets.max()), float(targets.mean()), targets.size / inside.size)
        held = np.bincount(blocks[inside])
        hit = np.bincount(blocks[inside], weights=indicator[inside], minlength=len(held))
        hit, held = hit[held > 0], held[held > 0]
        total = held.sum()
        fraction = float(hit.sum() / total)
        count = len(held)
        if count > 1:
            spread = np.sqrt(count / (count - 1) * ((hit - fraction * held) ** 2).sum()) / total
            half = float(stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1) * spread)
        else:
            half = 1.0
        low, high = max(0.0, fraction - half), min(1.0, fraction + half)
        passed = low <= region.target <= high or abs(fraction - region.target) <= TOLERANCE
        found.append(Achieved(region, fraction, (low, high), passed))
    return found


def seen_range(indicator: np.ndarray) -> tuple[float, float]:
    """Lowest and highest fraction that an exemplar (Y, X; bool) shows in any window of a quarter of its shorter side.

    What a model learned from it can be asked for with some right; beyond, it has to invent.
    """
    window = max(1, min(indicator.shape) // 4)
    sums = np.zeros((indicator.shape[0] + 1, indicator.shape[1] + 1))
    sums[1:, 1:] = indicator.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    counts = sums[window:, window:] - sums[:-window, window:] - sums[window:, :-window] + sums[:-window, :-window]
    return float(counts.min() / window**2), float(counts.max() / window**2)


def share_outside(mask: Mask, reach: tuple[float, float]) -> float:
    """Share of the volume whose target lies outside ``reach``."""
    # float32 targets, so a bound is widened by what that rounds
    outside = (mask.fraction < reach[0] - 1e-6) | (mask.fraction > reach[1] + 1e-6)
    return float(outside.mean())
