"""Structural similarity and peak signal-to-noise ratio of pairs of pictures, as scikit-image computes them.

SSIM (Wang et al., IEEE Trans. Image Process. 13, 600, 2004) with its usual window of 7 pixels; PSNR = −10 log₁₀ MSE
for values from 0 to 1, unlimited where both are equal. Both ask whether two pictures show the same at the same places:
sensible where one is to restore the other, or to find copies; two independent samples of one material score low.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError


@dataclass(frozen=True)
class Similarity:
    """Of one pair: SSIM (−1 to 1) and PSNR (dB, ∞ for equal pictures)."""

    ssim: float
    psnr: float


def similarity(some: npt.NDArray, other: npt.NDArray) -> Similarity:
    """Compare two pictures, shape (Y, X) each, bool or with values from 0 to 1.

    Raises
    ------
    InputError
        Where the shapes differ, or are below 3 pixels.
    """
    from skimage.metrics import structural_similarity

    if some.shape != other.shape or some.ndim != 2 or min(some.shape) < 3:
        raise InputError(
            f"Pictures of one size of at least 3 × 3 pixels are compared, not {some.shape} and {other.shape}."
        )
    a, b = some.astype(np.float64), other.astype(np.float64)
    window = min(7, (min(some.shape) - 1) // 2 * 2 + 1)
    square = float(((a - b) ** 2).mean())
    psnr = math.inf if square == 0 else -10 * math.log10(square)
    return Similarity(float(structural_similarity(a, b, data_range=1.0, win_size=window)), psnr)
