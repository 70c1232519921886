"""How a volume is looked at in 3-D: the planes that cut it open, and the views that a movie flies through.

All of it is told in shares of the volume's sides, so that it holds for volumes of any size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_CUTS = 8
"""Planes at once: more than anybody tells apart, and every ray is tried against each."""


@dataclass(frozen=True)
class Cut:
    """Where a volume is cut: what lies towards a viewer is taken away.

    Attributes
    ----------
    azimuth, elevation
        From where this viewer looks, degrees, as the 3-D view's camera counts them: at azimuth 0 along y, elevation 90
        from above, down z.
    depth
        How much of the way through the volume is taken away, 0 to 1.
    """

    azimuth: float = 35.0
    elevation: float = 25.0
    depth: float = 0.5

    @property
    def ahead(self) -> np.ndarray:
        """The direction in which this viewer looks: x, y, z, of length 1. What is kept lies ahead of the plane."""
        a, e = np.radians(self.azimuth), np.radians(self.elevation)
        return np.array([-np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), -np.sin(e)])

    def plane(self, size: np.ndarray) -> np.ndarray:
        """A point of the plane and its normal, shape (2, 3), x, y, z, in a box of ``size`` (x, y, z) from the origin.

        At depth 0 the plane touches the box where the viewer would see it first, at depth 1 where last.
        """
        half = float(np.abs(self.ahead) @ size) / 2
        return np.array([size / 2 + (2 * self.depth - 1) * half * self.ahead, self.ahead])

    @property
    def turned_over(self) -> Cut:
        """The same plane, and the other half."""
        return Cut((self.azimuth + 180) % 360, -self.elevation, 1 - self.depth)


@dataclass(frozen=True)
class KeyView:
    """How a volume is looked at; the same for volumes of any size.

    Attributes
    ----------
    azimuth, elevation
        Of the camera, degrees.
    center
        What it turns about, x, y, z, as shares of the volume's sides.
    width
        How much it sees, over the volume's diagonal.
    cuts
        Planes that cut the volume open.
    """

    azimuth: float
    elevation: float
    center: tuple[float, float, float] = (0.5, 0.5, 0.5)
    width: float = 1.25
    cuts: tuple[Cut, ...] = ()
