"""Pieces and boundary per area of sections."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.statistics import SectionShapes, section_shapes


def test_pieces_and_boundary_of_a_drawn_picture() -> None:
    """Two pieces that touch at a corner only, and a ring that shuts one pixel of the complement in."""
    picture = np.zeros((10, 10), bool)
    picture[0:2, 0:2] = True
    picture[2, 2] = True
    picture[5:8, 5:8] = True
    picture[6, 6] = False
    shapes = section_shapes(picture)
    assert shapes.pieces_per_area == 3 * 1e4 / 100
    assert shapes.complement_pieces_per_area == 2 * 1e4 / 100
    # Edges crossed going down, and as many going right: 2 of the block, 2 of the single pixel, 6 + 2 of the ring.
    assert shapes.boundary_per_area == pytest.approx(2 * 12 / 90)
    assert shapes.across == ()


def test_exchanging_the_phases_exchanges_the_counts() -> None:
    picture = np.random.default_rng(0).random((40, 50)) < 0.35
    one, other = section_shapes(picture), section_shapes(~picture)
    assert one.pieces_per_area == other.complement_pieces_per_area
    assert one.complement_pieces_per_area == other.pieces_per_area
    assert one.boundary_per_area == other.boundary_per_area


def test_checkerboard() -> None:
    """Squares of 4 in 32²: 32 pieces each, and an edge every 4 pixels: 7 of 31 neighbours differ along both axes."""
    square = np.arange(32) // 4
    shapes = section_shapes((square[:, None] + square[None]) % 2 == 0)
    assert shapes.pieces_per_area == shapes.complement_pieces_per_area == 32 * 1e4 / 32**2
    assert shapes.boundary_per_area == pytest.approx(2 * 7 / 31)


def test_volume_is_the_mean_over_all_sections_across_each_axis() -> None:
    volume = np.random.default_rng(1).random((6, 8, 10)) < 0.5
    shapes = section_shapes(volume)
    for axis in range(3):
        each = [section_shapes(np.take(volume, place, axis)) for place in range(volume.shape[axis])]
        for name in ("pieces_per_area", "complement_pieces_per_area", "boundary_per_area"):
            mean = np.mean([getattr(one, name) for one in each])
            assert getattr(shapes.across[axis], name) == pytest.approx(mean, rel=1e-12)
    assert shapes.pieces_per_area == pytest.approx(np.mean([one.pieces_per_area for one in shapes.across]))


def test_neighbouring_sections_do_not_connect() -> None:
    column = np.zeros((5, 4, 4), bool)
    column[:, 1, 1] = True
    across = section_shapes(column).across
    assert across[0].pieces_per_area == 5 * 1e4 / 80
    assert across[1].pieces_per_area == 1 * 1e4 / 80


def test_windows_count_the_pieces_that_they_cut() -> None:
    """A bar 1 × 8 in a picture 8 × 9 is one piece, and two in windows of 4; the last column is left out."""
    picture = np.zeros((8, 9), bool)
    picture[2, :8] = True
    assert section_shapes(picture).pieces_per_area == pytest.approx(1e4 / 72)
    assert section_shapes(picture, window=4).pieces_per_area == 2 * 1e4 / 64
    assert isinstance(section_shapes(np.stack([picture[:, :8]] * 8), window=4), SectionShapes)


@pytest.mark.parametrize(("shape", "window"), [((1, 5), None), ((5, 5), 6), ((5, 5), 1)])
def test_sections_too_small_are_refused(shape: tuple[int, int], window: int | None) -> None:
    with pytest.raises(InputError):
        section_shapes(np.ones(shape, bool), window)
