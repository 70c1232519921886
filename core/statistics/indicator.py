"""The indicator of one phase, 1 inside it and 0 outside: checked once, for every statistic in this room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from core.errors import InputError

V = TypeVar("V", np.bool_, np.uint8)

Indicator = npt.NDArray[np.bool_] | npt.NDArray[np.uint8]
"""What callers give: bool, or integers 0 and 1, with two or three axes."""

LINE_BLOCK_VALUES = 1 << 21
"""Values of one block of lines: large enough that numpy's overhead is small, small enough for the cache and memory."""


def checked_indicator(indicator: Indicator) -> npt.NDArray[np.bool_]:
    """The indicator as bool, shape unchanged.

    Raises
    ------
    InputError
        Where it has neither two nor three axes, is empty, or holds anything but 0 and 1.
    """
    array: npt.NDArray[Any] = np.asarray(indicator)
    if array.ndim not in (2, 3) or array.size == 0:
        raise InputError(f"An indicator has two or three axes and at least one pixel, not shape {array.shape}.")
    if array.dtype == np.bool_:
        return array
    if array.dtype.kind not in "iu" or array.min() < 0 or array.max() > 1:
        raise InputError(
            f"An indicator holds 0 and 1 only; this {array.dtype} array does not.",
            "Compare the labels with the phase's label first.",
        )
    return array.astype(np.bool_)


def checked_lag(max_lag: int, shape: tuple[int, ...]) -> int:
    """``max_lag`` as int, 0 to the shortest side less one.

    Raises
    ------
    InputError
        Where it is negative or leaves no pair of pixels along some axis.
    """
    shortest = min(shape)
    if not 0 <= max_lag < shortest:
        raise InputError(
            f"The largest lag, {max_lag} px, must lie between 0 and {shortest - 1} for the shape {shape}.",
            "Choose a smaller lag or a larger array.",
        )
    return int(max_lag)


def default_max_lag(*shapes: tuple[int, ...]) -> int:
    """The largest lag (px) worth measuring: 63, or half the shortest side less one if that is smaller, at least 0."""
    return max(0, min(63, min(min(shape) for shape in shapes) // 2 - 1))


def line_blocks(indicator: npt.NDArray[V], axis: int) -> Iterator[npt.NDArray[V]]:
    """The lines along ``axis`` in blocks of shape (lines, length), each contiguous; bounds the memory of callers."""
    length = indicator.shape[axis]
    moved = np.moveaxis(indicator, axis, -1)
    if moved.ndim == 2:
        moved = moved[None]
    rows = moved.shape[1] * length
    slabs = max(1, LINE_BLOCK_VALUES // rows)
    for start in range(0, moved.shape[0], slabs):
        yield np.ascontiguousarray(moved[start : start + slabs]).reshape(-1, length)


def window_fractions(indicator: np.ndarray, edge: int) -> tuple[float, float]:
    """Smallest and largest share of the phase in the square windows of a picture; parameters as of `window_shares`."""
    shares = window_shares(indicator, edge)
    return float(shares.min()), float(shares.max())


def window_shares(indicator: np.ndarray, edge: int) -> np.ndarray:
    """Share of the phase in every square window of a picture: shape (n,), row by row.

    Parameters
    ----------
    indicator
        Shape (Y, X), bool.
    edge
        Of the windows, pixels; at most the shorter side.
    """
    sums = np.pad(indicator.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    windows = sums[edge:, edge:] - sums[:-edge, edge:] - sums[edge:, :-edge] + sums[:-edge, :-edge]
    shares: np.ndarray = windows.reshape(-1) / edge**2
    return shares
