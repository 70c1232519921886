"""The noise that a network reads around a box: that of one seed, or on the way between two."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from core.generation.noise import gaussian
from core.generation.periods import Period, Triple, in_cells
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.serving import WantedFractions
from core.reconstruction.towards import Towards, blended


@dataclass(frozen=True, eq=False)
class Way:
    """A `Towards` laid over a volume: the other seed, and the weight at every place."""

    seed: int
    weight: WantedFractions

    @classmethod
    def over(cls, towards: Towards | None, size: Triple, period: Period) -> Way | None:
        """In a volume of ``size`` voxels; along a ``period`` the weight repeats as the noise does."""
        return None if towards is None else cls(towards.seed, WantedFractions(towards.over(size), size, period))


def noises_around(
    network: SwnnNetwork, seed: int, origin: Triple, size: Triple, device: str, period: Period, way: Way | None
) -> list[Tensor]:
    """Per level, finest first, the noise that an output box depends on: shape (1, C, d, h, w) on ``device``."""
    found = []
    for grid, box in zip(network.noise_grids, network.noise_boxes(origin, size), strict=True):
        repeats = in_cells(period, grid.stride)
        noise = gaussian(seed, grid.level, grid.channels, box.start, box.shape, device, repeats)
        if way is not None:
            other = gaussian(way.seed, grid.level, grid.channels, box.start, box.shape, device, repeats)
            uniform = way.weight.uniform
            weight = way.weight.box(box.start, box.shape, grid.stride) if uniform is None else uniform
            noise = blended(noise, other, weight)
        found.append(noise[None])
    return found
