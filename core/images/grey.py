"""From an array as stored to grey levels that the program works with: one channel; uint8, uint16 or float32; finite."""

from __future__ import annotations

import numpy as np

from core.errors import InputError

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def to_grey(array: np.ndarray, notes: dict[str, str]) -> np.ndarray:
    """One channel from colours on the last axis; what was done is written into ``notes``.

    Equal channels are taken as they are, so nothing is lost. An alpha channel is left out.
    """
    if array.shape[-1] < 3:
        return np.ascontiguousarray(array[..., 0])
    red, green, blue = (array[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        notes["Colour"] = "RGB with equal channels, taken as grey"
        return np.ascontiguousarray(red)
    notes["Colour"] = "made grey from RGB"
    # float32 holds a weighted sum of 16-bit values to well under half a level
    kind = np.float32 if array.dtype.itemsize <= 2 else np.float64
    grey = sum((kind(weight) * channel for weight, channel in zip(LUMA[1:], (green, blue), strict=True)),
               kind(LUMA[0]) * red)  # fmt: skip
    return np.rint(grey).astype(array.dtype) if array.dtype in (np.uint8, np.uint16) else grey


def to_supported(grey: np.ndarray, notes: dict[str, str], name: str) -> np.ndarray:
    """The same values as uint8, uint16 or float32, finite; what is lost, if anything, is written into ``notes``.

    Raises
    ------
    InputError
        Where the values are no grey levels, or not one of them is a finite number of 32 bits.
    """
    if grey.dtype == bool:
        return grey.astype(np.uint8) * np.uint8(255)
    if grey.dtype in (np.uint8, np.uint16):
        return grey.astype(grey.dtype.newbyteorder("="), copy=False)
    if np.issubdtype(grey.dtype, np.integer):
        return _integers(grey, notes)
    if np.issubdtype(grey.dtype, np.floating):
        return _floats(grey, notes, name)
    raise InputError(
        f"{name} holds values of type {grey.dtype}, which are not grey levels.", "Export it with real numbers."
    )


def _integers(grey: np.ndarray, notes: dict[str, str]) -> np.ndarray:
    low, high = int(grey.min()), int(grey.max())
    if low >= 0 and high <= 65535:
        kind = np.uint8 if grey.dtype.itemsize == 1 else np.uint16
        notes["Type"] = f"{grey.dtype.name} as {np.dtype(kind).name}, nothing lost"
        return grey.astype(kind)
    single = grey.astype(np.float32)
    exact = max(abs(low), abs(high)) <= 1 << 24 or np.array_equal(single.astype(np.float64), grey)
    notes["Type"] = f"{grey.dtype.name} as float32, " + ("nothing lost" if exact else "rounded to 24 significant bits")
    return single


def _floats(grey: np.ndarray, notes: dict[str, str], name: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        single = grey.astype(np.float32)
    if grey.dtype.itemsize != 4:
        exact = np.array_equal(single.astype(grey.dtype), grey, equal_nan=True)
        notes["Type"] = f"{grey.dtype.name} as float32, " + ("nothing lost" if exact else "rounded")
    finite = np.isfinite(single)
    if finite.all():
        return single
    if not finite.any():
        raise InputError(f"{name} holds no finite number.", "Export it again.")
    bad = int(single.size - finite.sum())
    notes["Missing"] = f"{bad} pixels that are no finite number were set to the darkest value"
    return np.where(finite, single, single[finite].min())
