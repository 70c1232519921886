"""Chord lengths and autocovariance: against brute force and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.statistics import correlation_length, lineal_path_axes, two_point_axes
from core.statistics.autocovariance import autocovariance, falls_to, integral_length
from core.statistics.chord_length import chord_lengths


def whole_chords(line: list[bool]) -> tuple[list[int], int]:
    """Lengths of the runs with both ends in sight, and the pixels in the other runs."""
    found, cut, run, start = [], 0, 0, 0
    for place, inside in enumerate([*line, False]):
        if inside:
            start = place if run == 0 else start
            run += 1
        elif run:
            if start == 0 or place == len(line):
                cut += run
            else:
                found.append(run)
            run = 0
    return found, cut


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("shape", [(9, 12), (5, 6, 7), (3, 3)])
def test_equals_brute_force(shape: tuple[int, ...], fraction: float) -> None:
    inside = np.random.default_rng(9).random(shape) < fraction
    found = chord_lengths(inside)
    for axis, length in enumerate(shape):
        lines = np.moveaxis(inside, axis, -1).reshape(-1, length).tolist()
        density, cut = np.zeros(max(shape)), 0
        for line in lines:
            chords, left = whole_chords(line)
            cut += left
            for chord in chords:
                density[chord - 1] += 1 / (length - chord - 1) / len(lines)
        np.testing.assert_allclose(found.density[axis], density, rtol=1e-13)
        assert found.cut[axis] == pytest.approx(cut / inside.sum() if inside.any() else 0)


def test_weights_make_the_number_of_chords_unbiased() -> None:
    """All windows of a periodic line: on average each counts as many chords per pixel as the whole line has."""
    line = np.random.default_rng(1).random(60) < 0.7
    periodic = np.stack([line] * 3)
    expected = chord_lengths(periodic, periodic=True).density[1]
    twice = np.concatenate([line, line])
    windows = np.stack([twice[start : start + 30] for start in range(60)])
    found = chord_lengths(windows).density[1]
    seen = np.arange(1, 61) <= 28
    assert expected[seen].sum() > 0
    np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-12)


def test_periodic_chords_are_the_second_difference_of_the_lineal_path() -> None:
    inside = np.random.default_rng(3).random((20, 24)) < 0.75
    found = chord_lengths(inside, periodic=True)
    path = lineal_path_axes(inside, 19, periodic=True)
    for axis in range(2):
        np.testing.assert_allclose(found.density[axis, :18], np.diff(path[axis], 2)[:18], atol=1e-15)


def test_laminate() -> None:
    """Layers 3 of 8 thick: all chords across are 3 px; along the layers no chord is whole."""
    inside = np.zeros((32, 16, 20), dtype=np.uint8)
    inside[np.arange(32) % 8 >= 5] = 1
    found = chord_lengths(inside)
    assert found.means[0] == 3
    assert np.isnan(found.means[1]) and np.isnan(found.means[2])
    np.testing.assert_array_equal(found.distribution[0], np.eye(32)[2])
    assert found.cut == (0.25, 1.0, 1.0)  # the last layer touches the border
    assert found.quantile(0.5) == found.quantile(1.0) == 3
    assert chord_lengths(inside, periodic=True).density[0, 2] == 1 / 8


def test_checkerboard() -> None:
    square = np.arange(32) // 4
    inside = (square[:, None] + square[None]) % 2 == 0
    found = chord_lengths(inside, periodic=True)
    assert found.means == (4.0, 4.0)
    assert found.mean == 4
    np.testing.assert_array_equal(found.density.sum(axis=1), [1 / 8, 1 / 8])


def test_uncorrelated_pixels_have_geometric_chords() -> None:
    """Pixels of the phase with probability q: p(l) = (1 − q) q^(l − 1), mean 1 / (1 − q)."""
    q = 0.6
    found = chord_lengths(np.random.default_rng(5).random((600, 600)) < q)
    np.testing.assert_allclose(found.distribution_mean[:8], (1 - q) * q ** np.arange(8), rtol=0.03)
    assert found.mean == pytest.approx(1 / (1 - q), rel=0.01)


def test_too_few_pixels_are_refused() -> None:
    with pytest.raises(InputError, match="three pixels"):
        chord_lengths(np.ones((2, 9), bool))
    assert chord_lengths(np.eye(2, dtype=bool), periodic=True).mean == 1


def test_autocovariance_of_a_laminate() -> None:
    """Across layers of half the period C is a triangle wave: it falls to 1/e at 4 (1 − 1/e) / 2 px, to 0 at 2 px."""
    inside = np.zeros((32, 16), bool)
    inside[np.arange(32) % 8 < 4] = True
    rows = autocovariance(two_point_axes(inside, 15, periodic=True), 0.5)
    lag = np.arange(16) % 8
    np.testing.assert_allclose(rows[0], 1 - np.minimum(lag, 8 - lag) / 2, atol=1e-14)
    np.testing.assert_array_equal(rows[1], np.ones(16))
    assert falls_to(rows[0]) == pytest.approx(2 * (1 - np.exp(-1)))
    assert falls_to(rows[1]) == np.inf
    assert integral_length(rows[0]) == pytest.approx(1.0)
    assert integral_length(rows[1]) == 15


def test_integral_length_ends_at_the_zero_between_two_lags() -> None:
    assert integral_length(np.array([1.0, 0.5, -0.5, 3.0])) == pytest.approx(0.75 + 0.125)
    assert falls_to(np.array([1.0, 0.5, -0.5]), 0.0) == 1.5


def test_correlation_length_is_that_of_the_module_of_curves() -> None:
    inside = np.random.default_rng(3).random((60, 61)) < 0.4
    curve = autocovariance(two_point_axes(inside, 30).mean(axis=0), float(inside.mean()))
    assert falls_to(curve) == pytest.approx(correlation_length(inside))


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_one_phase_alone_has_no_autocovariance(fraction: float) -> None:
    with pytest.raises(InputError, match="One phase"):
        autocovariance(np.ones(3), fraction)
