"""What a movie shows at each of its frames: arithmetic alone."""

from __future__ import annotations

import itertools

import pytest

from app.widgets.filming import Film, cut_at
from app.widgets.volume_picture import Shot

CLIP = ((2, 10), (0, 24), (0, 24))


def test_a_turntable_closes_without_a_double_frame() -> None:
    film = Film("turntable", Shot(), seconds=2, fps=10, turns=3)
    assert film.count == 20
    angles = [film.angle(number) for number in range(film.count + 1)]
    assert angles[0] == 0 and angles[-1] == pytest.approx(3 * 360)
    assert {round(b - a, 9) for a, b in itertools.pairwise(angles)} == {54.0}


@pytest.mark.parametrize("seconds", [0.5, 1, 4])
def test_a_way_through_the_slices_reaches_both_ends_and_never_goes_back(seconds: float) -> None:
    film = Film("slices", Shot(), seconds=seconds, fps=10, axis=1)
    places = [film.voxel(number, 0, 23) for number in range(film.count)]
    assert places[0] == 0 and places[-1] == 23 and places == sorted(places)
    assert max(b - a for a, b in itertools.pairwise(places)) <= -(-23 // (film.count - 1))


def test_a_cut_starts_with_all_and_leaves_a_layer_at_the_far_side() -> None:
    film = Film("cut", Shot(), seconds=1, fps=10, axis=0)
    above = [cut_at(film, number, CLIP, (True, False, True)) for number in range(film.count)]
    below = [cut_at(film, number, CLIP, (False, False, True)) for number in range(film.count)]
    assert above[0] == below[0] == CLIP
    assert above[-1][0] == (2, 3) and below[-1][0] == (9, 10)
    assert all(left[1:] == CLIP[1:] and left[0][0] < left[0][1] for left in above + below)
