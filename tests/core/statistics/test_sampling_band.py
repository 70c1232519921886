"""The band within which samples of the exemplar's size scatter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.job import finish
from core.statistics import measure_curves, sampling_band
from core.statistics.sampling_band import _first_pixels, _hits, _membership


def gaussian_field(side: int, seed: int) -> np.ndarray:
    """A thresholded Gaussian random field, correlation length about 3 px, φ about 0.4."""
    noise = np.random.default_rng(seed).standard_normal((side, side))
    smooth = ndimage.gaussian_filter(noise, 2, mode="wrap")
    return smooth > 0.25 * smooth.std()


def test_band_is_about_the_curve_and_repeats_with_the_seed() -> None:
    inside = gaussian_field(96, 0)
    curves, band = measure_curves(inside, 30), sampling_band(inside, 30, seed=5)
    for low, high, mean in (
        (band.s2_low, band.s2_high, curves.s2_mean),
        (band.lineal_path_low, band.lineal_path_high, curves.lineal_path_mean),
    ):
        assert low.shape == high.shape == (31,)
        assert np.all((low >= 0) & (low <= mean) & (mean <= high) & (high <= 1))
    np.testing.assert_array_equal(band.s2_low, sampling_band(inside, 30, seed=5).s2_low)
    assert np.any(band.s2_low != sampling_band(inside, 30, seed=6).s2_low)
    assert np.all(sampling_band(inside, 30, confidence=0.5, seed=5).s2_high < band.s2_high)


def test_width_is_that_of_independent_samples() -> None:
    """36 samples cut far apart from one large field scatter as much as the bands of each say, a fifth at most less."""
    whole = gaussian_field(6 * 128, 1)
    samples = [whole[y : y + 128, x : x + 128] for y in range(0, 768, 128) for x in range(0, 768, 128)]
    curves = [measure_curves(sample, 6) for sample in samples]
    bands = [sampling_band(sample, 6) for sample in samples]
    true_width = 2 * 1.96 * np.std([one.s2_mean for one in curves], axis=0, ddof=1)
    ratio = np.mean([band.s2_high - band.s2_low for band in bands], axis=0) / true_width
    assert np.all((ratio[:4] > 0.75) & (ratio[:4] < 1.2)), ratio
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
def test_blocks_count_the_pairs_that_start_in_them(whole_segments: bool) -> None:
    inside = np.random.default_rng(3).random((12, 16)) < 0.7
    rows, columns = _membership(12, 4), _membership(16, 4)
    for axis, (hits, trials) in enumerate(finish(_hits(inside, 5, 4, whole_segments=whole_segments))):
        for lag, starts in enumerate(_first_pixels(inside, axis, 5, whole_segments)):
            full = np.zeros((12, 16))
            full[: starts.shape[0], : starts.shape[1]] = starts
            fits = np.zeros((12, 16))
            fits[: starts.shape[0], : starts.shape[1]] = 1
            blocks = [np.ix_(row > 0, column > 0) for row in rows for column in columns]
            np.testing.assert_array_equal(hits[:, lag], [full[block].sum() for block in blocks])
            np.testing.assert_array_equal(trials[:, lag], [fits[block].sum() for block in blocks])


def test_blocks_cover_the_whole_picture() -> None:
    for length, block in ((12, 4), (13, 4), (50, 16), (8, 2)):
        member = _membership(length, block)
        assert np.all(member.sum(axis=0) >= 1)
        assert np.all(member.sum(axis=1) == block)


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
