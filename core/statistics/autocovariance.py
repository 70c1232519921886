"""Normalised autocovariance of a phase, and the lengths at which the structure forgets itself.

Definitions: C(r) = (S2(r) − φ²) / (φ − φ²), 1 at r = 0 and 0 where nothing is remembered (Debye, Anderson and
Brumberger, J. Appl. Phys. 28, 679, 1957; Torquato 2002, section 2.2). The correlation length along an axis is the first
lag with C = 1/e, linear between whole lags; the integral length is ∫ C dr up to its first zero, by trapezoids. C has no
unit, lengths are in pixels.

Estimator: S2 of `core.statistics.two_point`, unbiased; φ² is that of the whole array, which in a small sample lies too
high by the variance of φ, so that C falls somewhat too early. Boundary as for S2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import integrate

from core.errors import InputError

Floats = npt.NDArray[np.float64]

LEVEL = float(np.exp(-1))


def autocovariance(s2: Floats, fraction: float) -> Floats:
    """C from S2 (any shape) and the share of the phase.

    Raises
    ------
    InputError
        Where the phase fills everything or is absent.
    """
    if not 0 < fraction < 1:
        raise InputError("One phase fills the whole array, so it has no autocovariance.", "Choose another phase.")
    return np.asarray((s2 - fraction**2) / (fraction - fraction**2))


def falls_to(covariance: Floats, level: float = LEVEL) -> float:
    """The first lag (px) at which a curve that starts at lag 0 falls to ``level``; infinity where it does not."""
    below = np.flatnonzero(covariance <= level)
    if not len(below):
        return float("inf")
    last = int(below[0])
    if last == 0:
        return 0.0
    before, after = covariance[last - 1], covariance[last]
    return float(last - 1 + (before - level) / (before - after))


def integral_length(covariance: Floats) -> float:
    """∫ C dr (px) up to its first zero, or over all lags given where it has none."""
    zero = falls_to(covariance, 0.0)
    if not np.isfinite(zero):
        return float(integrate.trapezoid(covariance))
    whole = int(zero)
    return float(integrate.trapezoid(covariance[: whole + 1]) + covariance[whole] * (zero - whole) / 2)
