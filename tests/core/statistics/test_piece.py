"""The piece under a voxel, against a flood fill by hand and known shapes."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.images.pixel_size import format_volume
from core.statistics.piece import piece_at, pieces_of


def flooded(
    inside: np.ndarray, start: tuple[int, int, int], periodic: tuple[bool, bool, bool] = (False, False, False)
) -> set[tuple[int, ...]]:
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for axis in range(3):
            for step in (-1, 1):
                there = tuple(at + step * (place == axis) for place, at in enumerate(here))
                there = tuple(
                    at % n if wraps else at for at, n, wraps in zip(there, inside.shape, periodic, strict=True)
                )
                within = all(0 <= at < side for at, side in zip(there, inside.shape, strict=True))
                if within and inside[there] and there not in seen:
                    seen.add(there)  # type: ignore[arg-type]
                    waiting.append(there)  # type: ignore[arg-type]
    return seen  # type: ignore[return-value]


def test_it_is_what_a_flood_reaches() -> None:
    generator = np.random.default_rng(5)
    labels = (generator.random((9, 8, 7)) < 0.4).astype(np.uint8)
    pieces = pieces_of(labels, 1)
    for start in map(tuple, generator.permutation(np.argwhere(labels == 1))[:12].tolist()):
        wanted, found = flooded(labels == 1, start), piece_at(pieces, start)
        assert found.voxels == len(wanted) == found.inside.sum()
        assert {tuple(at) for at in (np.argwhere(found.inside) + found.origin).tolist()} == wanted
        assert found.share == len(wanted) / (labels == 1).sum()
        for axis in range(3):
            places = {at[axis] for at in wanted}
            assert found.touches[axis] == (0 in places, labels.shape[axis] - 1 in places)


@pytest.mark.parametrize("periodic", [(True, True, True), (False, True, False)])
def test_across_faces_it_is_what_a_flood_reaches_in_a_volume_that_repeats(periodic: tuple[bool, bool, bool]) -> None:
    generator = np.random.default_rng(8)
    labels = (generator.random((9, 8, 7)) < 0.3).astype(np.uint8)
    pieces = pieces_of(labels, 1, periodic)
    crossing = 0
    every = [tuple(at) for at in np.argwhere(labels == 1).tolist()]
    sizes = {}
    for start in every:
        wanted = flooded(labels == 1, start, periodic)
        sizes[min(wanted)] = len(wanted)
        found = piece_at(pieces, start)
        assert found.voxels == len(wanted)
        assert {tuple(at) for at in (np.argwhere(found.inside) + found.origin).tolist()} == wanted
        crossing += bool(found.crosses)
        if len(wanted) < 6:  # too small to lead through nine voxels
            assert found.endless == ()
    assert found.pieces == len(sizes) < pieces_of(labels, 1).sizes.size - 1 and crossing


def test_what_leads_on_without_end_and_what_only_goes_across() -> None:
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[:, 1, 1] = 1  # a column
    labels[[0, 5], 4, 4] = 1  # two ends that meet across the face
    labels[2, 4, 3:] = labels[2, 4, 0] = 1  # ends in x, too
    for y, columns in ((3, (0, 1, 2)), (4, (2, 3)), (5, (3, 4)), (0, (4, 5, 0)), (1, (0,)), (2, (0,))):
        labels[4, y, list(columns)] = 2  # a staircase: meets itself after going round both y and x
    everywhere = (True, True, True)
    pieces = pieces_of(labels, 1, everywhere)
    column, ends, row = (piece_at(pieces, at) for at in ((3, 1, 1), (0, 4, 4), (2, 4, 0)))
    assert column.spans == column.endless == (0,) and column.faces == "leads through along z"
    assert (ends.voxels, ends.spans, ends.crosses) == (2, (), (0,))
    assert ends.faces == "goes on across the z faces, where the volume repeats"
    assert row.voxels == 4 and row.endless == () and row.crosses == (2,)
    assert column.pieces == 3 and column.rank == 1
    # across z alone, the row falls apart and the ends still meet
    alone = pieces_of(labels, 1, (True, False, False))
    assert piece_at(alone, (2, 4, 0)).voxels == 1 and piece_at(alone, (0, 4, 4)).voxels == 2
    assert piece_at(alone, (2, 4, 4)).faces == "touches the last x face"
    # a bar that leads from face to face, of a volume that repeats only across it
    assert piece_at(pieces_of(labels, 1, (False, True, True)), (3, 1, 1)).faces == "leads through along z"
    stairs = piece_at(pieces_of(labels, 2, everywhere), (4, 3, 0))
    assert stairs.pieces == 1 and stairs.crosses == stairs.endless == (1, 2)
    # of a volume that repeats along y alone, they only go across
    assert piece_at(pieces_of(labels, 2, (False, True, False)), (4, 3, 0)).endless == ()


def test_edges_do_not_connect_and_ranks_go_by_size() -> None:
    labels = np.zeros((4, 6, 6), np.uint8)
    labels[0, 0, 0] = labels[1, 1, 0] = 1  # they share an edge only
    labels[:, 3, 3:] = 1
    pieces = pieces_of(labels, 1)
    small, large = piece_at(pieces, (0, 0, 0)), piece_at(pieces, (2, 3, 4))
    assert (small.voxels, small.rank, small.pieces) == (1, 2, 3) and piece_at(pieces, (1, 1, 0)).rank == 2
    assert (large.voxels, large.rank, large.share) == (12, 1, 12 / 14)
    assert large.spans == (0,) and large.faces == "leads through along z; touches the last x face"
    assert small.faces == "touches the first z face, the first y face and the first x face"
    matrix = piece_at(pieces_of(labels, 0), (0, 5, 5))
    assert matrix.spans == (0, 1, 2) and matrix.faces == "leads through along z, y and x"


def test_inside_it_touches_nothing() -> None:
    labels = np.zeros((5, 5, 5), np.uint8)
    labels[2, 2, 1:4] = 2
    found = piece_at(pieces_of(labels, 2), (2, 2, 3))
    assert found.faces == "touches no face" and found.origin == (2, 2, 1) and found.inside.shape == (1, 1, 3)
    with pytest.raises(InputError, match="absent"):
        pieces_of(labels, 1)
    with pytest.raises(InputError, match="not of phase 2"):
        piece_at(pieces_of(labels, 2), (0, 0, 0))


@pytest.mark.parametrize(
    ("cubic_metres", "text"),
    [
        (1.234e-17, "12.3 µm³"), (8e-24, "8,000 nm³"), (5e-22, "500,000 nm³"), (2.1e-12, "0.0021 mm³"),
        (1e-9, "1 mm³"), (0.5, "0.5 m³"),
    ],
)  # fmt: skip
def test_volumes_in_words(cubic_metres: float, text: str) -> None:
    assert format_volume(cubic_metres) == text
