"""Removal of islands and holes, on arrays made by hand and against a slow, literal reading of the definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.segmentation import clean


def drawn(*rows: str) -> np.ndarray:
    return np.array([[int(c) for c in row] for row in rows], dtype=np.uint8)


def test_limits_of_nought_and_one_remove_nothing() -> None:
    labels = drawn("010", "101", "010")
    assert np.array_equal(clean(labels, 0, 0), labels)
    assert np.array_equal(clean(labels, 1, 1), labels)


def test_an_island_below_the_limit_goes_and_one_at_the_limit_stays() -> None:
    labels = drawn(
        "00000000",
        "01100110",
        "00000010",
        "00000000",
    )
    expected = drawn(
        "00000000",
        "00000110",
        "00000010",
        "00000000",
    )
    assert np.array_equal(clean(labels, 3, 0), expected)
    assert np.array_equal(clean(labels, 2, 0), labels)
    assert not clean(labels, 4, 0).any()


def test_holes_and_islands_have_their_own_limits() -> None:
    labels = drawn(
        "0000011111",
        "0100011011",
        "0000011111",
        "0000011111",
    )
    only_island = labels.copy()
    only_island[1, 1] = 0
    only_hole = labels.copy()
    only_hole[1, 7] = 1
    both = only_island.copy()
    both[1, 7] = 1
    assert np.array_equal(clean(labels, 2, 0), only_island)
    assert np.array_equal(clean(labels, 0, 2), only_hole)
    assert np.array_equal(clean(labels, 2, 2), both)


def test_pixels_that_touch_by_corners_only_are_separate_pieces() -> None:
    labels = drawn("00000", "01000", "00100", "00000")
    assert not clean(labels, 2, 0).any()


def test_a_small_piece_takes_the_phase_with_which_it_shares_most_sides() -> None:
    labels = drawn(
        "000002222",
        "000012222",
        "000002222",
    )
    # left one side with 0; right, above and below: 2, 0, 0
    assert clean(labels, 2, 0)[1, 4] == 0
    labels[0, 4] = labels[2, 4] = 2
    assert clean(labels, 0, 2)[1, 4] == 2, "brighter surroundings make it a hole"
    assert clean(labels, 2, 0)[1, 4] == 1, "a hole is not an island"


def test_a_tie_goes_to_the_darker_phase() -> None:
    labels = drawn("0000", "0122", "2222")
    labels[0] = [0, 0, 2, 2]
    labels[1] = [0, 1, 2, 2]
    labels[2] = [0, 2, 2, 2]
    assert clean(labels, 2, 2)[1, 1] == 0


def test_a_speck_inside_a_speck_goes_with_the_outer_one() -> None:
    labels = np.zeros((9, 9), np.uint8)
    labels[2:7, 2:7] = 1
    labels[4, 4] = 2
    assert not clean(labels, 30, 0).any()
    # the ring of 24 px stays where the limit is 24, and the speck inside it goes
    ring = labels.copy()
    ring[4, 4] = 1
    assert np.array_equal(clean(labels, 24, 0), ring)


def test_where_all_pieces_are_small_the_largest_decides() -> None:
    labels = drawn("1100", "1100", "1122")
    assert np.array_equal(clean(labels, 100, 100), np.ones((3, 4), np.uint8))


def test_a_piece_at_the_edge_counts_with_what_is_visible() -> None:
    labels = drawn("1000", "0000", "0000")
    assert not clean(labels, 2, 0).any()


def literal(labels: np.ndarray, island_px: int, hole_px: int) -> np.ndarray:
    """The definition, piece by piece in plain Python."""
    pieces: list[set[tuple[int, int]]] = []
    for phase in range(int(labels.max()) + 1):
        found, count = ndimage.label(labels == phase)
        pieces += [{(int(y), int(x)) for y, x in np.argwhere(found == i + 1)} for i in range(count)]
    limit = max(island_px, hole_px)
    if limit <= 1:
        return labels.copy()
    settled = [len(piece) >= limit for piece in pieces]
    if not any(settled):
        # the first of the largest in reading order
        largest = max(map(len, pieces))
        settled[min((i for i, p in enumerate(pieces) if len(p) == largest), key=lambda i: min(pieces[i]))] = True
    owner = {pixel: i for i, piece in enumerate(pieces) for pixel in piece}
    phase_of = [int(labels[min(piece)]) for piece in pieces]
    while not all(settled):
        decisions = {}
        for i, piece in enumerate(pieces):
            if settled[i]:
                continue
            sides = [0] * 16
            for y, x in piece:
                for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                    if near in owner and owner[near] != i and settled[owner[near]]:
                        sides[phase_of[owner[near]]] += 1
            if any(sides):
                majority = sides.index(max(sides))
                smallest = island_px if majority < phase_of[i] else hole_px
                decisions[i] = majority if len(piece) < smallest else phase_of[i]
        for i, phase in decisions.items():
            phase_of[i], settled[i] = phase, True
    out = labels.copy()
    for pixel, i in owner.items():
        out[pixel] = phase_of[i]
    return out


@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_the_literal_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    phases = 2 + seed % 4
    field = ndimage.gaussian_filter(rng.normal(size=(24, 31)), 0.4 + 0.2 * (seed % 3))
    labels = np.digitize(field, np.quantile(field, np.arange(1, phases) / phases)).astype(np.uint8)
    island, hole = [(5, 5), (9, 2), (0, 7), (60, 12)][seed % 4]
    expected = literal(labels, island, hole)
    assert not np.array_equal(expected, labels), "the case removes nothing and tests nothing"
    assert np.array_equal(clean(labels, island, hole), expected)


def test_negative_limits_are_refused() -> None:
    with pytest.raises(InputError, match="negative"):
        clean(np.zeros((3, 3), np.uint8), -1, 0)
