"""The terms of the bound against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from core.reconstruction.diffusion.objective import (
    bound_term,
    gaussian_divergence,
    hybrid,
    level_log_likelihood,
    prior_term,
    simple,
)
from core.reconstruction.diffusion.prediction import Prediction
from core.reconstruction.diffusion.schedule import Schedule

SCHEDULE = Schedule("linear", 60)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_divergence_of_gaussians() -> None:
    mean, log_variance, other, other_log_variance = (normal(seed, 20) for seed in range(4))
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(other, (0.5 * other_log_variance).exp()))
    assert torch.allclose(gaussian_divergence(mean, log_variance, other, other_log_variance), expected)


@pytest.mark.parametrize("levels", [2, 3, 256])
def test_levels_share_all_of_the_likelihood(levels: int) -> None:
    values = torch.linspace(-1, 1, levels, dtype=torch.float64)
    for mean, log_variance in ((0.1, -1.0), (-0.9, -4.0), (2.0, 1.0)):
        shares = level_log_likelihood(values, torch.full_like(values, mean), torch.full_like(values, log_variance),
                                      levels).exp()  # fmt: skip
        assert float(shares.sum()) == pytest.approx(1, abs=1e-8)


def test_two_phases_meet_in_the_middle() -> None:
    one, zero = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    share = level_log_likelihood(one, 0.3 * one, math.log(0.25) + zero, 2).exp()
    assert float(share) == pytest.approx(float(Normal(zero, one).cdf(torch.tensor(0.6))))


def test_the_terms_are_divergences_from_the_posterior() -> None:
    clean, noise, guess = (normal(seed, 3, 1, 4, 4) for seed in (5, 6, 7))
    times = torch.tensor([2, 30, 60])
    x = SCHEDULE.noised(clean, noise, times)
    share = torch.sigmoid(normal(8, 3, 1, 4, 4))
    found = bound_term(SCHEDULE, Prediction(guess, noise, share), clean, x, times)
    for number, time in enumerate(times.tolist()):
        step = SCHEDULE.between(time, time - 1)
        truth = Normal(step.posterior_mean(clean[number], x[number]), math.sqrt(step.posterior_variance))
        log_variance = share[number] * math.log(step.beta)
        log_variance += (1 - share[number]) * math.log(step.posterior_variance)
        model = Normal(step.posterior_mean(guess[number], x[number]), (0.5 * log_variance).exp())
        bits = kl_divergence(truth, model).mean() / math.log(2)
        assert float(found[number]) == pytest.approx(float(bits), rel=1e-9)


def test_the_first_term_is_the_likelihood_of_the_labels() -> None:
    clean = torch.tensor([[[[1.0, -1.0]]]], dtype=torch.float64)
    guess, times = 0.4 * clean, torch.tensor([1])
    x = SCHEDULE.noised(clean, normal(3, 1, 1, 1, 2), times)
    share = torch.ones_like(x)
    found = bound_term(SCHEDULE, Prediction(guess, x, share), clean, x, times)
    # at time 1 the posterior's mean is the clean picture, and v = 1 means β_1
    deviation = math.sqrt(SCHEDULE.betas[0])
    bits = -(Normal(0.0, 1.0).cdf(torch.tensor(0.4 / deviation, dtype=torch.float64))).log() / math.log(2)
    assert float(found) == pytest.approx(float(bits), abs=1e-9)


def test_the_best_prediction_has_the_smallest_terms() -> None:
    clean, noise = normal(1, 1, 1, 8, 8), normal(2, 1, 1, 8, 8)
    times = torch.tensor([20])
    x = SCHEDULE.noised(clean, noise, times)
    none = torch.zeros_like(x)
    assert float(bound_term(SCHEDULE, Prediction(clean, noise, none), clean, x, times)) == pytest.approx(0, abs=1e-12)
    assert float(bound_term(SCHEDULE, Prediction(clean + 0.1, noise, none), clean, x, times)) > 1e-4


def test_the_bound_teaches_the_variance_alone() -> None:
    clean, noise = normal(1, 2, 1, 4, 4), normal(2, 2, 1, 4, 4)
    times = torch.tensor([1, 20])
    x = SCHEDULE.noised(clean, noise, times)
    guess, share = clean.clone().requires_grad_(), torch.full_like(x, 0.5).requires_grad_()
    bound_term(SCHEDULE, Prediction(guess, noise, share), clean, x, times).sum().backward()
    assert guess.grad is None
    assert share.grad is not None
    assert share.grad.abs().min() > 0


def test_the_prior_term_is_the_divergence_from_pure_noise() -> None:
    clean = normal(9, 2, 1, 3, 3)
    left = torch.tensor(SCHEDULE.left[-1])
    expected = kl_divergence(Normal(left.sqrt() * clean, (1 - left).sqrt()), Normal(0 * clean, 1.0))
    assert torch.allclose(prior_term(SCHEDULE, clean), expected.mean((1, 2, 3)) / math.log(2))


def test_hybrid_adds_up_all_times() -> None:
    loss, terms = torch.tensor([1.0, 3.0]), torch.tensor([0.5, 0.1])
    assert float(hybrid(loss, terms, 0.001, 4000)) == pytest.approx(2 + 4 * 0.3)
    assert torch.equal(simple(torch.ones(2, 1, 2, 2), torch.zeros(2, 1, 2, 2)), torch.ones(2))
