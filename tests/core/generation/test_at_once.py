"""Several things at the same time, handed out in order."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.generation.at_once import in_order
from core.generation.block_writing import write_by_blocks
from core.images.zarr_volume import open_zarr
from core.job import finish
from tests.core.generation.recipes import fake_recipe, place_and_tile


def test_two_are_made_at_the_same_time_and_come_in_order() -> None:
    meet = threading.Barrier(2, timeout=60)

    def make(number: int) -> int:
        meet.wait()  # returns only where another one is being made
        return number * number

    assert list(in_order(make, range(10), 2)) == [number * number for number in range(10)]


def test_one_at_a_time_stays_in_the_calling_thread() -> None:
    made = in_order(lambda number: (number, threading.current_thread()), range(3), 1)
    assert list(made) == [(number, threading.current_thread()) for number in range(3)]
    alone = in_order(lambda number: threading.current_thread(), [0], 8)
    assert list(alone) == [threading.current_thread()]


def test_the_threads_of_torch_are_shared_out_and_given_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        assert list(in_order(lambda _: torch.get_num_threads(), range(6), 2)) == [2] * 6
        assert torch.get_num_threads() == 4
        born_later = []
        thread = threading.Thread(target=lambda: born_later.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert born_later == [4]
    finally:
        torch.set_num_threads(before)


def test_an_error_comes_in_its_turn_and_ends_it() -> None:
    made = []

    def make(number: int) -> int:
        made.append(number)
        if number == 3:
            raise MemoryError
        return number

    job = in_order(make, range(100), 2)
    assert [next(job) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(MemoryError):
        next(job)
    assert len(made) < 12


def test_closing_it_begins_nothing_more() -> None:
    made = []
    job = in_order(lambda number: made.append(number), range(100), 2)
    next(job)
    job.close()
    count = len(made)
    assert count < 8
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tile")]


def test_a_volume_is_the_same_however_many_of_its_tiles_are_made_at_once(tmp_path: Path) -> None:
    recipe = fake_recipe((70, 130, 200), periodic=(False, True, False))
    meet = threading.Barrier(2, timeout=60)

    def together(start: tuple[int, int, int], edge: int) -> np.ndarray:
        meet.wait()
        return place_and_tile(start, edge)

    alone = finish(recipe.volume())
    both = replace(recipe, make_tile=together, at_once=2)
    np.testing.assert_array_equal(finish(both.volume()).labels, alone.labels)
    path = finish(write_by_blocks(both, tmp_path / "both.ome.zarr", block=128))
    np.testing.assert_array_equal(open_zarr(path).volume().labels, alone.labels)
