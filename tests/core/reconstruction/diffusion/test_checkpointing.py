"""A training of a denoiser that was interrupted goes on, and ends with the weights of one that was not, to the bit."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.numpy import save_file

from core.errors import InputError
from core.job import finish
from core.reconstruction.checkpoints import Checkpoints, read_checkpoint
from core.reconstruction.diffusion.sections import Exemplar
from core.reconstruction.diffusion.training import DiffusionProgress, TrainedDiffusion, train
from tests.core.reconstruction.diffusion.tiny import TINY, exemplar

STEPS = 6
TURNED = replace(TINY, iterations=STEPS)
PUBLISHED = replace(TURNED, dropout=0.3, bound_weight=0.001, optimiser="adam", prediction="noise")


def run(settings: Any = TURNED, **changed: Any) -> Generator[DiffusionProgress, None, TrainedDiffusion]:
    pictures = [Exemplar(exemplar(seed=number).labels, number, "all") for number in range(2)]
    return train(pictures, 2, settings, **{"seed": 4, **changed})


def interrupted(kept: Checkpoints, steps: int, settings: Any = TURNED) -> None:
    """A training that is left after so many steps, all of which were kept."""
    job = run(settings, checkpoints=kept)
    next(report for report in job if report.step >= steps)
    job.close()
    assert len(read_checkpoint(kept.path)[1]["losses"]) == steps


def same(one: TrainedDiffusion, other: TrainedDiffusion) -> bool:
    mine, its = one.denoiser.state_dict(), other.denoiser.state_dict()
    return one.losses == other.losses and all(torch.equal(mine[name], its[name]) for name in mine)


@pytest.mark.parametrize("settings", [TURNED, PUBLISHED], ids=["muon", "as published"])
def test_weights_are_those_of_an_unbroken_run(settings: Any, tmp_path: Path) -> None:
    unbroken = finish(run(settings))
    assert not same(unbroken, finish(run(settings, seed=5))), "the comparison can fail"
    kept = Checkpoints(tmp_path / "kept", every=0)
    interrupted(kept, 2, settings)
    interrupted(replace(kept, resume=True), 4, settings)
    steps: list[int] = []
    going_on = replace(kept, resume=True)
    assert same(finish(run(settings, checkpoints=going_on), lambda report: steps.append(report.step)), unbroken)
    assert min(steps) == 4, "what was trained is not trained again"
    # what is finished is not trained again
    assert not list(run(settings, checkpoints=going_on))
    assert same(finish(run(settings, checkpoints=going_on)), unbroken)


def test_time_that_was_used_counts(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, every=0, resume=True)
    interrupted(kept, 3)
    head, arrays = read_checkpoint(kept.path)
    head["facts"]["seconds"] = 1e6
    save_file(arrays, kept.path, metadata={"microloom": json.dumps(head)})
    assert finish(run(max_seconds=60, checkpoints=kept)).iterations == 3


def test_what_belongs_to_another_training_is_refused(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, every=0, resume=True)
    interrupted(kept, 2)
    before = kept.path.read_bytes()
    other = [Exemplar(exemplar(seed=number).labels, number, "mirrored") for number in range(2)]
    for job, told in (
        (run(seed=5, checkpoints=kept), "seed"),
        (run(replace(TURNED, batch=3), checkpoints=kept), "settings"),
        (train(other, 2, TURNED, seed=4, checkpoints=kept), "exemplar"),
    ):
        with pytest.raises(InputError, match=f"is another one .*{told}"):
            next(job)
    assert kept.path.read_bytes() == before
    head, arrays = read_checkpoint(kept.path)
    for lost in ("average.", "network.", "generator", "losses"):
        left = {name: array for name, array in arrays.items() if not name.startswith(lost)}
        assert len(left) < len(arrays)
        save_file(left, kept.path, metadata={"microloom": json.dumps(head)})
        with pytest.raises(InputError, match="does not fit"):
            next(run(checkpoints=kept))
