"""Connected components and percolation: against a flood fill and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.errors import InputError
from core.statistics.components import connectivity, label_components


def neighbours(ndim: int, diagonal: bool) -> list[tuple[int, ...]]:
    steps = [step for step in itertools.product((-1, 0, 1), repeat=ndim) if any(step)]
    return [step for step in steps if diagonal or sum(map(abs, step)) == 1]


def flood_fill(inside: np.ndarray, diagonal: bool) -> np.ndarray:
    """Number the components by walking from each pixel."""
    labels = np.zeros(inside.shape, int)
    for start in itertools.product(*map(range, inside.shape)):
        if not inside[start] or labels[start]:
            continue
        number = labels.max() + 1
        waiting = [start]
        while waiting:
            pixel = waiting.pop()
            if labels[pixel]:
                continue
            labels[pixel] = number
            for step in neighbours(inside.ndim, diagonal):
                other = tuple(a + b for a, b in zip(pixel, step, strict=True))
                if all(0 <= a < n for a, n in zip(other, inside.shape, strict=True)) and inside[other]:
                    waiting.append(other)
    return labels


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = set(zip(one.ravel().tolist(), other.ravel().tolist(), strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) and ((one > 0) == (other > 0)).all()


@pytest.mark.parametrize("slab", [1 << 21, 1])
@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(9, 11), (6, 7, 8), (1, 5), (4, 1, 3)])
def test_equals_a_flood_fill(
    shape: tuple[int, ...], fraction: float, diagonal: bool, slab: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where every plane is a slab of its own and all joins go through the graph."""
    monkeypatch.setattr("core.statistics.components.SLAB_VALUES", slab)
    inside = np.random.default_rng(2).random(shape) < fraction
    labels, count = label_components(inside, diagonal)
    expected = flood_fill(inside, diagonal)
    assert count == expected.max()
    assert sorted(np.unique(labels[inside]).tolist()) == list(range(1, count + 1))
    assert same_partition(labels, expected)


def test_a_winding_pipe_is_one_component_over_all_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.statistics.components.SLAB_VALUES", 1)
    inside = np.zeros((9, 7), bool)
    inside[::2] = True
    inside[1::4, -1] = inside[3::4, 0] = True
    assert label_components(inside)[1] == 1


def test_percolation_by_hand() -> None:
    """A bar through z (8 voxels), a bar of 5 that ends inside, and one voxel alone: 14 in all."""
    inside = np.zeros((8, 6, 6), bool)
    inside[:, 1, 1] = True
    inside[0, 4, :5] = True
    inside[6, 4, 4] = True
    found = connectivity(inside)
    assert found.components == 3
    assert found.density == 3 / inside.size
    assert found.connected == (8 / 14, 0.0, 0.0)
    assert found.largest == 8 / 14


def test_laminate_percolates_along_its_layers_only() -> None:
    inside = np.zeros((32, 16, 20), dtype=np.uint8)
    inside[np.arange(32) % 8 < 3] = 1
    found = connectivity(inside)
    assert found.connected == (0.0, 1.0, 1.0)
    assert found.components == 4
    assert found.largest == 0.25


def test_checkerboard_is_apart_through_faces_and_one_through_corners() -> None:
    square = np.arange(16) // 4
    inside = (square[:, None] + square[None]) % 2 == 0
    assert connectivity(inside).components == 8
    assert connectivity(inside).connected == (0.0, 0.0)
    assert connectivity(inside, diagonal=True).components == 1
    assert connectivity(inside, diagonal=True).connected == (1.0, 1.0)


def test_an_absent_phase_is_refused() -> None:
    with pytest.raises(InputError, match="absent"):
        connectivity(np.zeros((4, 4), bool))
