"""Which part of a phase leads through."""

from __future__ import annotations

import numpy as np
import pytest

from core.properties.ends import Faces
from core.properties.percolation import percolating


def picture(*rows: str) -> np.ndarray:
    """One plane (y, x) as a volume; # is the phase."""
    return np.array([[letter == "#" for letter in row] for row in rows])[None]


def kept(inside: np.ndarray, axis: int, ends: str, sides: str) -> np.ndarray:
    return percolating(inside, Faces(axis, ends, sides))  # type: ignore[arg-type]


def test_from_face_to_face() -> None:
    inside = picture("#..#.", "##.#.", ".#..#", ".#.#.")
    expected = picture("#....", "##...", ".#...", ".#...")
    np.testing.assert_array_equal(kept(inside, 1, "fixed", "closed"), expected)
    assert not kept(inside, 2, "fixed", "closed").any()


def test_sides_that_repeat_join_pieces() -> None:
    inside = picture("#....", "#...#", "....#", "....#")
    assert not kept(inside, 1, "fixed", "closed").any()
    np.testing.assert_array_equal(kept(inside, 1, "fixed", "periodic"), inside)


@pytest.mark.parametrize("sides", ["closed", "periodic"])
def test_a_way_through_one_copy_must_meet_the_next(sides: str) -> None:
    straight = picture(".#.", ".#.", ".#.")
    np.testing.assert_array_equal(kept(straight, 1, "periodic", sides), straight)
    shifted = picture(".#..", ".##.", "..#.")
    assert kept(shifted, 1, "fixed", sides).any()
    assert not kept(shifted, 1, "periodic", sides).any()


def test_a_way_may_need_several_periods() -> None:
    """Two strands, each of which ends where the other begins: one passes in front, the other behind."""
    strands = np.zeros((3, 6, 5), bool)
    strands[0, :3, 0] = strands[0, 2] = strands[0, 2:, 4] = True
    strands[:, 0, 4] = strands[2, :3, 4] = strands[2, 2] = strands[2, 2:, 0] = strands[:, 5, 0] = True
    np.testing.assert_array_equal(kept(strands, 1, "periodic", "closed"), strands)
    strands[2, 2, 2] = False
    assert kept(strands, 1, "fixed", "closed").any()
    assert not kept(strands, 1, "periodic", "closed").any()


def test_winding_around_the_sides_only_is_no_way_along_the_axis() -> None:
    ring = picture("....", "####", "....")
    assert not kept(ring, 1, "periodic", "periodic").any()
    np.testing.assert_array_equal(kept(ring, 2, "periodic", "periodic"), ring)


def test_a_slanted_way_winds_through_sides_and_ends() -> None:
    slanted = picture("##..", ".##.", "..##", "#..#")
    np.testing.assert_array_equal(kept(slanted, 1, "periodic", "periodic"), slanted)
    assert not kept(slanted, 1, "periodic", "closed").any()


def test_nothing_and_everything() -> None:
    for ends in ("fixed", "periodic"):
        for axis in range(3):
            assert not kept(np.zeros((2, 3, 4), bool), axis, ends, "periodic").any()
            assert kept(np.ones((2, 3, 4), bool), axis, ends, "periodic").all()
