"""Improved precision and recall against their definition, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.quality import precision_recall


def by_hand(samples: np.ndarray, by: np.ndarray, k: int) -> float:
    inside = 0
    for x in samples:
        hit = False
        for i, y in enumerate(by):
            others = sorted(float(np.linalg.norm(y - z)) for j, z in enumerate(by) if j != i)
            hit = hit or float(np.linalg.norm(x - y)) <= others[k - 1]
        inside += hit
    return inside / len(samples)


@pytest.mark.parametrize("k", [1, 3])
def test_against_the_definition(k: int) -> None:
    generator = np.random.default_rng(0)
    a, b = generator.standard_normal((30, 3)), generator.standard_normal((25, 3)) + 1.5
    found = precision_recall(a, b, k)
    assert found.precision == by_hand(a, b, k) and found.recall == by_hand(b, a, k)
    assert 0 < found.precision < 1 and 0 < found.recall < 1
    assert found.neighbours == k


def test_more_samples_than_are_held_at_a_time() -> None:
    # two copies of a line of points: every ball reaches its three nearest, so the next two on either side at most
    line = np.arange(300.0)[:, None]
    found = precision_recall(line + 0.25, line)
    # the last sample lies beyond the end, but within the last ball, which reaches 3
    assert found.precision == 1
    assert precision_recall(line + 4, line).precision == 299 / 300
    assert precision_recall(line + 10, line).precision == 293 / 300


def test_alike_and_apart() -> None:
    cloud = np.random.default_rng(2).standard_normal((20, 4))
    same = precision_recall(cloud, cloud)
    assert (same.precision, same.recall) == (1, 1)
    apart = precision_recall(cloud, cloud + 100)
    assert (apart.precision, apart.recall) == (0, 0)


def test_one_mode_of_two_is_precise_and_recalls_half() -> None:
    generator = np.random.default_rng(3)
    modes = [generator.standard_normal((20, 2)), generator.standard_normal((20, 2)) + 100]
    found = precision_recall(modes[0], np.concatenate(modes))
    assert (found.precision, found.recall) == (1, 0.5)


def test_too_few() -> None:
    with pytest.raises(InputError, match="more than 3"):
        precision_recall(np.zeros((3, 2)), np.zeros((9, 2)))
    with pytest.raises(InputError, match="one space"):
        precision_recall(np.zeros((9, 2)), np.zeros((9, 3)))
