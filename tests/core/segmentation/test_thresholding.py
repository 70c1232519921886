"""Histogram, thresholds and labels, against brute force and scikit-image."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from skimage.filters import threshold_multiotsu, threshold_otsu

from core.errors import InputError
from core.segmentation import apply_thresholds, check_thresholds, histogram, thresholds
from core.segmentation.thresholding import best_split


def greys(dtype: type, seed: int = 0, levels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    means = np.linspace(0.15, 0.85, levels)
    values = np.clip(rng.normal(rng.choice(means, size=(64, 80)), 0.06), 0, 1)
    if dtype is np.float32:
        return (values * 3 - 1).astype(np.float32)
    return np.rint(values * np.iinfo(dtype).max).astype(dtype)


def between_class_variance(counts: np.ndarray, values: np.ndarray, last: tuple[int, ...]) -> float:
    """Σ ω (μ − μ_T)² from the definition."""
    bounds = [0, *(i + 1 for i in last), counts.size]
    total = float((counts * values).sum() / counts.sum())
    result = 0.0
    for start, end in itertools.pairwise(bounds):
        weight = counts[start:end].sum()
        if weight:
            mean = (counts[start:end] * values[start:end]).sum() / weight
            result += float(weight * (mean - total) ** 2)
    return result


@pytest.mark.parametrize("classes", [2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(4))
def test_best_split_is_the_best_of_all_splits(classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 200, 16).astype(np.float64)
    values = np.sort(rng.choice(1000, 16, replace=False)).astype(np.float64)
    found = best_split(counts, values, classes)
    every = itertools.combinations(range(15), classes - 1)
    best = max(between_class_variance(counts, values, split) for split in every)
    assert len(found) == classes - 1
    assert between_class_variance(counts, values, found) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_multi_otsu_agrees_with_scikit_image_on_a_full_histogram(classes: int) -> None:
    counts = np.random.default_rng(classes).integers(1, 5000, 256).astype(np.float64)
    values = np.arange(256, dtype=np.float64)
    expected = threshold_multiotsu(hist=(counts, values), classes=classes)
    found = best_split(counts, values, classes)
    # scikit-image works in single precision: its optimum may be a hair below ours, never above
    ours = between_class_variance(counts, values, found)
    theirs = between_class_variance(counts, values, tuple(int(v) for v in expected))
    assert ours >= theirs * (1 - 1e-12)
    assert ours == pytest.approx(theirs, rel=1e-5)


def test_five_classes_of_a_known_picture_are_found() -> None:
    grey = np.repeat(np.array([10, 60, 110, 160, 210], np.uint8), 20).reshape(10, 10)
    assert thresholds(grey, "multi-otsu", 5) == (35.0, 85.0, 135.0, 185.0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_otsu_agrees_with_scikit_image(dtype: type) -> None:
    grey = greys(dtype, levels=2)
    ours = apply_thresholds(grey, thresholds(grey, "otsu"))
    theirs = grey > threshold_otsu(grey)
    # the same two bins meet: pixels between the middle and the edge of one bin may differ
    bin_share = float(np.mean(ours.astype(bool) != theirs))
    assert bin_share <= (0 if dtype is np.uint8 else histogram(grey).counts.max() / grey.size)
    assert len(thresholds(grey, "otsu", 5)) == 1, "Otsu has two phases whatever the number says"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("bins", [256, 100])
def test_a_histogram_counts_every_pixel_in_its_bin(dtype: type, bins: int) -> None:
    grey = greys(dtype)
    found = histogram(grey, bins)
    expected = np.histogram(grey.astype(np.float64), bins=found.edges)[0]
    assert found.counts.sum() == grey.size
    assert np.array_equal(found.counts, expected)
    assert found.centres.shape == (bins,)


def test_an_eight_bit_histogram_has_one_bin_a_grey_value() -> None:
    found = histogram(np.array([[0, 255, 255]], np.uint8))
    assert found.counts[0] == 1 and found.counts[255] == 2 and found.counts.sum() == 3
    assert found.edges[0] == -0.5 and found.edges[-1] == 255.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_labels_count_the_thresholds_at_most_the_grey_value(dtype: type, count: int) -> None:
    grey = greys(dtype)
    levels = tuple(float(v) for v in np.unique(np.quantile(grey, np.arange(1, count + 1) / (count + 1))))
    expected = sum((grey.astype(np.float64) >= level).astype(int) for level in levels)
    labels = apply_thresholds(grey, levels)
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, expected)


def test_a_threshold_between_two_single_precision_values_separates_them() -> None:
    low = np.float32(0.1)
    high = np.nextafter(low, np.float32(1))
    grey = np.array([[low, high]], np.float32)
    middle = (float(low) + float(high)) / 2
    assert apply_thresholds(grey, (middle,)).tolist() == [[0, 1]]
    assert apply_thresholds(grey, (float(low),)).tolist() == [[1, 1]]
    assert apply_thresholds(grey, (1e300,)).tolist() == [[0, 0]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_constant_picture_is_refused(dtype: type) -> None:
    with pytest.raises(InputError, match="one grey level"):
        thresholds(np.full((5, 5), 7, dtype), "otsu")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_fewer_grey_levels_than_phases_are_refused(dtype: type) -> None:
    grey = np.array([[1, 2, 3]], dtype)
    assert len(thresholds(grey, "multi-otsu", 3)) == 2
    with pytest.raises(InputError, match="3 distinguishable grey levels"):
        thresholds(grey, "multi-otsu", 4)


@pytest.mark.parametrize("phases", [1, 6])
def test_other_numbers_of_phases_are_refused(phases: int) -> None:
    with pytest.raises(InputError, match="2 to 5"):
        thresholds(greys(np.uint8), "multi-otsu", phases)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(InputError, match="triangle"):
        thresholds(greys(np.uint8), "triangle")


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ((), "there are 0"),
        ((1, 2, 3, 4, 5), "there are 5"),
        ((90.0, 80.0), "rise"),
        ((80.0, 80.0), "rise"),
        ((float("nan"),), "finite"),
        ((float("inf"),), "finite"),
        ((10.0, 80.0), "Threshold 10 separates nothing"),
        ((80.0, 201.0), "from 10 to 200"),
    ],
)
def test_manual_thresholds_that_cannot_be_used_are_refused(levels: tuple[float, ...], words: str) -> None:
    grey = np.array([[10, 90, 200]], np.uint8)
    with pytest.raises(InputError, match=words):
        check_thresholds(levels, grey)
    assert check_thresholds((11, 200), grey) == (11.0, 200.0)
