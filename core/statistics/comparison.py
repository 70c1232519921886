"""What compares a reconstruction with its exemplar: the discrepancy of curves and of section maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import integrate

from core.errors import InputError
from core.statistics.curves import Curves, measure_curves
from core.statistics.indicator import Indicator, checked_indicator, default_max_lag
from core.statistics.maps import section_two_point_map, two_point_map

Floats = npt.NDArray[np.float64]


def discrepancy(curve: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Area between two curves over the area under the reference, a ratio (0 where they agree).

    ε = ∫|f − f_ref| dr / ∫f_ref dr over all lags given, by the trapezoidal rule at unit lag: Eq. 23 of Lee and Yun,
    *Microstructure reconstruction using diffusion-based generative models*, as a ratio instead of per cent.

    Parameters
    ----------
    curve, reference
        Shape (n,), at the same lags, n ≥ 2.

    Raises
    ------
    InputError
        Where the shapes differ, fewer than two lags are given, or the reference has no area (the phase is absent).
    """
    measured = np.asarray(curve, dtype=np.float64)
    expected = np.asarray(reference, dtype=np.float64)
    if measured.shape != expected.shape or measured.ndim != 1 or len(measured) < 2:
        raise InputError(
            f"Two curves are compared at the same two or more lags, not shapes {measured.shape} and {expected.shape}."
        )
    area = float(integrate.trapezoid(np.abs(expected)))
    if area == 0:
        raise InputError("The reference curve has no area: the phase is absent.", "Choose a phase that is there.")
    return float(integrate.trapezoid(np.abs(measured - expected))) / area


@dataclass(frozen=True, eq=False)
class Comparison:
    """A volume (or picture) against its exemplar.

    Attributes
    ----------
    volume, exemplar
        Curves of both at the same lags (non-periodic estimator).
    volume_fraction, exemplar_fraction
        Share of the phase in each, 0 to 1.
    epsilon_s2, epsilon_lineal_path
        `discrepancy` of the volume's axis-averaged curve from the exemplar's, a ratio.
    epsilon_s2_axes, epsilon_lineal_path_axes
        The same for each axis of the volume alone, one entry an axis; against the exemplar's average, or, where it has
        directions (`compare_curves`), against its curve along the same axis.
    """

    volume: Curves
    exemplar: Curves
    volume_fraction: float
    exemplar_fraction: float
    epsilon_s2: float
    epsilon_lineal_path: float
    epsilon_s2_axes: tuple[float, ...]
    epsilon_lineal_path_axes: tuple[float, ...]

    @property
    def epsilon_l(self) -> float:
        """`epsilon_lineal_path` by its symbol."""
        return self.epsilon_lineal_path

    @property
    def epsilon_l_axes(self) -> tuple[float, ...]:
        """`epsilon_lineal_path_axes` by its symbol."""
        return self.epsilon_lineal_path_axes


def compare(volume_indicator: Indicator, exemplar_indicator: Indicator, max_lag: int | None = None) -> Comparison:
    """Compare S2 and L of a volume with those of its exemplar.

    Parameters
    ----------
    volume_indicator
        Shape (Z, Y, X) or (Y, X), bool or 0 and 1.
    exemplar_indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1. Its axes are averaged.
    max_lag
        Largest lag in pixels; by default 63, or half the shortest side of both less one where that is smaller.

    Raises
    ------
    InputError
        Where either cannot be used, or the exemplar lacks the phase.
    """
    volume, exemplar = checked_indicator(volume_indicator), checked_indicator(exemplar_indicator)
    lag = default_max_lag(volume.shape, exemplar.shape) if max_lag is None else max_lag
    return compare_curves(measure_curves(volume, lag), measure_curves(exemplar, lag), volume.mean(), exemplar.mean())


def compare_curves(
    volume: Curves,
    exemplar: Curves,
    volume_fraction: float | None = None,
    exemplar_fraction: float | None = None,
    *,
    by_axis: bool = False,
) -> Comparison:
    """As `compare`, from curves already measured at the same lags.

    The fractions default to S2(0), which is exactly the share of the phase. ``by_axis``: the exemplar's axes are the
    volume's (`curves_of_planes`), so that each is compared with its own.
    """
    s2, lineal_path = exemplar.s2_mean, exemplar.lineal_path_mean
    s2_along = exemplar.s2 if by_axis else [s2] * len(volume.s2)
    lineal_along = exemplar.lineal_path if by_axis else [lineal_path] * len(volume.s2)
    return Comparison(
        volume=volume,
        exemplar=exemplar,
        volume_fraction=float(volume.s2[0, 0] if volume_fraction is None else volume_fraction),
        exemplar_fraction=float(exemplar.s2[0, 0] if exemplar_fraction is None else exemplar_fraction),
        epsilon_s2=discrepancy(volume.s2_mean, s2),
        epsilon_lineal_path=discrepancy(volume.lineal_path_mean, lineal_path),
        epsilon_s2_axes=tuple(discrepancy(row, own) for row, own in zip(volume.s2, s2_along, strict=True)),
        epsilon_lineal_path_axes=tuple(
            discrepancy(row, own) for row, own in zip(volume.lineal_path, lineal_along, strict=True)
        ),
    )


def curves_of_planes(xy: Curves, xz: Curves, yz: Curves) -> Curves:
    """What sections across z, y and x together say of the curves along z, y and x: each axis lies in two of them.

    Rows of the planes xz and yz run along z, those of xy along y. At the lags that all three have.
    """
    lags = min((xy.lags, xz.lags, yz.lags), key=len)
    found = []
    for name in ("s2", "lineal_path"):
        a, b, c = (getattr(curves, name)[:, : len(lags)] for curves in (xy, xz, yz))
        found.append(np.stack([(b[0] + c[0]) / 2, (a[0] + c[1]) / 2, (a[1] + b[1]) / 2]))
    return Curves(lags, *found)


def section_map_discrepancy(
    volume_indicator: Indicator, exemplar_indicator: Indicator, max_lag: int = 24
) -> tuple[float, float, float]:
    """How far the S2 maps of a volume's sections lie from the exemplar's, diagonals included: a ratio for each axis.

    For the axis a, ε_a = Σ|S̄_a(r) − S_ref(r)| / Σ S_ref(r) over the (2·max_lag + 1)² lag vectors r, with S̄_a the mean
    map of all sections perpendicular to a and S_ref the exemplar's map, both non-periodic. Curves along the axes cannot
    see diagonal streaks; this does. It takes the exemplar to stand for all three sections, in its own orientation (rows
    are the section's first axis).

    Parameters
    ----------
    volume_indicator
        Shape (Z, Y, X), bool or 0 and 1.
    exemplar_indicator
        Shape (Y, X), bool or 0 and 1.
    max_lag
        Largest lag in pixels along each axis of the map, below the shortest side of both.

    Raises
    ------
    InputError
        Where either or the lag cannot be used, or the exemplar lacks the phase.
    """
    exemplar = checked_indicator(exemplar_indicator)
    if exemplar.ndim != 2:
        raise InputError(f"The exemplar of a section map has two axes, not shape {exemplar.shape}.")
    reference = two_point_map(exemplar, max_lag)
    total = float(reference.sum())
    if total == 0:
        raise InputError("The exemplar's map is empty: the phase is absent.", "Choose a phase that is there.")
    across = [
        float(np.abs(section_two_point_map(volume_indicator, axis, max_lag) - reference).sum()) / total
        for axis in range(3)
    ]
    return across[0], across[1], across[2]
