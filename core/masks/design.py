"""How a mask is made, as one frozen value: what was painted or imported, the axis, the smoothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.images.values import frozen
from core.masks.fields import extruded
from core.masks.mask import AXES, Mask
from core.painting.sheet import Painted

MAX_SMOOTHING = 0.5


@dataclass(frozen=True)
class MaskDesign:
    """A mask as the user makes it.

    Attributes
    ----------
    used
        Whether the reconstruction shall use it.
    axis
        The axis along which the painted plane is the same all the way (0, 1, 2 for z, y, x).
    smoothing
        Standard deviation of the blur, as a share of the volume's edges, 0 to 0.5.
    painted
        The plane over the other two axes (float32), or None where nothing was painted.
    imported
        A field from a file or a volume that is taken instead of the plane, or None.
    """

    used: bool = False
    axis: int = 0
    smoothing: float = 0.0
    painted: Painted | None = None
    imported: Mask | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no field at all."""
        return self.painted is None and self.imported is None

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        InputError
            For an axis or a smoothing out of range.
        """
        if self.axis not in (0, 1, 2) or not 0 <= self.smoothing <= MAX_SMOOTHING:
            raise InputError(f"A mask along axis {self.axis} smoothed by {self.smoothing:g} cannot be made.")

    def mask(self, edges: tuple[float, float, float] | None = None) -> Mask | None:
        """The mask as it is now, or None where there is none.

        Parameters
        ----------
        edges
            The volume's edges in metres along (z, y, x), or None where unknown.
        """
        self.check()
        if self.imported is not None:
            field = self.imported
        elif self.painted is not None:
            plane = self.painted.sheet.values
            shape = list(plane.shape)
            shape.insert(self.axis, 1)
            size = None
            if edges is not None:
                z, y, x = (edge / side for edge, side in zip(edges, shape, strict=True))
                size = (z, y, x)
            field = extruded(plane, self.axis, f"Painted, the same along {AXES[self.axis]}", size)
        else:
            return None
        if self.smoothing > 0:
            field = field.smoothed([self.smoothing * side if side > 1 else 0.0 for side in field.shape])
        return field


def fractions_by_level(mask: Mask, levels: int = 6) -> list[tuple[float, float, float]]:
    """The mask's target fractions in a few rows for a table.

    Returns
    -------
    list
        (lowest target, highest target, share of the volume), rising; one row for each value where there are at most
        ``levels``, else that many equal steps, empty ones left out. The shares sum to 1.
    """
    values = frozen(mask.fraction).reshape(-1)
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= levels:
        return [(float(v), float(v), float(n) / values.size) for v, n in zip(distinct, counts, strict=True)]
    edges = np.linspace(float(distinct[0]), float(distinct[-1]), levels + 1)
    found, _ = np.histogram(values.astype(np.float64), edges)
    rows = zip(edges[:-1], edges[1:], found / values.size, strict=True)
    return [(float(low), float(high), float(share)) for low, high, share in rows if share > 0]
