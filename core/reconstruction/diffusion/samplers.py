"""From noise to a picture, one step at a time: ancestral (DDPM), implicit (DDIM) and DPM-Solver++(2M), with or without
fresh noise.

A sampler goes from x at one time to x at an earlier one, given what the denoiser says of x. Whatever calls it decides
which times, which noise and, for volumes, which plane the denoiser looks at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from core.reconstruction.diffusion.prediction import Prediction
from core.reconstruction.diffusion.schedule import Schedule, Step

KINDS = ("ddim", "ddpm", "dpm-solver++", "sde-dpm-solver++")
SECOND_ORDER = ("dpm-solver++", "sde-dpm-solver++")
"""Those that look back at what was expected a step before."""


def draws_noise(kind: str, eta: float) -> bool:
    """Whether steps of the sampler named ``kind`` draw fresh noise."""
    return kind in ("ddpm", "sde-dpm-solver++") or (kind == "ddim" and eta > 0)


def ddpm(x: Tensor, found: Prediction, step: Step, noise: Tensor) -> Tensor:
    """Ancestral sampling: draw from p_θ(x_then | x_now) (Eq. 6), a Gaussian about the posterior's mean.

    Its variance is what the denoiser has learned: between β̃ and β in logarithms. Where it says how open x_0 is, it is
    the best one for long steps, β̃ plus what the open x_0 adds (Bao et al., Analytic-DPM, 2022, place by place); β̃
    alone, for which x_0 is known, makes the rarer phase rarer still. Else it is β̃.
    """
    mean = step.posterior_mean(found.clean, x)
    if step.after == 1:
        return mean
    if found.share is None and found.open is not None:
        return mean + (step.posterior_variance + step.weight_of_clean**2 * found.open).sqrt() * noise
    if found.share is None:
        return mean + math.sqrt(step.posterior_variance) * noise
    log_variance = found.share * math.log(step.beta) + (1 - found.share) * math.log(step.posterior_variance)
    return mean + (0.5 * log_variance).exp() * noise


def ddim(x: Tensor, found: Prediction, step: Step, noise: Tensor, eta: float = 0.0) -> Tensor:
    """Implicit sampling (Eqs 15 and 17). With η = 0 the noise found is kept, with η = 1 the variance is DDPM's β̃."""
    variance = eta**2 * step.posterior_variance
    kept = math.sqrt(max(0.0, 1 - step.after - variance))
    return math.sqrt(step.after) * found.clean + kept * found.noise + math.sqrt(variance) * noise


def dpm_solver(x: Tensor, found: Prediction, step: Step, before: tuple[Step, Prediction] | None = None) -> Tensor:
    """DPM-Solver++(2M) (Lu et al., 2022, Alg. 2): the equation of DDIM, solved to second order.

    The last step, to λ = ∞, takes the clean picture as it is.
    """
    if step.after == 1:
        return found.clean
    width = _log_ratio(step.after) - _log_ratio(step.left)
    shrinking = math.sqrt((1 - step.after) / (1 - step.left))
    return shrinking * x - math.sqrt(step.after) * math.expm1(-width) * drawn_on(found, step, before)


def sde_dpm_solver(
    x: Tensor, found: Prediction, step: Step, noise: Tensor, before: tuple[Step, Prediction] | None = None
) -> Tensor:
    """SDE-DPM-Solver++(2M) (Lu et al., 2022, App. A): the stochastic equation that DDPM steps along, to second order.

    To first order a step is a draw from q(x_then | x_now, x_0). In few steps, that of what is expected now makes the
    rarer phase rarer: its clean picture is drawn on to the middle of the step.
    """
    if step.after == 1:
        return found.clean
    return step.posterior_mean(drawn_on(found, step, before), x) + math.sqrt(step.posterior_variance) * noise


def drawn_on(found: Prediction, step: Step, before: tuple[Step, Prediction] | None) -> Tensor:
    """The clean picture in the middle of a step, on a straight line in λ = log(√ᾱ / √(1 − ᾱ)) through the beginnings of
    the step ``before`` and of this one."""
    if before is None:
        return found.clean
    earlier, last = before
    ratio = (_log_ratio(earlier.after) - _log_ratio(earlier.left)) / (_log_ratio(step.after) - _log_ratio(step.left))
    return torch.lerp(last.clean, found.clean, 1 + 0.5 / ratio)


def _log_ratio(left: float) -> float:
    return 0.5 * math.log(left / (1 - left))


def sample(
    denoise: Callable[[Tensor, int], Prediction],
    schedule: Schedule,
    start: Tensor,
    times: Sequence[int],
    draw: Callable[[], Tensor],
    kind: str = "ddim",
    eta: float = 0.0,
) -> Generator[Tensor, None, Tensor]:
    """Pictures from noise ``start`` (at ``times[0]``) to the last of ``times``; yields x after each step.

    ``denoise`` is asked with x and its time; ``draw`` gives standard normal noise of x's shape.
    """
    x, before = start, None
    for now, then in pairwise(times):
        step, found = schedule.between(now, then), denoise(x, now)
        x = stepped(kind, x, found, step, draw, eta, before)
        before = (step, found)
        yield x
    return x


def stepped(
    kind: str,
    x: Tensor,
    found: Prediction,
    step: Step,
    draw: Callable[[], Tensor],
    eta: float = 0.0,
    before: tuple[Step, Prediction] | None = None,
) -> Tensor:
    """One step of the sampler named ``kind``."""
    if kind == "ddpm":
        return ddpm(x, found, step, draw())
    if kind == "ddim":
        return ddim(x, found, step, draw() if eta else x, eta)
    if kind == "sde-dpm-solver++":
        return sde_dpm_solver(x, found, step, draw(), before)
    return dpm_solver(x, found, step, before)
