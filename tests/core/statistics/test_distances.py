"""The distance transform in pieces: equal to that of the whole, and left between any two of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.job import finish
from core.statistics import distances
from core.statistics.distances import squared_distances
from core.statistics.maps import two_point_map, two_point_map_steps


def whole(inside: np.ndarray) -> np.ndarray:
    return np.rint(ndimage.distance_transform_edt(inside) ** 2).astype(np.int32)


@pytest.mark.parametrize("piece", [1, 300, 2000, 1 << 20])
@pytest.mark.parametrize("fraction", [0.2, 0.9, 0.9995])
def test_equals_that_of_the_whole(monkeypatch: pytest.MonkeyPatch, piece: int, fraction: float) -> None:
    monkeypatch.setattr(distances, "PIECE", piece)
    inside = np.random.default_rng(1).random((60, 9, 8)) < fraction
    inside[0, 0, 0] = False
    np.testing.assert_array_equal(finish(squared_distances(inside)), whole(inside))


@pytest.mark.parametrize("first", [1, 2, 8])
def test_far_from_anything_the_surroundings_grow(monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    monkeypatch.setattr(distances, "PIECE", 1)
    monkeypatch.setattr(distances, "_FIRST_REACH", first)
    inside = np.ones((70, 5), bool)
    inside[3, 2] = inside[50, 0] = False
    np.testing.assert_array_equal(finish(squared_distances(inside)), whole(inside))


def test_left_after_any_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "PIECE", 72)
    inside = np.random.default_rng(2).random((12, 9, 8)) < 0.5
    assert sum(1 for _ in squared_distances(inside)) == 12
    steps = squared_distances(inside)
    next(steps)
    steps.close()


def test_a_map_of_a_large_volume_is_left_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = np.random.default_rng(3).random((20, 18, 16)) < 0.4
    expected = two_point_map(inside, 6)
    monkeypatch.setattr("core.statistics.maps.BLOCK_BYTES", 20_000)
    steps, count = two_point_map_steps(inside, 6), 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            np.testing.assert_array_equal(end.value, expected)
            break
        count += 1
    assert count == 20
