"""S2 and L of the matrix between overlapping spheres, whose closed forms are known.

Spheres of radius R lie with number density ρ at points of a Poisson process (Torquato 2002, sections 5.1 and 5.2). The
matrix is where no centre is within R: S2(r) = exp(−ρ V₂(r)), V₂ the volume of two spheres a distance r apart together.
Read at voxel centres, nothing is rounded, so S2 holds exactly on average. A path of r + 1 voxels is clear where r + 1
spheres in a row hold no centre; each adds to the last what two neighbours differ by, hence V + r·(V₂(1) − V) in place
of the continuous V + πR²r.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy import integrate
from scipy.spatial import cKDTree

from core.statistics import lineal_path_axes, two_point_axes, two_point_radial
from core.statistics.chord_length import chord_lengths
from core.statistics.euler import euler_density
from core.statistics.specific_surface import specific_surface

RADIUS = 5.0
DENSITY = 0.0012
SIDE = 72
MAX_LAG = 20
VOLUME = 4 / 3 * np.pi * RADIUS**3


def union_of_two(distance: np.ndarray) -> np.ndarray:
    """Volume of two spheres of radius R together, their centres a distance apart."""
    near = np.minimum(distance, 2 * RADIUS)
    overlap = VOLUME - np.pi * RADIUS**2 * near + np.pi * near**3 / 12
    return 2 * VOLUME - overlap


@functools.cache
def matrices() -> tuple[np.ndarray, ...]:
    """Eight independent periodic samples of the matrix."""
    random = np.random.default_rng(2024)
    voxels = np.moveaxis(np.indices((SIDE, SIDE, SIDE)), 0, -1).reshape(-1, 3) + 0.5
    samples = []
    for _ in range(8):
        centres = random.random((random.poisson(DENSITY * SIDE**3), 3)) * SIDE
        distance, _ = cKDTree(centres, boxsize=SIDE).query(voxels, distance_upper_bound=RADIUS, workers=1)
        samples.append((distance > RADIUS).reshape(SIDE, SIDE, SIDE))
    return tuple(samples)


def mean_and_error(curves: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean over samples and its standard error."""
    return np.mean(curves, axis=0), np.std(curves, axis=0, ddof=1) / len(curves) ** 0.5


def assert_within_scatter(curves: list[np.ndarray], expected: np.ndarray) -> None:
    mean, error = mean_and_error(curves)
    assert np.all(error < 0.03 * expected.max())
    assert np.all(np.abs(mean - expected) < 4 * error), (mean - expected) / error


def test_two_point_probability_of_the_matrix() -> None:
    lags = np.arange(MAX_LAG + 1.0)
    expected = np.exp(-DENSITY * union_of_two(lags))
    assert_within_scatter([two_point_axes(one, MAX_LAG).mean(axis=0) for one in matrices()], expected)
    assert_within_scatter([two_point_axes(one, MAX_LAG, periodic=True).mean(axis=0) for one in matrices()], expected)


def test_radial_two_point_probability_of_the_matrix() -> None:
    measured = [two_point_radial(one, MAX_LAG, periodic=True) for one in matrices()[:4]]
    lengths = measured[0][0]
    mean = np.mean([s2 for _, s2 in measured], axis=0)
    # Within a shell S2 is averaged over a pixel of lengths: beyond the first shells its curvature no longer matters.
    np.testing.assert_allclose(mean, np.exp(-DENSITY * union_of_two(lengths)), atol=0.02)


def test_lineal_path_of_the_matrix() -> None:
    lags = np.arange(MAX_LAG + 1.0)
    added = float(union_of_two(np.array(1.0))) - VOLUME
    expected = np.exp(-DENSITY * (VOLUME + added * lags))
    continuous = np.exp(-DENSITY * (VOLUME + np.pi * RADIUS**2 * lags))
    assert_within_scatter([lineal_path_axes(one, MAX_LAG).mean(axis=0) for one in matrices()], expected)
    assert_within_scatter([lineal_path_axes(one, MAX_LAG, periodic=True).mean(axis=0) for one in matrices()], expected)
    np.testing.assert_allclose(expected, continuous, atol=0.002)


def test_chords_of_the_matrix_are_geometric() -> None:
    """L falls by the same factor q for every voxel, so p(l) = (1 − q) q^(l − 1)."""
    q = np.exp(-DENSITY * (float(union_of_two(np.array(1.0))) - VOLUME))
    lengths = np.arange(1, 21)
    measured = [chord_lengths(one).distribution_mean[:20] for one in matrices()]
    assert_within_scatter(measured, (1 - q) * q ** (lengths - 1))
    mean, error = mean_and_error([np.array(chord_lengths(one).mean) for one in matrices()])
    assert abs(mean - 1 / (1 - q)) < 4 * error


def test_surface_of_the_spheres() -> None:
    """From the slope: −4 (S2(1) − S2(0)) exactly on average, and within 6 % of 4πR²ρ·φ, the smooth surface."""
    s2 = np.exp(-DENSITY * union_of_two(np.array([0.0, 1.0])))
    measured = [np.array(specific_surface(one).smooth) for one in matrices()]
    mean, error = mean_and_error(measured)
    assert abs(mean - 4 * (s2[0] - s2[1])) < 4 * error
    assert 4 * (s2[0] - s2[1]) == pytest.approx(4 * np.pi * RADIUS**2 * DENSITY * s2[0], rel=0.06)


def cut_ball(cuts: int) -> float:
    """Volume of a ball of which, along so many axes, only what lies beyond −½ is kept."""

    def height(y: float, x: float) -> float:
        reach = np.sqrt(max(0.0, RADIUS**2 - x**2 - y**2))
        return float(reach + min(reach, 0.5 if cuts > 2 else np.inf))

    def across(x: float) -> float:
        return float(np.sqrt(max(0.0, RADIUS**2 - x**2)))

    low = -0.5 if cuts > 0 else -RADIUS
    volume, _ = integrate.dblquad(
        height, low, RADIUS, lambda x: -min(across(x), 0.5 if cuts > 1 else np.inf), across, epsabs=1e-6
    )
    return float(volume)


def test_euler_number_of_the_matrix() -> None:
    """With 6 neighbours χ = P1 − 3 P2 + 3 P4 − P8, Pk the chance that k voxels (pair, square, cube) are all clear.

    They are where no centre lies in the k balls about them, each of which holds what is nearest to its own voxel: k
    times a ball cut half a pixel from its centre.
    """
    clear = [np.exp(-DENSITY * 2**cuts * cut_ball(cuts)) for cuts in range(4)]
    expected = clear[0] - 3 * clear[1] + 3 * clear[2] - clear[3]
    measured = [np.array(euler_density(one)) for one in matrices()]
    mean, error = mean_and_error(measured)
    assert error < 0.15 * abs(expected)
    assert abs(mean - expected) < 4 * error
