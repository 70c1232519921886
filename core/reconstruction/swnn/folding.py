"""A trained network in the form in which it makes volumes: the same function of the noise, in half the time.

In evaluation mode batch normalisation takes away a mean and divides by a deviation, both known numbers; what a network
for a range of volume fractions does after it is another scale and shift, also known where the fraction is the same
everywhere. Multiplied into the weights and added as a bias they cost nothing.

A level's first convolution reads the coarser level's features, doubled by linear interpolation, beside its own noise.
Interpolation and convolution after each other are one linear map, which for every second cell along each axis is the
same 3³ convolution of the coarse cells. So the coarse features are convolved as they are, with kernels for the eight
places a fine cell can have in a coarse one, and the eight results put in turn: nothing is interpolated or joined.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.reconstruction.swnn.network import Box, Modulation, SwnnNetwork, channels_last
from core.reconstruction.swnn.settings import SwnnSettings

DOUBLING = (
    ((0.75, 0.25, 0.0), (0.25, 0.75, 0.75), (0.0, 0.0, 0.25)),
    ((0.25, 0.0, 0.0), (0.75, 0.75, 0.25), (0.0, 0.25, 0.75)),
)
"""Of an even and of an odd fine cell: how much of the coarse cells before, around and after it (rows) is in the fine
cells before, at and after it (columns)."""


def folded(network: SwnnNetwork, place: float | None = None) -> FoldedNetwork:
    """The same function of the noise, apart from rounding, as a network for one volume fraction.

    Parameters
    ----------
    network
        In evaluation mode.
    place
        Where the wanted fraction lies in its range (`core.reconstruction.swnn.settings.place_of`); None for a network
        that serves none.
    """
    if (place is not None) != network.told:
        raise ValueError("a network for a range of volume fractions, or given shapes, and only that, is told")
    return FoldedNetwork(network, place or 0.0)


class FoldedNetwork(SwnnNetwork):
    """See `folded`. It has no normalisations and no overview, and is told nothing."""

    def __init__(self, network: SwnnNetwork, place: float) -> None:
        plain = replace(network.settings, lowest_fraction=None, highest_fraction=None, overview=0)
        super().__init__(plain, phases=max(2, network.last.out_channels))
        self.stages = nn.ModuleList(_Stage(stage, plain, place) for stage in network.stages)
        self.last = copy.deepcopy(network.last)
        self.eval()

    def _made(self, level: int, below: Tensor | None, needed: Box, noise: Tensor, place: Tensor | None) -> Tensor:
        made: Tensor = self.stages[level](below, needed, noise)
        return made

    def _field(self, head: nn.Module, features: Tensor) -> Tensor:
        assert isinstance(head, nn.Conv3d)
        # a product of matrices as the features lie in memory; the convolution would copy them first
        field = functional.linear(features.permute(0, 2, 3, 4, 1), head.weight.flatten(1), head.bias)
        return self._saturated(field.permute(0, 4, 1, 2, 3))


class _Stage(nn.Module):
    """One level."""

    def __init__(self, stage: nn.Module, settings: SwnnSettings, place: float) -> None:
        super().__init__()
        layers = list(stage.children())
        convolutions = []
        for at, layer in enumerate(layers):
            if isinstance(layer, nn.Conv3d):
                norm, after = layers[at + 1], layers[at + 2]
                assert isinstance(norm, nn.BatchNorm3d)
                convolutions.append(_folded(layer, norm, after if isinstance(after, Modulation) else None, place))
        self.leak = settings.leak
        first = convolutions[0]
        below = first.in_channels - settings.noise_channels
        self.doubled = _doubled(first.weight[:, :below]) if below else None
        self.first = _convolution(first.weight[:, below:], first.bias)
        self.others = nn.ModuleList(convolutions[1:])

    def forward(self, below: Tensor | None, needed: Box, noise: Tensor) -> Tensor:
        features = _convolved(self.first, channels_last(noise))
        if below is not None and self.doubled is not None:
            features = _added(features, _convolved(self.doubled, channels_last(below)), needed)
        features = functional.leaky_relu_(features, self.leak)
        for convolution in self.others:
            features = functional.leaky_relu_(_convolved(convolution, features), self.leak)
        return features


def _added(features: Tensor, parts: Tensor, needed: Box) -> Tensor:
    """``features`` and what the coarse cells give to them.

    Parameters
    ----------
    features
        Shape (N, C, d, h, w): the cells of ``needed`` less one on every side.
    parts
        Shape (N, 8·C, D, H, W): for each coarse cell with any of them, what it gives to its eight, x fastest.
    """
    number, channels = features.shape[:2]
    coarse = parts.permute(0, 2, 3, 4, 1).unflatten(-1, (2, 2, 2, channels))  # type: ignore[no-untyped-call]
    turned = coarse.permute(0, 1, 4, 2, 5, 3, 6, 7)
    fine = turned.reshape(number, *(2 * n for n in parts.shape[2:]), channels)
    z, y, x = (
        slice((start + 1) % 2, (start + 1) % 2 + n) for start, n in zip(needed.start, features.shape[2:], strict=True)
    )
    return features.permute(0, 2, 3, 4, 1).add_(fine[:, z, y, x]).permute(0, 4, 1, 2, 3)


def _doubled(weight: Tensor) -> nn.Conv3d:
    """Of the weights (C, B, 3, 3, 3) of a convolution of doubled features: that of the features, to 8·C channels."""
    along = torch.tensor(DOUBLING, dtype=torch.float64, device=weight.device)
    kernels = torch.einsum("zai,ybj,xck,onijk->zyxonabc", along, along, along, weight.double())
    return _convolution(kernels.flatten(0, 3).float(), None)


def _convolved(convolution: nn.Module, features: Tensor) -> Tensor:
    assert isinstance(convolution, nn.Conv3d)
    if features.device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        # torch would take a path three times slower for what it thinks is small
        made: Tensor = torch.mkldnn_convolution(
            features, convolution.weight, convolution.bias, [0, 0, 0], [1, 1, 1], [1, 1, 1], 1
        )
        return made
    made = convolution(features)
    return made


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv3d:
    made = nn.Conv3d(weight.shape[1], weight.shape[0], 3, bias=bias is not None, device=weight.device)
    made.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last_3d), requires_grad=False)
    if bias is not None:
        made.bias = nn.Parameter(bias, requires_grad=False)
    return made


@torch.no_grad()
def _folded(convolution: nn.Conv3d, norm: nn.BatchNorm3d, modulation: Modulation | None, place: float) -> nn.Conv3d:
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None
    # in double precision, so that only the last step rounds
    scale = 1 / torch.sqrt(variance.double() + norm.eps)
    shift = -mean.double() * scale
    if norm.affine:
        scale, shift = scale * norm.weight.double(), shift * norm.weight.double() + norm.bias.double()
    if modulation is not None:
        powers = torch.tensor([1.0, place, place * place], dtype=torch.float64, device=scale.device)
        times, plus = powers @ modulation.scale.double(), powers @ modulation.shift.double()
        scale, shift = scale * times, shift * times + plus
    return _convolution((convolution.weight.double() * scale[:, None, None, None, None]).float(), shift.float())
