"""Two-point cluster function: against brute force and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.errors import InputError
from core.statistics import two_point_axes, two_point_map
from core.statistics.cluster import cluster_axes, cluster_map, cluster_radial, section_cluster_axes
from core.statistics.maps import radial_average
from tests.core.statistics.test_components import flood_fill


def brute_force(inside: np.ndarray, max_lag: int, diagonal: bool) -> np.ndarray:
    """C2 at every lag vector by looking at every pair."""
    labels = flood_fill(inside, diagonal)
    table = np.zeros((2 * max_lag + 1,) * inside.ndim)
    pixels = list(itertools.product(*map(range, inside.shape)))
    for lag in itertools.product(range(-max_lag, max_lag + 1), repeat=inside.ndim):
        hits = trials = 0
        for pixel in pixels:
            other = tuple(a + b for a, b in zip(pixel, lag, strict=True))
            if all(0 <= a < n for a, n in zip(other, inside.shape, strict=True)):
                trials += 1
                hits += bool(labels[pixel] and labels[pixel] == labels[other])
        table[tuple(a + max_lag for a in lag)] = hits / trials
    return table


def along_axes(table: np.ndarray, max_lag: int) -> np.ndarray:
    rows = []
    for axis in range(table.ndim):
        place: list[int | slice] = [max_lag] * table.ndim
        place[axis] = slice(max_lag, None)
        rows.append(table[tuple(place)])
    return np.array(rows)


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("fraction", [0.0, 0.4, 0.6, 1.0])
@pytest.mark.parametrize("shape", [(9, 8), (1, 4), (5, 4, 6)])
def test_equals_brute_force(shape: tuple[int, ...], fraction: float, diagonal: bool) -> None:
    inside = np.random.default_rng(4).random(shape) < fraction
    max_lag = min(min(shape) - 1, 4)
    table = brute_force(inside, max_lag, diagonal)
    np.testing.assert_allclose(cluster_map(inside, max_lag, diagonal), table, rtol=1e-14)
    np.testing.assert_array_equal(cluster_axes(inside, max_lag, diagonal), along_axes(table, max_lag))


def test_blocks_do_not_change_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = np.random.default_rng(4).random((12, 13, 11)) < 0.5
    whole = cluster_axes(inside, 10)
    monkeypatch.setattr("core.statistics.cluster.BLOCK_VALUES", 1)
    np.testing.assert_array_equal(cluster_axes(inside, 10), whole)


def test_one_component_has_the_two_point_probability() -> None:
    inside = np.ones((10, 12), bool)
    inside[3:7, 4:8] = False
    np.testing.assert_array_equal(cluster_axes(inside, 9), two_point_axes(inside, 9))
    np.testing.assert_allclose(cluster_map(inside, 9), two_point_map(inside, 9), rtol=1e-14)


def test_laminate() -> None:
    """Layers 3 of 8 thick, apart: across them C2 is S2 without the other layers; within them C2 is φ."""
    inside = np.zeros((32, 16, 20), dtype=np.uint8)
    inside[np.arange(32) % 8 < 3] = 1
    found = cluster_axes(inside, 15)
    lag = np.arange(16)
    # four layers, each with max(0, 3 − r) pairs on a line, of 32 − r places
    np.testing.assert_allclose(found[0], 4 * np.maximum(0, 3 - lag) / (32 - lag), rtol=1e-14)
    np.testing.assert_array_equal(found[1:], np.full((2, 16), 3 / 8))


def test_checkerboard() -> None:
    """Squares of 4 pixels that touch at corners: apart, C2 is their own overlap; joined, it is S2."""
    square = np.arange(32) // 4
    inside = (square[:, None] + square[None]) % 2 == 0
    lag = np.arange(13)
    apart = 32 * 4 * np.maximum(0, 4 - lag) / (32 * (32 - lag))
    np.testing.assert_allclose(cluster_axes(inside, 12), np.stack([apart, apart]), rtol=1e-14)
    np.testing.assert_array_equal(cluster_axes(inside, 12, diagonal=True), two_point_axes(inside, 12))


def test_radial_is_the_average_of_the_map() -> None:
    inside = np.random.default_rng(4).random((9, 9, 9)) < 0.4
    for one, other in zip(cluster_radial(inside, 5), radial_average(cluster_map(inside, 5)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_sections_connect_within_themselves_only() -> None:
    inside = np.random.default_rng(6).random((6, 7, 8)) < 0.5
    found = section_cluster_axes(inside, 4)
    for axis in range(3):
        expected = []
        for normal in range(3):
            if normal == axis:
                continue
            place = [other for other in range(3) if other != normal].index(axis)
            sections = [cluster_axes(np.take(inside, n, normal), 4)[place] for n in range(inside.shape[normal])]
            expected.append(np.mean(sections, axis=0))
        np.testing.assert_allclose(found[axis], np.mean(expected, axis=0), rtol=1e-13)
    with pytest.raises(InputError, match="three axes"):
        section_cluster_axes(inside[0], 4)
