"""Which sizes can repeat, and noise and tiles that do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.generation.noise import gaussian
from core.generation.periods import NOWHERE, axes_from_name, axes_name, made_to_repeat, misfit, nearest_sizes, period_of
from core.generation.tiles import assemble, pieces
from core.job import finish
from core.provenance import Provenance


def test_axes_by_name() -> None:
    assert axes_from_name("zyx") == axes_from_name("XYZ") == (True, True, True)
    assert axes_from_name("xz") == (True, False, True)
    assert axes_from_name("") == (False, False, False)
    assert [axes_name(axes_from_name(text)) for text in ("xz", "y", "", "xyz")] == ["zx", "y", "", "zyx"]
    for text in ("a", "zz", "zyxw", "z,y"):
        with pytest.raises(InputError, match="does not name axes"):
            axes_from_name(text)


def test_a_size_that_cannot_repeat_is_told_the_nearest_that_can() -> None:
    assert misfit((64, 65, 3), (True, False, False), 8) is None
    assert misfit((64, 65, 3), (False, False, False), 8) is None
    problem = misfit((64, 65, 3), (True, True, True), 8)
    assert problem is not None
    assert "65 voxels along y and 3 voxels along x" in problem.what
    assert "cells of 8 voxels" in problem.what
    assert "y = 64 or 72; x = 8" in problem.remedy
    for side in range(1, 40):
        for near in nearest_sizes(side, 8):
            assert near > 0 and near % 8 == 0 and abs(near - side) <= 8


@pytest.mark.parametrize("period", [(7, None, None), (None, 5, 9), (1, 4, 3), (64, 64, 64)])
def test_noise_repeats_and_its_first_period_is_the_plain_noise(period: tuple[int | None, ...]) -> None:
    origin, shape = (-9, -3, 2), (20, 13, 22)
    z, y, x = period
    made = gaussian(3, 1, 2, origin, shape, period=(z, y, x))
    plain = gaussian(3, 1, 2, (-9, -3, 0), (80, 80, 80))
    index = []
    for first, count, repeat, begin in zip(origin, shape, period, (-9, -3, 0), strict=True):
        places = np.arange(first, first + count)
        index.append((places if repeat is None else places % repeat) - begin)
    expected = plain[:, index[0]][:, :, index[1]][:, :, :, index[2]]
    assert torch.equal(made, expected)


def place_and_tile(start: tuple[int, int, int], edge: int) -> np.ndarray:
    """Values that tell the position and the tile that they were computed in."""
    z, y, x = (np.arange(first, first + edge) for first in start)
    tile = 13 * start[0] + 29 * start[1] + 57 * start[2]
    return (z[:, None, None] * 7 + y[:, None] * 31 + x * 3 + tile) % 251


@pytest.mark.parametrize("period", [(24, 40, 56), (8, None, 16), (None, 40, None), (16, 17, 33)])
@pytest.mark.parametrize("origin", [(0, 0, 0), (-5, 39, 100)])
def test_every_voxel_comes_from_the_tile_of_the_place_it_repeats(
    period: tuple[int | None, int | None, int | None], origin: tuple[int, int, int]
) -> None:
    size, edge = (50, 43, 61), 16
    box, _ = finish(assemble(place_and_tile, origin, size, edge=edge, period=period))
    places = []
    for first, count, repeat in zip(origin, size, period, strict=True):
        along = np.arange(first, first + count)
        places.append(along if repeat is None else along % repeat)
    z, y, x = np.meshgrid(*places, indexing="ij")
    tile = 13 * (z // edge * edge) + 29 * (y // edge * edge) + 57 * (x // edge * edge)
    assert np.array_equal(box, (z * 7 + y * 31 + x * 3 + tile) % 251)


def test_pieces_cover_a_box_once() -> None:
    seen = np.zeros((30, 41, 22), int)
    for piece in pieces((-7, 3, 11), (30, 41, 22), 8, (12, None, 20)):
        seen[piece.inside] += 1
        assert all(a.stop - a.start == b.stop - b.start for a, b in zip(piece.within, piece.inside, strict=True))
        assert all(0 <= part.start < part.stop <= 8 for part in piece.within)
    assert (seen == 1).all()


def test_the_period_of_a_volume_is_its_size_where_it_repeats() -> None:
    assert period_of((4, 5, 6), (True, False, True)) == (4, None, 6)


def test_what_a_volume_tells_of_itself() -> None:
    made = Provenance("reconstruct with swnn", settings={"size": [8, 9, 10], "periodic": "zx"})
    read = Provenance("read", inputs=(made,))
    assert made_to_repeat(made, (8, 9, 10)) == made_to_repeat(read, (8, 9, 10)) == (True, False, True)
    # a part of it does not repeat, nor does what was made of it, or of nothing known
    assert made_to_repeat(read, (8, 9, 9)) == made_to_repeat(Provenance("crop", inputs=(made,)), (8, 9, 10)) == NOWHERE
    assert made_to_repeat(Provenance("read"), (8, 9, 10)) == NOWHERE
