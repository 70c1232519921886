"""Thresholds that look at a pixel's surroundings: local means, Sauvola's, and hysteresis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.segmentation.denoising import Grey
from core.segmentation.settings import LOCAL_METHODS, SegmentationSettings

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]


def local_threshold(grey: Grey, settings: SegmentationSettings) -> Floats:
    """Threshold of each pixel, shape of ``grey``, in its grey values; edges are mirrored.

    With the picture's grey values counted from its darkest (0) to its brightest (1), m the mean and s the standard
    deviation over a square window of 2 radius + 1 px:

    - *sauvola*: m (1 + k (s / 0.5 − 1)), Sauvola and Pietikäinen (Pattern Recognition 33, 2000, 225–236), plus offset;
    - *adaptive mean*: m plus offset;
    - *adaptive gaussian*: a Gaussian mean whose standard deviation is half the radius, plus offset.

    Raises
    ------
    InputError
        For another method, and for a picture of one grey level.
    """
    if settings.threshold not in LOCAL_METHODS:
        raise InputError(f"No local threshold is called {settings.threshold!r}.")
    from scipy import ndimage

    low, high = float(grey.min()), float(grey.max())
    if high == low:
        raise InputError(
            "The picture has one grey level only, so there is nothing to separate.",
            "Choose a picture, or a crop, that shows more than one phase.",
        )
    unit = (grey.astype(np.float64) - low) / (high - low)
    side = 2 * settings.local_radius + 1
    offset = settings.local_offset / 100
    if settings.threshold == "adaptive gaussian":
        level = ndimage.gaussian_filter(unit, settings.local_radius / 2, mode="reflect")
    else:
        level = ndimage.uniform_filter(unit, side, mode="reflect")
        if settings.threshold == "sauvola":
            # about the middle of the range, where squares lose least
            square = ndimage.uniform_filter((unit - 0.5) ** 2, side, mode="reflect")
            deviation = np.sqrt(np.maximum(square - (level - 0.5) ** 2, 0.0))
            level = level * (1 + settings.sauvola_k * (deviation / 0.5 - 1))
    return np.asarray((level + offset) * (high - low) + low)


def brighter(grey: Grey, level: Floats) -> Labels:
    """1 where a pixel is at least as bright as its threshold, else 0; a rounding of 1e-9 of the range counts as equal.

    In a region of one grey value the mean equals the pixel, and only rounding would decide.
    """
    margin = 1e-9 * (float(grey.max()) - float(grey.min()))
    return (grey >= level - margin).astype(np.uint8)


def hysteresis(grey: Grey, low: float, high: float) -> Labels:
    """1 for the pieces of pixels at least ``low``, joined by sides, that hold a pixel of at least ``high``.

    Canny (IEEE Trans. PAMI 8, 1986, 679–698). Shape (Y, X), uint8.
    """
    from scipy import ndimage

    pieces, count = ndimage.label(grey >= low)
    kept = np.zeros(count + 1, np.uint8)
    kept[pieces[grey >= high]] = 1
    kept[0] = 0
    return np.asarray(kept.take(pieces))
