"""A part held out: which it is, when training ends, which weights are kept, and going on after a kill."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.job import finish
from core.reconstruction.checkpoints import Checkpoints
from core.reconstruction.diffusion import held_out
from core.reconstruction.diffusion.classes import PATIENCE, patience_for
from core.reconstruction.diffusion.engine import DiffusionEngine
from core.reconstruction.diffusion.held_out import parted
from core.reconstruction.diffusion.sections import Exemplar
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.diffusion.training import DiffusionProgress, TrainedDiffusion, train
from tests.core.reconstruction.diffusion.tiny import TINY, exemplar, target

HASTY = replace(
    TINY, held_out_looks=2, iterations=30, optimiser="adam", learning_rate=0.1, final_rate=1.0, averaging=0.0
)
"""Steps so large that it soon gets worse."""
Run = Generator[DiffusionProgress, None, TrainedDiffusion]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_out, "LOOK_EVERY", 2)
    monkeypatch.setattr(held_out, "LOOKS", 6)


def run(settings: DiffusionSettings = HASTY, checkpoints: Checkpoints | None = None) -> Run:
    return train([Exemplar(exemplar().labels, 0, "all")], 2, settings, seed=4, checkpoints=checkpoints)


def same(one: TrainedDiffusion, other: TrainedDiffusion) -> bool:
    mine, its = one.denoiser.state_dict(), other.denoiser.state_dict()
    return one.losses == other.losses and all(torch.equal(mine[name], its[name]) for name in mine)


@pytest.mark.parametrize("shape", [(40, 70), (70, 40)])
def test_of_few_pictures_a_strip_is_held_out(shape: tuple[int, int]) -> None:
    labels = np.arange(shape[0] * shape[1]).reshape(shape)
    (kept,), (held,) = parted([Exemplar(labels, 3, "mirrored")], 16)
    assert sorted([*kept.labels.ravel(), *held.labels.ravel()]) == list(range(labels.size)), "each pixel in one of them"
    assert min(held.labels.shape) == 16 and (held.label, held.symmetries) == (3, "mirrored")
    with pytest.raises(InputError, match="two crops of 36 px do not fit"):
        parted([Exemplar(labels)], 36)


def test_of_many_pictures_whole_ones_are_held_out() -> None:
    pictures = [Exemplar(np.full((16, 16), number), number % 2) for number in range(40)]
    kept, held = parted(pictures, 16)
    assert sorted(id(item) for item in [*kept, *held]) == sorted(map(id, pictures))
    assert [item.label for item in held] == [0] * 3 + [1] * 3, "15 % of twenty"


def test_it_ends_when_it_gets_no_better_and_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[DiffusionProgress] = []
    trained = finish(run(), seen.append)
    assert trained.held_out is not None
    looks = trained.held_out["looks"]
    assert looks == [[report.step, report.held_out] for report in seen if report.held_out == report.held_out]
    values = [loss for _step, loss in looks]
    best = int(np.argmin(values))
    assert trained.held_out["ended"] and trained.held_out["best"] == looks[best]
    assert len(looks) == best + 1 + 2, "two looks of patience"
    assert trained.iterations == looks[-1][0] < HASTY.iterations
    # the weights are those after the step of the best look, which a shorter training ends with
    monkeypatch.setattr(held_out, "LOOK_EVERY", 1000)
    until = finish(run(replace(HASTY, iterations=looks[best][0])))
    assert until.held_out is not None and until.held_out["looks"] == [looks[best]]
    assert all(map(torch.equal, until.denoiser.state_dict().values(), trained.denoiser.state_dict().values()))


def test_without_patience_nothing_is_held_out() -> None:
    plain = finish(run(TINY))
    assert plain.held_out is None and same(plain, finish(run(replace(TINY, held_out_looks=0))))
    patient = finish(run(replace(TINY, held_out_looks=1000)))
    assert patient.held_out is not None
    assert [step for step, _loss in patient.held_out["looks"]] == [2, 3], "the last step is looked at, too"
    assert not patient.held_out["ended"]


def test_a_training_that_was_killed_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    unbroken = finish(run())
    assert unbroken.held_out is not None
    kept = Checkpoints(tmp_path, every=0)
    # once before the best look, once while waiting for a better one
    best = unbroken.held_out["best"][0]
    for steps in (max(1, best - 1), best + 1):
        job = run(checkpoints=kept)
        next(report for report in job if report.step >= steps)
        job.close()
        kept = replace(kept, resume=True)
    resumed = finish(run(checkpoints=kept))
    assert same(resumed, unbroken) and resumed.held_out == unbroken.held_out
    # what has ended early does not go on
    assert not list(run(checkpoints=kept)) and same(finish(run(checkpoints=kept)), unbroken)


def test_few_images_are_held_out_unasked_and_the_card_tells() -> None:
    image = exemplar()
    assert patience_for({"a": [image] * 4}, 16) == PATIENCE
    assert patience_for({"a": [image] * 4, "b": [image] * 3}, 16) == 0, "each of three is needed"
    assert patience_for({"a": [image] * 40}, 16) == 0, "these are many"
    model = finish(DiffusionEngine().train(target(), replace(TINY, held_out_looks=5)))
    assert model.card["held_out"]["patience"] == 5 and model.card["settings"]["held_out_looks"] == 5
    again = DiffusionEngine().restore(model.card, model.weights())
    assert again.card["held_out"] == model.card["held_out"]
    assert "held_out" not in finish(DiffusionEngine().train(target(), TINY)).card


def test_the_dice_of_training_are_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = replace(TINY, held_out_looks=1000, iterations=4)
    often_seen = finish(run(patient))
    monkeypatch.setattr(held_out, "LOOK_EVERY", 4)
    assert finish(run(patient)).losses == often_seen.losses
