"""What the denoiser is trained by: L_hybrid = L_simple + λ·L_vlb (Lee and Yun, Eqs 7 to 12)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from core.reconstruction.diffusion.prediction import Prediction
from core.reconstruction.diffusion.schedule import Schedule

_TINY = 1e-12


def simple(answer: Tensor, wanted: Tensor) -> Tensor:
    """L_simple (Eq. 11), the mean squared error, for each picture of the batch: (N, …) → (N,)."""
    return (answer - wanted).square().flatten(1).mean(1)


def gaussian_divergence(mean: Tensor, log_variance: Tensor, other: Tensor, other_log_variance: Tensor) -> Tensor:
    """D_KL(N(mean, e^log_variance) ‖ N(other, e^other_log_variance)) in nats, element by element."""
    ratio = log_variance - other_log_variance
    return 0.5 * (ratio.exp() - 1 - ratio + (mean - other).square() * (-other_log_variance).exp())


def level_log_likelihood(values: Tensor, mean: Tensor, log_variance: Tensor, levels: int) -> Tensor:
    """log p(x_0 | x_1) in nats, element by element: a Gaussian's share of the bin of each value (Ho et al., Eq. 13).

    ``values`` are some of ``levels`` evenly spread from −1 to 1; the outermost bins reach to infinity. Phases have two
    levels, so that the bins meet at 0; grey pictures of 8 bits have 256.
    """
    half = 1 / (levels - 1)
    scale = (-0.5 * log_variance).exp()
    normal = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    below = normal.cdf((values + half - mean) * scale)  # type: ignore[no-untyped-call]
    under = normal.cdf((values - half - mean) * scale)  # type: ignore[no-untyped-call]
    below = torch.where(values > 1 - half, torch.ones_like(below), below)
    under = torch.where(values < half - 1, torch.zeros_like(under), under)
    return (below - under).clamp_min(_TINY).log()


def bound_term(
    schedule: Schedule, prediction: Prediction, clean: Tensor, x: Tensor, times: Tensor, levels: int = 2
) -> Tensor:
    """One term of L_vlb for each picture: L_0 (Eq. 8) where its time is 1, else L_{t−1} (Eq. 9); (N,), bits a pixel.

    The mean learns nothing from it (Nichol and Dhariwal, Sec. 3.1): the gradient goes to the variance alone.
    """
    shape = (-1,) + (1,) * (clean.ndim - 1)
    left = torch.from_numpy(schedule.left).to(clean)
    now, then = left[times].reshape(shape), left[times - 1].reshape(shape)
    beta = 1 - now / then
    posterior = (1 - then) / (1 - now) * beta
    # at time 1 it would be 0: the next one stands in, as its logarithm is needed
    first = (1 - left[1]) / (1 - left[2]) * (1 - left[2] / left[1])
    log_posterior = torch.where(times.reshape(shape) == 1, first, posterior).log()
    share = torch.zeros_like(x) if prediction.share is None else prediction.share
    log_variance = share * beta.log() + (1 - share) * log_posterior
    of_clean, of_x = then.sqrt() * beta / (1 - now), (1 - beta).sqrt() * (1 - then) / (1 - now)
    mean = of_clean * prediction.clean.detach() + of_x * x
    true_mean = of_clean * clean + of_x * x
    divergence = gaussian_divergence(true_mean, log_posterior, mean, log_variance)
    first_term = -level_log_likelihood(clean, mean, log_variance, levels)
    terms = torch.where(times.reshape(shape) == 1, first_term, divergence)
    return terms.flatten(1).mean(1) / math.log(2)


def prior_term(schedule: Schedule, clean: Tensor) -> Tensor:
    """L_T (Eq. 10) for each picture, (N,), bits a pixel: what pure noise still tells of it. It trains nothing."""
    left = torch.tensor(float(schedule.left[-1]), dtype=clean.dtype)
    zero = torch.zeros_like(clean)
    terms = gaussian_divergence(left.sqrt() * clean, torch.log1p(-left) + zero, zero, zero)
    return terms.flatten(1).mean(1) / math.log(2)


def hybrid(simple_loss: Tensor, terms: Tensor, weight: float, steps: int) -> Tensor:
    """L_hybrid (Eq. 12) of a batch: L_vlb is the sum over all ``steps`` times, of which each picture shows one."""
    return (simple_loss + weight * steps * terms).mean()
