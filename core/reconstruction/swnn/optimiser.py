"""Muon: gradient descent in which every convolution turns in all of its directions at the same rate.

Adam sees each weight alone. A convolution is a matrix, and the gradient of a distance between patterns is nearly of
rank one: most of what a filter bank could learn moves slowly. Muon (Jordan et al., *Muon: an optimizer for hidden
layers in neural networks*, 2024) replaces the momentum G = U·Σ·Vᵀ by U·Vᵀ. Here the step is a share of the weights'
own norm, and the norm is then restored: before batch normalisation it has no effect but to slow the turning down.

On the exemplars this was tried on, networks came to the same distance in less than half of Adam's steps, and to shapes
(short throats, closed rings) that Adam did not find in five times as many.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.settings import SwnnSettings

MOMENTUM = 0.9
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_STEPS = 5


def orthogonalised(matrix: Tensor) -> Tensor:
    """U·Vᵀ of ``matrix`` = U·Σ·Vᵀ, roughly: singular values come to lie between about 0.7 and 1.2.

    By Newton–Schulz iteration with the quintic of Jordan et al., which needs only products.

    Parameters
    ----------
    matrix
        Shape (m, n), best with m ≤ n; singular values below about a thousandth of the norm stay small.
    """
    a, b, c = _NEWTON_SCHULZ
    found: Tensor = matrix / (matrix.norm() + 1e-12)
    for _ in range(_STEPS):
        gram = found @ found.T
        found = a * found + (b * gram + c * gram @ gram) @ found
    return found


class Muon(torch.optim.Optimizer):
    """For the weights of convolutions that batch normalisation follows.

    Parameters
    ----------
    weights
        Shape (out, in, …) each; the scale of a weight must not matter to the loss.
    lr
        Length of a step as a share of the weight's norm.
    """

    def __init__(self, weights: Iterable[Tensor], lr: float) -> None:
        super().__init__(weights, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Turn every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                gradient = weight.grad.reshape(weight.shape[0], -1)
                if not state:
                    state["momentum"] = torch.zeros_like(gradient)
                    state["norm"] = weight.norm()
                momentum = state["momentum"].lerp_(gradient, 1 - MOMENTUM)
                # Nesterov's: the gradient once more on top of its mean
                turn = orthogonalised(gradient.lerp(momentum, MOMENTUM))
                length = turn.norm()
                if length == 0:
                    continue
                turned = weight - (group["lr"] * state["norm"] / length) * turn.reshape(weight.shape)
                weight.copy_(turned * (state["norm"] / turned.norm()))


def optimisers(network: SwnnNetwork, settings: SwnnSettings) -> list[torch.optim.Optimizer]:
    """What moves the network's weights: Muon for its convolutions and Adam for the rest, or Adam for all of it.

    The last convolution has no normalisation after it, so its scale matters and it is Adam's. Each group of parameters
    carries its full rate as ``full``; how much of it holds at a step is for whoever runs the training to say.
    """
    turned = [] if settings.optimiser == "adam" else [w for stage in network.stages for w in _convolutions(stage)]
    known = {id(weight) for weight in turned}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in known]
    found: list[torch.optim.Optimizer] = [torch.optim.Adam(rest, lr=settings.learning_rate, betas=(0.9, 0.99))]
    if turned:
        found.append(Muon(turned, lr=settings.turning_rate))
    for optimiser in found:
        for group in optimiser.param_groups:
            group["full"] = group["lr"]
    return found


def _convolutions(stage: nn.Module) -> list[Tensor]:
    return [module.weight for module in stage.modules() if isinstance(module, nn.Conv3d)]
