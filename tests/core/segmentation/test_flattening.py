"""Background flattening against definitions and known grounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.segmentation import SegmentationSettings, prepared
from core.segmentation.flattening import flatten, rolled


def literal_opening(values: np.ndarray, radius: int) -> np.ndarray:
    """Opening by the untruncated paraboloid, every pair of pixels looked at."""
    span = float(values.max() - values.min())
    places = np.array(list(np.ndindex(values.shape)), float)
    fall = span * ((places[:, None] - places[None]) ** 2).sum(-1) / radius**2
    flat = values.astype(np.float64).reshape(-1)
    touch = (flat[None] + fall).min(axis=1)
    return (touch[None] - fall).max(axis=1).reshape(values.shape)


@pytest.mark.parametrize("radius", [2, 5, 9, 40])
def test_the_rolled_body_is_the_opening_by_its_definition(radius: int) -> None:
    values = np.random.default_rng(radius).uniform(0, 100, (13, 17)).astype(np.float32)
    found = rolled(values, radius)
    assert np.allclose(found, literal_opening(values, radius), atol=1e-3)
    assert (found <= values).all()


def test_the_body_does_not_know_the_unit_of_grey() -> None:
    values = np.random.default_rng(0).uniform(0, 1, (20, 20)).astype(np.float32)
    assert np.allclose(rolled(values * 1000 + 7, 6), rolled(values, 6) * 1000 + 7, atol=1e-2)


@pytest.mark.parametrize("bright", [False, True])
def test_particles_stand_on_a_level_ground_afterwards(bright: bool) -> None:
    yy, xx = np.mgrid[:80, :100]
    discs = ((yy % 20 - 10) ** 2 + (xx % 20 - 10) ** 2 <= 9).astype(np.float32)
    slope = (0.6 * xx + 0.3 * yy).astype(np.float32)
    picture = slope + (-80 if bright else 80) * discs
    method = "rolling ball, bright ground" if bright else "rolling ball"
    flat = flatten(picture, SegmentationSettings(flatten=method, flatten_radius=25))
    ground = discs == 0
    assert np.ptp(slope) > 80
    assert np.ptp(flat[ground]) < 8
    assert abs(abs(float(flat[~ground].mean() - flat[ground].mean())) - 80) < 8


def test_gaussian_takes_the_blur_and_leaves_its_mean() -> None:
    picture = np.random.default_rng(1).uniform(0, 1, (40, 50)).astype(np.float32)
    blur = ndimage.gaussian_filter(picture, 8.0, mode="reflect")
    found = flatten(picture, SegmentationSettings(flatten="gaussian", flatten_width=8.0))
    assert np.allclose(found, picture - blur + blur.mean(), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_shape_and_type_stay_and_none_is_the_picture_itself(dtype: type) -> None:
    picture = (np.random.default_rng(2).uniform(0, 1, (30, 20)) * 250).astype(dtype)
    assert flatten(picture, SegmentationSettings()) is picture
    for method in ("gaussian", "rolling ball", "rolling ball, bright ground"):
        found = flatten(picture, SegmentationSettings(flatten=method, flatten_width=5.0, flatten_radius=5))
        assert found.shape == picture.shape and found.dtype == picture.dtype


def test_what_is_prepared_is_flattened_before_it_is_denoised() -> None:
    picture = (np.random.default_rng(3).uniform(0, 1, (30, 20)) * 250).astype(np.uint8)
    settings = SegmentationSettings(flatten="gaussian", flatten_width=5.0, denoise="median")
    flat = flatten(picture, settings)
    expected = ndimage.median_filter(flat, 3, mode="reflect")
    assert np.array_equal(prepared(picture, settings), expected)
