"""How a volume ends: what holds at its six faces while something is driven through it along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError

End = Literal["fixed", "closed", "periodic"]
Ends = Literal["fixed", "periodic"]
Sides = Literal["closed", "periodic"]

AXES = "zyx"


@dataclass(frozen=True)
class Faces:
    """The conditions at the faces.

    Attributes
    ----------
    axis
        The driven axis, 0 to 2 (z, y, x).
    ends
        The two faces across it: "fixed" (temperature 1 and 0, or a fixed pressure at each) or "periodic" (the structure
        repeats, and a mean gradient is imposed).
    sides
        The other four: "closed" (nothing passes and nothing holds it back, as if mirrored) or "periodic".
    """

    axis: int
    ends: Ends = "fixed"
    sides: Sides = "closed"

    def of(self, axis: int) -> End:
        """What holds at the two faces across ``axis``."""
        return self.ends if axis == self.axis else self.sides


def checked_axes(axes: Sequence[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    """``axes`` without repetitions, in order.

    Raises
    ------
    InputError
        Where there is none, or one that is not 0, 1 or 2.
    """
    found = tuple(sorted({int(axis) for axis in axes}))
    if len(shape) != 3 or min(shape) < 1:
        raise InputError(f"A property is computed of a volume with three axes, not of shape {tuple(shape)}.")
    if not found or not set(found) <= {0, 1, 2}:
        raise InputError(f"The axes {tuple(axes)} cannot be used.", "Give one or more of 0, 1 and 2 (z, y, x).")
    return found


def checked_spacing(spacing: Sequence[float]) -> tuple[float, float, float]:
    """The voxel's three edges, relative to the cube of the same volume.

    Raises
    ------
    InputError
        Where they are not three positive lengths.
    """
    edges = [float(edge) for edge in spacing]
    if len(edges) != 3 or not all(np.isfinite(edge) and edge > 0 for edge in edges):
        raise InputError(f"A voxel has three positive edges, not {tuple(spacing)}.")
    mean = float(np.prod(edges)) ** (1 / 3)
    z, y, x = (edge / mean for edge in edges)
    return z, y, x


def checked_tolerance(tolerance: float) -> float:
    """``tolerance``, above 0 and below 1; else `InputError`."""
    if not 0 < tolerance < 1:
        raise InputError(f"A tolerance of {tolerance:g} is out of reach.", "Give one between 0 and 1, such as 1e-5.")
    return float(tolerance)
