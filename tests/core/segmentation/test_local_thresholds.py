"""Local thresholds and hysteresis against sums over every window, pixel by pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.segmentation import SegmentationSettings, segment
from core.segmentation.local_thresholds import brighter, hysteresis, local_threshold
from tests.core.segmentation.test_segmenting import micrograph


def grey(seed: int, dtype: type = np.uint8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(19, 23)), 1.0)
    field = (field - field.min()) / (field.max() - field.min())
    return (field * 200 + 20).astype(dtype) if dtype is not np.float32 else field.astype(np.float32)


def windows(values: np.ndarray, radius: int) -> np.ndarray:
    """Every pixel's window, shape (Y, X, n), edges mirrored."""
    padded = np.pad(values, radius, mode="symmetric")
    found = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 2)
    return found.reshape(*values.shape, -1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("k", [0.2, -0.3, 0.0])
def test_sauvola_is_its_formula(k: float, dtype: type) -> None:
    picture = grey(1, dtype)
    settings = SegmentationSettings(threshold="sauvola", local_radius=3, sauvola_k=k, local_offset=4.0)
    low, high = float(picture.min()), float(picture.max())
    seen = windows((picture.astype(np.float64) - low) / (high - low), 3)
    expected = seen.mean(-1) * (1 + k * (seen.std(-1) / 0.5 - 1)) + 0.04
    found = (local_threshold(picture, settings) - low) / (high - low)
    assert np.allclose(found, expected, atol=1e-7)


def test_the_adaptive_mean_is_the_windows_mean_and_the_gaussian_a_blur() -> None:
    picture = grey(2)
    settings = SegmentationSettings(threshold="adaptive mean", local_radius=4, local_offset=-5.0)
    span = float(picture.max()) - float(picture.min())
    expected = windows(picture.astype(np.float64), 4).mean(-1) - 0.05 * span
    assert np.allclose(local_threshold(picture, settings), expected)
    blurred = ndimage.gaussian_filter(picture.astype(np.float64), 2.0) - 0.05 * span
    assert np.allclose(local_threshold(picture, replace(settings, threshold="adaptive gaussian")), blurred)


def test_stripes_on_a_slope_are_found_where_one_threshold_fails() -> None:
    yy, xx = np.mgrid[:60, :120]
    stripes = xx // 6 % 2
    picture = micrograph((40 + 30 * stripes + yy + xx // 2).astype(np.uint8))
    local = segment(picture, SegmentationSettings(threshold="adaptive mean", local_radius=6))
    assert (local.labels == stripes)[8:-8, 8:-8].mean() > 0.97
    assert (segment(picture, SegmentationSettings()).labels == stripes).mean() < 0.8
    assert len(local.phases) == 2 and local.provenance.settings["thresholds_used"] == []


def test_a_flat_region_is_bright_and_not_left_to_rounding() -> None:
    picture = np.full((40, 40), 0.1, np.float32)
    picture[0, 0] = 0.7
    level = local_threshold(picture, SegmentationSettings(threshold="adaptive mean", local_radius=3))
    assert brighter(picture, level)[10:, 10:].all()


def test_hysteresis_keeps_weak_pixels_that_touch_strong_ones() -> None:
    picture = np.array(
        [[5, 5, 9, 0, 5, 5],
         [0, 0, 0, 0, 5, 0],
         [9, 0, 5, 0, 0, 0]], np.uint8,
    )  # fmt: skip
    expected = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]], np.uint8)
    assert np.array_equal(hysteresis(picture, 4.5, 8.0), expected)


def test_hysteresis_as_a_method_takes_two_thresholds_or_finds_them() -> None:
    picture = micrograph(grey(3))
    by_hand = segment(picture, SegmentationSettings(threshold="hysteresis", manual_thresholds=(100.0, 150.0)))
    assert np.array_equal(by_hand.labels, hysteresis(picture.grey, 100, 150))
    assert len(by_hand.phases) == 2 and by_hand.provenance.settings["thresholds_used"] == [100.0, 150.0]
    automatic = segment(picture, SegmentationSettings(threshold="hysteresis"))
    assert len(automatic.provenance.settings["thresholds_used"]) == 2
    with pytest.raises(InputError, match="lower and an upper"):
        segment(picture, SegmentationSettings(threshold="hysteresis", manual_thresholds=(100.0,)))


def test_one_grey_level_has_nothing_to_separate() -> None:
    with pytest.raises(InputError, match="one grey level"):
        local_threshold(np.full((4, 4), 9, np.uint8), SegmentationSettings(threshold="sauvola"))
