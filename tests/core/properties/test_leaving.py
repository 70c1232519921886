"""Jobs can be left within an iteration, in blocks that change nothing, and leave no memory behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest
import torch

from core.job import finish
from core.properties import (
    Moduli,
    absolute_permeability,
    conduction,
    effective_conductivity,
    effective_elasticity,
    elastic_grid,
    homogeneous,
)
from core.properties.ends import Faces
from core.properties.homogeneous import HomogeneousSolution

LABELS = (np.random.default_rng(4).random((12, 13, 14)) < 0.7).astype(np.uint8)
JOBS: dict[str, Callable[[], Generator[Any, None, Any]]] = {
    "conductivity": lambda: effective_conductivity(LABELS, {0: 0.0, 1: 1.0}, axes=(0,)),
    "permeability": lambda: absolute_permeability(LABELS == 1, axes=(0,)),
    "elasticity": lambda: effective_elasticity(LABELS, {0: Moduli(0.0, 0.0), 1: Moduli(1.0, 0.3)}),
}


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a volume of a thousand voxels a side would be gone through."""
    monkeypatch.setattr(conduction, "YIELD_VALUES", 200)
    monkeypatch.setattr(conduction, "BLOCK_VALUES", 200)
    monkeypatch.setattr(homogeneous, "PRODUCTS", 30_000)
    for room in (homogeneous, elastic_grid):
        monkeypatch.setattr(room, "YIELD_VALUES", 200)


def test_blocks_give_what_the_whole_gives(small_blocks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    rhs = torch.from_numpy(np.random.default_rng(1).standard_normal(LABELS.shape))
    for faces in (Faces(0), Faces(1, "periodic", "periodic")):
        solution = HomogeneousSolution(LABELS.shape, faces, (1.0, 1.0, 2.0), torch.device("cpu"))
        before = rhs.clone()
        steps = Counted(solution(rhs))
        assert steps.count > 10 and torch.equal(rhs, before)
        with monkeypatch.context() as at_once:
            at_once.setattr(homogeneous, "PRODUCTS", 1 << 34)
            whole = Counted(solution(rhs))
        assert whole.count == 1 and torch.allclose(steps.value, whole.value, rtol=1e-5, atol=1e-5)


class Counted:
    """How often a generator yields, and what it returns."""

    def __init__(self, steps: Generator[None, None, torch.Tensor]) -> None:
        self.count = 0

        def counted(_: None) -> None:
            self.count += 1

        self.value = finish(steps, counted)


def large_tensors() -> list[torch.Tensor]:
    """All that there are in this process."""
    return [found for found in gc.get_objects() if type(found) is torch.Tensor and found.numel() > 1000]


@pytest.mark.parametrize("name", JOBS)
def test_within_an_iteration_a_job_can_be_left_and_frees_its_memory(small_blocks: None, name: str) -> None:
    others = large_tensors()
    job = JOBS[name]()
    within: dict[int, int] = {}
    for progress in job:
        within[progress.iteration] = within.get(progress.iteration, 0) + 1
        if progress.iteration == 3 and within[3] == 3:
            break
    assert within[2] >= 6, "several places in one iteration"
    gc.collect()
    frame = job.gi_frame
    inner = job.gi_yieldfrom
    held = weakref.ref(inner)
    tensors = [weakref.ref(found) for found in large_tensors() if not any(found is other for other in others)]
    assert frame is not None and len(tensors) > 3
    del progress, inner, frame
    job.close()
    # nothing waits for the collector: large volumes are let go of at once
    assert held() is None and not [one for one in tensors if one() is not None]
