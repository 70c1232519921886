"""How fast a picture drowns in noise: the forward process (Lee and Yun, Eqs 1 to 5) and its posterior.

Times run from 0, the clean picture, to T, pure noise. Everything is in terms of ᾱ_t, the share of the picture's
variance that is left at time t, so that a step may go from any time to any earlier one: with every (T/S)-th time only,
the same formulas hold with α = ᾱ_now/ᾱ_then in place of α_t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

KINDS = ("cosine", "linear")
_LARGEST_BETA = 0.999
"""No step of the cosine schedule adds more than this (Nichol and Dhariwal, Sec. 3.2)."""


@dataclass(frozen=True)
class Schedule:
    """A variance schedule.

    Attributes
    ----------
    kind
        "linear": β rises evenly from 0.1/T to 20/T, which for T = 1000 is as of Ho et al. (2020). "cosine": ᾱ falls as
        a squared cosine (Nichol and Dhariwal, 2021, Eq. 17), which wastes fewer steps on what is noise already.
    steps
        T, at least 2.
    """

    kind: str
    steps: int

    @cached_property
    def betas(self) -> npt.NDArray[np.float64]:
        """β_t of t = 1 … T, shape (T,)."""
        if self.kind == "linear":
            rising = np.linspace(0.1, 20.0, self.steps) / self.steps
            return np.minimum(rising, _LARGEST_BETA)
        left = np.cos((np.arange(self.steps + 1) / self.steps + 0.008) / 1.008 * math.pi / 2) ** 2
        falling: npt.NDArray[np.float64] = np.minimum(1 - left[1:] / left[:-1], _LARGEST_BETA)
        return falling

    @cached_property
    def left(self) -> npt.NDArray[np.float64]:
        """ᾱ_t of t = 0 … T, shape (T + 1,); 1 at t = 0 (Eqs 4 and 5)."""
        return np.concatenate(([1.0], np.cumprod(1 - self.betas)))

    def trajectory(self, steps: int, crowding: float = 1.0) -> list[int]:
        """Times T … 0, ``steps`` + 1 of them (at most T + 1), all different.

        T · (1 − u^c) with u evenly from 0 to 1: evenly spread for a ``crowding`` c of 1, above it closer in the noise.
        """
        count = min(steps, self.steps) + 1
        times = (self.steps * (1 - np.linspace(0, 1, count) ** crowding)).round().astype(int)
        # where they are closest, rounding may make two the same
        return [int(time) for time in np.minimum(times, self.steps - np.arange(count))]

    def between(self, now: int, then: int) -> Step:
        """The step from a time to an earlier one."""
        return Step(float(self.left[now]), float(self.left[then]))

    def of(self, times: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """√ᾱ and √(1 − ᾱ) at each of ``times`` (N,), shaped to go with ``like`` (N, …)."""
        left = torch.from_numpy(self.left)[times.cpu()].to(like.device)
        shape = (-1,) + (1,) * (like.ndim - 1)
        return left.sqrt().to(like.dtype).reshape(shape), (1 - left).sqrt().to(like.dtype).reshape(shape)

    def noised(self, clean: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        """x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε (Eq. 3), each picture of the batch (N, …) at its own time (N,)."""
        signal, spread = self.of(times, clean)
        return signal * clean + spread * noise


@dataclass(frozen=True)
class Step:
    """One step back, from a noisier time to an earlier one.

    Attributes
    ----------
    left, after
        ᾱ now and then; ``left`` < ``after`` ≤ 1.
    """

    left: float
    after: float

    @property
    def beta(self) -> float:
        """Variance that the forward process adds between the two times: β = 1 − ᾱ_now/ᾱ_then."""
        return 1 - self.left / self.after

    @property
    def posterior_variance(self) -> float:
        """β̃, the variance of q(x_then | x_now, x_0)."""
        return (1 - self.after) / (1 - self.left) * self.beta

    def posterior_mean(self, clean: Tensor, x: Tensor) -> Tensor:
        """Mean of q(x_then | x_now, x_0)."""
        of_x = math.sqrt(1 - self.beta) * (1 - self.after) / (1 - self.left)
        return self.weight_of_clean * clean + of_x * x

    @property
    def weight_of_clean(self) -> float:
        """How much x_0 counts in that mean."""
        return math.sqrt(self.after) * self.beta / (1 - self.left)

    def back(self, x: Tensor, noise: Tensor) -> Tensor:
        """x_now from x_then: the forward process once more (Eq. 1)."""
        return math.sqrt(1 - self.beta) * x + math.sqrt(self.beta) * noise
