"""Tiles on one absolute grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from core.errors import InputError, JobError
from core.generation.progress import GenerationProgress
from core.generation.tiles import assemble, tile_origins
from core.job import finish


def positions(origin: tuple[int, int, int], edge: int) -> np.ndarray:
    """A tile whose values tell position and tile, so that a wrong crop or a wrong tile shows."""
    z, y, x = (np.arange(o, o + edge) for o in origin)
    return (z[:, None, None] * 7 + y[:, None] * 31 + x * 3 + edge * 101) % 251


def expected(origin: tuple[int, int, int], size: tuple[int, int, int], edge: int) -> np.ndarray:
    z, y, x = (np.arange(o, o + n) for o, n in zip(origin, size, strict=True))
    return (z[:, None, None] * 7 + y[:, None] * 31 + x * 3 + edge * 101) % 251


@pytest.mark.parametrize(
    ("origin", "size"),
    [((0, 0, 0), (16, 16, 16)), ((0, 0, 0), (17, 5, 40)), ((-3, 15, -33), (20, 2, 70)), ((5, 6, 7), (1, 1, 1))],
)
def test_boxes_are_filled_from_whole_tiles(origin: tuple[int, int, int], size: tuple[int, int, int]) -> None:
    asked: list[tuple[int, int, int]] = []

    def make(start: tuple[int, int, int], edge: int) -> np.ndarray:
        assert edge == 16
        assert all(value % 16 == 0 for value in start)
        asked.append(start)
        return positions(start, edge)

    box, edge = finish(assemble(make, origin, size, edge=16))
    assert edge == 16
    assert np.array_equal(box, expected(origin, size, 16))
    assert asked == tile_origins(origin, size, 16)
    assert len(set(asked)) == len(asked)


def test_reports_put_together_make_the_volume() -> None:
    size = (20, 33, 7)
    seen = np.zeros(size, np.uint8)
    reports: list[GenerationProgress] = []
    box, _ = finish(assemble(positions, (3, -4, 5), size, edge=16), reports.append)
    for report in reports:
        if report.block is not None:
            place = tuple(slice(o, o + n) for o, n in zip(report.origin, report.block.shape, strict=True))
            seen[place] = report.block
    assert np.array_equal(seen, box)
    assert [r.step for r in reports] == list(range(reports[-1].of + 1))
    assert all(a.step < b.step for a, b in pairwise(reports))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.cuda.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_smaller_tiles_are_tried_when_memory_runs_out(error: Exception) -> None:
    calls = 0

    def make(start: tuple[int, int, int], edge: int) -> np.ndarray:
        nonlocal calls
        calls += 1
        if edge > 16 and calls > 1:  # the first large tile still fits
            raise error
        return positions(start, edge)

    box, edge = finish(assemble(make, (0, 0, 0), (70, 10, 10), edge=64))
    assert edge == 16
    # all of it comes from tiles of one edge, none is left over from the larger ones
    assert np.array_equal(box, expected((0, 0, 0), (70, 10, 10), 16))


def test_gives_up_in_words_when_no_tile_fits() -> None:
    def make(start: tuple[int, int, int], edge: int) -> np.ndarray:
        raise MemoryError

    with pytest.raises(JobError, match="16³"):
        finish(assemble(make, (0, 0, 0), (8, 8, 8), edge=64))


def test_other_errors_are_passed_on() -> None:
    def make(start: tuple[int, int, int], edge: int) -> np.ndarray:
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        finish(assemble(make, (0, 0, 0), (8, 8, 8)))


def test_a_volume_beyond_memory_is_a_job_error() -> None:
    with pytest.raises(JobError, match="does not fit"):
        finish(assemble(positions, (0, 0, 0), (2**20, 2**20, 2**20)))


def test_an_empty_volume_is_refused() -> None:
    with pytest.raises(InputError, match="at least one voxel"):
        finish(assemble(positions, (0, 0, 0), (4, 0, 4)))
