"""How often each arrangement of 2 × 2 (× 2) neighbouring pixels occurs.

Surface by marching cubes and Euler number are sums over these arrangements, so one count of the 16 or 256 of them gives
both (Ohser and Mücklich, *Statistical Analysis of Microstructures in Materials Science*, 2000, chapter 4). The count
over all arrangements inside the array, divided by their number, is unbiased: none needs a pixel beyond the border.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import product

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import finish
from core.statistics.indicator import Indicator, checked_indicator

Counts = npt.NDArray[np.int64]

SLAB_VALUES = 1 << 21


def corners(ndim: int) -> tuple[tuple[int, ...], ...]:
    """Offsets of an arrangement's pixels: bit k of its code says whether the k-th of them is in the phase."""
    return tuple(product((0, 1), repeat=ndim))


def configuration_counts(indicator: Indicator) -> Counts:
    """How often each arrangement occurs.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1; two or more pixels along each axis.

    Returns
    -------
    Counts
        Shape (16,) or (256,): entry c is the number of arrangements whose code (see `corners`) is c.

    Raises
    ------
    InputError
        Where the indicator cannot be used.
    """
    return finish(configuration_steps(indicator))


def configuration_steps(indicator: Indicator) -> Generator[None, None, Counts]:
    """As `configuration_counts`, but yields after each slab."""
    inside = checked_indicator(indicator)
    if min(inside.shape) < 2:
        raise InputError(f"Neighbouring pixels need two of them along each axis, not the shape {inside.shape}.")
    offsets = corners(inside.ndim)
    counts = np.zeros(1 << len(offsets), dtype=np.int64)
    step = max(1, SLAB_VALUES // inside[0].size)
    for start in range(0, len(inside) - 1, step):
        slab = inside[start : start + step + 1].view(np.uint8)
        code = np.zeros(tuple(side - 1 for side in slab.shape), dtype=np.uint8)
        for bit, offset in enumerate(offsets):
            part = slab[tuple(slice(o, o + side) for o, side in zip(offset, code.shape, strict=True))]
            code |= part << np.uint8(bit)
        counts += np.bincount(code.ravel(), minlength=len(counts))
        yield
    return counts
