"""Samplers with the exact denoiser of a Gaussian: every map is affine, so its mean and variance are found exactly.

Of data N(m, s²), x_t is N(√ᾱ m, ᾱ s² + 1 − ᾱ), and the expected clean picture is linear in x_t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from core.reconstruction.diffusion.prediction import Prediction, prediction_of, surprise, target_of, with_clean
from core.reconstruction.diffusion.samplers import KINDS, ddim, ddpm, dpm_solver, sample, sde_dpm_solver, stepped
from core.reconstruction.diffusion.schedule import Schedule, Step

MEAN, SPREAD = 0.3, 0.5
SCHEDULE = Schedule("cosine", 1000)


def exact(x: Tensor, time: int) -> Prediction:
    """What is known of the clean value when x is seen."""
    left = float(SCHEDULE.left[time])
    variance = left * SPREAD**2 + 1 - left
    clean = MEAN + math.sqrt(left) * SPREAD**2 / variance * (x - math.sqrt(left) * MEAN)
    return with_clean(Prediction(clean, x), clean, x, math.sqrt(left), math.sqrt(1 - left))


def exact_share(step: Step) -> float:
    """v of the exact variance of x_then given x_now: the posterior's, and what is open about the clean value."""
    open_clean = SPREAD**2 * (1 - step.left) / (step.left * SPREAD**2 + 1 - step.left)
    weight = math.sqrt(step.after) * step.beta / (1 - step.left)
    variance = step.posterior_variance + weight**2 * open_clean
    low, high = math.log(step.posterior_variance), math.log(step.beta)
    return (math.log(variance) - low) / (high - low)


Move = Callable[[Tensor, Prediction, Step, Tensor], Tensor]


def moments(move: Move, steps: int, share: bool = False) -> tuple[float, float]:
    """Mean and variance of what comes out of standard normal noise, by following both through affine steps."""
    mean, variance = 0.0, 1.0
    zero = torch.tensor(0.0, dtype=torch.float64)
    for now, then in pairwise(SCHEDULE.trajectory(steps)):
        step = SCHEDULE.between(now, then)

        def out(x: float, noise: float, now: int = now, step: Step = step) -> float:
            x_now = zero + x
            found = exact(x_now, now)
            if share and step.after < 1:
                found = Prediction(found.clean, found.noise, zero + exact_share(step))
            return float(move(x_now, found, step, zero + noise))

        start, along, fresh = out(0, 0), out(1, 0) - out(0, 0), out(0, 1) - out(0, 0)
        mean, variance = start + along * mean, along**2 * variance + fresh**2
    return mean, variance


@pytest.mark.parametrize("steps", [4, 20, 300])
def test_ancestral_sampling_with_the_exact_variance_is_exact_at_any_number_of_steps(steps: int) -> None:
    # the last step takes the mean alone: its variance is missing, and known
    mean, variance = moments(ddpm, steps, share=True)
    last = SCHEDULE.between(*SCHEDULE.trajectory(steps)[-2:])
    missing = SPREAD**2 * (1 - last.left) / (last.left * SPREAD**2 + 1 - last.left)
    assert mean == pytest.approx(MEAN, rel=1e-3)
    assert variance + missing == pytest.approx(SPREAD**2, rel=1e-6)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_implicit_sampling_converges_to_the_gaussian(eta: float) -> None:
    errors = []
    for steps in (20, 100, 1000):
        mean, variance = moments(lambda x, found, step, noise: ddim(x, found, step, noise, eta), steps)
        assert mean == pytest.approx(MEAN, abs=2e-3)
        errors.append(abs(variance - SPREAD**2))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.01


def test_implicit_sampling_with_full_noise_is_ancestral_sampling() -> None:
    draw = torch.Generator().manual_seed(0)
    for now, then in [(900, 700), (500, 499), (20, 3), (5, 0)]:
        step = SCHEDULE.between(now, then)
        x, noise = (torch.randn(50, generator=draw, dtype=torch.float64) for _ in range(2))
        found = exact(x, now)
        assert torch.allclose(ddim(x, found, step, noise, 1.0), ddpm(x, found, step, noise), rtol=0, atol=1e-12)


def test_the_solver_is_of_second_order() -> None:
    # of the equation's solution it is known that it stretches noise by the standard deviation
    def spread(steps: int, second: bool) -> float:
        ends = []
        for x in (torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)):
            before = None
            # from a time with little picture to one with little noise, where the equation is smooth
            for now, then in pairwise([int(t) for t in torch.linspace(900, 100, steps + 1)]):
                step, found = SCHEDULE.between(now, then), exact(x, now)
                x = dpm_solver(x, found, step, before)
                before = (step, found) if second else None
            ends.append(float(x))
        return ends[1] - ends[0]

    def deviation(time: int) -> float:
        left = float(SCHEDULE.left[time])
        return math.sqrt(left * SPREAD**2 + 1 - left)

    truth = deviation(100) / deviation(900)
    first = [abs(spread(steps, False) - truth) for steps in (20, 40)]
    second = [abs(spread(steps, True) - truth) for steps in (20, 40)]
    assert first[0] / first[1] == pytest.approx(2, abs=0.3)
    assert second[0] / second[1] > 3.2
    assert second[0] < first[0] / 5


def test_the_first_order_solver_is_implicit_sampling() -> None:
    step = SCHEDULE.between(600, 500)
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    found = exact(x, 600)
    assert torch.allclose(dpm_solver(x, found, step), ddim(x, found, step, x), rtol=0, atol=1e-12)


def test_the_first_order_solver_with_fresh_noise_is_ancestral_sampling() -> None:
    step = SCHEDULE.between(600, 500)
    x, noise = torch.linspace(-2, 2, 9, dtype=torch.float64), torch.linspace(1, -1, 9, dtype=torch.float64)
    found = exact(x, 600)
    assert torch.allclose(sde_dpm_solver(x, found, step, noise), ddpm(x, found, step, noise), rtol=0, atol=1e-12)


def test_with_fresh_noise_second_order_comes_nearer_to_the_gaussian() -> None:
    # every map is affine: the variance is the sum of the squares of what each single draw of noise does
    def variance(steps: int, second: bool) -> float:
        draws = torch.cat((torch.zeros(1, steps + 1, dtype=torch.float64), torch.eye(steps + 1, dtype=torch.float64)))
        x, before = draws[:, 0], None
        for number, (now, then) in enumerate(pairwise(SCHEDULE.trajectory(steps))):
            step, found = SCHEDULE.between(now, then), exact(x, now)
            x = sde_dpm_solver(x, found, step, draws[:, number + 1], before)
            before = (step, found) if second else None
        return float((x[1:] - x[0]).square().sum())

    first, second = ([abs(variance(steps, order) - SPREAD**2) for steps in (20, 40, 160)] for order in (False, True))
    assert all(now < then / 3 for now, then in zip(second, first, strict=True))
    assert second[0] > second[1] > second[2]
    assert second[2] < 0.002


@pytest.mark.parametrize("kind", ["dpm-solver++", "sde-dpm-solver++"])
def test_second_order_keeps_the_rarer_of_two_coarse_phases(kind: str) -> None:
    """A structure of a hundred pixels that are all −1 or all 1 acts as one value of −10 or 10 in unit noise."""
    rare, size = 0.2, 10.0

    def denoise(x: Tensor, time: int) -> Prediction:
        left = float(SCHEDULE.left[time])
        signal, spread = math.sqrt(left), math.sqrt(1 - left)
        clean = size * torch.tanh((math.log(rare / (1 - rare)) + 2 * signal * size / spread**2 * x) / 2)
        return with_clean(Prediction(clean, x), clean, x, signal, spread)

    def share(kind: str, crowding: float) -> float:
        draw = torch.Generator().manual_seed(0)
        job = sample(denoise, SCHEDULE, torch.randn(20_000, generator=draw), SCHEDULE.trajectory(30, crowding),
                     lambda: torch.randn(20_000, generator=draw), kind, 1.0)  # fmt: skip
        return float((list(job)[-1] > 0).double().mean())

    # one standard deviation of the count is 0.003
    assert share("ddim", 1.0) < rare - 0.03
    assert share(kind, 1.0) < rare - 0.015
    assert share(kind, 2.0) == pytest.approx(rare, abs=0.012)


@pytest.mark.parametrize("kind", KINDS)
def test_a_point_is_found_by_every_sampler(kind: str) -> None:
    # where the denoiser knows the picture, every sampler ends there
    picture = torch.linspace(-1, 1, 12)

    def denoise(x: Tensor, time: int) -> Prediction:
        left = float(SCHEDULE.left[time])
        return with_clean(Prediction(picture, x), picture, x, math.sqrt(left), math.sqrt(1 - left))

    draw = torch.Generator().manual_seed(1)
    job = sample(denoise, SCHEDULE, torch.randn(12, generator=draw), SCHEDULE.trajectory(9),
                 lambda: torch.randn(12, generator=draw), kind, 0.5)  # fmt: skip
    seen = list(job)
    assert len(seen) == 9
    assert torch.allclose(seen[-1], picture, atol=1e-6)


def test_no_noise_is_drawn_that_is_not_used() -> None:
    def never() -> Tensor:
        raise AssertionError("noise was drawn")

    x, step = torch.zeros(3), SCHEDULE.between(500, 400)
    found = exact(x, 500)
    stepped("ddim", x, found, step, never, 0.0)
    stepped("dpm-solver++", x, found, step, never)
    for kind in ("ddpm", "sde-dpm-solver++"):
        with pytest.raises(AssertionError, match="noise was drawn"):
            stepped(kind, x, found, step, never)


@pytest.mark.parametrize("kind", ["noise", "velocity"])
def test_answers_are_taken_back_to_picture_and_noise(kind: str) -> None:
    draw = torch.Generator().manual_seed(2)
    clean, noise = (torch.randn(5, generator=draw, dtype=torch.float64) for _ in range(2))
    signal, spread = 0.6, 0.8
    x = signal * clean + spread * noise
    wanted = target_of(kind, clean, noise, torch.tensor(signal), torch.tensor(spread))
    found = prediction_of(kind, wanted, x, signal, spread)
    assert torch.allclose(found.clean, clean)
    assert torch.allclose(found.noise, noise)


def test_velocity_is_karras_preconditioning() -> None:
    """For data of mean square 1: c_skip, c_out and c_in of Karras et al. (2022, Table 1), up to the answer's sign."""
    draw = torch.Generator().manual_seed(3)
    x, answer = (torch.randn(6, generator=draw, dtype=torch.float64) for _ in range(2))
    for left in (0.02, 0.5, 0.98):
        signal, spread = math.sqrt(left), math.sqrt(1 - left)
        sigma = spread / signal
        c_skip, c_out, c_in = 1 / (sigma**2 + 1), sigma / math.sqrt(sigma**2 + 1), 1 / math.sqrt(sigma**2 + 1)
        # the picture with unscaled noise is x / √ᾱ: what the network sees is x
        assert torch.allclose(c_in * x / signal, x)
        found = prediction_of("velocity", -answer, x, signal, spread)
        assert torch.allclose(found.clean, c_skip * x / signal + c_out * answer)


def test_own_evidence_is_bayes_rule() -> None:
    """Of a value that is −1 or 1 with a known share, seen through noise."""
    share, signal, spread = 0.2, 0.6, 0.8
    x = torch.linspace(-2, 2, 9, dtype=torch.float64).reshape(1, 1, 9)
    high = share * torch.exp(-((x - signal) ** 2) / (2 * spread**2))
    low = (1 - share) * torch.exp(-((x + signal) ** 2) / (2 * spread**2))
    prior = torch.full_like(x, math.log(share / (1 - share)))
    found = prediction_of("odds", prior, x, signal, spread)
    assert torch.allclose(found.clean, (high - low) / (high + low))
    assert torch.allclose(signal * found.clean + spread * found.noise, x)
    assert found.open is not None
    assert torch.allclose(found.open, 1 - found.clean**2)


def test_own_evidence_of_several_phases_is_bayes_rule() -> None:
    shares, signal, spread = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64), 0.6, 0.8
    x = torch.randn((4, 3, 5), generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    pictures = 2 * torch.eye(3, dtype=torch.float64) - 1
    away = ((x[:, None] - signal * pictures[None, :, :, None]) ** 2).sum(2)
    chances = shares[None, :, None] * torch.exp(-away / (2 * spread**2))
    chances = chances / chances.sum(1, keepdim=True)
    found = prediction_of("odds", shares.log()[None, :, None].expand_as(x), x, signal, spread)
    assert torch.allclose(found.clean, 2 * chances - 1)


def test_the_best_variance_of_a_step_is_the_exact_one() -> None:
    """Of a value that is −1 or 1, x_then given x_now is a mixture of two Gaussians: its variance, place by place."""
    step = SCHEDULE.between(600, 300)
    signal, spread = math.sqrt(step.left), math.sqrt(1 - step.left)
    x = torch.linspace(-2, 2, 7, dtype=torch.float64).reshape(1, 1, 7)
    found = prediction_of("odds", torch.full_like(x, -0.7), x, signal, spread)
    high = (found.clean + 1) / 2
    means = [step.posterior_mean(torch.full_like(x, value), x) for value in (-1.0, 1.0)]
    mean = (1 - high) * means[0] + high * means[1]
    squares = (1 - high) * means[0] ** 2 + high * means[1] ** 2
    variance = step.posterior_variance + squares - mean**2
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    assert torch.allclose(ddpm(x, found, step, zero), mean)
    assert torch.allclose((ddpm(x, found, step, one) - mean) ** 2, variance)


@pytest.mark.parametrize("channels", [1, 3])
def test_surprise_is_least_at_the_true_odds(channels: int) -> None:
    """Its mean over the data, which the shares stand for, has no slope at their logarithms."""
    shares = torch.tensor([0.3] if channels == 1 else [0.2, 0.3, 0.5], dtype=torch.float64)
    true = torch.log(shares / (1 - shares)) if channels == 1 else shares.log()
    odds = true[None, :, None].clone().requires_grad_(True)
    if channels == 1:
        parts = [(0.3, torch.ones(1, 1, 1)), (0.7, -torch.ones(1, 1, 1))]
    else:
        parts = [(float(share), 2 * torch.eye(3)[None, :, number, None] - 1) for number, share in enumerate(shares)]
    loss = sum(share * surprise(odds, picture.double()).sum() for share, picture in parts)
    (slope,) = torch.autograd.grad(loss, odds)  # type: ignore[arg-type]
    assert torch.allclose(slope, torch.zeros_like(slope), atol=1e-12)
    entropy = -(0.3 * math.log(0.3) + 0.7 * math.log(0.7)) if channels == 1 else -float((shares * shares.log()).sum())
    assert float(loss.detach()) == pytest.approx(entropy)
