"""The mask as a value: what it refuses, resampling against overlaps written out, smoothing that keeps the mean."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.masks import Mask
from core.masks.mask import combined, resample_axis
from core.provenance import Provenance


def mask(field: np.ndarray, size: tuple[float, float, float] | None = None) -> Mask:
    return Mask(field.astype(np.float32), size, "test", Provenance("test"))


def random(shape: tuple[int, int, int], seed: int = 0) -> Mask:
    return mask(np.random.default_rng(seed).random(shape))


@pytest.mark.parametrize("bad", [np.nan, -0.001, 1.001, np.inf])
def test_what_is_no_fraction_is_refused(bad: float) -> None:
    field = np.full((2, 2, 2), 0.5)
    field[1, 0, 1] = bad
    with pytest.raises(InputError, match="0 to 1"):
        mask(field)


def test_a_mask_has_three_axes_of_float32() -> None:
    with pytest.raises(InputError, match="3 axes"):
        mask(np.zeros((4, 4)))
    with pytest.raises(InputError, match="float32"):
        Mask(np.zeros((1, 1, 1)), None, "", Provenance("test"))
    with pytest.raises(InputError, match="voxel size"):
        mask(np.zeros((1, 1, 1)), (1.0, 0.0, 1.0))


def test_it_cannot_be_written_through() -> None:
    made = random((2, 3, 4))
    with pytest.raises(ValueError, match="read-only"):
        made.fraction[0, 0, 0] = 0


def overlap_means(line: np.ndarray, wanted: int) -> np.ndarray:
    """Mean of ``line``, taken as constant on its cells, over each of ``wanted`` equal parts."""
    n = len(line)
    out = np.zeros(wanted)
    for new in range(wanted):
        low, high = new * n / wanted, (new + 1) * n / wanted
        for old in range(n):
            out[new] += line[old] * max(0.0, min(high, old + 1) - max(low, old))
    return out * wanted / n


@pytest.mark.parametrize(("have", "wanted"), [(7, 3), (12, 4), (5, 1), (100, 99), (9, 8)])
def test_getting_shorter_is_the_mean_of_what_is_covered(have: int, wanted: int) -> None:
    line = np.random.default_rng(1).random(have)
    assert np.allclose(resample_axis(line, 0, wanted), overlap_means(line, wanted), atol=1e-13)


@pytest.mark.parametrize(("have", "wanted"), [(3, 7), (4, 12), (1, 5), (8, 9)])
def test_getting_longer_is_linear_between_centres(have: int, wanted: int) -> None:
    line = np.random.default_rng(2).random(have)
    centres = (np.arange(wanted) + 0.5) / wanted
    assert np.allclose(resample_axis(line, 0, wanted), np.interp(centres, (np.arange(have) + 0.5) / have, line))


def test_the_mean_is_kept_by_shrinking_and_by_whole_multiples() -> None:
    made = random((6, 10, 9))
    assert made.resampled((4, 7, 2)).mean == pytest.approx(made.mean, abs=1e-7)
    assert made.resampled((12, 30, 9)).mean == pytest.approx(made.mean, abs=1e-7)


def test_an_axis_of_length_one_is_the_same_all_along() -> None:
    plane = random((1, 5, 6))
    volume = plane.resampled((8, 5, 6))
    assert np.array_equal(volume.fraction, np.repeat(plane.fraction, 8, axis=0))


def test_resampling_keeps_the_volume_s_edges_in_metres() -> None:
    made = mask(np.zeros((4, 5, 6)), (1e-6, 2e-6, 3e-6)).resampled((8, 10, 3))
    assert made.voxel_size == pytest.approx((0.5e-6, 1e-6, 6e-6))


def test_the_same_size_is_the_same_mask() -> None:
    made = random((3, 4, 5))
    assert made.resampled((3, 4, 5)) is made


def test_smoothing_keeps_the_mean_and_a_constant() -> None:
    made = random((12, 13, 14))
    smooth = made.smoothed(2.0)
    assert smooth.mean == pytest.approx(made.mean, abs=1e-7)
    assert smooth.fraction.std() < 0.2 * made.fraction.std()
    flat = mask(np.full((5, 5, 5), 0.3))
    assert np.allclose(flat.smoothed((0, 3, 1)).fraction, 0.3, atol=1e-7)
    assert np.array_equal(made.smoothed(0).fraction, made.fraction)


def test_inverting_and_levels() -> None:
    made = random((3, 4, 5))
    assert np.allclose(made.inverted().fraction + made.fraction, 1, atol=1e-7)
    assert made.levelled(0.1, 0.3).range == pytest.approx((0.1, 0.3))
    assert made.levelled(0.3, 0.1).fraction.argmax() == made.fraction.argmin()
    with pytest.raises(InputError):
        made.levelled(-0.1, 0.5)


@pytest.mark.parametrize(("how", "expected"), [("add", 0.9), ("multiply", 0.18), ("min", 0.3), ("max", 0.6)])
def test_two_masks_as_one(how: str, expected: float) -> None:
    one, other = mask(np.full((1, 2, 2), 0.3)), mask(np.full((4, 1, 2), 0.6))
    both = combined(one, other, how)
    assert both.shape == (4, 2, 2)
    assert np.allclose(both.fraction, expected, atol=1e-6)
    assert combined(both, both, "add").range[1] <= 1
    with pytest.raises(InputError):
        combined(one, other, "divide")
