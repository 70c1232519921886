"""S2 along axes, in all directions and radially: against brute force and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.statistics import radial_average, section_two_point_map, two_point_axes, two_point_map, two_point_radial
from tests.core.statistics.brute_force import s2_map

SHAPES = [(7, 9), (8, 8), (1, 4), (5, 4, 6), (4, 5, 3), (1, 1, 1)]


def random_indicator(shape: tuple[int, ...], fraction: float = 0.4) -> np.ndarray:
    return np.random.default_rng(7).random(shape) < fraction


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_map_equals_brute_force_at_every_lag(shape: tuple[int, ...], periodic: bool) -> None:
    inside = random_indicator(shape)
    for max_lag in range(min(shape)):
        # Whole counts divided by whole counts: the same floating-point number.
        np.testing.assert_array_equal(
            two_point_map(inside, max_lag, periodic), s2_map(inside, max_lag, periodic), strict=True
        )


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_axes_equal_brute_force(shape: tuple[int, ...], periodic: bool) -> None:
    inside = random_indicator(shape)
    max_lag = min(shape) - 1
    table = s2_map(inside, max_lag, periodic)
    expected = []
    for axis in range(inside.ndim):
        centre: list[int | slice] = [max_lag] * inside.ndim
        centre[axis] = slice(max_lag, None)
        expected.append(table[tuple(centre)])
    np.testing.assert_array_equal(two_point_axes(inside, max_lag, periodic), expected)


def test_several_blocks_of_lines_and_planes_give_the_same_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = random_indicator((13, 11, 12))
    whole = two_point_axes(inside, 8), two_point_map(inside, 8), section_two_point_map(inside, 1, 8)
    monkeypatch.setattr("core.statistics.indicator.LINE_BLOCK_VALUES", 200)
    monkeypatch.setattr("core.statistics.maps.BLOCK_BYTES", 20_000)
    pieces = two_point_axes(inside, 8), two_point_map(inside, 8), section_two_point_map(inside, 1, 8)
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(one, other)


def test_counts_stay_whole_in_large_arrays() -> None:
    inside = random_indicator((61, 97, 83), 0.7)
    table = two_point_map(inside, 60)
    lag = np.array([-37, 20, 51])
    first = inside[37:, :-20, :-51]
    second = inside[:-37, 20:, 51:]
    assert table[tuple(lag + 60)] == np.count_nonzero(first & second) / first.size
    assert table[60, 60, 60] == inside.mean()
    np.testing.assert_array_equal(table[60, 60, 60:], two_point_axes(inside, 60)[2])
    np.testing.assert_array_equal(table, table[::-1, ::-1, ::-1])


def test_laminate() -> None:
    """Layers 3 of 8 thick: S2 is φ within the layers' plane and a clipped triangle wave across them."""
    inside = np.zeros((32, 16, 20), dtype=np.uint8)
    inside[np.arange(32) % 8 < 3] = 1
    lag = np.arange(16)
    period = np.minimum(lag % 8, 8 - lag % 8)
    across = np.maximum(0, 3 - period) / 8
    curves = two_point_axes(inside, 15, periodic=True)
    np.testing.assert_array_equal(curves[0], across)
    np.testing.assert_array_equal(curves[1:], np.full((2, 16), 3 / 8))
    np.testing.assert_array_equal(two_point_map(inside, 15, periodic=True)[15:, 3, 22], across)


def test_checkerboard() -> None:
    """Squares of c pixels: with t(r) the triangle wave from 1 to −1, S2(x, y) = (1 + t(x)·t(y)) / 4."""
    side, cell = 32, 4
    square = np.arange(side) // cell
    inside = (square[:, None] + square[None]) % 2 == 0
    lag = np.abs(np.arange(-12, 13))
    wave = 1 - 2 * np.minimum(lag % (2 * cell), 2 * cell - lag % (2 * cell)) / cell
    np.testing.assert_array_equal(two_point_map(inside, 12, periodic=True), (1 + np.outer(wave, wave)) / 4)


@pytest.mark.parametrize("periodic", [False, True])
def test_full_and_empty(periodic: bool) -> None:
    assert np.all(two_point_map(np.ones((6, 7, 8), bool), 5, periodic) == 1)
    assert np.all(two_point_axes(np.zeros((6, 7), np.uint8), 5, periodic) == 0)


def test_radial_average_of_known_map() -> None:
    """A map that holds |r|² itself: shell 1 of the plane is four lags at 1 and four at √2, shell 0 the centre."""
    offset = np.arange(-3, 4.0)
    r, value = radial_average(offset[:, None] ** 2 + offset[None] ** 2)
    np.testing.assert_allclose(r[:3], [0, (4 + 4 * 2**0.5) / 8, (4 * 2 + 8 * 5**0.5) / 12], rtol=1e-15)
    np.testing.assert_allclose(value[:3], [0, 12 / 8, (4 * 4 + 8 * 5) / 12], rtol=1e-15)
    assert len(r) == 4


def test_radial_is_the_average_of_the_map() -> None:
    inside = random_indicator((4, 5, 6))
    table = s2_map(inside, 3, False)
    offset = np.arange(-3, 4)
    distance = np.sqrt(offset[:, None, None] ** 2 + offset[None, :, None] ** 2 + offset[None, None] ** 2)
    r, s2 = two_point_radial(inside, 3)
    for shell in range(4):
        members = (distance >= shell - 0.5) & (distance < shell + 0.5)
        np.testing.assert_allclose(r[shell], distance[members].mean(), rtol=1e-13)
        np.testing.assert_allclose(s2[shell], table[members].mean(), rtol=1e-13)


def test_section_map_is_the_mean_over_sections() -> None:
    inside = random_indicator((4, 5, 6))
    for axis in range(3):
        each = [s2_map(np.take(inside, place, axis), 3, False) for place in range(inside.shape[axis])]
        np.testing.assert_allclose(section_two_point_map(inside, axis, 3), np.mean(each, axis=0), rtol=1e-14)


@pytest.mark.parametrize("axis", [-1, 3])
def test_sections_need_a_volume_and_one_of_its_axes(axis: int) -> None:
    with pytest.raises(InputError, match="three axes"):
        section_two_point_map(np.ones((4, 4), bool), 0, 2)
    with pytest.raises(InputError, match="axis"):
        section_two_point_map(np.ones((4, 4, 4), bool), axis, 2)


@pytest.mark.parametrize("bad", [np.zeros(5, bool), np.zeros((0, 3), bool), np.full((3, 3), 255, np.uint8), np.eye(3)])
def test_what_is_no_indicator_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputError):
        two_point_axes(bad, 0)


@pytest.mark.parametrize("max_lag", [-1, 4])
def test_a_lag_without_pairs_is_refused(max_lag: int) -> None:
    for measure in (two_point_axes, two_point_map):
        with pytest.raises(InputError, match="lag"):
            measure(np.ones((9, 4), bool), max_lag)


def test_agrees_with_porespy() -> None:
    """PoreSpy's bin i holds the lags with i ≤ |r| < i + 1, centred at i + ½; its estimator is ours, zero-padded."""
    porespy = pytest.importorskip("porespy", minversion="3.2")
    inside = random_indicator((24, 25, 26))
    theirs = porespy.metrics.two_point_correlation(inside, bins=np.arange(0, 11)).probability_scaled
    offset = np.arange(-10, 11)
    distance = np.sqrt(offset[:, None, None] ** 2 + offset[None, :, None] ** 2 + offset[None, None] ** 2)
    table = two_point_map(inside, 10)
    ours = [table[(distance >= i) & (distance < i + 1)].mean() for i in range(10)]
    np.testing.assert_allclose(theirs, ours, rtol=1e-9)
