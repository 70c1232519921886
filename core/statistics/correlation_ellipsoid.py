"""Anisotropy of S2: the correlation length in every direction, and the ellipsoid through them.

Definition: in direction n the correlation length λ(n) is where the normalised autocovariance C along n first falls to
1/e (see `core.statistics.autocovariance`). To λ(n) an ellipsoid is fitted by least squares in 1 / λ². Its semi-axes are
the correlation lengths of the structure along its own axes, the degree of anisotropy is 1 − shortest / longest. A
structure stretched affinely from an isotropic one has such an ellipsoid exactly: there C depends on nᵀ M n alone
(Adler, *The Geometry of Random Fields*, 1981, section 1.6). The level 1/e is well above the noise of far lags, which
would govern second moments of the whole map. In pixels.

Estimator: the map of S2 (`core.statistics.maps`, unbiased and non-periodic), read along 36 directions over half of the
plane, or 100 spread evenly over half of the sphere (a spiral, as Saff and Kuijlaars, Math. Intell. 19, 5, 1997), in
steps of a quarter of a pixel, linear between lags. Boundary as for S2. Directions in which C does not fall that far
within the map are left out; where too few are left, the sample is too small for the structure.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.errors import InputError
from core.job import finish
from core.statistics.autocovariance import LEVEL, autocovariance, falls_to
from core.statistics.indicator import Indicator, checked_indicator, checked_lag
from core.statistics.maps import two_point_map_steps
from core.statistics.mean_intercept import Ellipsoid, fitted_ellipsoid

Floats = npt.NDArray[np.float64]

STEP = 0.25
"""Distance in pixels between two readings of the map along a direction."""


def correlation_ellipsoid(indicator: Indicator, max_lag: int) -> Ellipsoid:
    """The ellipsoid of correlation lengths.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1, with both values.
    max_lag
        Reach of the map in pixels, below the shortest side; two or three correlation lengths suffice.

    Raises
    ------
    InputError
        Where the indicator or the lag cannot be used, one phase fills it, or C does not fall to 1/e within the map.
    """
    return finish(ellipsoid_steps(indicator, max_lag))


def ellipsoid_steps(indicator: Indicator, max_lag: int) -> Generator[None, None, Ellipsoid]:
    """As `correlation_ellipsoid`, but yields before, in and after the map."""
    inside = checked_indicator(indicator)
    lag = checked_lag(max_lag, inside.shape)
    fraction = float(inside.mean())
    yield
    covariance = autocovariance((yield from two_point_map_steps(inside, lag)), fraction)
    yield
    directions = spread_directions(inside.ndim)
    lengths = np.array([_length_along(covariance, direction, lag) for direction in directions])
    ends = np.isfinite(lengths)
    if np.count_nonzero(ends) < len(directions) // 2:
        raise InputError(
            f"The structure is correlated over more than {lag} px in most directions.",
            "Measure a larger sample, or one of finer structure.",
        )
    return fitted_ellipsoid(directions[ends], lengths[ends])


def _length_along(covariance: Floats, direction: Floats, max_lag: int) -> float:
    distance = np.arange(0, max_lag + STEP / 2, STEP)
    places = max_lag + direction[:, None] * distance
    along = ndimage.map_coordinates(covariance, places, order=1, mode="nearest")
    return falls_to(along, LEVEL) * STEP


def spread_directions(ndim: int) -> Floats:
    """Unit vectors over half of the circle (36) or sphere (100), shape (n, ndim)."""
    if ndim == 2:
        angle = np.arange(36) * np.pi / 36
        return np.stack([np.sin(angle), np.cos(angle)], axis=1)
    height = (np.arange(100) + 0.5) / 100
    turn = np.arange(100) * np.pi * (3 - 5**0.5)
    around = np.sqrt(1 - height**2)
    return np.stack([height, around * np.sin(turn), around * np.cos(turn)], axis=1)
