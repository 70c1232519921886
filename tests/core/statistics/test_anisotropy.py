"""Mean intercepts and the ellipsoid of correlation lengths: brute force, and structures stretched by known factors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.statistics.correlation_ellipsoid import correlation_ellipsoid, spread_directions
from core.statistics.mean_intercept import fitted_ellipsoid, lattice_directions, mean_intercept


def stretched(shape: tuple[int, ...], sigmas: tuple[float, ...], seed: int = 0) -> np.ndarray:
    """A thresholded Gaussian field, isotropic but for its stretch, which its sigmas give."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    return ndimage.gaussian_filter(noise, sigmas, mode="wrap") > 0


@pytest.mark.parametrize("shape", [(6, 7), (4, 5, 6)])
def test_intercepts_equal_brute_force(shape: tuple[int, ...]) -> None:
    inside = np.random.default_rng(1).random(shape) < 0.4
    found = mean_intercept(inside)
    for step, length in zip(found.steps, found.lengths, strict=True):
        differ = trials = 0
        for pixel in np.ndindex(shape):
            other = tuple(np.add(pixel, step))
            if all(0 <= a < n for a, n in zip(other, shape, strict=True)):
                trials += 1
                differ += bool(inside[pixel] != inside[other])
        assert length == pytest.approx(2 * inside.mean() / (differ / trials / np.linalg.norm(step)))


def test_directions_are_the_thirteen_and_the_eight() -> None:
    assert len(lattice_directions(3)) == 13
    assert {tuple(step) for step in lattice_directions(2).tolist()} == {
        (0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (1, -2), (2, 1), (2, -1)
    }  # fmt: skip


def test_an_ellipsoid_is_found_again() -> None:
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0]
    matrix = turn @ np.diag([1 / 25, 1 / 9, 1 / 4]) @ turn.T
    directions = spread_directions(3)
    lengths = np.einsum("ij,jk,ik->i", directions, matrix, directions) ** -0.5
    found = fitted_ellipsoid(directions, lengths)
    np.testing.assert_allclose(found.lengths, (5, 3, 2), rtol=1e-9)
    np.testing.assert_allclose(np.abs(np.sum(found.directions * turn.T, axis=1)), np.ones(3), rtol=1e-9)
    assert found.anisotropy == pytest.approx(0.6)


def test_laminate_has_no_end_along_its_layers() -> None:
    inside = np.zeros((33, 16, 20), dtype=np.uint8)
    inside[np.arange(33) % 8 < 4] = 1
    found = mean_intercept(inside)
    along = dict(zip(map(tuple, found.steps.tolist()), found.lengths, strict=True))
    assert along[0, 0, 1] == along[0, 1, 0] == np.inf
    assert along[1, 0, 0] == pytest.approx(2 * inside.mean() / (1 / 4))
    assert found.ellipsoid.anisotropy > 0.5
    np.testing.assert_allclose(np.abs(found.ellipsoid.directions[2]), (1, 0, 0), atol=1e-6)


def test_checkerboard_is_alike_along_both_axes() -> None:
    square = np.arange(33) // 4
    inside = (square[:, None] + square[None]) % 2 == 0
    found = mean_intercept(inside).ellipsoid
    assert found.anisotropy == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("shape", "sigmas"), [((96, 96, 96), (6, 3, 3)), ((400, 400), (8, 4)), ((96, 96, 96), (3, 3, 3))]
)
def test_stretch_is_measured(shape: tuple[int, ...], sigmas: tuple[float, ...]) -> None:
    inside = stretched(shape, sigmas)
    for found in (mean_intercept(inside).ellipsoid, correlation_ellipsoid(inside, 24)):
        assert found.lengths[0] / found.lengths[-1] == pytest.approx(sigmas[0] / sigmas[-1], rel=0.12)
        if sigmas[0] != sigmas[-1]:
            assert abs(found.directions[0, 0]) > 0.99


def test_correlation_lengths_are_those_of_the_field() -> None:
    """At φ = ½, C = 2/π · asin(ρ) with ρ = exp(−r² / 4σ²): it is 1/e at ρ = sin(π / 2e), r = 2σ √(−ln ρ)."""
    inside = stretched((128, 128, 128), (4, 3, 3), seed=5)
    expected = 2 * np.sqrt(-np.log(np.sin(np.pi / 2 / np.e)))
    found = correlation_ellipsoid(inside, 20)
    np.testing.assert_allclose(found.lengths, np.array([4, 3, 3]) * expected, rtol=0.06)


def test_turned_stretch_is_seen() -> None:
    """In a picture turned by 45°, the longest correlation runs along the diagonal."""
    noise = np.random.default_rng(2).standard_normal((420, 420))
    smooth = ndimage.rotate(ndimage.gaussian_filter(noise, (8, 4)), 45, reshape=False, order=1)[70:350, 70:350]
    inside = smooth > 0
    for found in (mean_intercept(inside).ellipsoid, correlation_ellipsoid(inside, 24)):
        assert abs(found.directions[0] @ (1, 1)) == pytest.approx(2**0.5, abs=0.05) or abs(
            found.directions[0] @ (1, -1)
        ) == pytest.approx(2**0.5, abs=0.05)


def test_what_has_no_direction_is_refused() -> None:
    for measure in (mean_intercept, lambda inside: correlation_ellipsoid(inside, 3)):
        with pytest.raises(InputError, match="One phase"):
            measure(np.ones((6, 6), bool))
    with pytest.raises(InputError, match="three pixels"):
        mean_intercept(np.eye(2, dtype=bool))
    coarse = np.zeros((20, 20), bool)
    coarse[:10] = True
    with pytest.raises(InputError, match="correlated over more"):
        correlation_ellipsoid(coarse, 1)
