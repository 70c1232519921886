"""Histogram, Otsu's and multi-Otsu's thresholds, and what turns grey values into labels.

One convention throughout: a pixel's label is the number of thresholds that are at most its grey value, so that label 0
is the darkest phase, and a pixel exactly at a threshold belongs to the brighter side.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.segmentation.denoising import Grey
from core.segmentation.settings import MAX_THRESHOLD_PHASES

BINS = 256
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often each grey value occurs.

    Attributes
    ----------
    counts
        Shape (bins,), int64: pixels with edges[i] ≤ grey < edges[i + 1]; the last bin includes its upper edge.
    edges
        Shape (bins + 1,), float64, grey values.
    """

    counts: npt.NDArray[np.int64]
    edges: Floats

    @property
    def centres(self) -> Floats:
        """Shape (bins,): the middle of each bin, grey values."""
        return np.asarray((self.edges[:-1] + self.edges[1:]) / 2)


def histogram(grey: Grey, bins: int = BINS) -> Histogram:
    """Histogram of ``grey``.

    For uint8 with 256 bins, one bin a grey value (edges at −0.5, 0.5, …, 255.5); otherwise ``bins`` equal bins from
    the darkest to the brightest value.
    """
    if grey.dtype == np.float32:
        return counted([grey], edges_between(float(grey.min()), float(grey.max()), bins))
    return histogram_of_levels(levels_of(grey), bins)


def edges_between(low: float, high: float, bins: int = BINS) -> Floats:
    """Edges of equal bins from the darkest to the brightest value, shape (bins + 1,)."""
    if high == low:
        high = low + (1.0 if np.float64(low + 1.0) > low else abs(low))
    return np.linspace(low, high, bins + 1)


def counted(parts: Iterable[Grey], edges: Floats) -> Histogram:
    """Histogram of float32 pictures together, with given ``edges``."""
    total = np.zeros(len(edges) - 1, np.int64)
    for part in parts:
        total += np.histogram(part.astype(np.float64), bins=edges)[0]
    return Histogram(total, edges)


def histogram_of_levels(levels: npt.NDArray[np.int64], bins: int = BINS) -> Histogram:
    """As `histogram`, from how often each value of an integer type occurs: shape (256,) or (65536,)."""
    if len(levels) == 256 and bins == 256:
        return Histogram(levels, np.arange(257, dtype=np.float64) - 0.5)
    present = np.flatnonzero(levels)
    edges = edges_between(float(present[0]), float(present[-1]), bins)
    counts, _ = np.histogram(present, bins=edges, weights=levels[present])
    return Histogram(np.rint(counts).astype(np.int64), edges)


def levels_of(grey: Grey) -> npt.NDArray[np.int64]:
    """How often each value that the type of ``grey`` (uint8 or uint16) can have occurs."""
    count = np.iinfo(grey.dtype).max + 1
    return np.asarray(np.bincount(grey.reshape(-1), minlength=count), dtype=np.int64)


def thresholds(grey: Grey, method: str, phases: int = 2) -> tuple[float, ...]:
    """Automatic thresholds of ``grey``, in rising order; ``phases - 1`` of them.

    Parameters
    ----------
    method
        "otsu" (always two phases) or "multi-otsu".
    phases
        2 to 5.

    Raises
    ------
    InputError
        For another method or number of phases, and where the picture has fewer grey levels than phases.
    """
    return thresholds_of_histogram(histogram(grey), method, phases)


def thresholds_of_histogram(found: Histogram, method: str, phases: int = 2) -> tuple[float, ...]:
    """As `thresholds`, from a histogram already at hand."""
    if method not in ("otsu", "multi-otsu"):
        raise InputError(f"No automatic threshold is called {method!r}.", "Choose otsu or multi-otsu.")
    wanted = 2 if method == "otsu" else phases
    if not 2 <= wanted <= MAX_THRESHOLD_PHASES:
        raise InputError(f"Multi-Otsu finds 2 to {MAX_THRESHOLD_PHASES} phases, not {wanted}.")
    present = np.flatnonzero(found.counts)
    if present.size == 1:
        raise InputError(
            "The picture has one grey level only, so there is nothing to separate.",
            "Choose a picture, or a crop, that shows more than one phase.",
        )
    if present.size < wanted:
        raise InputError(
            f"The picture has {present.size} distinguishable grey levels: too few for {wanted} phases.",
            f"Choose at most {present.size} phases, or less smoothing.",
        )
    last = best_split(found.counts[present].astype(np.float64), found.centres[present], wanted)
    # any place in the empty gap between two classes is equally good: take its middle
    return tuple(float((found.edges[present[i] + 1] + found.edges[present[i + 1]]) / 2) for i in last)


def best_split(counts: Floats, values: Floats, classes: int) -> tuple[int, ...]:
    """The split of a sorted histogram with the greatest between-class variance.

    Otsu (IEEE Trans. SMC 9, 1979, 62–66) for two classes; Liao, Chen and Chung (J. Inf. Sci. Eng. 17, 2001, 713–727)
    for more: maximise Σₖ ωₖ μₖ². The sum is additive over classes, so a dynamic programme finds the exact optimum in
    O(classes · bins²) steps, where trying every split takes O(bins^(classes − 1)).

    Parameters
    ----------
    counts, values
        Shape (bins,): positive counts and rising grey values.

    Returns
    -------
    tuple[int, ...]
        Index of the last bin of each class but the last; ``classes - 1`` rising numbers.
    """
    bins = counts.size
    weight = np.concatenate(([0.0], np.cumsum(counts)))
    # centred and scaled values: the optimum is the same and the rounding smaller
    mean = float(np.average(values, weights=counts))
    scale = float(np.abs(values - mean).max()) or 1.0
    moment = np.concatenate(([0.0], np.cumsum(counts * ((values - mean) / scale))))
    mass = weight[None, :] - weight[:, None]
    first = moment[None, :] - moment[:, None]
    # gain[i, j]: Σω μ² of one class that holds the bins i to j - 1; empty or reversed classes are forbidden
    gain = np.full((bins + 1, bins + 1), -np.inf)
    np.divide(first * first, mass, out=gain, where=np.triu(np.ones_like(mass, dtype=bool), 1))
    best = gain[0]
    origins = []
    for _ in range(classes - 1):
        total = best[:, None] + gain
        origin = total.argmax(axis=0)
        best = total[origin, np.arange(bins + 1)]
        origins.append(origin)
    end = bins
    cuts: list[int] = []
    for origin in reversed(origins):
        end = int(origin[end])
        cuts.append(end - 1)
    return tuple(reversed(cuts))


def check_thresholds(levels: Sequence[float], grey: Grey | None = None) -> tuple[float, ...]:
    """The thresholds as floats, or an error that says what is wrong with them.

    Raises
    ------
    InputError
        Where there are none or more than four, one is not finite, they do not rise, or (with ``grey``) one lies where
        it separates nothing: at or below the darkest, or above the brightest value.
    """
    given = tuple(float(level) for level in levels)
    shown = ", ".join(f"{level:g}" for level in given)
    if not 1 <= len(given) < MAX_THRESHOLD_PHASES:
        raise InputError(
            f"Manual thresholds number 1 to {MAX_THRESHOLD_PHASES - 1}; there are {len(given)}.",
            "Add or remove a handle on the histogram.",
        )
    if not all(np.isfinite(given)):
        raise InputError(f"A threshold must be a finite number; given: {shown}.")
    if any(low >= high for low, high in itertools.pairwise(given)):
        raise InputError(f"Thresholds must rise from dark to bright; given: {shown}.", "Put them in rising order.")
    if grey is not None:
        low, high = float(grey.min()), float(grey.max())
        outside = [f"{level:g}" for level in given if not low < level <= high]
        if outside:
            raise InputError(
                f"Threshold {', '.join(outside)} separates nothing: the grey values run from {low:g} to {high:g}.",
                "Choose a threshold inside that range.",
            )
    return given


def apply_thresholds(grey: Grey, levels: Sequence[float]) -> Labels:
    """Labels 0 to ``len(levels)``, shape (Y, X), uint8: the number of thresholds at most each grey value.

    Raises
    ------
    InputError
        Where the thresholds are not one to four finite rising numbers.
    """
    given = check_thresholds(levels)
    if grey.dtype.kind == "u":
        table = np.digitize(np.arange(np.iinfo(grey.dtype).max + 1), given).astype(np.uint8)
        return np.asarray(table.take(grey))
    labels = np.zeros(grey.shape, np.uint8)
    for level in given:
        labels += grey >= _next_float32(level)
    return labels


def _next_float32(level: float) -> np.float32:
    """The smallest float32 at least ``level``: comparing with it equals comparing with ``level`` in double."""
    with np.errstate(over="ignore"):
        near = np.float32(level)
    return near if float(near) >= level else np.nextafter(near, np.float32(np.inf))
