"""Denoising of grey pictures. Each filter keeps the picture's shape and dtype; edges are mirrored."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.segmentation.settings import SegmentationSettings
from core.settings import validate

Grey = npt.NDArray[Any]
"""Grey values, shape (Y, X); uint8, uint16 or float32."""

_BAND_VALUES = 1 << 16
_PATCH = 5


def denoise(grey: Grey, settings: SegmentationSettings) -> Grey:
    """``grey`` smoothed by the method that ``settings.denoise`` names; integer results are rounded.

    Parameters
    ----------
    grey
        Shape (Y, X); uint8, uint16 or float32.

    Raises
    ------
    InputError
        Where a setting is out of its range.
    """
    validate(settings)
    match settings.denoise:
        case "median":
            return median(grey, settings.median_radius)
        case "gaussian":
            from scipy import ndimage

            blurred = ndimage.gaussian_filter(grey.astype(np.float32), settings.gaussian_sigma, mode="reflect")
            return as_type_of(grey, blurred)
        case "non-local means":
            return _non_local_means(grey, settings.nlm_strength, settings.nlm_distance)
        case "bilateral":
            return bilateral(grey, settings.bilateral_sigma, settings.bilateral_contrast / 100.0)
        case _:
            return grey


def as_type_of(grey: Grey, values: npt.NDArray[np.float32]) -> Grey:
    """``values`` in the type of ``grey``; for integers rounded and clipped."""
    if grey.dtype == np.float32:
        return values.astype(np.float32, copy=False)
    limits = np.iinfo(grey.dtype)
    rounded: Grey = np.clip(np.rint(values), limits.min, limits.max).astype(grey.dtype)
    return rounded


def median(grey: Grey, radius: int) -> Grey:
    """Median over a square window of ``2 radius + 1`` px.

    Exact, by forgetful selection: of n values, the smallest and the largest of any n // 2 + 2 cannot be the median, so
    they are dropped and the next value is taken in. Whole bands of rows are compared at once, which is several times
    faster than sorting each window.
    """
    padded = np.pad(grey, radius, mode="symmetric")
    rows, columns = grey.shape
    width = 2 * radius + 1
    out = np.empty_like(grey)
    step = max(1, _BAND_VALUES // max(1, columns * grey.itemsize))
    for top in range(0, rows, step):
        count = min(step, rows - top)
        windows = [padded[top + y : top + y + count, x : x + columns] for y in range(width) for x in range(width)]
        out[top : top + count] = _median_of(windows)
    return out


def _median_of(values: list[np.ndarray]) -> np.ndarray:
    first = len(values) // 2 + 2
    held, waiting = list(values[:first]), list(values[first:])
    while True:
        # the minimum sinks to the front and the maximum to the back in one walk over pairs
        for low in range(len(held) // 2):
            high = len(held) - 1 - low
            held[low], held[high] = np.minimum(held[low], held[high]), np.maximum(held[low], held[high])
        half = (len(held) + 1) // 2
        for place in range(1, half):
            held[0], held[place] = np.minimum(held[0], held[place]), np.maximum(held[0], held[place])
        for place in range(len(held) // 2, len(held) - 1):
            held[place], held[-1] = np.minimum(held[place], held[-1]), np.maximum(held[place], held[-1])
        held = held[1:-1]
        if not waiting:
            return held[0]
        held.append(waiting.pop())


def noise_level(grey: Grey) -> float:
    """Standard deviation of the picture's noise in its own grey values.

    Immerkær's estimate (Computer Vision and Image Understanding 64, 1996, 300–302): a mask that answers neither to
    planes nor to straight edges, and the mean absolute answer of white noise to it.
    """
    if min(grey.shape) < 3:
        return 0.0
    values = grey.astype(np.float64)
    across = values[:, :-2] - 2 * values[:, 1:-1] + values[:, 2:]
    answer = across[:-2] - 2 * across[1:-1] + across[2:]
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(answer).mean())


def _non_local_means(grey: Grey, strength: float, distance: int) -> Grey:
    """Buades, Coll and Morel (CVPR 2005): the mean over pixels whose surroundings look alike, patches of 5 × 5 px."""
    from skimage.restoration import denoise_nl_means

    scale = float(grey.max()) - float(grey.min())
    sigma = noise_level(grey)
    if scale == 0 or sigma == 0 or min(grey.shape) < _PATCH:
        return grey
    low = float(grey.min())
    unit = ((grey.astype(np.float32) - low) / scale).astype(np.float32)
    sigma /= scale
    smooth = denoise_nl_means(
        unit, patch_size=_PATCH, patch_distance=distance, h=0.8 * strength * sigma, sigma=sigma, fast_mode=True
    )
    return as_type_of(grey, np.asarray(smooth * scale + low, dtype=np.float32))


def bilateral(grey: Grey, sigma: float, contrast: float) -> Grey:
    """Tomasi and Manduchi's filter (ICCV 1998): a Gaussian in space times a Gaussian in grey value.

    Parameters
    ----------
    sigma
        Standard deviation in space, px; the window reaches to twice that.
    contrast
        Standard deviation in grey value as a share (0 to 1) of the picture's grey range.
    """
    low = float(grey.min())
    scale = (float(grey.max()) - low) * contrast
    if scale == 0:
        return grey
    reach = max(1, int(np.ceil(2 * sigma)))
    unit = ((grey.astype(np.float32) - low) / scale).astype(np.float32)
    padded = np.pad(unit, reach, mode="symmetric")
    rows, columns = grey.shape
    out = np.empty_like(unit)
    step = max(1, _BAND_VALUES // max(1, columns))
    for top in range(0, rows, step):
        count = min(step, rows - top)
        centre = unit[top : top + count]
        # the centre has weight 1 and no deviation; deviations are summed, so that constants stay exact
        weights = np.ones_like(centre)
        moved = np.zeros_like(centre)
        for y in range(-reach, reach + 1):
            for x in range(-reach, reach + 1):
                if y * y + x * x > reach * reach or (y == 0 and x == 0):
                    continue
                start = reach + top + y
                deviation = padded[start : start + count, reach + x : reach + x + columns] - centre
                exponent = deviation * deviation
                exponent *= -0.5
                exponent -= np.float32((y * y + x * x) / (2 * sigma * sigma))
                np.exp(exponent, out=exponent)
                weights += exponent
                deviation *= exponent
                moved += deviation
        out[top : top + count] = centre + moved / weights
    return as_type_of(grey, out * np.float32(scale) + np.float32(low))
