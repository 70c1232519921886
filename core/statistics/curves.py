"""Both curves of one structure, along its axes and averaged over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.statistics.indicator import Indicator, checked_indicator
from core.statistics.lineal_path import lineal_path_axes
from core.statistics.two_point import two_point_axes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curves:
    """S2 and L along the axes of one structure.

    Attributes
    ----------
    lags
        Shape (n,), pixels: 0, 1, … n − 1.
    s2, lineal_path
        Shape (ndim, n): one row an axis, in the array's axis order.
    """

    lags: Floats
    s2: Floats
    lineal_path: Floats

    @property
    def s2_mean(self) -> Floats:
        """S2 averaged over the axes, shape (n,)."""
        return np.asarray(self.s2.mean(axis=0))

    @property
    def lineal_path_mean(self) -> Floats:
        """L averaged over the axes, shape (n,)."""
        return np.asarray(self.lineal_path.mean(axis=0))


def measure_curves(indicator: Indicator, max_lag: int, periodic: bool = False) -> Curves:
    """S2 and L along each axis for lags 0 to ``max_lag`` (px); arguments and errors as for `two_point_axes`."""
    inside = checked_indicator(indicator)
    return Curves(
        lags=np.arange(max_lag + 1, dtype=np.float64),
        s2=two_point_axes(inside, max_lag, periodic),
        lineal_path=lineal_path_axes(inside, max_lag, periodic),
    )
