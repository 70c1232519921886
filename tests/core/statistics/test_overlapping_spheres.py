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
from scipy.spatial import cKDTree

from core.statistics import lineal_path_axes, two_point_axes, two_point_radial

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
