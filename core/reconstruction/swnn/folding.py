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
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.reconstruction.swnn.network import Box, Modulation, SwnnNetwork, channels_last
from core.reconstruction.swnn.settings import SwnnSettings

WEIGHTS = (0.25, 0.5, 0.25)
"""Linear interpolation is this smoothing of what is the same in eight fine cells."""
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
        self.smoothing = _smoothing(first.weight) if below else None
        self.first = _convolution(first.weight[:, below:], first.bias)
        self.others = nn.ModuleList(convolutions[1:])

    def forward(self, below: Tensor | None, needed: Box, noise: Tensor) -> Tensor:
        noise = channels_last(noise)
        if below is None or self.repeated is None or self.smoothing is None:
            features = _convolved(self.first, noise, self.leak)
        else:
            given = _convolved(self.smoothing, _turned(_convolved(self.repeated, channels_last(below)), needed))
            features = functional.leaky_relu_(_convolved(self.first, noise, onto=given), self.leak)
        for convolution in self.others:
            features = _convolved(convolution, features, self.leak)
        return features


def _turned(parts: Tensor, needed: Box) -> Tensor:
    """What the eight small kernels made of every cube of 2³ coarse cells, at its inner eight fine ones.

    Parameters
    ----------
    parts
        Shape (N, 8·C, D − 1, H − 1, W − 1), channels last, of features on ``needed.coarser``.

    Returns
    -------
    Shape (N, C, d, h, w), channels last: the cells of ``needed``.
    """
    count, channels = parts.shape[0], parts.shape[1] // 8
    split = parts.permute(0, 2, 3, 4, 1).unflatten(-1, (2, 2, 2, channels))  # type: ignore[no-untyped-call]
    fine = parts.new_empty(count, *needed.shape, channels)
    # the first of the inner eight is the odd one of the first coarse cell, which `needed` may leave out
    left_out = [(start + 1) % 2 for start in needed.start]
    for which in product((0, 1), repeat=3):
        begins = [(one + out) % 2 for one, out in zip(which, left_out, strict=True)]
        into = fine[:, *(slice(begin, None, 2) for begin in begins)]
        cubes = [(begin + out - one) // 2 for begin, out, one in zip(begins, left_out, which, strict=True)]
        taken = (slice(first, first + count) for first, count in zip(cubes, into.shape[1:4], strict=True))
        into.copy_(split[:, *taken, *which])
    return fine.permute(0, 4, 1, 2, 3)


def _repeated(weight: Tensor) -> nn.Conv3d:
    """Of the weights (C, B, 3, 3, 3) of a convolution of repeated features: that of the features, to 8·C channels."""
    along = torch.tensor(REPEATED, dtype=torch.float64, device=weight.device)
    kernels = torch.einsum("zai,ybj,xck,onijk->zyxonabc", along, along, along, weight.double())
    return _convolution(kernels.flatten(0, 3).float(), None)


def _smoothing(weight: Tensor) -> nn.Conv3d:
    """Of each of the channels that ``weight`` makes alone, by `WEIGHTS` along each axis."""
    along = torch.tensor(WEIGHTS, device=weight.device)
    kernel = torch.einsum("z,y,x->zyx", along, along, along)
    return _convolution(kernel.repeat(len(weight), 1, 1, 1, 1), None, groups=len(weight))


def _convolved(
    convolution: nn.Module, features: Tensor, leak: float | None = None, onto: Tensor | None = None
) -> Tensor:
    """``features`` convolved and added to ``onto``, in its place; or what is negative made ``leak`` times as large."""
    assert isinstance(convolution, nn.Conv3d)
    made: Tensor
    if features.device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        # torch would take a path three times slower for what it thinks is small
        asked = features, convolution.weight, convolution.bias, [0, 0, 0], [1, 1, 1], [1, 1, 1], convolution.groups
        if onto is not None:
            made = torch.ops.mkldnn._convolution_pointwise_.binary(onto, *asked, "add", 1.0, None, [], None)
        elif leak is not None:
            made = torch.ops.mkldnn._convolution_pointwise(*asked, "leaky_relu", [leak], "")
        else:
            made = torch.mkldnn_convolution(*asked)
        return made
    made = convolution(features)
    if onto is not None:
        return onto.add_(made)
    return made if leak is None else functional.leaky_relu_(made, leak)


def _convolution(weight: Tensor, bias: Tensor | None, groups: int = 1) -> nn.Conv3d:
    made = nn.Conv3d(
        weight.shape[1] * groups, weight.shape[0], weight.shape[-1],
        bias=bias is not None, device=weight.device, groups=groups,
    )  # fmt: skip
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
