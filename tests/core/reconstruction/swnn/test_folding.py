"""A network whose normalisations are in its convolutions is the same function."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from core.reconstruction.swnn.folding import folded
from core.reconstruction.swnn.network import Modulation, SwnnNetwork
from core.reconstruction.swnn.settings import PRESETS

PLAIN = replace(PRESETS["fast"], levels=3, scales=1, cube=12, channels=6, coarse_channels=5, overview=0)
RANGE = replace(PLAIN, lowest_fraction=0.2, highest_fraction=0.6)


def stirred(network: SwnnNetwork) -> SwnnNetwork:
    """With statistics and modulation that are not those of a beginning."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.1, 2)
            if module.affine:
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
        if isinstance(module, Modulation):
            nn.init.normal_(module.scale, 0.5, 0.2)
            nn.init.normal_(module.shift)
    return network.eval()


@pytest.mark.parametrize("origin", [(0, 0, 0), (-3, 5, 2)])
@pytest.mark.parametrize("phases", [2, 3])
@pytest.mark.parametrize("place", [None, -1.0, 0.37])
def test_it_gives_the_same_field(place: float | None, phases: int, origin: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    network = stirred(SwnnNetwork(PLAIN if place is None else RANGE, phases))
    size = (6, 7, 9)
    noise = [
        torch.randn(1, grid.channels, *box.shape)
        for grid, box in zip(network.noise_grids, network.noise_boxes(origin, size), strict=True)
    ]
    wanted = None if place is None else [torch.full((1, 1, 1, 1, 1), place)] * 3
    found = folded(network, place)
    assert not any(isinstance(module, (nn.BatchNorm3d, Modulation)) for module in found.modules())
    with torch.no_grad():
        before = network(noise, origin, size, wanted)
        apart = (found(noise, origin, size) - before).abs().max()
    assert float(before.std()) > 0 and float(apart) < 3e-4 * float(before.std())
    assert any(isinstance(module, nn.BatchNorm3d) for module in network.modules()), "the network itself stays"


def test_what_is_told_must_fit() -> None:
    with pytest.raises(ValueError, match="range"):
        folded(SwnnNetwork(PLAIN).eval(), 0.0)
    with pytest.raises(ValueError, match="range"):
        folded(SwnnNetwork(RANGE).eval())
