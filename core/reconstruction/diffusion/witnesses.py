"""What the three planes through a voxel say of it, put together by Bayes' rule.

Each plane is a witness: its denoiser answers with the log-odds of the voxel's phase by what lies around it there. What
independent witnesses add to the odds that were known before adds up. The mean of their expectations would be less sure
than any one of them where all agree: a volume that is made with it is rough where they miss one another.

They are not independent: each of a voxel's six nearest neighbours lies in two of the three planes. So half of what each
adds is counted. (With all of it, early errors stay and shapes grow coarse; with a third, the mean of the log-odds,
shapes are ragged and full of specks.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from core.reconstruction.diffusion.prediction import expected, phase_odds
from core.reconstruction.diffusion.schedule import Step

WEIGHT = 0.5
"""How much of what each of several planes adds to the log-odds is counted."""
RARE = 1e-4
"""The odds of a phase are never less even than those of this share."""


def agreed(said: Tensor, x: Tensor, step: Step, planes: int, odds: bool, fractions: Sequence[float] | None) -> Tensor:
    """The expected picture (C, …), from the sum of what so many planes said of ``x``.

    Without ``odds`` it is the mean of what they expect. With them, a plane's log-odds are those of the ``fractions``
    and what its surroundings add; the additions of several planes are weighed with `WEIGHT`, the fractions and
    the voxel's own evidence count once. Where no fraction is known, the mean of the log-odds is taken.
    """
    if not odds:
        return said / planes
    if planes == 1 or fractions is None:
        found = said / planes
    else:
        prior = prior_odds(fractions).to(said).reshape(-1, *(1,) * (said.dim() - 1))
        found = prior + WEIGHT * (said - planes * prior)
    return expected(phase_odds(found[None], x[None], math.sqrt(step.left), math.sqrt(1 - step.left)))[0]


def prior_odds(fractions: Sequence[float]) -> Tensor:
    """Log-odds of +1 against −1 of one channel (1,), of more those of each phase up to what all have in common (C,)."""
    shares = torch.tensor(fractions).clamp(RARE, 1 - RARE)
    return torch.logit(shares) if len(shares) == 1 else shares.log()
