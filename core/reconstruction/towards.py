"""Between two seeds: the noise of one volume passes into that of another, as far as a weight says, place by place.

SWNN, Fig. 12: interpolating the input's distribution gives structures that pass continuously into each other. Here the
two ends are the noises a and b of two seeds, each standard normal and independent of the other. Of a weighted mean the
variance would shrink to a half in the middle, where the network was never trained; cos(πw/2) · a + sin(πw/2) · b is
standard normal for every weight w, and so every volume on the way is as good as the two ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.masks.mask import AXES, Mask
from core.provenance import Provenance, array_hash

if TYPE_CHECKING:
    from torch import Tensor

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Ramp:
    """A weight that runs from the centre of a volume's first section across an axis to that of its last.

    Attributes
    ----------
    axis
        0, 1 or 2 for z, y or x.
    first, last
        Weights there, 0 to 1.
    """

    axis: int
    first: float = 0.0
    last: float = 1.0

    def __post_init__(self) -> None:
        if self.axis not in range(3):
            raise InputError(f"A volume has no axis {self.axis}.", "Give 0, 1 or 2 for z, y or x.")
        _check(self.first)
        _check(self.last)


@dataclass(frozen=True)
class Towards:
    """What the noise of a volume passes into.

    Attributes
    ----------
    seed
        Of the other volume.
    weight
        0: the volume of its own seed, to the bit; 1: that of the other seed; a number, or a ramp along an axis, or any
        field over the volume (resampled on use).
    """

    seed: int
    weight: float | Ramp | Mask = 0.5

    def __post_init__(self) -> None:
        if isinstance(self.weight, (int, float)):
            _check(self.weight)

    def over(self, size: Triple) -> float | Mask:
        """The weight in a volume of ``size`` voxels along z, y, x."""
        weight = self.weight
        if not isinstance(weight, Ramp):
            return weight
        shape = [1, 1, 1]
        shape[weight.axis] = side = size[weight.axis]
        # of one section, the middle
        line = np.linspace(weight.first, weight.last, side) if side > 1 else [(weight.first + weight.last) / 2]
        field = np.asarray(line, dtype=np.float32).reshape(shape)
        return Mask(field, None, self.words, Provenance("weights along an axis", settings=self.entry()))

    @property
    def words(self) -> str:
        """The weight, in words."""
        if isinstance(self.weight, Ramp):
            return f"{100 * self.weight.first:.3g} to {100 * self.weight.last:.3g} % along {AXES[self.weight.axis]}"
        return self.weight.name if isinstance(self.weight, Mask) else f"{100 * self.weight:.3g} %"

    def entry(self) -> dict[str, Any]:
        """As plain JSON values: equal ones make the same volume."""
        weight: Any = self.weight
        if isinstance(weight, Ramp):
            weight = {"axis": AXES[weight.axis], "first": weight.first, "last": weight.last}
        elif isinstance(weight, Mask):
            weight = {"name": weight.name, "hash": array_hash(weight.fraction)}
        return {"seed": self.seed, "weight": weight}


def blended(own: Tensor, other: Tensor, weight: float | np.ndarray) -> Tensor:
    """Standard normal noise between two independent ones.

    Parameters
    ----------
    own, other
        Shape (C, d, h, w), float32; both are used up.
    weight
        0 gives ``own``, 1 ``other``, both to the bit; a number, or one for each cell, shape (d, h, w).
    """
    import torch

    # both by the sine, which is 0 and 1 to the bit where it has to be
    shares = [np.sin(np.pi / 2 * part) for part in (1 - np.asarray(weight, np.float64), np.asarray(weight, np.float64))]
    first, second = (torch.from_numpy(np.asarray(share, np.float32)).to(own.device) for share in shares)
    # one rounding at a time: processors differ in whether they join a product and a sum
    return own.mul_(first).add_(other.mul_(second))


def _check(weight: float) -> None:
    if not 0 <= weight <= 1:
        raise InputError(f"A weight of {weight:g} lies outside 0 to 1.", "0 is the one volume, 1 the other.")
