"""Gradient descent as the engines do it: Muon beside Adam, and how the rate goes over a training.

Adam sees each weight alone. A convolution is a matrix, and the gradient of what a network is trained by is nearly of
low rank: most of what a filter bank could learn moves slowly. Muon (Jordan et al., *Muon: an optimizer for hidden
layers in neural networks*, 2024) replaces the momentum G = U·Σ·Vᵀ by U·Vᵀ, so that all directions are learned at one
rate. How long such a step is, an engine decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.9
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_STEPS = 5


def orthogonalised(matrix: Tensor) -> Tensor:
    """U·Vᵀ of ``matrix`` = U·Σ·Vᵀ, roughly: singular values come to lie between about 0.7 and 1.2.

    By Newton–Schulz iteration with the quintic of Jordan et al., which needs only products.

    Parameters
    ----------
    matrix
        Shape (m, n); singular values below about a thousandth of the norm stay small.
    """
    if matrix.shape[0] > matrix.shape[1]:  # the smaller of the two Gram matrices
        return orthogonalised(matrix.T).T
    a, b, c = _NEWTON_SCHULZ
    found: Tensor = matrix / (matrix.norm() + 1e-12)
    for _ in range(_STEPS):
        gram = found @ found.T
        found = a * found + (b * gram + c * gram @ gram) @ found
    return found


class Muon(torch.optim.Optimizer):
    """For the weights of convolutions. What a step is, a subclass says in `move`.

    Parameters
    ----------
    weights
        Shape (out, in, …) each.
    lr
        Length of a step, in the subclass's measure.
    """

    def __init__(self, weights: Iterable[Tensor], lr: float) -> None:
        super().__init__(weights, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                gradient = weight.grad.reshape(weight.shape[0], -1)
                if not state:
                    state["momentum"] = torch.zeros_like(gradient)
                    state.update(self.remembered(weight))
                momentum = state["momentum"].lerp_(gradient, 1 - MOMENTUM)
                # Nesterov's: the gradient once more on top of its mean
                turn = orthogonalised(gradient.lerp(momentum, MOMENTUM))
                if turn.any():
                    self.move(weight, turn.reshape(weight.shape), group["lr"], state)

    def remembered(self, weight: Tensor) -> dict[str, Tensor]:
        """What of a weight as it was at first the steps need."""
        return {}

    def move(self, weight: Tensor, turn: Tensor, rate: float, state: dict[str, Any]) -> None:
        """Change ``weight`` against the direction ``turn``, of its shape, with orthonormal rows or columns."""
        raise NotImplementedError


def movers_of(
    network: nn.Module, turned: Sequence[Tensor], muon: type[Muon], *, learning_rate: float, turning_rate: float
) -> list[torch.optim.Optimizer]:
    """What moves the weights: ``muon`` those that are ``turned``, Adam all others.

    Each group of parameters carries its full rate as ``full``; how much of it holds at a step, `set_rates` says.
    """
    known = {id(weight) for weight in turned}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in known]
    found: list[torch.optim.Optimizer] = [torch.optim.Adam(rest, lr=learning_rate, betas=(0.9, 0.99))]
    if turned:
        found.append(muon(turned, lr=turning_rate))
    for mover in found:
        for group in mover.param_groups:
            group["full"] = group["lr"]
    return found


def set_rates(movers: Iterable[torch.optim.Optimizer], share: float) -> None:
    """From now on, a step is ``share`` of its full length."""
    for mover in movers:
        for group in mover.param_groups:
            group["lr"] = share * group["full"]


def rate_share(step: int, done: float, *, warm_up: int, final: float) -> float:
    """Share of the full rate: a linear rise over ``warm_up`` steps, then a cosine that falls to ``final``.

    Parameters
    ----------
    step
        Steps so far.
    done
        How far the training is, 0 to 1.
    """
    cosine = (1 + math.cos(math.pi * min(1.0, done))) / 2
    return min(1.0, (step + 1) / warm_up) * (final + (1 - final) * cosine)
