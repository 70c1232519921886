"""The U-Net that looks at a noisy section and says what noise is in it (Lee and Yun, Sec. 2.2.2; Ho et al., 2020)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.reconstruction.diffusion.prediction import Prediction, prediction_of
from core.reconstruction.diffusion.schedule import Schedule
from core.reconstruction.diffusion.settings import DiffusionSettings

GROUP = 8
"""Channels that are normalised together."""

Repeating = tuple[bool, bool]
"""Whether sections repeat along their rows' axis (height) and their columns' (width)."""
NEITHER: Repeating = (False, False)


@dataclass(frozen=True, eq=False)
class Condition:
    """What the network is told of each section besides its noise.

    Attributes
    ----------
    fraction
        Shape (N, K): share of each channel that is phase, 0 to 1; NaN where it is not told.
    label
        Shape (N,), int64: which exemplar (or class) it is to be like, −1 where that is not told.
    """

    fraction: Tensor
    label: Tensor

    @classmethod
    def nothing(cls, count: int, channels: int, device: str | torch.device = "cpu") -> Condition:
        """Nothing is told."""
        unknown = torch.full((count, channels), float("nan"), device=device)
        return cls(unknown, torch.full((count,), -1, dtype=torch.int64, device=device))

    def part(self, rows: slice) -> Condition:
        """Of some of the sections."""
        return Condition(self.fraction[rows], self.label[rows])


class PlaneConv(nn.Conv2d):
    """A convolution that keeps the size; along the axes that repeat it reads across the edge, along others zeros."""

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__(channels, out, 3, stride=stride, padding=1)

    def forward(self, x: Tensor, repeating: Repeating = NEITHER) -> Tensor:
        """(N, C, H, W) → (N, C', H / stride, W / stride)."""
        if not any(repeating):
            return super().forward(x)
        rows, columns = repeating
        for along, padding in ((columns, (1, 1, 0, 0)), (rows, (0, 0, 1, 1))):
            x = functional.pad(x, padding, mode="circular" if along else "constant")
        return functional.conv2d(x, self.weight, self.bias, self.stride)


class Dropout(nn.Module):
    """Leaves out a share of the features while training; its dice are its own, or those that the training lends it."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.dice: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Any shape; what stays is raised so that the mean does."""
        if not (self.training and self.share):
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self.share, generator=self.dice)
        return x * kept / (1 - self.share)


class Residual(nn.Module):
    """Normalise, bend and convolve twice; what the time says scales and shifts the middle (Nichol and Dhariwal)."""

    def __init__(self, channels: int, out: int, told: int, dropout: float) -> None:
        super().__init__()
        self.before = nn.GroupNorm(channels // GROUP, channels)
        self.first = PlaneConv(channels, out)
        self.told = nn.Linear(told, 2 * out)
        self.between = nn.GroupNorm(out // GROUP, out)
        self.dropout = Dropout(dropout)
        self.second = PlaneConv(out, out)
        self.shortcut = nn.Identity() if channels == out else nn.Conv2d(channels, out, 1)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """At first a block does nothing, so that gradients reach every depth."""
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(_bias(self.second))

    def forward(self, x: Tensor, told: Tensor, repeating: Repeating = NEITHER) -> Tensor:
        """(N, C, H, W) and (N, D) → (N, C', H, W)."""
        y = self.first(functional.silu(self.before(x)), repeating)
        scale, shift = self.told(told)[:, :, None, None].chunk(2, dim=1)
        y = self.between(y) * (1 + scale) + shift
        y = self.second(self.dropout(functional.silu(y)), repeating)
        found: Tensor = self.shortcut(x) + y
        return found


class Attention(nn.Module):
    """Every place looks at every other, with one head.

    Larger sections have more places than the crops of the training: the logits grow with the logarithm of their number,
    so that attention stays as sharp (Chiang and Cholak, 2022).
    """

    def __init__(self, channels: int, places: int) -> None:
        super().__init__()
        self.before = nn.GroupNorm(channels // GROUP, channels)
        self.asked = nn.Conv2d(channels, 3 * channels, 1)
        self.answer = nn.Conv2d(channels, channels, 1)
        self._places = places
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """At first nothing is seen."""
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(_bias(self.answer))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → the same shape."""
        n, channels, height, width = x.shape
        query, key, value = self.asked(self.before(x)).reshape(n, 3, channels, height * width).unbind(1)
        sharpness = math.log(height * width) / math.log(self._places) / math.sqrt(channels)
        seen = functional.scaled_dot_product_attention(query.mT, key.mT, value.mT, scale=sharpness)
        found: Tensor = x + self.answer(seen.mT.reshape(n, channels, height, width))
        return found


class Denoiser(nn.Module):
    """A U-Net with residual blocks, told the time and, where it is trained so, fractions and a label.

    Parameters
    ----------
    settings
        Resolved settings: the crop is known.
    channels
        Of the pictures: 1 for two phases (−1 and 1), else one a phase.
    labels
        How many exemplars or classes there are; 1 means that none is told.
    """

    def __init__(self, settings: DiffusionSettings, channels: int = 1, labels: int = 1) -> None:
        super().__init__()
        self.settings, self.channels, self.labels = settings, channels, labels
        self.schedule = Schedule(settings.schedule, settings.times)
        self.learns_variance = settings.bound_weight > 0
        widths, told = settings.widths, 4 * settings.channels
        self.clock = nn.Sequential(nn.Linear(settings.channels, told), nn.SiLU(), nn.Linear(told, told))
        if settings.told:
            self.fraction = nn.Sequential(nn.Linear(2 * channels, told), nn.SiLU(), nn.Linear(told, told))
        if labels > 1:
            self.label = nn.Embedding(labels + 1, told)
        self.first = PlaneConv(channels * settings.square**2, widths[0])
        self.down = nn.ModuleList()
        width = widths[0]
        for level, out in enumerate(widths):
            if level:
                self.down.append(PlaneConv(width, width, stride=2))
            for _ in range(settings.blocks):
                self.down.append(Residual(width, out, told, settings.dropout))
                width = out
            if level and level == settings.attention:
                self.down.append(Attention(width, self._places(level)))
        self.middle = nn.ModuleList([Residual(width, width, told, settings.dropout) for _ in range(2)])
        self.up = nn.ModuleList()
        for level, out in reversed(list(enumerate(widths))):
            for number in range(settings.blocks):
                beside = out if number == 0 else 0
                self.up.append(Residual(width + beside, out, told, settings.dropout))
                width = out
            if level and level == settings.attention:
                self.up.append(Attention(width, self._places(level)))
            if level:
                self.up.append(PlaneConv(width, widths[level - 1]))
                width = widths[level - 1]
        self.last_norm = nn.GroupNorm(width // GROUP, width)
        self.last = PlaneConv(width, channels * settings.square**2 * (2 if self.learns_variance else 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The first answer is 0 everywhere."""
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(_bias(self.last))

    def _places(self, level: int) -> int:
        edge = max(2, (self.settings.crop or 64) // self.settings.square // 2**level)
        return int(edge * edge)

    def lend_dice(self, dice: torch.Generator) -> None:
        """From now on, what is left out while training is drawn from ``dice``, of the denoiser's device."""
        for module in self.modules():
            if isinstance(module, Dropout):
                module.dice = dice

    def forward(
        self, x: Tensor, times: Tensor, condition: Condition, repeating: Repeating = NEITHER
    ) -> tuple[Tensor, Tensor | None]:
        """What the network answers about noisy sections, and the share of the learned variance.

        Parameters
        ----------
        x
            Shape (N, C, H, W), H and W whole multiples of the settings' ``stride``.
        times
            Shape (N,), 1 to T.
        repeating
            Along which of their two axes the sections repeat.

        Returns
        -------
        The answer (`core.reconstruction.diffusion.prediction`), (N, C, H, W), and v, 0 to 1, of the same shape or None.
        """
        told = self._told(times, condition)
        x = self.first(functional.pixel_unshuffle(x, self.settings.square), repeating)
        kept: list[Tensor] = []
        for module in self.down:
            if isinstance(module, PlaneConv):
                kept.append(x)
                x = module(x, repeating)
            else:
                x = module(x, told, repeating) if isinstance(module, Residual) else module(x)
        kept.append(x)
        for module in self.middle:
            x = module(x, told, repeating)
        beside = True
        for module in self.up:
            if isinstance(module, Residual):
                if beside:
                    x = torch.cat((x, kept.pop()), dim=1)
                x, beside = module(x, told, repeating), False
            elif isinstance(module, PlaneConv):
                x, beside = module(functional.interpolate(x, scale_factor=2.0), repeating), True
            else:
                x = module(x)
        answer = functional.pixel_shuffle(
            self.last(functional.silu(self.last_norm(x)), repeating), self.settings.square
        )
        if not self.learns_variance:
            return answer, None
        answer, share = answer.chunk(2, dim=1)
        return answer, (0.5 * (share + 1)).clamp(0, 1)

    def _told(self, times: Tensor, condition: Condition) -> Tensor:
        told = self.clock(waves(times * (1000 / self.settings.times), self.settings.channels))
        if self.settings.told:
            known = ~condition.fraction.isnan()
            values = torch.where(known, 2 * condition.fraction - 1, torch.zeros_like(condition.fraction))
            told = told + self.fraction(torch.cat((values, known.to(values.dtype)), dim=1))
        if self.labels > 1:
            told = told + self.label(condition.label + 1)
        found: Tensor = functional.silu(told)
        return found

    def predict(
        self, x: Tensor, time: int, condition: Condition, guidance: float = 0.0, repeating: Repeating = NEITHER
    ) -> Prediction:
        """Picture and noise in sections that are all of one time.

        With ``guidance`` w > 0 the answer goes beyond what the condition makes of it: (1 + w) times the one that is
        told less w times the one that is not (Ho and Salimans, 2022, Eq. 6).
        """
        times = torch.full((len(x),), time, dtype=torch.int64, device=x.device)
        answer, share = self(x, times, condition, repeating)
        if guidance > 0:
            untold, _ = self(x, times, Condition.nothing(len(x), self.channels, x.device), repeating)
            answer = (1 + guidance) * answer - guidance * untold
        left = float(self.schedule.left[time])
        return prediction_of(self.settings.prediction, answer, x, math.sqrt(left), math.sqrt(1 - left), share)


def waves(times: Tensor, width: int) -> Tensor:
    """Times (N,) as cosines and sines of ``width`` / 2 frequencies from 1 down to 1/10,000: (N, width)."""
    half = width // 2
    frequencies = torch.exp(-math.log(10_000) * torch.arange(half, device=times.device) / half)
    angles = times.to(torch.float32)[:, None] * frequencies
    return torch.cat((angles.cos(), angles.sin()), dim=1)


def parameters_of(settings: DiffusionSettings, channels: int = 1, labels: int = 1) -> int:
    """Number of weights, found without making them."""
    with torch.device("meta"):
        return count(Denoiser(settings, channels, labels).parameters())


def count(parameters: Iterable[Tensor]) -> int:
    """Numbers in all of them together."""
    return sum(parameter.numel() for parameter in parameters)


def _bias(layer: nn.Conv2d) -> Tensor:
    if layer.bias is None:
        raise TypeError("this layer has no bias")
    return layer.bias
