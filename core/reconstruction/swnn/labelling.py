"""From a field with one channel a phase to labels: each voxel takes the phase whose channel plus an offset is largest.

The offsets are to several phases what the threshold is to two: with them the phases' fractions are met.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SWEEPS = 60
CLOSE = 2e-5
"""Fractions are met to this, unless voxels that share a value cannot be parted."""


def labels_of(field: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Labels (uint8) of a field with the channels along its last axis; the lowest label where several are largest."""
    found: np.ndarray = np.argmax(field + offsets.astype(np.float32), axis=-1).astype(np.uint8)
    return found


def shares_of(field: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Share of the voxels that take each phase; shape (C,)."""
    found = np.bincount(labels_of(field, offsets).reshape(-1), minlength=field.shape[-1])
    return np.asarray(found / found.sum())


def offsets_for(field: np.ndarray, fractions: Sequence[float]) -> np.ndarray:
    """Offsets with which the phases' shares are ``fractions``: shape (C,), float32, the first one 0.

    The shares are the slopes of a convex function of the offsets, the mean over voxels of max_k (field_k + offset_k)
    less Σ fraction_k · offset_k (semi-discrete optimal transport; Aurenhammer, Hoffmann and Aronov, Algorithmica 20
    (1998) 61). It is minimised one offset after another: given the others, a voxel takes phase k where the offset is
    above the field's margin max_{j≠k} (field_j + offset_j) − field_k, so the best offset is a quantile of the margins.

    Parameters
    ----------
    field
        Shape (…, C), float32.
    fractions
        C numbers above 0 whose sum is 1.
    """
    values = field.reshape(-1, field.shape[-1])
    count = values.shape[1]
    wanted = np.asarray(fractions, dtype=np.float64)
    offsets = np.zeros(count, dtype=np.float32)
    for _ in range(SWEEPS):
        if np.abs(shares_of(values, offsets) - wanted).max() < CLOSE:
            break
        for phase in range(count):
            others = np.delete(values + offsets, phase, axis=1).max(axis=1)
            margins = others - values[:, phase]
            rank = min(len(margins) - 1, max(0, round(wanted[phase] * len(margins))))
            near = np.partition(margins, (max(0, rank - 1), rank))
            # half way between the last voxel that takes the phase and the first that does not
            offsets[phase] = (near[max(0, rank - 1)] + near[rank]) / 2
    relative: np.ndarray = offsets - offsets[0]
    return relative
