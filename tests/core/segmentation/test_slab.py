"""A slice and what lies around it: to the bit what the whole volume gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.images.grey_volume import held
from core.job import Progress, finish
from core.segmentation import classifier as room
from core.segmentation import slab
from core.segmentation.classifier import TrainingSettings, train
from core.segmentation.features import block_features, features
from core.segmentation.segmenting import prepared
from core.segmentation.settings import SegmentationSettings
from core.segmentation.slab import PreparedSlices, Slab

SIGMAS = (0.7, 1.3)
SETTINGS = SegmentationSettings(denoise="median")


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    rng = np.random.default_rng(5)
    blobs = 60 * (np.indices((40, 30, 26)).sum(axis=0) // 9 % 2)
    return np.clip(rng.normal(80, 12, (40, 30, 26)) + blobs, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def seen(grey: np.ndarray) -> np.ndarray:
    """The whole volume, each slice prepared."""
    return np.stack([prepared(plane, SETTINGS) for plane in grey])


@pytest.fixture(scope="module")
def whole(seen: np.ndarray) -> np.ndarray:
    return features(seen, SIGMAS)


@pytest.mark.parametrize("shape", [(40, 30, 26), (3, 30, 26), (1, 9, 12), (30, 26)])
def test_features_of_some_rows_are_those_of_all(grey: np.ndarray, shape: tuple[int, ...]) -> None:
    part = grey[tuple(map(slice, shape))] if len(shape) == 3 else grey[4]
    whole = features(part, SIGMAS)
    for first, end in ((0, 1), (len(part) // 2, len(part) // 2 + 1), (len(part) - 1, len(part))):
        block = (slice(first, end), *(slice(2, length - 1) for length in part.shape[1:]))
        assert np.array_equal(finish(block_features(part, block, SIGMAS)), whole[block])


@pytest.mark.parametrize("place", [3, 39])
def test_a_slice_gets_the_features_and_labels_of_the_whole_volume(
    grey: np.ndarray, seen: np.ndarray, whole: np.ndarray, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slab, "_TILE", 20)
    monkeypatch.setattr(room, "_LONGEST", 16)
    slices = PreparedSlices(held(Path("grey.tif"), grey, None), SETTINGS)
    one = Slab(slices, place)
    said: list[Progress] = []
    assert np.array_equal(finish(one.features(SIGMAS), said.append), whole[place])
    shares = [step.fraction or 0.0 for step in said]
    assert shares == sorted(shares) and shares[0] == 0 and 0.9 < shares[-1] <= 1
    marks = np.zeros(seen.shape, np.uint8)
    marks[place, ::5] = 1 + (seen[place, ::5] > 110)
    few = TrainingSettings(trees=4)
    forest = train(seen, marks, few, SIGMAS, whole)
    labels, doubt = forest.of_picture(whole)
    found, unsure = one.predict(forest)
    assert np.array_equal(found, labels[place]) and np.array_equal(unsure, doubt[place])
    taught = one.lesson(marks[place], SIGMAS)
    assert np.array_equal(taught.rows, whole[marks > 0])
    assert np.array_equal(taught.labels, marks[marks > 0] - 1)


def test_slices_are_read_once_while_they_are_kept(grey: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = held(Path("grey.tif"), grey, None)
    read: list[int] = []
    plain = type(volume).plane
    monkeypatch.setattr(type(volume), "plane", lambda self, z: (read.append(z), plain(self, z))[1])
    slices = PreparedSlices(volume, SegmentationSettings())
    finish(slices.slab(10, 3))
    block, row = finish(slices.slab(11, 3))
    assert row == 3 and np.array_equal(block, grey[8:15]) and read == list(range(7, 15))
    monkeypatch.setattr(slab, "_HELD", 2 * grey[0].nbytes)
    finish(slices.slab(20, 1))
    finish(slices.slab(20, 0))
    assert read == [*range(7, 15), 19, 20, 21], "the newest stay"
    finish(slices.slab(8, 0))
    assert read[-1] == 8, "the oldest go"
