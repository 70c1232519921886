"""Training at a tiny size: repeatable, bounded, and it learns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.job import finish
from core.reconstruction.diffusion import training
from core.reconstruction.diffusion.denoiser import Condition
from core.reconstruction.diffusion.optimiser import AS_ADAM, Stepping, optimisers
from core.reconstruction.diffusion.phases import as_channels
from core.reconstruction.diffusion.sections import Exemplar
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.diffusion.training import (
    DiffusionProgress,
    TrainedDiffusion,
    follow,
    forgetting,
    loss_of,
    parts,
    spread_times,
    train,
)
from tests.core.reconstruction.diffusion.tiny import TINY, exemplar, tiny_denoiser

PICTURE = exemplar().labels


def run(settings: DiffusionSettings = TINY, **changed: Any) -> tuple[TrainedDiffusion, list[DiffusionProgress]]:
    seen: list[DiffusionProgress] = []
    given = {"seed": 4, **changed}
    return finish(train([Exemplar(PICTURE, 0, "all")], 2, settings, **given), seen.append), seen


def same(one: TrainedDiffusion, other: TrainedDiffusion) -> bool:
    first, second = one.denoiser.state_dict(), other.denoiser.state_dict()
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("changed", [{}, {"dropout": 0.3, "bound_weight": 0.001, "optimiser": "adam"}])
def test_the_same_seed_gives_the_same_weights(changed: dict[str, Any]) -> None:
    settings = replace(TINY, **changed)
    first, _ = run(settings)
    state = torch.random.get_rng_state()
    again, _ = run(settings)
    other, _ = run(settings, seed=5)
    assert torch.equal(torch.random.get_rng_state(), state)  # and nobody else's dice are touched
    assert same(first, again)
    assert not same(first, other)
    assert first.losses == again.losses
    assert len(first.losses) == first.iterations == TINY.iterations


def test_looking_does_not_change_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    unseen, _ = run()
    monkeypatch.setattr(training, "FIRST_PREVIEW_SECONDS", -1.0)
    monkeypatch.setattr(training, "PREVIEW_EDGE", 8)
    watched, seen = run(fractions=(0.25,))
    assert same(watched, unseen)
    shown = [report for report in seen if report.preview is not None]
    assert shown
    assert shown[0].preview is not None
    assert shown[0].preview.shape == (8, 8, 8)
    assert shown[0].preview.dtype == np.uint8
    assert all(report.snapshot is not None for report in shown)
    assert shown[0].snapshot is not None
    assert shown[0].snapshot.iterations == shown[0].step
    # and later steps leave a snapshot alone
    assert not same(shown[0].snapshot, watched)


def test_parts_add_up_to_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    # without dropout it does not matter how many go through the network at once
    settings = replace(TINY, batch=5, iterations=1, optimiser="adam")
    whole, _ = run(settings)
    monkeypatch.setitem(training._FEATURES_AT_ONCE, "cpu", 2 * 16 * 16 * 8)
    assert [rows.stop - rows.start for rows in parts(settings, "cpu")] == [2, 2, 1]
    apart, _ = run(settings)
    assert apart.losses[0] == pytest.approx(whole.losses[0], rel=1e-4)


def test_it_learns() -> None:
    # a picture of stripes is soon known
    stripes = np.tile(np.array([0, 0, 1, 1], dtype=np.uint8), (32, 8))
    settings = replace(TINY, iterations=60, batch=8, untold=1.0, learning_rate=3e-3, turning_rate=1e-2)
    trained = finish(train([Exemplar(stripes, 0, "none")], 2, settings, seed=0))
    losses = np.array(trained.losses)
    assert losses[-10:].mean() < 0.8 * losses[:3].mean()


def test_a_time_limit_ends_it_early() -> None:
    trained, seen = run(replace(TINY, iterations=100_000), max_seconds=0.5)
    assert 1 <= trained.iterations < 100_000
    assert seen[-1].fraction == pytest.approx(1, abs=0.05)


def test_a_job_that_is_closed_ends() -> None:
    job = train([Exemplar(PICTURE, 0, "all")], 2, TINY, seed=0)
    next(job)
    job.close()


def test_pictures_smaller_than_crops_are_refused() -> None:
    with pytest.raises(InputError, match="smaller than crops"):
        run(replace(TINY, crop=64))


def test_times_are_all_as_likely_and_spread() -> None:
    draw = torch.Generator().manual_seed(0)
    seen = torch.stack([spread_times(10, 50, draw) for _ in range(400)])
    assert seen.min() == 1
    assert seen.max() == 50
    # one in each tenth of the time
    assert torch.equal(((seen - 1) // 5).sort(dim=1).values, torch.arange(10).expand(400, 10))
    counts = seen.flatten().bincount(minlength=51)[1:]
    assert float(counts.float().std()) < 12
    assert float(seen[:, 0].float().mean()) == pytest.approx(25.5, abs=2.5)


def test_a_share_is_forgotten() -> None:
    told = Condition(torch.full((4000, 1), 0.4), torch.full((4000,), 2))
    found = forgetting(told, replace(TINY, untold=0.3), torch.Generator().manual_seed(0))
    assert float(found.fraction.isnan().float().mean()) == pytest.approx(0.3, abs=0.03)
    assert float((found.label == -1).float().mean()) == pytest.approx(training.LABEL_UNTOLD, abs=0.02)
    assert not told.fraction.isnan().any()


def test_averages_follow() -> None:
    average, denoiser = tiny_denoiser(), tiny_denoiser()
    for parameter in denoiser.parameters():
        parameter.add_(1.0)
    before = average.first.weight.clone()
    follow(average, denoiser, 0.9, 10_000)
    assert torch.allclose(average.first.weight, before + 0.1, atol=1e-6)
    follow(average, denoiser, 0.9, 1)  # while there are few, by more
    assert torch.allclose(average.first.weight, before + 0.1 + 0.9 * 9 / 11, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_loss_of_odds_is_the_entropy_of_a_coin_where_nothing_is_known(channels: int) -> None:
    """At the last time there is only noise; an answer of 0 then means that all phases are as likely."""
    denoiser = tiny_denoiser(channels=channels, prediction="odds")
    denoiser.last.weight.zero_()
    denoiser.last.bias.zero_()  # type: ignore[union-attr]
    labels = torch.randint(2 if channels == 1 else 3, (2, 8, 8), generator=torch.Generator().manual_seed(0))
    clean = torch.from_numpy(as_channels(labels.numpy(), 2 if channels == 1 else 3)).movedim(0, 1).contiguous()
    noise = torch.zeros(clean.shape)
    found = loss_of(denoiser, clean, noise, torch.tensor([50, 50]), Condition.nothing(2, channels))
    assert float(found) == pytest.approx(math.log(2 if channels == 1 else 3), abs=0.02)


def test_the_hybrid_loss_reaches_mean_and_variance() -> None:
    denoiser = tiny_denoiser(bound_weight=0.5).requires_grad_(True).train()
    clean = torch.sign(torch.randn((2, 1, 8, 8), generator=torch.Generator().manual_seed(0)))
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    loss_of(denoiser, clean, noise, torch.tensor([1, 30]), Condition.nothing(2, 1)).backward()
    assert denoiser.last.weight.grad is not None
    assert (denoiser.last.weight.grad.abs().sum((1, 2, 3)) > 0).all()


def test_muon_turns_all_directions_alike() -> None:
    draw = torch.Generator().manual_seed(0)
    for shape in ((4, 3, 3, 3), (40, 2, 3, 3)):
        weight = torch.nn.Parameter(torch.zeros(shape))
        weight.grad = torch.randn(shape, generator=draw)
        Stepping([weight], lr=0.1).step()
        step = weight.detach().reshape(shape[0], -1)
        assert (torch.linalg.svdvals(step) / (0.1 * AS_ADAM * max(step.shape) ** 0.5) - 1).abs().max() < 0.35
        assert (step * weight.grad.reshape(shape[0], -1)).sum() < 0


def test_every_weight_has_one_who_moves_it() -> None:
    denoiser = tiny_denoiser()
    for kind, number in (("adam", 1), ("muon", 2)):
        movers = optimisers(denoiser, replace(TINY, optimiser=kind))
        moved = [id(weight) for mover in movers for group in mover.param_groups for weight in group["params"]]
        assert len(movers) == number
        assert sorted(moved) == sorted(id(parameter) for parameter in denoiser.parameters())
