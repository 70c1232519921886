"""Specific surface: area of the phase's boundary per volume of the sample, read in three ways.

All three in px⁻¹ (px² of surface in px³ of sample; in a picture px of boundary in px² of area).

- **From the slope of S2** at the origin: S_V = −4 S2'(0) of an isotropic body in space, whether S2 was measured in the
  volume or in a section of it; L_A = −π S2'(0) of the boundary in a section (Debye, Anderson and Brumberger 1957;
  Berryman, J. Math. Phys. 28, 244, 1987). The slope is that between lags 0 and 1, S2(1) − S2(0) = −½ P(neighbours
  differ), averaged over the axes: the count of intersections with lines (Saltykov's S_V = 2 P_L). It estimates the true
  smooth surface; details below a pixel are lost, and a structure that is not isotropic is seen along its axes only.
- **As a staircase**: pixel faces between the phase and the rest, per axis and in all. This is the area of the body made
  of cubes, −6 S2'(0) in the slope's terms, 3/2 times that of a smooth isotropic surface (4/π in a picture), which no
  resolution cures (Yeong and Torquato, Phys. Rev. E 57, 495, 1998).
- **By marching cubes** (Lorensen and Cline, Comput. Graph. 21, 163, 1987; Lewiner's form as in scikit-image), at half
  between 0 and 1 and without smoothing: the surface that is drawn and exported. On smooth bodies about a tenth too
  large, since it still follows the steps; in a picture marching squares, about 5 % too long.

Boundary: neighbours and 2 × 2 × 2 cells wholly inside the array are counted, over the number of them, so the array's
own faces are no surface and the estimates are those of the structure it was cut from.
"""

from __future__ import annotations

import functools
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import finish
from core.statistics.configurations import Counts, configuration_steps, corners
from core.statistics.indicator import Indicator, checked_indicator

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SpecificSurface:
    """Surface per volume (boundary per area), px⁻¹; see the module's head for what each means.

    Attributes
    ----------
    smooth
        From the slope of S2: surface per volume, −4 S2'(0). From a picture too, as that of the body it is a section of.
    boundary
        From the slope of S2: length of the boundary per area of section, −π S2'(0).
    staircase
        Pixel faces (edges) per volume (area), all axes together.
    staircase_axes
        Those that face each axis; they sum to ``staircase``.
    marching
        By marching cubes (squares).
    """

    smooth: float
    boundary: float
    staircase: float
    staircase_axes: tuple[float, ...]
    marching: float


def specific_surface(indicator: Indicator) -> SpecificSurface:
    """Measure the boundary of a phase.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1; two or more pixels along each axis.

    Raises
    ------
    InputError
        Where the indicator cannot be used.
    """
    return finish(surface_steps(indicator))


def surface_steps(indicator: Indicator) -> Generator[None, None, SpecificSurface]:
    """As `specific_surface`, but yields after each slab."""
    inside = checked_indicator(indicator)
    if min(inside.shape) < 2:
        raise InputError(f"A surface needs two pixels along each axis, not the shape {inside.shape}.")
    faces = []
    for axis in range(inside.ndim):
        moved = np.moveaxis(inside, axis, 0)
        faces.append(np.count_nonzero(moved[1:] != moved[:-1]) / moved[1:].size)
        yield
    counts = yield from configuration_steps(inside)
    slope = -float(np.mean(faces)) / 2
    return SpecificSurface(
        smooth=-4 * slope,
        boundary=-np.pi * slope,
        staircase=float(sum(faces)),
        staircase_axes=tuple(faces),
        marching=marching_density(counts, inside.ndim),
    )


def marching_density(counts: Counts, ndim: int) -> float:
    """Surface per volume by marching cubes (squares) from the counts of `core.statistics.configurations`, px⁻¹."""
    return float(counts @ (_cube_areas() if ndim == 3 else _square_lengths()) / counts.sum())


@functools.cache
def _cube_areas() -> Floats:
    """Area of the surface within a cell of each arrangement of its eight corners, px²."""
    from skimage.measure import marching_cubes, mesh_surface_area

    areas = np.zeros(256)
    for code in range(1, 255):
        cell = np.array([code >> bit & 1 for bit in range(8)], dtype=np.float32).reshape(2, 2, 2)
        vertices, triangles, _, _ = marching_cubes(cell, 0.5)
        areas[code] = mesh_surface_area(vertices, triangles)
    return areas


@functools.cache
def _square_lengths() -> Floats:
    """Length of the line within a cell of each arrangement of its four corners, px: it joins midpoints of edges."""
    lengths = np.zeros(16)
    for code in range(16):
        there = [offset for bit, offset in enumerate(corners(2)) if code >> bit & 1]
        if len(there) in (1, 3):
            lengths[code] = 0.5**0.5
        elif len(there) == 2:
            beside = sum(abs(a - b) for a, b in zip(*there, strict=True)) == 1
            lengths[code] = 1.0 if beside else 2**0.5
    return lengths
