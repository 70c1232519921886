"""Labels of a volume beyond memory, with its volume fraction met to the voxel: by counting, without sorting.

A float's bits, read as a whole number (those of negative ones turned round), rise with its value. Two counts of half of
the bits each therefore find the value that so many voxels lie above: exactly, in one pass each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from core.reconstruction.diffusion.phases import whole_numbers

_AT_ONCE = 1 << 22


def rising(values: np.ndarray) -> np.ndarray:
    """Whole numbers (uint32) that are in the order of ``values`` (float32, finite)."""
    # −0 is 0
    bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32)
    turned: np.ndarray = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    return turned


def label_like(
    field: np.ndarray, fractions: Sequence[float], labels: np.ndarray, known: np.ndarray, given: np.ndarray
) -> None:
    """Write into ``labels`` what `core.reconstruction.diffusion.phases.labels_around` gives for two phases."""
    labels[...] = known
    free = ~given if given.any() else None
    left = labels.size if free is None else int(free.sum())
    wanted = whole_numbers(fractions, labels.size)[1] - int(np.count_nonzero(known & given))
    label_highest(field, min(max(0, wanted), left), labels, free)


def label_highest(field: np.ndarray, count: int, labels: np.ndarray, free: np.ndarray | None = None) -> None:
    """Set to 1 the ``count`` highest places of ``field`` in ``labels``, and to 0 the others; of equal ones the first.

    As `core.reconstruction.diffusion.phases.labels_with` does for two phases, to the voxel, in little memory.

    Parameters
    ----------
    field
        Shape (z, y, x), finite; may be a view of a file.
    labels
        Of the same shape, uint8, to be written.
    free
        The places that are meant, bool; others are left as they are. None: all.
    """
    above, bits = 0, 0
    for shift in (16, 0):
        counts = np.zeros(1 << 16, np.int64)
        for part in _parts(field):
            values = rising(field[part] if free is None else field[part][free[part]]).reshape(-1)
            if shift == 0:
                values = values[values >> 16 == bits]
            counts += np.bincount((values >> shift) & 0xFFFF, minlength=1 << 16)
        # how many lie above each value
        beyond = above + np.concatenate((np.cumsum(counts[::-1])[::-1][1:], [0]))
        value = int(np.argmax(beyond <= count)) if count else (1 << 16) - 1
        above, bits = int(beyond[value]), bits << 16 | value
    equal = count - above
    for part in _parts(field):
        values = rising(field[part])
        one = values > bits
        same = (values == bits) if free is None else (values == bits) & free[part]
        places = np.flatnonzero(same)[:equal]
        one.reshape(-1)[places] = True
        equal -= len(places)
        labels[part] = one if free is None else np.where(free[part], one, labels[part])


def _parts(field: np.ndarray) -> Iterator[slice]:
    each = max(1, _AT_ONCE // max(1, int(np.prod(field.shape[1:]))))
    for first in range(0, len(field), each):
        yield slice(first, first + each)
