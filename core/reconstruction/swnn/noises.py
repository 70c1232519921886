"""The noise that a network reads around a box: that of one seed, on the way between two, or with a mean that varies."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.generation.noise import gaussian
from core.generation.periods import Period, Triple, in_cells
from core.masks.mask import Mask
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.serving import WantedFractions
from core.reconstruction.towards import Towards, blended


@dataclass(frozen=True, eq=False)
class Way:
    """What is done to a seed's noise in a volume.

    Attributes
    ----------
    other
        A `Towards` laid over the volume: the other seed, and the weight at every place; or None.
    mean
        The noise's mean at every place, 0 for −1, ½ for 0 and 1 for 1, as a mask moves it (SWNN, Sec. 3.3); or None.
    """

    other: tuple[int, WantedFractions] | None
    mean: WantedFractions | None

    @classmethod
    def over(cls, towards: Towards | None, size: Triple, period: Period, mean: Mask | None = None) -> Way | None:
        """In a volume of ``size`` voxels; along a ``period`` weight and mean repeat as the noise does."""
        if towards is None and mean is None:
            return None
        other = None if towards is None else (towards.seed, WantedFractions(towards.over(size), size, period))
        return cls(other, None if mean is None else WantedFractions(mean, size, period))


def noises_around(
    network: SwnnNetwork, seed: int, origin: Triple, size: Triple, device: str, period: Period, way: Way | None
) -> list[Tensor]:
    """Per level, finest first, the noise that an output box depends on: shape (1, C, d, h, w) on ``device``."""
    found = []
    for grid, box in zip(network.noise_grids, network.noise_boxes(origin, size), strict=True):
        repeats = in_cells(period, grid.stride)
        noise = gaussian(seed, grid.level, grid.channels, box.start, box.shape, device, repeats)
        if way is not None and way.other is not None:
            other_seed, weights = way.other
            other = gaussian(other_seed, grid.level, grid.channels, box.start, box.shape, device, repeats)
            uniform = weights.uniform
            weight = weights.box(box.start, box.shape, grid.stride) if uniform is None else uniform
            noise = blended(noise, other, weight)
        if way is not None and way.mean is not None:
            mean = 2 * way.mean.box(box.start, box.shape, grid.stride) - 1
            noise = noise.add_(torch.from_numpy(mean).to(device))
        found.append(noise[None])
    return found
