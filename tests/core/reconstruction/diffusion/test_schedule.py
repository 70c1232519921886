"""The forward process and its posterior, against their definitions."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from core.reconstruction.diffusion.schedule import KINDS, Schedule


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [10, 1000, 4000])
def test_the_picture_fades_from_all_to_nothing(kind: str, steps: int) -> None:
    left = Schedule(kind, steps).left
    assert left.shape == (steps + 1,)
    assert left[0] == 1
    assert (np.diff(left) < 0).all()
    assert 0 < left[-1] < 1e-4 or steps == 10


def test_linear_is_as_published() -> None:
    betas = Schedule("linear", 1000).betas
    assert betas[0] == pytest.approx(1e-4)
    assert betas[-1] == pytest.approx(0.02)
    assert np.diff(betas) == pytest.approx(np.full(999, betas[1] - betas[0]))


def test_cosine_is_as_published() -> None:
    left = Schedule("cosine", 1000).left
    share = (500 / 1000 + 0.008) / 1.008
    first = math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    assert left[500] == pytest.approx(math.cos(share * math.pi / 2) ** 2 / first, rel=1e-9)


def test_one_jump_is_as_many_steps() -> None:
    # Eq. 1, step by step: the coefficients of x_0 and the variance of the noise
    schedule = Schedule("linear", 50)
    signal, variance = 1.0, 0.0
    for beta in schedule.betas[:30]:
        signal, variance = math.sqrt(1 - beta) * signal, (1 - beta) * variance + beta
    clean, noise = torch.ones(1, 1, 1, dtype=torch.float64), torch.ones(1, 1, 1, dtype=torch.float64)
    at = torch.tensor([30])
    assert float(schedule.noised(clean, 0 * noise, at)) == pytest.approx(signal, rel=1e-12)
    assert float(schedule.noised(0 * clean, noise, at)) ** 2 == pytest.approx(variance, rel=1e-12)


def test_the_posterior_is_that_of_bayes() -> None:
    # q(x_s | x_t, x_0) ∝ q(x_t | x_s) q(x_s | x_0): the product of two Gaussians in x_s
    schedule = Schedule("cosine", 40)
    step = schedule.between(30, 20)
    x, clean = torch.tensor(0.7, dtype=torch.float64), torch.tensor(-0.4, dtype=torch.float64)
    keep = math.sqrt(step.left / step.after)
    precision = keep**2 / step.beta + 1 / (1 - step.after)
    mean = (keep * 0.7 / step.beta + math.sqrt(step.after) * -0.4 / (1 - step.after)) / precision
    assert step.posterior_variance == pytest.approx(1 / precision, rel=1e-12)
    assert float(step.posterior_mean(clean, x)) == pytest.approx(mean, rel=1e-12)


def test_going_back_undoes_the_variance() -> None:
    step = Schedule("cosine", 100).between(60, 40)
    # signal and noise of x_then, taken back to now, are those of x_now
    assert float(step.back(torch.tensor(math.sqrt(step.after)), torch.tensor(0.0))) == pytest.approx(
        math.sqrt(step.left)
    )
    variance = float(step.back(torch.tensor(1.0), torch.tensor(0.0))) ** 2 * (1 - step.after) + step.beta
    assert variance == pytest.approx(1 - step.left)


@pytest.mark.parametrize("steps", [1, 7, 100, 500])
def test_trajectories_reach_from_noise_to_picture(steps: int) -> None:
    times = Schedule("linear", 100).trajectory(steps)
    assert len(times) == min(steps, 100) + 1
    assert (times[0], times[-1]) == (100, 0)
    assert all(now > then for now, then in pairwise(times))


@pytest.mark.parametrize("steps", [2, 7, 60, 100, 500])
@pytest.mark.parametrize("crowding", [1.5, 2.0, 4.0])
def test_crowded_trajectories_lie_closer_in_the_noise(steps: int, crowding: float) -> None:
    times = Schedule("cosine", 100).trajectory(steps, crowding)
    assert len(times) == min(steps, 100) + 1
    assert (times[0], times[-1]) == (100, 0)
    strides = [now - then for now, then in pairwise(times)]
    assert min(strides) >= 1
    # but for rounding to whole times, no step is shorter than the one before
    assert all(later >= earlier - 1 for earlier, later in pairwise(strides))
    if steps == 7 and crowding < 4:
        assert times == [round(100 * (1 - (number / 7) ** crowding)) for number in range(8)]
