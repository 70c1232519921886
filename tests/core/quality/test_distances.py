"""Fréchet and kernel distance against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.quality import frechet_distance, frechet_of_gaussians, kernel_distance


def cloud(seed: int, n: int = 40, d: int = 5) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.standard_normal((n, d)) @ generator.standard_normal((d, d)) + generator.standard_normal(d)


def test_gaussians_with_diagonal_covariances() -> None:
    # (1 − 4)² + (0 − 4)² + (√4 − √9)² + (√1 − √16)²
    found = frechet_of_gaussians(np.array([1.0, 0]), np.diag([4.0, 1]), np.array([4.0, 4]), np.diag([9.0, 16]))
    assert found == pytest.approx(9 + 16 + 1 + 9, rel=1e-12)


def test_gaussians_that_do_not_commute_against_the_root_itself() -> None:
    from scipy.linalg import sqrtm

    a, b = cloud(1), cloud(2)
    one, other = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one + other - 2 * sqrtm(one @ other).real)
    assert frechet_of_gaussians(a.mean(0), one, b.mean(0), other) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_fewer_samples_than_features() -> None:
    a = np.array([[0.0, 0, 0], [2, 0, 0]])
    b = np.array([[0.0, 0, 0], [0, 4, 0]])
    # both clouds are lines: variances 2 along x and 8 along y, which do not overlap
    assert frechet_distance(a, b) == pytest.approx(1 + 4 + 2 + 8)
    # along one line: (√2 − √8)²
    assert frechet_distance(a, np.array([[0.0, 0, 0], [4, 0, 0]])) == pytest.approx(1 + (2**0.5 - 8**0.5) ** 2)


def test_a_cloud_is_at_no_distance_from_itself() -> None:
    assert frechet_distance(cloud(3), cloud(3)) == pytest.approx(0, abs=1e-9)
    moved = cloud(3) + np.array([3.0, 0, 0, 0, 4])
    assert frechet_distance(cloud(3), moved) == pytest.approx(25, rel=1e-9)


def test_kernel_by_double_loop() -> None:
    a, b = cloud(4, 6), cloud(5, 9)

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 5 + 1) ** 3)

    within = [np.mean([kernel(x, y) for i, x in enumerate(one) for j, y in enumerate(one) if i != j]) for one in (a, b)]
    across = np.mean([kernel(x, y) for x in a for y in b])
    assert kernel_distance(a, b) == pytest.approx(within[0] + within[1] - 2 * across, rel=1e-12)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.zeros((1, 2)), np.zeros((3, 2))),
        (np.zeros((3, 2)), np.zeros((3, 3))),
        (np.full((3, 2), np.nan), np.zeros((3, 2))),
    ],
)
def test_what_cannot_be_compared(a: np.ndarray, b: np.ndarray) -> None:
    for distance in (frechet_distance, kernel_distance):
        with pytest.raises(InputError):
            distance(a, b)
