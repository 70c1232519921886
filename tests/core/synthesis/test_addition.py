"""Random sequential addition: nothing overlaps; painting against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.errors import InputError
from core.synthesis import addition
from core.synthesis.addition import add_balls, add_fibres, paint_balls


def _least_gap(box: tuple[int, ...], centres: np.ndarray, radii: np.ndarray) -> float:
    """Least distance between two surfaces over all pairs and periodic images (brute force)."""
    images = [np.asarray(shift) * box for shift in itertools.product((-1, 0, 1), repeat=len(box))]
    return min(
        float(np.linalg.norm(centres[a] - centres[b] + image) - radii[a] - radii[b])
        for a, b in itertools.combinations(range(len(radii)), 2)
        for image in images
    )


@pytest.mark.parametrize("box", [(60, 80), (40, 50, 30)])
def test_balls_do_not_overlap(box: tuple[int, ...]) -> None:
    generator = np.random.default_rng(1)
    radii = np.sort(generator.uniform(3, 7, 30))[::-1]
    centres = add_balls(box, radii, 0.5, generator)
    assert (centres >= 0).all() and (centres < box).all()
    assert _least_gap(box, centres, radii) >= 0.5 - 1e-9


def test_tilted_fibres_overlap_in_no_section() -> None:
    box, length = (80, 70), 60.0
    generator = np.random.default_rng(2)
    radii = np.full(12, 6.0)
    slopes = 0.06 * generator.standard_normal((12, 2))

    def least(starts: np.ndarray) -> float:
        places = np.linspace(0, length, 121)
        return min(_least_gap(box, np.mod(starts + z * slopes, box), radii) for z in places)

    assert least(add_fibres(box, radii, slopes, length, 0.5, generator)) >= 0.5 - 1e-9
    # fibres kept apart at their starts alone run into each other further on
    assert least(add_balls(box, radii, 0.5, generator)) < 0


@pytest.mark.parametrize("box", [(17, 23), (11, 14, 9)])
def test_painting_is_that_of_brute_force(box: tuple[int, ...]) -> None:
    generator = np.random.default_rng(3)
    centres = generator.random((6, len(box))) * box * 3 - np.asarray(box)
    radii = generator.uniform(0.4, 4.4, 6)
    expected = np.zeros(box, dtype=np.uint8)
    for voxel in np.ndindex(*box):
        apart = np.abs(np.mod(np.asarray(voxel) + 0.5 - centres, box))
        apart = np.minimum(apart, np.asarray(box) - apart)
        expected[voxel] = (np.square(apart).sum(axis=1) <= radii**2).any()
    assert 0 < expected.sum() < expected.size
    np.testing.assert_array_equal(paint_balls(box, centres, radii), expected)


def test_a_fraction_out_of_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # ten times more than it takes to place all that fit
    monkeypatch.setattr(addition, "_TRIES", 20_000)
    # random addition of equal discs jams near 0.547 (Feder 1980); this would be 0.9
    radii = np.full(29, 10.0)
    with pytest.raises(InputError, match="found a place"):
        add_balls((100, 100), radii, 0.0, np.random.default_rng(0))


def test_a_ball_wider_than_the_box_is_refused() -> None:
    with pytest.raises(InputError, match="does not fit"):
        add_balls((10, 50), np.array([6.0]), 0.0, np.random.default_rng(0))


def test_fibres_that_drift_past_half_the_box_are_refused() -> None:
    slopes = np.array([[0.0, 0.0], [0.5, 0.0]])
    with pytest.raises(InputError, match="drift"):
        add_fibres((50, 50), np.full(2, 4.0), slopes, 80.0, 0.0, np.random.default_rng(0))
