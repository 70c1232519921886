"""Curves, their discrepancy, the comparison of volume and exemplar, and the correlation length."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.statistics import (
    axis_ratio,
    compare,
    compare_curves,
    correlation_length,
    default_max_lag,
    discrepancy,
    lineal_path_axes,
    measure_curves,
    section_map_discrepancy,
    two_point_axes,
    two_point_map,
)


def random_indicator(shape: tuple[int, ...], fraction: float = 0.4, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < fraction


def test_curves_hold_both_measures_of_each_axis() -> None:
    inside = random_indicator((9, 10, 11))
    curves = measure_curves(inside, 6, periodic=True)
    np.testing.assert_array_equal(curves.lags, np.arange(7))
    np.testing.assert_array_equal(curves.s2, two_point_axes(inside, 6, periodic=True))
    np.testing.assert_array_equal(curves.lineal_path, lineal_path_axes(inside, 6, periodic=True))
    np.testing.assert_allclose(curves.s2_mean, curves.s2.sum(axis=0) / 3)
    np.testing.assert_allclose(curves.lineal_path_mean, curves.lineal_path.sum(axis=0) / 3)


def test_discrepancy_is_a_ratio_of_areas() -> None:
    """Areas by trapezoids: under (4, 2, 0) they sum to 4; (4, 3, 2) differs from it by (0, 1, 2), area 2."""
    assert discrepancy([4, 3, 2], [4, 2, 0]) == 0.5
    assert discrepancy([4, 1, -2], [4, 2, 0]) == 0.5
    assert discrepancy([4, 2, 0], [4, 2, 0]) == 0


@pytest.mark.parametrize(
    ("curve", "reference"), [([1, 2], [1, 2, 3]), ([1], [1]), ([1, 1], [0, 0]), ([[1, 2]], [[1, 2]])]
)
def test_curves_that_cannot_be_compared_are_refused(curve: list, reference: list) -> None:
    with pytest.raises(InputError):
        discrepancy(curve, reference)


def test_comparison_of_a_volume_with_its_exemplar() -> None:
    volume, exemplar = random_indicator((20, 22, 24), 0.5), random_indicator((30, 26), 0.4, seed=2)
    result = compare(volume, exemplar)
    assert len(result.volume.lags) == len(result.exemplar.lags) == 10
    s2, path = two_point_axes(exemplar, 9).mean(axis=0), lineal_path_axes(exemplar, 9).mean(axis=0)
    assert result.epsilon_s2 == discrepancy(two_point_axes(volume, 9).mean(axis=0), s2)
    assert result.epsilon_l == discrepancy(lineal_path_axes(volume, 9).mean(axis=0), path)
    assert result.epsilon_s2_axes == tuple(discrepancy(row, s2) for row in two_point_axes(volume, 9))
    assert result.epsilon_l_axes == tuple(discrepancy(row, path) for row in lineal_path_axes(volume, 9))
    assert (result.volume_fraction, result.exemplar_fraction) == (volume.mean(), exemplar.mean())
    again = compare_curves(measure_curves(volume, 9), measure_curves(exemplar, 9))
    assert again.volume_fraction == pytest.approx(volume.mean(), rel=1e-14)
    assert again.epsilon_l == result.epsilon_l


def test_a_volume_of_equal_sections_has_the_exemplars_curves() -> None:
    exemplar = random_indicator((24, 24))
    result = compare(np.repeat(exemplar[None], 24, axis=0), exemplar, max_lag=10)
    assert result.exemplar.s2_mean == pytest.approx(result.volume.s2[1:].mean(axis=0), rel=1e-14)
    assert result.epsilon_s2_axes[0] > 0.3


def test_default_largest_lag() -> None:
    assert default_max_lag((256, 256, 256), (128, 128)) == 63
    assert default_max_lag((256, 256), (128, 100, 126)) == 49
    assert default_max_lag((3, 3)) == 0


def test_section_maps_of_a_volume_of_equal_sections() -> None:
    """Across the first axis all sections are the exemplar; across the others they are its lines, drawn out."""
    exemplar = random_indicator((32, 32))
    volume = np.repeat(exemplar[None], 32, axis=0)
    ratios = section_map_discrepancy(volume, exemplar, max_lag=8)
    assert ratios[0] == pytest.approx(0, abs=1e-14)
    reference = two_point_map(exemplar, 8)
    drawn_out = two_point_map(volume[:, :, 0], 8) * 0
    for place in range(32):
        drawn_out += two_point_map(volume[:, :, place], 8) / 32
    assert ratios[2] == pytest.approx(np.abs(drawn_out - reference).sum() / reference.sum(), rel=1e-12)


def test_section_maps_see_diagonal_streaks_that_axes_cannot() -> None:
    """Streaks down one diagonal, against the other: their curves along the axes are the same."""
    row, column = np.indices((32, 32))
    exemplar = (row - column) % 8 < 4
    volume = np.stack([((row + column) % 8 < 4)] * 32)
    np.testing.assert_array_equal(two_point_axes(volume[0], 8), two_point_axes(exemplar, 8))
    assert section_map_discrepancy(volume, exemplar, max_lag=8)[0] > 0.2


def test_section_maps_refuse_what_they_cannot_compare() -> None:
    full = np.ones((8, 8, 8), bool)
    with pytest.raises(InputError, match="two axes"):
        section_map_discrepancy(full, full, 3)
    with pytest.raises(InputError, match="absent"):
        section_map_discrepancy(full, ~full[0], 3)
    with pytest.raises(InputError, match="lag"):
        section_map_discrepancy(full, full[0])


def test_correlation_length_of_a_checkerboard() -> None:
    """Squares of 8 pixels in 64²: r apart, 7r of the 64 − r pairs of a line differ, so C = 1 − 14r / (64 − r)."""
    square = np.arange(64) // 8
    inside = (square[:, None] + square[None]) % 2 == 0
    before, after = 1 - 14 * 2 / 62, 1 - 14 * 3 / 61
    assert correlation_length(inside) == pytest.approx(2 + (before - np.exp(-1)) / (before - after), rel=1e-12)


def test_correlation_length_of_uncorrelated_pixels_is_below_one() -> None:
    assert correlation_length(random_indicator((200, 200))) == pytest.approx(1 - np.exp(-1), abs=0.01)


def test_correlation_length_of_what_is_too_coarse_is_half_the_side() -> None:
    inside = np.zeros((20, 40), bool)
    inside[:, :20] = True
    assert correlation_length(inside) == 10.0


def test_one_phase_alone_has_no_correlation_length() -> None:
    with pytest.raises(InputError, match="correlation length"):
        correlation_length(np.ones((5, 5), bool))


def test_axis_ratio_of_stretched_pixels() -> None:
    """Pixels drawn apart three times along x: C falls in a line to 0 over 3 px there, and over 1 px along y."""
    inside = np.repeat(random_indicator((400, 400)), 3, axis=1)
    assert axis_ratio(inside) == pytest.approx(3, rel=0.02)
    assert axis_ratio(inside.T) == axis_ratio(inside)
    with pytest.raises(InputError, match="correlation length"):
        axis_ratio(np.ones((5, 5), bool))
