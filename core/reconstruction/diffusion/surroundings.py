"""Equal values of a field put in the order of what is around them.

A denoiser is sure of most voxels, and of what it is sure the field has one value, to the last digit. Where a volume
fraction asks for a few voxels more than it found, they must come from these: next to where the phase is, as when a
threshold is lowered, and not the first ones that lie in memory.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from scipy import ndimage

WIDTH, REACH = 2.0, 6
"""Of the mean around a voxel: the standard deviation of its weights, and where they end, voxels."""
SHARE = 1e-3
"""So little of it is added that values further apart than twice this keep their order."""
_AT_ONCE = 1 << 20


def setting_apart(field: np.ndarray) -> Generator[None, None, None]:
    """Add to each value a little of the mean around it; yields after each part.

    Parameters
    ----------
    field
        Channels, shape (C, z, y, x), float32, about −1 to 1; changed in its place, which may be a file's.
    """
    step = max(1, _AT_ONCE // max(1, field[0, 0].size))
    for channel in field:
        before = channel[:0].copy()
        for first in range(0, len(channel), step):
            own, after = channel[first : first + step].copy(), channel[first + step : first + step + REACH]
            block = np.concatenate((before, own, after))
            around = ndimage.gaussian_filter(block, WIDTH, mode="nearest", truncate=REACH / WIDTH)
            channel[first : first + step] += np.float32(SHARE) * around[len(before) : len(before) + len(own)]
            before = np.concatenate((before, own))[-REACH:]
            yield
