"""A trained network in the form in which it makes volumes: the same function of the noise, in half the time.

In evaluation mode batch normalisation takes away a mean and divides by a deviation, both known numbers; what a network
for a range of volume fractions does after it is another scale and shift, also known where the fraction is the same
everywhere. Multiplied into the weights and added as a bias they cost nothing.

A level's first convolution reads the coarser level's features, doubled by linear interpolation, beside its own noise.
Linear interpolation is the same as giving every coarse cell's value to its eight fine ones and smoothing these with the
weights ¼, ½, ¼ along each axis. Convolution and smoothing can change places, and a convolution of features that are the
same in eight cells is one of 2³ coarse cells for each of the eight: a third of the multiplications. So the coarse
features are convolved with eight small kernels, the eight results put in turn, and then smoothed.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.reconstruction.swnn.network import Box, Modulation, SwnnNetwork, channels_last
from core.reconstruction.swnn.settings import SwnnSettings

SMOOTHED = 64
"""Three times `_smoothed` is so many times too much."""
LAYERS = 4
"""Coarse cells along z that are doubled at a time on a processor."""
REPEATED = (((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)), ((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)))
"""Of two coarse cells, the first one's second and the second one's first fine cell lie beside each other. For each of
these two: which of the cells before, at and after it (columns) are in the first and in the second coarse cell (rows).
"""


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
        self.repeated = _repeated(first.weight[:, :below]) if below else None
        self.first = _convolution(first.weight[:, below:], first.bias)
        self.others = nn.ModuleList(convolutions[1:])

    def forward(self, below: Tensor | None, needed: Box, noise: Tensor) -> Tensor:
        noise = channels_last(noise)
        if below is None or self.repeated is None:
            features = _convolved(self.first, noise, self.leak)
        else:
            features = _convolved(self.first, noise)
            _add_doubled(features, channels_last(below), self.repeated, needed)
            features = functional.leaky_relu_(features, self.leak)
        for convolution in self.others:
            features = _convolved(convolution, features, self.leak)
        return features


def _add_doubled(features: Tensor, below: Tensor, repeated: nn.Module, needed: Box) -> None:
    """Add to ``features`` what the coarser level's give to them.

    Parameters
    ----------
    features
        Shape (N, C, d, h, w), channels last: the cells of ``needed`` less one on every side.
    below
        Shape (N, B, D, H, W): the cells of ``needed.coarser``.
    repeated
        Makes of each cube of 2³ coarse cells what is to be smoothed in its inner eight fine ones (`_repeated`); the
        first of these is the odd one of the first coarse cell.
    """
    channels, depth, height, width = features.shape[1:]
    first, y, x = ((start + 1) % 2 for start in needed.start)
    into = features.permute(0, 2, 3, 4, 1)
    cubes = below.shape[2] - 1
    # of a whole tile every step would go through the memory, of a layer it stays in the processor's cache
    layers = LAYERS if features.device.type == "cpu" else cubes
    for start in range(0, cubes, layers):
        parts = _convolved(repeated, below[:, :, start : start + layers + 1]).permute(0, 2, 3, 4, 1)
        split = parts.unflatten(-1, (2, 2, 2, channels))  # type: ignore[no-untyped-call]
        turned = split.permute(0, 1, 4, 2, 5, 3, 6, 7)
        fine = turned.flatten(5, 6).flatten(3, 4).flatten(1, 2)
        fine = _smoothed(_smoothed(fine[:, :, y : y + height + 2, x : x + width + 2], 2), 3)
        for plane, weight in ((-2, 1), (-1, 2), (0, 1)):
            to = 2 * start - first + plane
            low, high = max(0, to), min(depth, to + fine.shape[1])
            if low < high:
                into[:, low:high].add_(fine[:, low - to : high - to], alpha=weight / SMOOTHED)


def _smoothed(values: Tensor, axis: int) -> Tensor:
    """Four times the weights ¼, ½, ¼ along an axis, which becomes two shorter."""
    for _ in range(2):
        values = values.narrow(axis, 0, values.shape[axis] - 1) + values.narrow(axis, 1, values.shape[axis] - 1)
    return values


def _repeated(weight: Tensor) -> nn.Conv3d:
    """Of the weights (C, B, 3, 3, 3) of a convolution of repeated features: that of the features, to 8·C channels."""
    along = torch.tensor(REPEATED, dtype=torch.float64, device=weight.device)
    kernels = torch.einsum("zai,ybj,xck,onijk->zyxonabc", along, along, along, weight.double())
    return _convolution(kernels.flatten(0, 3).float(), None)


def _convolved(convolution: nn.Module, features: Tensor, leak: float | None = None) -> Tensor:
    """``features`` convolved, and all that is negative times ``leak`` where it is given."""
    assert isinstance(convolution, nn.Conv3d)
    made: Tensor
    if features.device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        # torch would take a path three times slower for what it thinks is small
        places = [0, 0, 0], [1, 1, 1], [1, 1, 1], 1
        if leak is None:
            made = torch.mkldnn_convolution(features, convolution.weight, convolution.bias, *places)
        else:
            after = "leaky_relu", [leak], ""
            made = torch.ops.mkldnn._convolution_pointwise(
                features, convolution.weight, convolution.bias, *places, *after
            )
        return made
    made = convolution(features)
    return made if leak is None else functional.leaky_relu_(made, leak)


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv3d:
    made = nn.Conv3d(weight.shape[1], weight.shape[0], weight.shape[-1], bias=bias is not None, device=weight.device)
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
