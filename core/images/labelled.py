"""Pictures that are segmented already: recognising them, and turning their grey levels into labels 0 to n − 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from core.errors import InputError
from core.images.values import MAX_PHASES

MAX_LEVELS = 8
"""More grey levels than this are a picture, not labels."""
_SHARE = 0.85
_MINOR = 0.002


@dataclass(frozen=True)
class SegmentedGuess:
    """What a picture's grey levels look like as labels.

    Attributes
    ----------
    levels
        The grey value of each phase, rising.
    clean
        Whether no other value occurs; otherwise edges are blurred (antialiased, compressed) and want a clean-up.
    """

    levels: tuple[float, ...]
    clean: bool


def looks_segmented(grey: np.ndarray) -> SegmentedGuess | None:
    """Whether ``grey`` (any shape) is a picture of labels; None where it is a micrograph.

    Either it has 2 to 8 different values, or 85 % of its pixels share 2 to 8 values that stand far apart while the rest
    lie between them along edges, as scaling or JPEG makes them.
    """
    if grey.size == 0:
        return None
    if grey.dtype == np.uint8:
        counts = np.bincount(grey.reshape(-1), minlength=256)
        values = np.flatnonzero(counts).astype(np.float64)
        counts = counts[counts > 0]
    else:
        thin = grey.reshape(-1)
        if len(np.unique(thin[:: max(1, thin.size // 4096)])) > 512:
            return None
        values, counts = np.unique(grey, return_counts=True)
        values = values.astype(np.float64)
    if len(values) < 2:
        return None
    if len(values) <= MAX_LEVELS:
        return SegmentedGuess(tuple(map(float, values)), True)
    peaks = _peaks(values, counts)
    if not 2 <= len(peaks) <= MAX_LEVELS:
        return None
    levels = values[peaks]
    span = float(values[-1] - values[0])
    if float(np.diff(levels).min()) < span / 12:
        return None
    near = np.abs(values[:, None] - levels).min(axis=1) <= max(2.0, 0.012 * span)
    if counts[near].sum() < _SHARE * grey.size:
        return None
    return SegmentedGuess(tuple(map(float, levels)), False)


def _peaks(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Indices of values that many pixels have exactly, one for each group of neighbours."""
    order = np.argsort(counts)[::-1]
    span = float(values[-1] - values[0])
    chosen: list[int] = []
    for index in order:
        if counts[index] < _MINOR * counts.sum() or len(chosen) > MAX_LEVELS:
            break
        if all(abs(values[index] - values[other]) > max(2.0, span / 16) for other in chosen):
            chosen.append(int(index))
    return np.sort(np.asarray(chosen, dtype=int))


def labels_from_grey(grey: np.ndarray, guess: SegmentedGuess) -> np.ndarray:
    """Labels 0 to n − 1 (uint8, same shape): the nearest level of each pixel.

    Where the picture is not clean, pixels between two levels take the commonest label among their sure neighbours, so
    that a blurred edge between the first and the third level does not become a rim of the second.

    Raises
    ------
    InputError
        For more levels than phases are allowed.
    """
    levels = np.asarray(guess.levels, dtype=np.float64)
    if len(levels) > MAX_PHASES:
        raise InputError(f"{len(levels)} labels are more than {MAX_PHASES} phases.", "Merge some first.")
    middles = (levels[:-1] + levels[1:]) / 2
    labels = np.searchsorted(middles, grey.astype(np.float64), side="right").astype(np.uint8)
    if guess.clean:
        return labels
    span = levels[-1] - levels[0]
    unsure = np.abs(grey - levels[labels]) > max(2.0, 0.1 * span / max(1, len(levels) - 1))
    if len(levels) == 2:
        return labels  # between two levels the nearest one is right
    for _ in range(8):
        if not unsure.any():
            break
        votes = np.stack(
            [ndimage.uniform_filter(((labels == n) & ~unsure).astype(np.float32), 3) for n in range(len(levels))]
        )
        decided = unsure & (votes.max(axis=0) > 0)
        if not decided.any():
            break
        labels[decided] = votes.argmax(axis=0)[decided].astype(np.uint8)
        unsure &= ~decided
    return labels
