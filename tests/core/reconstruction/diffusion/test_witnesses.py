"""What several planes say, put together: checked against Bayes' rule, written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.reconstruction.diffusion import witnesses
from core.reconstruction.diffusion.prediction import prediction_of
from core.reconstruction.diffusion.schedule import Schedule, Step
from core.reconstruction.diffusion.witnesses import agreed, prior_odds


def at(left: float) -> Step:
    """A step that starts where so much is left of the picture's variance."""
    schedule = Schedule("cosine", 1000)
    now = int(np.abs(np.asarray(schedule.left) - left).argmin())
    return schedule.between(now, now // 2)


def posterior(prior: float, likelihoods: list[tuple[float, float]], x: float, left: float) -> float:
    """Expected value of a voxel of ±1 with this prior of +1, that independent witnesses and its own noise tell of."""
    spread = 1 - left
    for_it, against = prior, 1 - prior
    for with_it, without in likelihoods:
        for_it, against = for_it * with_it, against * without
    for_it *= math.exp(-((x - math.sqrt(left)) ** 2) / (2 * spread))
    against *= math.exp(-((x + math.sqrt(left)) ** 2) / (2 * spread))
    return (for_it - against) / (for_it + against)


def test_independent_witnesses_give_the_posterior(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnesses, "WEIGHT", 1.0)
    prior, x, step = 0.3, 0.4, at(0.2)
    told = [(0.5, 0.2), (0.3, 0.6), (0.9, 0.5)]
    # each witness says prior and likelihood together, as a denoiser of sections does
    said = sum(math.log(prior / (1 - prior)) + math.log(with_it / without) for with_it, without in told)
    found = agreed(torch.full((1, 2, 3, 4), said), torch.full((1, 2, 3, 4), x), step, 3, True, (prior,))
    assert found.flatten().tolist() == pytest.approx([posterior(prior, told, x, step.left)] * 24, rel=1e-5)


def test_what_is_heard_twice_counts_half() -> None:
    # six neighbours, each in two planes: what a plane says is what its four say
    prior, x, step = 0.6, -0.1, at(0.1)
    along = [[(0.5, 0.2), (0.4, 0.3)], [(0.2, 0.3), (0.7, 0.4)], [(0.6, 0.5), (0.1, 0.3)]]
    base = math.log(prior / (1 - prior))
    added = [sum(math.log(with_it / without) for with_it, without in line) for line in along]
    said = sum(base + sum(added) - added[axis] for axis in range(3))
    found = agreed(torch.full((1, 1, 1, 1), said), torch.full((1, 1, 1, 1), x), step, 3, True, (prior,))
    assert float(found) == pytest.approx(posterior(prior, [*along[0], *along[1], *along[2]], x, step.left), rel=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_plane_says_what_it_says(channels: int) -> None:
    draw, step = torch.Generator().manual_seed(0), at(0.5)
    odds, x = (torch.randn((channels, 2, 3, 4), generator=draw) for _ in range(2))
    alone = prediction_of("odds", odds[None], x[None], math.sqrt(step.left), math.sqrt(1 - step.left)).clean[0]
    assert torch.equal(agreed(odds, x, step, 1, True, (1 / channels / 2,) * channels), alone)
    # three that say the same, with no fraction known, say no more than one
    assert torch.allclose(agreed(3 * odds, x, step, 3, True, None), alone, atol=1e-5)


def test_several_phases_are_weighed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnesses, "WEIGHT", 1.0)
    step, shares = at(1e-4), (0.2, 0.3, 0.5)
    likelihoods = torch.tensor([[0.1, 0.6, 0.3], [0.5, 0.4, 0.2], [0.7, 0.2, 0.4]])
    # up to what all phases have in common, which each witness may add at will
    said = torch.stack([prior_odds(shares) + row.log() + 0.7 * number for number, row in enumerate(likelihoods)]).sum(0)
    found = agreed(said.reshape(3, 1, 1, 1), torch.zeros(3, 1, 1, 1), step, 3, True, shares)
    exact = torch.tensor(shares) * likelihoods.prod(0)
    assert torch.allclose((found.flatten() + 1) / 2, exact / exact.sum(), atol=1e-5)


def test_other_answers_are_averaged() -> None:
    said = torch.tensor([0.3, -0.6, 0.9]).sum().reshape(1, 1, 1, 1)
    assert float(agreed(said, torch.zeros(1, 1, 1, 1), at(0.5), 3, False, (0.4,))) == pytest.approx(0.2)


def test_odds_of_a_phase_that_is_nowhere_are_finite() -> None:
    assert torch.isfinite(prior_odds((0.0,))).all() and torch.isfinite(prior_odds((0.0, 0.4, 0.6))).all()
    assert float(prior_odds((0.25,))) == pytest.approx(math.log(1 / 3))
