"""Mean intercept length by direction, its tensor and the degree of anisotropy.

Definition: the mean intercept in direction n is the mean length of the pieces into which lines along n cut the phase,
MIL(n) = 2 φ / P_L(n), with φ the share of the phase and P_L the boundary's crossings per length of line (Whitehouse, J.
Microsc. 101, 153, 1974). To MIL(n) = (nᵀ M n)^(−1/2) an ellipsoid is fitted by least squares in 1 / MIL² (Harrigan and
Mann, J. Mater. Sci. 19, 761, 1984); its semi-axes are the eigenvalues of M to the power −1/2, and the degree of
anisotropy is 1 − shortest / longest, 0 for an isotropic structure. Lengths are in pixels. A structure that is stretched
affinely from an isotropic one has such an ellipsoid exactly; a laminate has not, its intercepts along the layers are
infinite.

Estimator: along the lattice directions whose steps are at most one pixel along each axis (13 in space), in a picture at
most two (8), crossings are counted between successive pixel centres. Two crossings within one step are missed, which
makes long steps see a little fewer; the directions are symmetric, so that this cannot feign an anisotropy.

Boundary: steps with both ends inside the array, over their number. Nothing is cut, so this is unbiased.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import product
from math import gcd

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import finish
from core.statistics.indicator import Indicator, checked_indicator

Floats = npt.NDArray[np.float64]
Steps = npt.NDArray[np.int64]

SLAB_VALUES = 1 << 22


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid (ellipse) of lengths by direction.

    Attributes
    ----------
    lengths
        Semi-axes in pixels, longest first, one entry an axis; infinity where the structure has no end that way.
    directions
        Shape (ndim, ndim): row k is the unit vector of the k-th semi-axis, in the array's axis order.
    """

    lengths: tuple[float, ...]
    directions: Floats

    @property
    def anisotropy(self) -> float:
        """Degree of anisotropy, 1 − shortest / longest: 0 (alike in all directions) to 1."""
        return 1 - self.lengths[-1] / self.lengths[0]


@dataclass(frozen=True, eq=False)
class MeanIntercept:
    """Mean intercepts of a phase.

    Attributes
    ----------
    steps
        Shape (n, ndim): lattice directions, in the array's axis order.
    lengths
        Shape (n,): mean intercept in each, pixels; infinity where no boundary was crossed.
    ellipsoid
        What was fitted to them.
    """

    steps: Steps
    lengths: Floats
    ellipsoid: Ellipsoid


def mean_intercept(indicator: Indicator) -> MeanIntercept:
    """Measure the mean intercepts of a phase.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1; three or more pixels along each axis.

    Raises
    ------
    InputError
        Where the indicator cannot be used, or one phase fills it.
    """
    return finish(intercept_steps(indicator))


def intercept_steps(indicator: Indicator) -> Generator[None, None, MeanIntercept]:
    """As `mean_intercept`, but yields after each slab."""
    inside = checked_indicator(indicator)
    if min(inside.shape) < 3:
        raise InputError(f"Intercepts need three pixels along each axis, not the shape {inside.shape}.")
    fraction = float(inside.mean())
    if fraction in (0.0, 1.0):
        raise InputError("One phase fills the whole array, so lines cross no boundary.", "Choose another phase.")
    steps = lattice_directions(inside.ndim)
    crossings = np.zeros(len(steps))
    for number, step in enumerate(steps):
        first = inside[tuple(slice(max(0, -s), side - max(0, s)) for s, side in zip(step, inside.shape, strict=True))]
        second = inside[tuple(slice(max(0, s), side + min(0, s)) for s, side in zip(step, inside.shape, strict=True))]
        slab = max(1, SLAB_VALUES // first[0].size)
        found = 0
        for start in range(0, len(first), slab):
            found += int(np.count_nonzero(first[start : start + slab] != second[start : start + slab]))
            yield
        crossings[number] = found / first.size / np.linalg.norm(step)
    with np.errstate(divide="ignore"):
        lengths = 2 * fraction / crossings
    return MeanIntercept(steps, lengths, fitted_ellipsoid(steps.astype(np.float64), lengths))


def lattice_directions(ndim: int) -> Steps:
    """Steps to neighbouring pixels, one of each opposite pair: 13 in space; in the plane 8, with knight's moves."""
    reach = 1 if ndim == 3 else 2
    steps = [
        step
        for step in product(range(-reach, reach + 1), repeat=ndim)
        if gcd(*step) == 1 and next(part for part in step if part) > 0
    ]
    return np.array(steps, dtype=np.int64)


def fitted_ellipsoid(directions: Floats, lengths: Floats) -> Ellipsoid:
    """The ellipsoid about the origin through lengths by direction: least squares in nᵀ M n = 1 / length².

    Parameters
    ----------
    directions
        Shape (n, ndim), of any length but 0; n at least ndim (ndim + 1) / 2, and not all in one plane.
    lengths
        Shape (n,), positive, infinity allowed.
    """
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    ndim = unit.shape[1]
    upper = np.triu_indices(ndim)
    twice = np.where(upper[0] == upper[1], 1.0, 2.0)
    design = unit[:, upper[0]] * unit[:, upper[1]] * twice
    solution = np.linalg.lstsq(design, lengths**-2.0, rcond=None)[0]
    matrix = np.zeros((ndim, ndim))
    matrix[upper] = solution
    matrix.T[upper] = solution
    values, vectors = np.linalg.eigh(matrix)
    # ascending eigenvalues are descending lengths; noise can push the least one below zero, where there is no end
    values = np.maximum(values, 0)
    with np.errstate(divide="ignore"):
        sides = values**-0.5
    return Ellipsoid(tuple(float(side) for side in sides), vectors.T)
