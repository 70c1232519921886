"""The band within which samples of the exemplar's size scatter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.job import finish
from core.statistics import lineal_path_axes, measure_curves, sampling_band, two_point_axes
from core.statistics.sampling_band import influence, mean_variance


def gaussian_field(side: int, seed: int) -> np.ndarray:
    """A thresholded Gaussian random field, correlation length about 3 px, φ about 0.4."""
    noise = np.random.default_rng(seed).standard_normal((side, side))
    smooth = ndimage.gaussian_filter(noise, 2, mode="wrap")
    return smooth > 0.25 * smooth.std()


def test_band_is_about_the_curve_and_widens_with_confidence() -> None:
    inside = gaussian_field(96, 0)
    curves, band = measure_curves(inside, 30), sampling_band(inside, 30)
    for low, high, mean in (
        (band.s2_low, band.s2_high, curves.s2_mean),
        (band.lineal_path_low, band.lineal_path_high, curves.lineal_path_mean),
    ):
        assert low.shape == high.shape == (31,)
        assert np.all((low >= 0) & (low < mean) & (mean < high) & (high <= 1))
    assert np.all(sampling_band(inside, 30, confidence=0.5).s2_high < band.s2_high)


def test_width_is_that_of_independent_samples() -> None:
    """36 samples cut far apart from a large field scatter about as much as the bands of each say, at far lags too."""
    whole = gaussian_field(6 * 128, 1)
    samples = [whole[y : y + 128, x : x + 128] for y in range(0, 768, 128) for x in range(0, 768, 128)]
    curves = [measure_curves(sample, 40) for sample in samples]
    bands = [sampling_band(sample, 40) for sample in samples]
    true_width = 2 * 1.96 * np.std([one.s2_mean for one in curves], axis=0, ddof=1)
    ratio = np.mean([band.s2_high - band.s2_low for band in bands], axis=0) / true_width
    assert np.all((ratio > 0.8) & (ratio < 1.4)), ratio
    true_width = 2 * 1.96 * np.std([one.lineal_path_mean for one in curves], axis=0, ddof=1)
    ratio = np.mean([band.lineal_path_high - band.lineal_path_low for band in bands], axis=0) / true_width
    assert np.all((ratio[:4] > 0.75) & (ratio[:4] < 1.2)), ratio


def test_a_larger_sample_scatters_less() -> None:
    """Twice the side, four times the area: half the width."""
    whole = gaussian_field(512, 2)
    small = np.mean([np.subtract(band.s2_high, band.s2_low)[0] for band in map(quarter_band, range(4), [whole] * 4)])
    large = sampling_band(whole, 4)
    assert (large.s2_high - large.s2_low)[0] / small == pytest.approx(0.5, abs=0.12)


def quarter_band(place: int, whole: np.ndarray) -> object:
    y, x = divmod(place, 2)
    return sampling_band(whole[y * 256 : y * 256 + 256, x * 256 : x * 256 + 256], 4)


@pytest.mark.parametrize("whole_segments", [False, True])
def test_fields_are_the_influence_of_each_place(whole_segments: bool) -> None:
    """In cells of one pixel: each pair's excess where it starts, its linear part moved to the pixels it comes from."""
    inside = np.random.default_rng(3).random((12, 16)) < 0.7
    s2 = two_point_axes(inside, 6)
    curves = lineal_path_axes(inside, 6) if whole_segments else s2
    knots = np.array([0, 1, 4])
    fields = finish(influence(inside, curves, s2, knots, whole_segments=whole_segments))
    fraction = inside.mean()
    variance = fraction - fraction**2
    for number, lag in enumerate(knots):
        expected = np.zeros((12, 16))
        for axis in range(2):
            pixels = range(lag + 1) if whole_segments else sorted({0, lag})
            covariance = [s2[axis, abs(i - j)] - fraction**2 if i != j else variance for i in pixels for j in pixels]
            slope = curves[axis, lag] * (1 - fraction) / np.mean(covariance) if lag else 0.0
            pairs = np.zeros((12, 16))
            trials = inside.size // inside.shape[axis] * (inside.shape[axis] - lag)
            for start in np.ndindex(inside.shape):
                held = [tuple(np.add(start, step * np.eye(2, dtype=int)[axis])) for step in pixels]
                if held[-1][axis] >= inside.shape[axis]:
                    continue
                values = np.array([inside[pixel] for pixel in held])
                excess = values.mean() - fraction
                pairs[start] += values.all() - curves[axis, lag] - slope * excess
                for pixel, value in zip(held, values, strict=True):
                    pairs[pixel] += slope * (value - fraction) / len(held)
            expected += pairs / trials / 2
        np.testing.assert_allclose(fields[number], expected, atol=1e-7)
        assert abs(fields[number].sum()) < 1e-7


def test_variance_of_a_mean_equals_the_sum_of_its_windowed_covariances() -> None:
    field = np.random.default_rng(1).standard_normal((7, 9))
    field -= field.mean()

    def tapered(window: float) -> tuple[float, float]:
        total = share = 0.0
        for one in np.ndindex(field.shape):
            for other in np.ndindex(field.shape):
                weight = np.prod([max(0.0, 1 - abs(a - b) / window) for a, b in zip(one, other, strict=True)])
                total += weight * field[one] * field[other]
                share += weight / field.size**2
        return total / (1 - share), share

    variance, freedom = mean_variance(field, 1.5)
    narrow, wide = tapered(1.5)[0], tapered(3.0)[0]
    assert variance == pytest.approx(max(2 * wide - narrow, narrow))
    assert 1 < freedom < field.size


def test_uncorrelated_cells_scatter_as_their_number_says() -> None:
    """White noise: the variance of the sum of n cells is n times theirs, on average over many fields."""
    random = np.random.default_rng(4)
    found = []
    for _ in range(400):
        field = random.standard_normal((16, 16))
        found.append(mean_variance(field - field.mean(), 2.0)[0])
    # the larger of two estimates is taken, one of which is right on average
    assert 256 * 0.98 < np.mean(found) < 256 * 1.2


def test_where_no_segment_was_seen_the_band_stays_open() -> None:
    inside = gaussian_field(96, 0)
    path = lineal_path_axes(inside, 60).mean(axis=0)
    band = sampling_band(inside, 60)
    assert path[-1] == 0
    assert np.all(band.lineal_path_low[path == 0] == 0)
    assert np.all(band.lineal_path_high[path == 0] > 0)


def test_one_phase_alone_does_not_scatter() -> None:
    band = sampling_band(np.ones((40, 40), bool), 10)
    assert np.all(band.s2_low == 1) and np.all(band.s2_high == 1)
    band = sampling_band(np.zeros((40, 40), bool), 10)
    assert np.all(band.lineal_path_low == 0) and np.all(band.lineal_path_high == 0)


def test_bad_input_is_refused() -> None:
    inside = np.eye(16, dtype=bool)
    for bad in (
        lambda: sampling_band(inside[:7], 3),
        lambda: sampling_band(inside, 16),
        lambda: sampling_band(inside, 3, 1),
    ):
        with pytest.raises(InputError):
            bad()
