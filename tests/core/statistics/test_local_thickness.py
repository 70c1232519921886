"""Local thickness: against the definition written out, and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.errors import InputError
from core.statistics.local_thickness import _needed, ball, local_thickness, size_distribution


def brute_force(inside: np.ndarray) -> np.ndarray:
    """For every pixel, the largest of all balls about pixels of the phase that hold it."""
    pixels = np.stack(np.nonzero(inside), axis=1)
    outside = np.stack(np.nonzero(~inside), axis=1)
    squared = ((pixels[:, None] - outside[None]) ** 2).sum(axis=-1).min(axis=1)
    apart = ((pixels[:, None] - pixels[None]) ** 2).sum(axis=-1)
    found = np.zeros(inside.shape)
    for place, pixel in enumerate(pixels):
        found[tuple(pixel)] = 2 * np.sqrt(squared[apart[place] < squared].max()) - 1
    return found


@pytest.mark.parametrize("fraction", [0.3, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("shape", [(14, 15), (8, 9, 7), (1, 12), (3, 2, 9)])
@pytest.mark.parametrize("seed", range(3))
def test_equals_brute_force(shape: tuple[int, ...], fraction: float, seed: int) -> None:
    inside = np.random.default_rng(seed).random(shape) < fraction
    inside[tuple(side // 2 for side in shape)] = False
    np.testing.assert_allclose(local_thickness(inside), brute_force(inside), rtol=1e-6)


def test_equals_brute_force_in_coarse_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large balls, most of which lie in others; and painting in many small pieces."""
    y, x = np.indices((40, 44))
    inside = (np.sin(y / 5) + np.cos(x / 4 + y / 9) > -0.4) & ((y - 20) ** 2 + (x - 30) ** 2 > 30)
    expected = brute_force(inside)
    np.testing.assert_allclose(local_thickness(inside), expected, rtol=1e-6)
    monkeypatch.setattr("core.statistics.local_thickness.WRITES", 7)
    np.testing.assert_allclose(local_thickness(inside), expected, rtol=1e-6)


@pytest.mark.parametrize("thickness", [1, 3, 5, 9])
def test_a_layer_of_an_odd_number_of_pixels(thickness: int) -> None:
    inside = np.zeros((24, 30), bool)
    inside[6 : 6 + thickness] = True
    found = size_distribution(inside)
    np.testing.assert_array_equal(found.diameters, [thickness])
    np.testing.assert_array_equal(found.shares, [1.0])
    assert found.mean == found.quantile(0.5) == thickness


def test_a_layer_of_an_even_number_is_one_less() -> None:
    inside = np.zeros((24, 9, 9), bool)
    inside[6:12] = True
    assert size_distribution(inside).mean == 5


def test_checkerboard_of_odd_squares() -> None:
    """The disc that fits into a square of 5 pixels; its corners hold smaller ones."""
    square = np.arange(30) // 5
    inside = (square[:, None] + square[None]) % 2 == 0
    found = local_thickness(inside)
    inner = found[10:15, 10:15]
    np.testing.assert_allclose(inner, brute_force(inside)[10:15, 10:15], rtol=1e-6)
    assert inner.max() == 5


def test_a_ball_is_as_thick_as_itself() -> None:
    z, y, x = np.indices((31, 31, 31)) - 15
    inside = z**2 + y**2 + x**2 < 10**2
    found = size_distribution(inside)
    assert found.quantile(0.5) == found.diameters[-1] == 19.0
    assert found.mean > 18.9


def test_distribution() -> None:
    """A layer 1 px thick and one of 5 px: a sixth and five sixths of the phase."""
    inside = np.zeros((20, 12), bool)
    inside[3] = inside[8:13] = True
    found = size_distribution(inside)
    np.testing.assert_array_equal(found.diameters, [1, 5])
    np.testing.assert_allclose(found.shares, [1 / 6, 5 / 6])
    assert found.mean == pytest.approx(26 / 6)
    assert (found.quantile(0.1), found.quantile(0.5), found.quantile(1.0)) == (1, 5, 5)
    np.testing.assert_allclose(found.finer([0, 1, 4.9, 5, 9]), [0, 1 / 6, 1 / 6, 1, 1])


@pytest.mark.parametrize("shift", [(1, 0), (1, 1), (1, 0, 0), (1, 1, 0), (1, 1, 1)])
def test_what_a_neighbouring_ball_needs(shift: tuple[int, ...]) -> None:
    """The table says exactly which neighbouring balls hold a ball."""
    table = _needed(30, np.array(shift))
    for squared, other in itertools.product(range(1, 31), range(1, 60)):
        held = np.all(((ball(squared, len(shift)) + shift) ** 2).sum(axis=1) < other)
        assert held == (other >= table[squared])


def test_what_has_no_size_is_refused() -> None:
    with pytest.raises(InputError, match="fills everything"):
        local_thickness(np.ones((5, 5), bool))
    with pytest.raises(InputError, match="absent"):
        size_distribution(np.zeros((5, 5), bool))
