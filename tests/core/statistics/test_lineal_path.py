"""L along axes: against brute force and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.statistics import lineal_path_axes, two_point_axes
from core.statistics.lineal_path import run_lengths, segments_in_runs
from tests.core.statistics.brute_force import lineal_path


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(7, 9), (6, 5, 8), (1, 3), (1, 1, 1)])
def test_equals_brute_force(shape: tuple[int, ...], fraction: float, periodic: bool) -> None:
    inside = np.random.default_rng(3).random(shape) < fraction
    max_lag = min(shape) - 1
    np.testing.assert_array_equal(
        lineal_path_axes(inside, max_lag, periodic), lineal_path(inside, max_lag, periodic), strict=True
    )


def test_runs_are_counted_line_by_line() -> None:
    lines = np.array([[1, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 1, 1]], dtype=bool)
    np.testing.assert_array_equal(run_lengths(lines), [0, 1, 1, 1, 1])


def test_segments_in_runs() -> None:
    """One run of 4 and two of 2: 8 single pixels, 3 + 2 pairs, 2 triples, 1 four."""
    np.testing.assert_array_equal(segments_in_runs(np.array([0, 0, 2, 0, 1])), [8, 5, 2, 1])


def test_a_periodic_line_closes_on_itself() -> None:
    line = np.array([[1, 1, 0, 0, 0, 0, 1, 1]] * 8, dtype=bool)
    np.testing.assert_array_equal(lineal_path_axes(line, 7, periodic=True)[1] * 8, [4, 3, 2, 1, 0, 0, 0, 0])
    np.testing.assert_allclose(lineal_path_axes(line, 2)[1], [4 / 8, 2 / 7, 0])


def test_laminate() -> None:
    """Layers 3 of 8 thick: L is φ along the layers and max(0, 3 − r) / 8 across them."""
    inside = np.zeros((32, 16, 20), dtype=np.uint8)
    inside[np.arange(32) % 8 < 3] = 1
    curves = lineal_path_axes(inside, 15, periodic=True)
    np.testing.assert_array_equal(curves[0], np.maximum(0, 3 - np.arange(16)) / 8)
    np.testing.assert_array_equal(curves[1:], np.full((2, 16), 3 / 8))
    np.testing.assert_array_equal(lineal_path_axes(inside, 15)[1:], np.full((2, 16), 3 / 8))


def test_checkerboard() -> None:
    """Squares of 4 pixels, half of all lines' pixels in runs of 4: L(r) = max(0, 4 − r) / 8."""
    square = np.arange(32) // 4
    inside = (square[:, None] + square[None]) % 2 == 0
    expected = np.tile(np.maximum(0, 4 - np.arange(13)) / 8, (2, 1))
    np.testing.assert_array_equal(lineal_path_axes(inside, 12, periodic=True), expected)


def test_lineal_path_is_at_most_s2_and_equals_it_up_to_neighbours() -> None:
    inside = np.random.default_rng(5).random((20, 21, 22)) < 0.8
    paths, pairs = lineal_path_axes(inside, 19), two_point_axes(inside, 19)
    np.testing.assert_array_equal(paths[:, :2], pairs[:, :2])
    assert np.all(paths <= pairs)
    assert np.all(np.diff(paths[:, :10]) < 0)


def test_several_blocks_of_lines_give_the_same_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = np.random.default_rng(5).random((13, 9, 10)) < 0.9
    whole = lineal_path_axes(inside, 8, periodic=True)
    monkeypatch.setattr("core.statistics.indicator.LINE_BLOCK_VALUES", 100)
    np.testing.assert_array_equal(lineal_path_axes(inside, 8, periodic=True), whole)


def test_a_lag_without_segments_is_refused() -> None:
    with pytest.raises(InputError, match="lag"):
        lineal_path_axes(np.ones((9, 4), bool), 4)
