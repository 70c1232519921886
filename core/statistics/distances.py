"""The exact Euclidean distance transform in pieces, so that a job can be left in between.

A slab of planes is transformed together with as many planes on both sides as the largest distance in it: what lies
farther away cannot be nearer. How many that are is found by trying: where a distance comes out larger than the slab's
surroundings reach, these are doubled.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Bools = npt.NDArray[np.bool_]
Squares = npt.NDArray[np.int32]

PIECE = 1 << 20
"""Pixels of a slab, its surroundings not counted."""
_FIRST_REACH = 8


def squared_distances(inside: Bools) -> Generator[None, None, Squares]:
    """Squared distance (px²) from each pixel of the phase to the nearest pixel centre outside, 0 outside.

    Parameters
    ----------
    inside
        Shape (Y, X) or (Z, Y, X), True in the phase, which does not fill it.
    """
    found = np.empty(inside.shape, np.int32)
    length = len(inside)
    step = max(1, PIECE // inside[0].size)
    reach = _FIRST_REACH
    for start in range(0, length, step):
        stop = min(length, start + step)
        while True:
            low, high = max(0, start - reach), min(length, stop + reach)
            part = inside[low:high]
            whole = low == 0 and high == length
            if whole or not part.all():
                distance = ndimage.distance_transform_edt(part)[start - low : stop - low]
                yield
                # squared distances between pixel centres are whole numbers
                squared = np.rint(np.square(distance)).astype(np.int32)
                # the nearest plane that was not looked at is one farther away than the surroundings reach
                if whole or int(squared.max()) <= (reach + 1) ** 2:
                    found[start:stop] = squared
                    break
            reach *= 2
    return found
