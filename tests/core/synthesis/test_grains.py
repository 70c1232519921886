"""Laguerre cells against brute force; the polycrystal's fraction and sections."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.synthesis.grains import GrainSettings, grain_centres, grain_section, laguerre_cells, polycrystal

SMALL = GrainSettings(grain=12.0)


def _power(size: tuple[int, ...], centres: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """|x − c|² − w of every voxel and centre in a periodic box; shape (*size, n)."""
    axes = np.meshgrid(*(np.arange(side) + 0.5 for side in size), indexing="ij")
    apart = np.abs(np.stack(axes, axis=-1)[..., None, :] - centres)
    apart = np.minimum(apart, np.asarray(size) - apart)
    return np.asarray(np.square(apart).sum(axis=-1) - weights)


@pytest.mark.parametrize("size", [(13, 17), (7, 9, 8)])
@pytest.mark.parametrize("spread", [0.0, 12.0])
def test_cells_are_those_of_brute_force(size: tuple[int, ...], spread: float) -> None:
    generator = np.random.default_rng(0)
    centres = generator.random((9, len(size))) * size
    weights = spread * generator.random(9)
    cells = laguerre_cells(size, centres, weights)
    np.testing.assert_array_equal(cells, _power(size, centres, weights).argmin(axis=-1))
    np.testing.assert_array_equal(laguerre_cells(size, centres, weights, 2, 5), cells[2:5])


@pytest.mark.parametrize(("size", "count"), [((61, 90), 60), ((25, 26, 31), 120)])
def test_many_cells_are_those_of_brute_force(size: tuple[int, ...], count: int) -> None:
    """In a box so large that most blocks need to look at a few centres only."""
    generator = np.random.default_rng(1)
    centres = generator.random((count, len(size))) * size
    weights = 16 * generator.random(count)
    expected = _power(size, centres, weights).argmin(axis=-1)
    np.testing.assert_array_equal(laguerre_cells(size, centres, weights), expected)
    np.testing.assert_array_equal(laguerre_cells(size, centres, weights, 17, 18), expected[17:18])


def test_weights_move_the_boundary_where_the_formula_says() -> None:
    """On a line, cells of centres a < b meet at (b² − w_b − a² + w_a) / (2(b − a)): here (144 − 0 − 16 + 16)/16 = 9."""
    cells = laguerre_cells((40, 1), np.array([[4.0, 0.5], [12.0, 0.5]]), np.array([16.0, 0.0]))[:, 0]
    assert (cells[4:9] == 0).all()
    assert (cells[9:13] == 1).all()


def test_fraction_is_reached_within_the_smallest_grain_left() -> None:
    volume = polycrystal((40, 44, 48), 2, SMALL)
    cells = laguerre_cells((40, 44, 48), *grain_centres((40, 44, 48), 2, SMALL))
    missing = 0.32 * cells.size - volume.labels.sum()
    phase_of_grain = np.zeros(cells.max() + 1, dtype=int)
    phase_of_grain[cells.reshape(-1)] = volume.labels.reshape(-1)
    np.testing.assert_array_equal(phase_of_grain[cells], volume.labels)
    sizes = np.bincount(cells.reshape(-1))
    assert 0 <= missing < sizes[(phase_of_grain == 0) & (sizes > 0)].min()


def test_section_of_grains_is_that_of_the_volume() -> None:
    size = (30, 36, 32)
    cells = laguerre_cells(size, *grain_centres(size, 6, SMALL))
    np.testing.assert_array_equal(grain_section(size, 6, 11, SMALL), cells[11])


def test_same_seed_same_volume_other_seed_another() -> None:
    first, again, other = (polycrystal((30, 30, 30), seed, SMALL).labels for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_grains_wider_than_the_box_are_refused() -> None:
    with pytest.raises(InputError, match="does not fit"):
        polycrystal((8, 64, 64), 0)
