"""Boxes of a volume at its levels, and the outline of what is still to be made."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from app.widgets.volume_outline import region_edges
from app.widgets.volume_parts import Part, box_of, finest_within, level_for, read_part
from tests.app.widgets.levels import ArrayLevels


def test_a_place_in_a_part_is_the_voxel_that_it_stands_for() -> None:
    labels = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    part = Part(labels, (8, 4, 2), (4, 2, 1))
    for z, y, x in product(range(12), range(8), range(5)):
        voxel = (8 + z, 4 + y, 2 + x)
        assert part.holds(voxel) and part.at(voxel) == labels[z // 4, y // 2, x]
    assert not part.holds((7, 4, 2)) and not part.holds((20, 4, 2))
    assert part.at((100, 100, 100)) == labels[-1, -1, -1]
    # what a range touches, and nothing else
    for low, high in product(range(20), range(1, 21)):
        if low < high:
            touched = sorted({(at - 8) // 4 for at in range(low, high) if 0 <= (at - 8) // 4 < 3})
            start, stop = part.clip(((low, high), (4, 12), (2, 7)))[0]
            if touched:
                assert (start, stop) == (touched[0], touched[-1] + 1)


def test_a_box_is_read_whole_at_every_level() -> None:
    levels = ArrayLevels(np.random.default_rng(0).integers(0, 3, (70, 33, 41)).astype(np.uint8), 3)
    assert levels.steps == ((1, 1, 1), (2, 2, 2), (4, 4, 4))
    for level, clip in product(
        range(3), [((0, 70), (0, 33), (0, 41)), ((5, 6), (31, 33), (7, 30)), ((69, 70),) * 1 * 3]
    ):
        clip = tuple(
            (min(low, side - 1), min(high, side)) for (low, high), side in zip(clip, (70, 33, 41), strict=True)
        )
        part = read_part(levels, level, clip)
        for voxel in product(*(sorted({low, (low + high) // 2, high - 1}) for low, high in clip)):
            assert part.holds(voxel)
            place = tuple(min(at >> level, side - 1) for at, side in zip(voxel, levels.shapes[level], strict=True))
            assert part.at(voxel) == levels.arrays[level][place]
    assert box_of(levels, 2, ((3, 5), (0, 1), (40, 41))) == ((0, 0, 10), (2, 1, 1))


@pytest.mark.parametrize(
    ("per_pixel", "level"), [(0.1, 0), (1.0, 0), (1.9, 0), (2.0, 1), (3.99, 1), (4.0, 2), (100.0, 2)]
)
def test_no_voxel_shown_is_larger_than_a_pixel(per_pixel: float, level: int) -> None:
    levels = ArrayLevels(np.zeros((64, 64, 64), np.uint8), 3)
    assert level_for(levels, (per_pixel, per_pixel), (1, 2)) == level
    assert level_for(levels, (per_pixel, 1.0), (1, 2)) == 0


def test_the_finest_level_that_a_box_may_have() -> None:
    levels = ArrayLevels(np.zeros((64, 64, 64), np.uint8), 3)
    whole = ((0, 64),) * 3
    assert [finest_within(levels, whole, edge**3) for edge in (64, 63, 32, 31, 16, 1)] == [0, 1, 1, 2, 2, 2]
    assert finest_within(levels, ((3, 5), (0, 64), (0, 1)), 128) == 0


@pytest.mark.parametrize("seed", range(4))
def test_the_outline_is_where_the_surface_bends(seed: int) -> None:
    cells = np.random.default_rng(seed).random((3, 4, 2)) < 0.5
    # sides between a cell of the region and none, by the edges they have; two sides in one plane hide the edge between
    sides: Counter[tuple[tuple[int, ...], int, int]] = Counter()
    for place in np.argwhere(cells):
        for axis, upper in product(range(3), (0, 1)):
            beside = place.copy()
            beside[axis] += 2 * upper - 1
            if np.all(beside >= 0) and np.all(beside < cells.shape) and cells[tuple(beside)]:
                continue
            corner = place.copy()
            corner[axis] += upper
            for along in {0, 1, 2} - {axis}:
                (other,) = {0, 1, 2} - {axis, along}
                for end in (0, 1):
                    start = corner.copy()
                    start[other] += end
                    sides[tuple(int(n) for n in start), along, axis] += 1
    edges = {(start, along) for start, along, _ in sides}
    expected = set()
    for start, along in edges:
        across = [sides[start, along, axis] for axis in {0, 1, 2} - {along}]
        if across not in ([2, 0], [0, 2]):
            expected.add((start, along))
    found = set()
    for begin, end in region_edges(cells):
        (along,) = np.flatnonzero(end - begin)
        assert end[along] - begin[along] == 1
        found.add((tuple(int(n) for n in begin), int(along)))
    assert found == expected


def test_a_box_has_twelve_edges_in_unit_pieces() -> None:
    cells = np.zeros((4, 5, 6), bool)
    cells[1:3, 2:5, 3:4] = True
    assert len(region_edges(cells)) == 4 * (2 + 3 + 1)
    assert len(region_edges(np.zeros((2, 2, 2), bool))) == 0
