"""Pictures that are segmented already: recognised, and turned into labels."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from scipy import ndimage

from core.images.labelled import labels_from_grey, looks_segmented
from core.images.reading import read_labels
from core.images.values import PhaseImage, Volume

RNG = np.random.default_rng(2)


def blobs(phases: int, shape: tuple[int, ...] = (120, 150)) -> np.ndarray:
    field = ndimage.gaussian_filter(np.random.default_rng(9).normal(size=shape), 5)
    cuts = np.quantile(field, np.linspace(0, 1, phases + 1)[1:-1])
    return np.digitize(field, cuts).astype(np.uint8)


@pytest.mark.parametrize("levels", [(0, 255), (85, 170, 255), (0, 128, 255), (0, 1), (0, 1, 2, 3), (1, 2, 3), (0, 7)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_clean_levels_become_labels_in_rising_order(levels: tuple[int, ...], dtype: type) -> None:
    truth = blobs(len(levels))
    grey = np.array(levels, dtype=dtype)[truth]
    guess = looks_segmented(grey)
    assert guess is not None
    assert guess.clean
    assert guess.levels == tuple(map(float, levels))
    labels = labels_from_grey(grey, guess)
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, truth)


@pytest.mark.parametrize("lowest", [0, 1])
def test_up_to_sixteen_labels_in_a_row(lowest: int) -> None:
    truth = blobs(16)
    guess = looks_segmented(truth + np.uint8(lowest))
    assert guess is not None
    np.testing.assert_array_equal(labels_from_grey(truth + np.uint8(lowest), guess), truth)
    # as many levels that are not counted through are a coarse picture
    assert looks_segmented(truth * np.uint8(16)) is None


def test_antialiased_two_phase_edges() -> None:
    truth = blobs(2)
    large = np.kron(truth, np.ones((4, 4), np.uint8)) * 255.0
    grey = np.rint(ndimage.zoom(large, 0.6, order=1)).astype(np.uint8)
    guess = looks_segmented(grey)
    assert guess is not None
    assert not guess.clean
    assert guess.levels == (0.0, 255.0)
    np.testing.assert_array_equal(labels_from_grey(grey, guess), grey >= 128)


def test_a_blurred_edge_does_not_become_a_rim_of_the_phase_between() -> None:
    # a bright disc in black, smoothed: grey 128 occurs along its edge, and as a disc of its own
    y, x = np.indices((200, 200))
    truth = np.where(np.hypot(y - 60, x - 60) < 35, 2, 0) + np.where(np.hypot(y - 140, x - 130) < 35, 1, 0)
    grey = np.rint(ndimage.gaussian_filter(np.array([0.0, 128.0, 255.0])[truth], 0.7)).astype(np.uint8)
    guess = looks_segmented(grey)
    assert guess is not None
    assert not guess.clean
    assert len(guess.levels) == 3
    labels = labels_from_grey(grey, guess)
    nearest = np.abs(grey[..., None].astype(float) - np.array(guess.levels)).argmin(-1)
    around = np.hypot(y - 60, x - 60) < 50
    assert (nearest[around] == 1).sum() > 50  # what the clean-up is for
    assert (labels[around] == 1).sum() == 0
    assert (labels != truth).mean() < 0.01


def test_jpeg_of_a_segmented_picture(tmp_path: Path) -> None:
    truth = blobs(2, (256, 256))
    path = tmp_path / "labels.jpg"
    iio.imwrite(path, truth * np.uint8(255), quality=92)
    found = read_labels(path)
    assert len(found.phases) == 2
    assert (found.labels != truth).mean() < 0.01


def test_micrographs_are_not_segmented() -> None:
    truth = blobs(2)
    noisy = np.clip(80 + 90 * truth + RNG.normal(0, 10, truth.shape), 0, 255)
    assert looks_segmented(noisy.astype(np.uint8)) is None
    assert looks_segmented(noisy.astype(np.float32)) is None
    assert looks_segmented((noisy * 200).astype(np.uint16)) is None
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    assert looks_segmented(ramp) is None


def test_nothing_and_one_level_are_no_labels() -> None:
    assert looks_segmented(np.zeros((0, 4), np.uint8)) is None
    assert looks_segmented(np.zeros((4, 4), np.uint8)) is None
    assert looks_segmented(np.full((4, 4), np.nan, np.float32)) is None


def test_black_and_white_in_colour(tmp_path: Path) -> None:
    truth = blobs(2)
    iio.imwrite(tmp_path / "m.bmp", np.repeat((truth * np.uint8(255))[..., None], 3, -1))
    found = read_labels(tmp_path / "m.bmp")
    assert isinstance(found, PhaseImage)
    np.testing.assert_array_equal(found.labels, truth)


def test_plain_colours_become_phases_of_that_colour(tmp_path: Path) -> None:
    truth = blobs(3)
    colours = np.array([[0, 0, 160], [200, 0, 0], [60, 220, 60]], np.uint8)  # luma 18, 60, 154
    iio.imwrite(tmp_path / "m.png", colours[truth])
    found = read_labels(tmp_path / "m.png")
    np.testing.assert_array_equal(found.labels, truth)
    assert [phase.color for phase in found.phases] == ["#0000A0", "#C80000", "#3CDC3C"]


def test_colours_of_nearly_equal_luma_stay_apart(tmp_path: Path) -> None:
    truth = blobs(2)
    colours = np.array([[114, 0, 0], [0, 0, 255]], np.uint8)  # luma 34.1 and 29.1: blue first
    iio.imwrite(tmp_path / "m.png", colours[truth])
    np.testing.assert_array_equal(read_labels(tmp_path / "m.png").labels, 1 - truth)


def test_a_leading_axis_of_one_is_a_picture(tmp_path: Path) -> None:
    truth = blobs(3)
    np.save(tmp_path / "m.npy", truth[None])
    found = read_labels(tmp_path / "m.npy")
    assert isinstance(found, PhaseImage)
    np.testing.assert_array_equal(found.labels, truth)
    tifffile.imwrite(tmp_path / "m.tif", truth[None], photometric="minisblack")
    np.testing.assert_array_equal(read_labels(tmp_path / "m.tif").labels, truth)


@pytest.mark.parametrize("shape", [(12, 20, 30), (6, 9, 3), (5, 1, 7), (3, 8, 4)])
def test_foreign_stacks(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    truth = np.random.default_rng(1).integers(0, 2, shape, dtype=np.uint8)
    tifffile.imwrite(tmp_path / "v.tif", truth * np.uint8(255), photometric="minisblack", metadata={"axes": "ZYX"})
    found = read_labels(tmp_path / "v.tif")
    assert isinstance(found, Volume)
    np.testing.assert_array_equal(found.labels, truth)
    assert found.voxel_size is None


def test_a_foreign_stack_of_bits(tmp_path: Path) -> None:
    truth = np.random.default_rng(1).random((5, 20, 30)) < 0.4
    np.save(tmp_path / "v.npy", truth)
    np.testing.assert_array_equal(read_labels(tmp_path / "v.npy").labels, truth)


def test_a_stack_in_colour(tmp_path: Path) -> None:
    truth = np.random.default_rng(1).integers(0, 2, (5, 20, 30), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "v.tif", np.repeat((truth * np.uint8(255))[..., None], 3, -1), photometric="rgb")
    found = read_labels(tmp_path / "v.tif")
    assert isinstance(found, Volume)
    np.testing.assert_array_equal(found.labels, truth)
