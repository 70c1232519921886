"""Arrays as large as a picture of which a stroke touches little: memory comes page by page, as it is written."""

from __future__ import annotations

import math
import mmap
from contextlib import suppress

import numpy as np
import numpy.typing as npt

_LARGE = 1 << 22
"""Bytes from which numpy asks the system for pages of two megabytes."""


def untouched(shape: tuple[int, int], dtype: npt.DTypeLike) -> np.ndarray:
    """Zeros, of which no page is taken from the system before it is written.

    Not ``np.zeros``: where the system has pages of two megabytes, the first touch of each writes all of it, and a
    thin brush that moves across the picture pays for several at one movement. Small pages cost what is touched.
    """
    kind = np.dtype(dtype)
    nbytes = math.prod(shape) * kind.itemsize
    advice = getattr(mmap, "MADV_NOHUGEPAGE", None)
    if nbytes < _LARGE or advice is None:
        return np.zeros(shape, kind)
    # private, for shared memory is slower and counted elsewhere; it goes back when the last array on it goes
    pages = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a system that has only one size of pages
        pages.madvise(advice)
    return np.frombuffer(pages, kind).reshape(shape)
