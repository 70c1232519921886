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
_BLOCK = 1 << 22


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

    Either it has 2 to 8 different values (up to 16 where they are 0, 1, 2, … or 1, 2, 3, …), or 85 % of its pixels
    share 2 to 8 values that stand far apart while the rest lie between them along edges, as scaling or JPEG makes them.
    """
    counted = _count_values(grey)
    if counted is None:
        return None
    values, counts = counted
    if len(values) < 2:
        return None
    if len(values) <= MAX_LEVELS or (len(values) <= MAX_PHASES and values[0] in (0, 1) and _consecutive(values)):
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


def _consecutive(values: np.ndarray) -> bool:
    return bool((np.diff(values) == 1).all())


def _count_values(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The values of a picture (float64, rising) and how often each occurs; None where there are too many to matter."""
    flat = grey.reshape(-1)
    if grey.dtype not in (np.uint8, np.uint16):
        thin = flat[:: max(1, flat.size // 4096)]
        if flat.size == 0 or not np.isfinite(thin).all() or len(np.unique(thin)) > 512:
            return None
        values, counts = np.unique(flat, return_counts=True)
        return (values.astype(np.float64), counts) if np.isfinite(values).all() else None
    # block by block: bincount makes 8 bytes of each pixel
    counts = np.zeros(np.iinfo(grey.dtype).max + 1, dtype=np.int64)
    for start in range(0, flat.size, _BLOCK):
        counts += np.bincount(flat[start : start + _BLOCK], minlength=len(counts))
    values = np.flatnonzero(counts)
    return values.astype(np.float64), counts[values]


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
    labels: np.ndarray
    if grey.dtype in (np.uint8, np.uint16):
        every = np.arange(np.iinfo(grey.dtype).max + 1)
        nearest: np.ndarray = np.searchsorted(middles, every, side="right").astype(np.uint8)
        labels = nearest[grey]
    else:
        labels = np.searchsorted(middles, grey, side="right").astype(np.uint8)
    if guess.clean or len(levels) == 2:
        return labels  # between two levels the nearest one is right
    span = levels[-1] - levels[0]
    unsure = np.abs(grey - levels[labels]) > max(2.0, 0.1 * span / (len(levels) - 1))
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
