"""Both curves of one structure, along its axes and averaged over them, and the length that they tell of."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import finish
from core.statistics.autocovariance import autocovariance, falls_to
from core.statistics.indicator import Indicator, checked_indicator
from core.statistics.lineal_path import lineal_path_steps
from core.statistics.two_point import two_point_axes, two_point_steps

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
    return finish(measuring_curves(indicator, max_lag, periodic))


def measuring_curves(indicator: Indicator, max_lag: int, periodic: bool = False) -> Generator[None, None, Curves]:
    """As `measure_curves`, but yields after each block of lines, so that a job can be left there."""
    inside = checked_indicator(indicator)
    s2 = yield from two_point_steps(inside, max_lag, periodic)
    lineal_path = yield from lineal_path_steps(inside, max_lag, periodic)
    return Curves(lags=np.arange(max_lag + 1, dtype=np.float64), s2=s2, lineal_path=lineal_path)


def mean_curves(curves: Sequence[Curves]) -> Curves:
    """The mean of curves of several structures, axis by axis, at the lags that all of them have."""
    lags = min((one.lags for one in curves), key=len)
    s2 = np.mean([one.s2[:, : len(lags)] for one in curves], axis=0)
    return Curves(lags, s2, np.mean([one.lineal_path[:, : len(lags)] for one in curves], axis=0))


def correlation_length(indicator: Indicator) -> float:
    """The lag, in pixels, at which the structure has forgotten itself: its autocovariance has fallen to 1/e.

    Definition: the first r with C(r) = 1/e, where C(r) = (S2(r) − φ²) / (φ − φ²) is the normalised autocovariance of
    the axis-averaged S2 (non-periodic), linear between whole lags. φ is the share of the phase in the whole array.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1, with both values and at least two pixels along each axis.

    Returns
    -------
    float
        Pixels; above 0. Where C stays above 1/e up to half the shortest side (at least 1 px), that lag: the
        structure is too coarse for the array and its true length is longer.

    Raises
    ------
    InputError
        Where the indicator cannot be used or holds one phase only.
    """
    return finish(correlation_length_steps(indicator))


def correlation_length_steps(indicator: Indicator) -> Generator[None, None, float]:
    """As `correlation_length`, but yields after each block of lines, so that a job can be left there."""
    inside, fraction = _both_values(indicator)
    rows = yield from two_point_steps(inside, max(1, min(inside.shape) // 2), False)
    return _length_of(rows.mean(axis=0), fraction)


def axis_ratio(indicator: Indicator) -> float:
    """How much longer structures are along one axis than along another: ratio (≥ 1) of the longest to the shortest.

    The length along an axis is that of `correlation_length`, taken from the S2 of that axis alone.

    Parameters
    ----------
    indicator
        As for `correlation_length`.

    Raises
    ------
    InputError
        As `correlation_length`.
    """
    inside, fraction = _both_values(indicator)
    curves = two_point_axes(inside, max(1, min(inside.shape) // 2))
    lengths = [_length_of(curve, fraction) for curve in curves]
    return max(lengths) / min(lengths)


def _both_values(indicator: Indicator) -> tuple[npt.NDArray[np.bool_], float]:
    inside = checked_indicator(indicator)
    fraction = float(inside.mean())
    if fraction in (0.0, 1.0):
        raise InputError("One phase fills the whole array, so it has no correlation length.", "Choose another phase.")
    return inside, fraction


def _length_of(curve: Floats, fraction: float) -> float:
    """The first lag, linear between whole ones, at which the autocovariance has fallen to 1/e; else the last one."""
    return min(falls_to(autocovariance(curve, fraction)), float(len(curve) - 1))
