"""Filters against scipy, brute force and what they are for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.segmentation import SegmentationSettings, denoise
from core.segmentation.denoising import bilateral, median, noise_level
from core.segmentation.settings import DENOISE_METHODS

DTYPES = (np.uint8, np.uint16, np.float32)


def noisy(dtype: type, shape: tuple[int, int] = (40, 53), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A step with noise, and the step without it."""
    scale = 1.0 if dtype is np.float32 else float(np.iinfo(dtype).max)
    step = np.where(np.arange(shape[1]) < shape[1] // 2, 0.3, 0.7) * np.ones(shape) * scale
    grey = step + np.random.default_rng(seed).normal(0, 0.05 * scale, shape)
    return (grey.astype(np.float32) if dtype is np.float32 else np.rint(grey).astype(dtype)), step


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", DENOISE_METHODS)
def test_every_method_keeps_shape_and_type_and_lessens_noise(dtype: type, method: str) -> None:
    grey, clear = noisy(dtype)
    before = grey.copy()
    smooth = denoise(grey, SegmentationSettings(denoise=method))
    assert smooth.shape == grey.shape and smooth.dtype == grey.dtype
    assert np.array_equal(grey, before), "the input was written to"
    if method == "none":
        assert np.array_equal(smooth, grey)
    else:
        error_before = float(np.mean((grey - clear) ** 2))
        error_after = float(np.mean((smooth - clear) ** 2))
        assert error_after < 0.7 * error_before


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", DENOISE_METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (20, 20)])
def test_a_constant_picture_stays_what_it_is(dtype: type, method: str, shape: tuple[int, int]) -> None:
    grey = np.full(shape, 7, dtype)
    smooth = denoise(grey, SegmentationSettings(denoise=method))
    assert np.allclose(smooth, grey, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("radius", [1, 2, 3])
@pytest.mark.parametrize("shape", [(31, 45), (5, 4), (70, 1300)])
def test_the_median_is_exact(dtype: type, radius: int, shape: tuple[int, int]) -> None:
    grey, _ = noisy(dtype, shape, seed=radius)
    expected = ndimage.median_filter(grey, 2 * radius + 1, mode="reflect")
    assert np.array_equal(median(grey, radius), expected)


def test_the_gaussian_is_scipys() -> None:
    grey, _ = noisy(np.float32)
    smooth = denoise(grey, SegmentationSettings(denoise="gaussian", gaussian_sigma=2.0))
    np.testing.assert_allclose(smooth, ndimage.gaussian_filter(grey, 2.0, mode="reflect"), atol=1e-6)


def test_the_bilateral_filter_agrees_with_its_definition() -> None:
    grey, _ = noisy(np.float32, (9, 11))
    sigma, contrast = 1.5, 0.2
    scale = float(grey.max() - grey.min()) * contrast
    padded = np.pad(grey.astype(np.float64), 3, mode="symmetric")
    expected = np.empty(grey.shape)
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            total = weights = 0.0
            for dy in range(-3, 4):
                for dx in range(-3, 4):
                    if dy * dy + dx * dx > 9:
                        continue
                    value = padded[y + 3 + dy, x + 3 + dx]
                    difference = (value - grey[y, x]) / scale
                    weight = np.exp(-(dy * dy + dx * dx) / (2 * sigma**2) - difference**2 / 2)
                    total, weights = total + weight * value, weights + weight
            expected[y, x] = total / weights
    np.testing.assert_allclose(bilateral(grey, sigma, contrast), expected, atol=1e-5)


def test_the_noise_level_is_measured_over_a_slope() -> None:
    rng = np.random.default_rng(3)
    slope = np.add.outer(np.arange(300.0), 2 * np.arange(300.0))
    grey = (slope + rng.normal(0, 5.0, slope.shape)).astype(np.float32)
    assert noise_level(grey) == pytest.approx(5.0, rel=0.02)
    assert noise_level(slope.astype(np.float32)) == 0.0


def test_non_local_means_keeps_an_edge_that_a_gaussian_blurs() -> None:
    grey, clear = noisy(np.float32, (64, 64))
    rest = SegmentationSettings(denoise="non-local means")
    sharp = denoise(grey, rest)
    blurred = denoise(grey, SegmentationSettings(denoise="gaussian", gaussian_sigma=2.0))
    edge = slice(30, 34)
    assert np.abs(sharp - clear)[:, edge].mean() < 0.5 * np.abs(blurred - clear)[:, edge].mean()


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="Median radius"):
        denoise(noisy(np.uint8)[0], SegmentationSettings(denoise="median", median_radius=9))
    with pytest.raises(InputError, match="Denoise must be one of"):
        denoise(noisy(np.uint8)[0], SegmentationSettings(denoise="magic"))
