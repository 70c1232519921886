"""How the network's weights move: every convolution turns in all of its directions at the same rate.

Here a step of Muon (`core.reconstruction.descent`) is a share of the weights' own norm, and the norm is then restored:
before batch normalisation it has no effect but to slow the turning down.

On the exemplars this was tried on, networks came to the same distance in less than half of Adam's steps, and to shapes
(short throats, closed rings) that Adam did not find in five times as many.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from core.reconstruction.descent import Muon, movers_of
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.settings import SwnnSettings


class Turning(Muon):
    """Muon for weights whose scale does not matter to the loss; ``lr`` is a step's length as a share of the norm."""

    def remembered(self, weight: Tensor) -> dict[str, Tensor]:
        """The norm, which stays."""
        return {"norm": weight.norm()}

    def move(self, weight: Tensor, turn: Tensor, rate: float, state: dict[str, Any]) -> None:
        """Turn towards −``turn``."""
        turned = weight - (rate * state["norm"] / turn.norm()) * turn
        weight.copy_(turned * (state["norm"] / turned.norm()))


def optimisers(network: SwnnNetwork, settings: SwnnSettings) -> list[torch.optim.Optimizer]:
    """What moves the network's weights; see `core.reconstruction.descent.movers_of`.

    The last convolution has no normalisation after it, so its scale matters and it is Adam's.
    """
    turned = [] if settings.optimiser == "adam" else [w for stage in network.stages for w in _convolutions(stage)]
    return movers_of(network, turned, Turning, learning_rate=settings.learning_rate, turning_rate=settings.turning_rate)


def _convolutions(stage: nn.Module) -> list[Tensor]:
    return [module.weight for module in stage.modules() if isinstance(module, nn.Conv3d)]
