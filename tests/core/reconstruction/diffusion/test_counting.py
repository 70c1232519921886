"""Labels by counting are those by sorting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from core.job import finish
from core.reconstruction.diffusion import counting
from core.reconstruction.diffusion import phases as phases_room
from core.reconstruction.diffusion.counting import labelling_highest, labelling_like, rising
from core.reconstruction.diffusion.phases import labels_around, labels_with


@pytest.mark.parametrize("digits", [1, 8])
@pytest.mark.parametrize("fraction", [0.0, 0.002, 0.3, 0.77, 1.0])
def test_counting_and_sorting_agree(digits: int, fraction: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_AT_ONCE", 200)
    rng = np.random.default_rng(3)
    # with one digit, most are equal to many
    field = rng.normal(size=(9, 10, 11)).round(digits).astype(np.float32)
    labels = np.full(field.shape, 7, np.uint8)
    finish(labelling_highest(field, round(fraction * field.size), labels))
    assert np.array_equal(labels, labels_with(field[None], (1 - fraction, fraction)))
    given, known = rng.random(field.shape) < 0.2, rng.integers(2, size=field.shape, dtype=np.uint8)
    known[~given] = 0
    shares = (1 - fraction, fraction)
    finish(labelling_like(field, shares, labels, known, given))
    assert np.array_equal(labels, labels_around(field[None], shares, known, given))


def test_bits_rise_with_values() -> None:
    values = np.array([-np.float32(3e38), -1, -1e-30, -0.0, 0.0, 1e-45, 1e-30, 0.5, 1, 3e38], np.float32)
    numbers = rising(values).astype(np.int64)
    assert (np.diff(numbers)[[0, 1, 2, 4, 5, 6, 7, 8]] > 0).all() and numbers[3] == numbers[4]


@pytest.mark.parametrize(("phases", "ties"), [(3, False), (4, False), (3, True)])
def test_several_phases_are_those_of_labels_in_memory(phases: int, ties: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(phases)
    field = draw.standard_normal((phases, 5, 6, 7)).astype(np.float32)
    if ties:
        field = np.round(field, 1)
        # no offset parts equal values: they are handed over one by one in the end
        monkeypatch.setattr(counting, "ROUNDS", 4)
        monkeypatch.setattr(phases_room, "ROUNDS", 4)
    monkeypatch.setattr(counting, "_AT_ONCE", 2 * 42)
    shares = draw.dirichlet(np.ones(phases))
    known = draw.integers(phases, size=(5, 6, 7)).astype(np.uint8)
    for given in (np.zeros((5, 6, 7), bool), draw.random((5, 6, 7)) < 0.2, np.ones((5, 6, 7), bool)):
        labels = np.full((5, 6, 7), 9, np.uint8)
        finish(counting.labelling_several_like(field, shares.tolist(), labels, known, given))
        assert np.array_equal(labels, labels_around(field, shares.tolist(), known, given))


def test_values_of_a_rank_are_found_by_counting() -> None:
    values = np.concatenate((np.random.default_rng(0).normal(0, 1e3, 500), [0.0, -0.0, 1e-300, -1e300, 5.0, 5.0]))
    parts = np.array_split(values, 3)
    ranks = (0, 1, 252, 253, len(values) - 1)
    assert finish(counting.ranked(lambda: iter(parts), ranks)) == np.sort(values)[list(ranks)].tolist()


def test_float32_values_of_a_rank_are_found_in_two_passes() -> None:
    draw = np.random.default_rng(1)
    values = np.concatenate((draw.random(400), draw.normal(0, 1e3, 300), [0.0, -0.0, 0.25, 0.25, 1e-30]))
    values = draw.permutation(values.astype(np.float32))
    ranks = np.array([0, 1, 350, 351, 700, len(values) - 1])
    parts = np.array_split(values, 4)
    found = finish(counting.ranking(lambda: iter(parts), ranks))
    assert found.dtype == np.float32 and np.array_equal(found, np.sort(values)[ranks])


@pytest.mark.parametrize("phases", [1, 3])
def test_labelling_can_be_left_after_each_part(phases: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_AT_ONCE", 42)
    monkeypatch.setattr(counting, "_SORTED", 0)
    field = np.random.default_rng(0).standard_normal((phases, 5, 6, 7)).astype(np.float32)
    shares = (0.7, 0.3) if phases == 1 else (0.5, 0.3, 0.2)
    labels, nothing = np.zeros((5, 6, 7), np.uint8), np.broadcast_to(np.uint8(0), (5, 6, 7))
    looks: list[int] = []
    sliced = counting._parts

    def parts(of: np.ndarray) -> Iterator[slice]:
        for part in sliced(of):
            looks.append(part.start)
            yield part

    monkeypatch.setattr(counting, "_parts", parts)
    most = 0
    for _ in counting.labelling_by_counting(field, shares, labels, nothing, nothing.view(np.bool_)):
        most, looks = max(most, len(looks)), []
    assert most <= 2 and len(looks) <= 1, "two parts at once: of places and of their channels"
    assert np.array_equal(labels, labels_with(field, shares))
