"""The network that turns Gaussian noise into a field: a pyramid of 3³ convolutions without any padding.

Noise enters at every level k, on a grid of 2ᵏ voxels. From the coarsest level down, features are convolved, doubled by
linear interpolation and joined with the next level's noise; a last 1³ convolution gives one number per voxel. With one
level it is the published network (SWNN, Sec. 2.3.2): n blocks of convolution, batch normalisation and LeakyReLU.

A network for a range of volume fractions is told the wanted one at every place: after each normalisation, features are
scaled and shifted by polynomials of it (`Modulation`). As that happens place by place, the fraction may vary in space.

One coarse level may have a field of its own, the overview. It lets training see large structures in a box that would
be too dear to compute at full resolution; nothing made later reads it.

Coarse grids are aligned to absolute positions: cell i of level k lies on voxels 2ᵏ·i … 2ᵏ·(i+1) − 1. So a voxel's value
depends on its position and the noise around it, not on the box that was asked for (in evaluation mode, apart from
floating-point rounding), and blocks made apart fit together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.reconstruction.swnn.settings import SwnnSettings

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class NoiseGrid:
    """One level's input: its place in the pyramid, its cell's edge in voxels (2^level), and how many channels."""

    level: int
    stride: int
    channels: int


@dataclass(frozen=True)
class Box:
    """Cells ``start`` to ``start + shape`` (exclusive) along z, y, x, in the index of one level's absolute grid."""

    start: Triple
    shape: Triple

    def grown(self, margin: int) -> Box:
        """This box and ``margin`` cells more on every side."""
        start, shape = (s - margin for s in self.start), (n + 2 * margin for n in self.shape)
        return Box(_triple(start), _triple(shape))

    @property
    def coarser(self) -> Box:
        """The cells of twice the edge that linear interpolation onto this box reads.

        Fine cell 2i reads coarse cells i − 1 and i, fine cell 2i + 1 reads i and i + 1.
        """
        start = [(s - 1) // 2 for s in self.start]
        stop = [(s + n) // 2 + 1 for s, n in zip(self.start, self.shape, strict=True)]
        return Box(_triple(start), _triple(b - a for a, b in zip(start, stop, strict=True)))


def _triple(values: Iterable[int]) -> Triple:
    z, y, x = values
    return z, y, x


class SwnnNetwork(nn.Module):
    """Noise on every level's grid → field; a voxel is phase where its field is above the model's threshold.

    Parameters
    ----------
    settings
        Resolved settings: ``levels`` must not be None.
    phases
        How many phases are told apart: of two the field has one channel, of more one each.
    told
        Whether it is told something at every place; by default where it serves a range of volume fractions.
    """

    def __init__(self, settings: SwnnSettings, phases: int = 2, told: bool = False) -> None:
        super().__init__()
        if settings.levels is None:
            raise ValueError("resolve the settings before making a network")
        self.settings = settings
        self.told = told or settings.conditional
        self.noise_grids = tuple(
            NoiseGrid(level, 2**level, settings.noise_channels) for level in range(settings.levels)
        )
        self._depths = tuple(
            settings.fine_convolutions if grid.level == 0 else settings.coarse_convolutions for grid in self.noise_grids
        )
        widths = [settings.channels] + [settings.coarse_channels] * (settings.levels - 1)
        self.stages = nn.ModuleList(
            _stage(settings.noise_channels + below, width, depth, settings.leak, self.told)
            for below, width, depth in zip([*widths[1:], 0], widths, self._depths, strict=True)
        )
        fields = 1 if phases == 2 else phases
        self.last = nn.Conv3d(settings.channels, fields, 1)
        self.overview = nn.Conv3d(settings.coarse_channels, fields, 1) if settings.overview else None
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                module.weight.data = channels_last(module.weight.data)

    def noise_boxes(self, origin: Triple, size: Triple, level: int = 0) -> tuple[Box, ...]:
        """For each level from ``level`` on, finest first, the noise that an output box of that level depends on.

        ``origin`` is any whole position (z, y, x) in the level's own cells, negative and odd ones too.
        """
        return tuple(needed for _, needed in self._boxes(Box(_triple(origin), _triple(size)), level))

    def _boxes(self, made: Box, level: int) -> list[tuple[Box, Box]]:
        """Per level from ``level`` on: the box of features it makes, and the box of inputs that takes."""
        boxes = []
        for depth in self._depths[level:]:
            needed = made.grown(depth)
            boxes.append((made, needed))
            made = needed.coarser
        return boxes

    def forward(
        self, noises: Sequence[Tensor], origin: Triple, size: Triple, wanted: Sequence[Tensor] | None = None
    ) -> Tensor:
        """The field in the box ``origin … origin + size``.

        Parameters
        ----------
        noises
            Per level, finest first, standard Gaussian noise of shape (N, C, d, h, w) on `noise_boxes`.
        wanted
            For a network that serves a range of volume fractions: per level, the place in that range, −1 (its lower
            end) to 1, of shape (N, 1, d, h, w) on `noise_boxes`, or (N, 1, 1, 1, 1) where it is the same everywhere.

        Returns
        -------
        Shape (N, 1, D, H, W), or (N, phases, D, H, W) for more than two; within (−1, 1) where the output gain is not 0.
        """
        return self._field(self.last, self._features(noises, Box(_triple(origin), _triple(size)), 0, wanted))

    def overview_of(
        self, noises: Sequence[Tensor], box: Box, wanted: Sequence[Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Features in ``box``, in cells of the overview's level, and its field there (channels as of `forward`).

        ``noises`` and ``wanted`` as for `forward`, but only from that level on.
        """
        if self.overview is None or not self.settings.overview:
            raise ValueError("this network has no overview")
        features = self._features(noises, box, self.settings.overview, wanted)
        return features, self._field(self.overview, features)

    def refined(
        self,
        features: Tensor,
        box: Box,
        noises: Sequence[Tensor],
        origin: Triple,
        size: Triple,
        wanted: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """As `forward`, from the overview's ``features`` in ``box`` and the noise of the finer levels alone.

        ``box`` must hold `overview_box` of the output.
        """
        needed = self.overview_box(origin, size)
        place = (slice(None), *_inside(_offset(box, needed), needed.shape))
        made = Box(_triple(origin), _triple(size))
        return self._field(self.last, self._features(noises, made, 0, wanted, features[place]))

    def overview_box(self, origin: Triple, size: Triple) -> Box:
        """The overview's features that an output box depends on."""
        finer = self._boxes(Box(_triple(origin), _triple(size)), 0)[: self.settings.overview]
        return finer[-1][1].coarser

    def _features(
        self,
        noises: Sequence[Tensor],
        box: Box,
        level: int,
        wanted: Sequence[Tensor] | None,
        features: Tensor | None = None,
    ) -> Tensor:
        """What level ``level`` makes in ``box`` of its cells, from the coarsest down or from ``features`` on."""
        if (wanted is not None) != self.told:
            raise ValueError("a network for a range of volume fractions, or given shapes, and only that, is told")
        boxes = self._boxes(box, level)
        for step in reversed(range(len(noises))):
            noise, (_, needed) = noises[step], boxes[step]
            if tuple(noise.shape[2:]) != needed.shape:
                raise ValueError(f"level {level + step}: noise of shape {tuple(noise.shape[2:])}, not {needed.shape}")
            features = self._made(level + step, features, needed, noise, None if wanted is None else wanted[step])
        if features is None:
            raise ValueError("a network needs noise on at least one level")
        return features

    def _made(self, level: int, below: Tensor | None, needed: Box, noise: Tensor, place: Tensor | None) -> Tensor:
        """What one level makes of the noise on its inputs' box and of what the coarser level made."""
        joined = noise if below is None else _joined(doubled(below, needed.coarser, needed), noise)
        return _staged(self.stages[level], channels_last(joined), place)

    def _field(self, head: nn.Module, features: Tensor) -> Tensor:
        return self._saturated(head(features))

    def _saturated(self, field: Tensor) -> Tensor:
        gain = self.settings.output_gain
        if not gain:
            return field
        if field.shape[1] > 1:  # of two phases it would be the same function
            return 2 * torch.softmax(2 * gain * field, dim=1) - 1
        return torch.tanh(gain * field)


class Modulation(nn.Module):
    """Scale and shift of every feature by polynomials of second degree in t, the wanted fraction's place in its range.

    Feature-wise modulation (Perez et al., "FiLM", AAAI 2018). At first it changes nothing.
    """

    DEGREE = 2

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(self.DEGREE + 1, channels))
        self.shift = nn.Parameter(torch.zeros(self.DEGREE + 1, channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin without any change."""
        nn.init.zeros_(self.scale)
        nn.init.zeros_(self.shift)
        nn.init.ones_(self.scale[0])

    def forward(self, features: Tensor, place: Tensor) -> Tensor:
        """Of ``features`` (N, C, d, h, w) at ``place`` (N, 1, d, h, w) or (N, 1, 1, 1, 1)."""
        # with the channels last, as the convolutions have them
        t = place.permute(0, 2, 3, 4, 1)
        scale = self.scale[0] + t * (self.scale[1] + t * self.scale[2])
        shift = self.shift[0] + t * (self.shift[1] + t * self.shift[2])
        return torch.addcmul(shift, features.permute(0, 2, 3, 4, 1), scale).permute(0, 4, 1, 2, 3)


def _stage(inputs: int, channels: int, depth: int, leak: float, conditional: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for step in range(depth):
        # a bias before batch normalisation would be taken away again at once
        layers.append(nn.Conv3d(inputs if step == 0 else channels, channels, 3, bias=False))
        layers.append(nn.BatchNorm3d(channels, affine=not conditional))
        if conditional:
            layers.append(Modulation(channels))
        layers.append(nn.LeakyReLU(leak, inplace=True))
    return nn.Sequential(*layers)


def _staged(stage: nn.Module, features: Tensor, place: Tensor | None) -> Tensor:
    if place is None:
        made: Tensor = stage(features)
        return made
    for layer in stage.children():
        if isinstance(layer, Modulation):
            features = layer(features, place)
            continue
        features = layer(features)
        if isinstance(layer, nn.Conv3d) and place.shape[-1] > 1:
            place = place[..., 1:-1, 1:-1, 1:-1]
    return features


def _joined(features: Tensor, noise: Tensor) -> Tensor:
    # seen with the channels last, cat copies runs of memory: four times faster than along dimension 1
    return torch.cat((features.permute(0, 2, 3, 4, 1), noise.permute(0, 2, 3, 4, 1)), dim=-1).permute(0, 4, 1, 2, 3)


def channels_last(values: Tensor) -> Tensor:
    """The same values with the channels next to each other in memory."""
    # cat and slicing lose the layout in which convolution is three times faster
    return values.contiguous(memory_format=torch.channels_last_3d)


def doubled(features: Tensor, coarse: Box, fine: Box) -> Tensor:
    """Linear interpolation of ``features``, which lie on ``coarse``, onto the grid of half the edge, cut to ``fine``.

    Weights are ¾ and ¼. Much faster on a CPU than `torch.nn.functional.interpolate`, and without its padding at the
    border.
    """
    # the first cell that can be interpolated is the odd one on the coarse cell `start`
    cut = _triple(f - (2 * c + 1) for f, c in zip(fine.start, coarse.start, strict=True))
    result: Tensor = _Doubling.apply(features.permute(0, 2, 3, 4, 1), cut, fine.shape)  # type: ignore[no-untyped-call]
    return result.permute(0, 4, 1, 2, 3)


class _Doubling(torch.autograd.Function):
    """Channels-last interpolation by slices, axis after axis, with its transpose written out.

    Left to autograd, every slice would fill and add a whole block of zeros: the backward pass took four times as long.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, cut: Triple, shape: Triple) -> Tensor:
        for axis in (1, 2, 3):
            cells = values.shape[axis] - 1
            low, high = values.narrow(axis, 0, cells), values.narrow(axis, 1, cells)
            into = values.new_empty(*values.shape[:axis], cells, 2, *values.shape[axis + 1 :])
            torch.lerp(low, high, 0.25, out=into.select(axis + 1, 0))
            torch.lerp(low, high, 0.75, out=into.select(axis + 1, 1))
            values = into.flatten(axis, axis + 1)
        ctx.cut, ctx.full = cut, values.shape
        return values[_inside(cut, shape)]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        gradient = gradients[0].new_zeros(ctx.full)
        gradient[_inside(ctx.cut, _triple(gradients[0].shape[1:4]))] = gradients[0]
        for axis in (3, 2, 1):
            pairs = gradient.unflatten(axis, (-1, 2))  # type: ignore[no-untyped-call]
            odd, even = pairs.select(axis + 1, 0), pairs.select(axis + 1, 1)
            cells = odd.shape[axis]
            gradient = odd.new_zeros(*odd.shape[:axis], cells + 1, *odd.shape[axis + 1 :])
            gradient.narrow(axis, 0, cells).copy_(torch.lerp(odd, even, 0.25))
            gradient.narrow(axis, 1, cells).add_(torch.lerp(odd, even, 0.75))
        return gradient, None, None


def _offset(outer: Box, inner: Box) -> Triple:
    return _triple(i - o for i, o in zip(inner.start, outer.start, strict=True))


def _inside(cut: Triple, shape: Triple) -> tuple[slice, ...]:
    return (slice(None), *(slice(c, c + n) for c, n in zip(cut, shape, strict=True)))
