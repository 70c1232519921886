"""Removal of small islands and holes from labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import InputError

Labels = npt.NDArray[np.uint8]


def clean(labels: Labels, island_px: int, hole_px: int) -> Labels:
    """``labels`` without small pieces.

    A piece is a set of pixels of one phase connected by their sides (4-neighbours). Its surroundings' majority phase is
    the one with which it shares the most pixel sides (the lower label in a tie). It is an *island* where it is
    brighter than that phase (its label is higher), a *hole* where it is darker. Islands with fewer than ``island_px``
    and holes with fewer than ``hole_px`` pixels take the majority phase; with two phases this is the usual removal of
    small bright specks and dark pits.

    Pieces that are large enough for either limit settle first, and only settled pieces count as surroundings. Small
    pieces that touch a settled one are decided next, all at once, then those that touch these, and so on: a speck
    inside a speck goes the way of the outer one. Where no piece is large enough, the largest is left to begin with.
    A piece at the picture's edge counts with the pixels that are visible.

    Parameters
    ----------
    labels
        Shape (Y, X), uint8.
    island_px, hole_px
        Smallest size that stays, in px; 0 or 1 removes nothing.

    Raises
    ------
    InputError
        Where a limit is negative.
    """
    if island_px < 0 or hole_px < 0:
        raise InputError(f"The smallest island ({island_px} px) and hole ({hole_px} px) cannot be negative.")
    limit = max(island_px, hole_px)
    if limit <= 1:
        return labels
    from skimage.measure import label as connected

    pieces = np.asarray(connected(labels, background=-1, connectivity=1)).astype(np.int32) - 1
    sizes = np.bincount(pieces.reshape(-1))
    settled = sizes >= limit
    if settled.all():
        return labels
    if not settled.any():
        settled[sizes.argmax()] = True
    phase = np.empty(sizes.size, np.uint8)
    phase[pieces.reshape(-1)] = labels.reshape(-1)
    small, near = _contacts(pieces, settled)
    phases = int(labels.max()) + 1
    while not settled.all():
        ready = settled[near] & ~settled[small]
        sides = np.bincount(small[ready].astype(np.int64) * phases + phase[near[ready]], minlength=sizes.size * phases)
        shared = sides.reshape(-1, phases)
        decided = np.flatnonzero(shared.any(axis=1))
        majority = shared[decided].argmax(axis=1)
        own = phase[decided]
        smallest = np.where(majority < own, island_px, hole_px)
        phase[decided] = np.where(sizes[decided] < smallest, majority, own)
        settled[decided] = True
    return np.asarray(phase.take(pieces))


def _contacts(pieces: np.ndarray, settled: npt.NDArray[np.bool_]) -> tuple[np.ndarray, np.ndarray]:
    """Pixel sides between a small piece and its neighbour, one entry a side: ids of both."""
    ones, others = [], []
    for a, b in ((pieces[:-1], pieces[1:]), (pieces[:, :-1], pieces[:, 1:])):
        border = np.flatnonzero(a != b)
        one, other = a.reshape(-1).take(border), b.reshape(-1).take(border)
        for small, near in ((one, other), (other, one)):
            kept = np.flatnonzero(~settled.take(small))
            ones.append(small.take(kept))
            others.append(near.take(kept))
    return np.concatenate(ones), np.concatenate(others)
