"""Cross-probabilities of pairs of phases: against brute force and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.errors import InputError
from core.statistics import two_point_axes, two_point_map
from core.statistics.cross_probability import cross_axes, cross_map, cross_radial
from core.statistics.maps import radial_average


def brute_force(one: np.ndarray, other: np.ndarray, max_lag: int, periodic: bool) -> np.ndarray:
    table = np.zeros((2 * max_lag + 1,) * one.ndim)
    for lag in itertools.product(range(-max_lag, max_lag + 1), repeat=one.ndim):
        hits = trials = 0
        for pixel in itertools.product(*map(range, one.shape)):
            place = tuple(a + b for a, b in zip(pixel, lag, strict=True))
            if periodic:
                place = tuple(a % n for a, n in zip(place, one.shape, strict=True))
            elif not all(0 <= a < n for a, n in zip(place, one.shape, strict=True)):
                continue
            trials += 1
            hits += bool(one[pixel] and other[place])
        table[tuple(a + max_lag for a in lag)] = hits / trials
    return table


def three_phases(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(8).integers(0, 3, shape).astype(np.uint8)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("shape", [(7, 9), (5, 4, 6), (2, 3)])
def test_equals_brute_force(shape: tuple[int, ...], periodic: bool) -> None:
    labels = three_phases(shape)
    lag = min(shape) - 1
    along = cross_axes(labels, 4, lag, periodic)  # the last phase is absent
    for i, j in itertools.product(range(4), repeat=2):
        table = brute_force(labels == i, labels == j, lag, periodic)
        np.testing.assert_allclose(cross_map(labels == i, labels == j, lag, periodic), table, rtol=1e-14)
        for axis in range(labels.ndim):
            place: list[int | slice] = [lag] * labels.ndim
            place[axis] = slice(lag, None)
            np.testing.assert_array_equal(along[i, j, axis], table[tuple(place)])


@pytest.mark.parametrize("periodic", [False, True])
def test_pairs_sum_to_one_and_the_diagonal_is_s2(periodic: bool) -> None:
    labels = three_phases((12, 13, 14))
    found = cross_axes(labels, 3, 9, periodic)
    np.testing.assert_allclose(found.sum(axis=(0, 1)), np.ones((3, 10)), rtol=1e-14)
    for phase in range(3):
        np.testing.assert_array_equal(found[phase, phase], two_point_axes(labels == phase, 9, periodic))


def test_laminate_of_three_phases() -> None:
    """Layers of 2, 3 and 3 pixels in turn: the overlap of one layer with another, moved by r, over the period of 8."""
    kind = np.array([0, 0, 1, 1, 1, 2, 2, 2], np.uint8)
    labels = np.broadcast_to(np.tile(kind, 3)[:, None], (24, 16)).copy()
    found = cross_axes(labels, 3, 15, periodic=True)
    for i, j, lag in itertools.product(range(3), range(3), range(16)):
        overlap = sum(kind[place] == i and kind[(place + lag) % 8] == j for place in range(8))
        assert found[i, j, 0, lag] == overlap / 8
        assert found[i, j, 1, lag] == (np.mean(kind == i) if i == j else 0)


def test_checkerboard() -> None:
    """Two phases that fill everything: S2^01 is φ less S2 where the array repeats."""
    square = np.arange(32) // 4
    labels = ((square[:, None] + square[None]) % 2).astype(np.uint8)
    found = cross_map(labels == 0, labels == 1, 12, periodic=True)
    np.testing.assert_allclose(found, 0.5 - two_point_map(labels == 1, 12, periodic=True), atol=1e-15)


@pytest.mark.parametrize("periodic", [False, True])
def test_radial_is_the_average_of_the_map(periodic: bool) -> None:
    labels = three_phases((9, 10, 11))
    r, s2 = cross_radial(labels == 0, labels == 2, 6, periodic)
    expected = radial_average(cross_map(labels == 0, labels == 2, 6, periodic))
    np.testing.assert_array_equal(r, expected[0])
    np.testing.assert_allclose(s2, expected[1], rtol=1e-12, atol=1e-15)


def test_bad_input_is_refused() -> None:
    labels = three_phases((6, 6))
    for bad in (
        lambda: cross_axes(labels, 2, 3),
        lambda: cross_axes(labels.astype(float), 3, 3),
        lambda: cross_axes(labels, 3, 6),
        lambda: cross_map(labels == 0, labels[:5] == 1, 2),
        lambda: cross_radial(labels == 0, labels == 0, 2),
    ):
        with pytest.raises(InputError):
            bad()
