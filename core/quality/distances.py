"""Distances between two clouds of features: Fréchet's, and the kernel distance.

Fréchet: d² = |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), the distance of two Gaussians with the clouds' means and
covariances (Dowson and Landau, J. Multivar. Anal. 12, 450, 1982; for pictures Heusel et al., NeurIPS 2017). It depends
on the space of the features, which is therefore named with every value. The name FID belongs to one space alone,
Inception's with the weights that it is defined by (`core.quality.pretrained`).

Kernel: the unbiased estimate of the squared maximum mean discrepancy with the kernel (x·y / d + 1)³ (Bińkowski et al.,
*Demystifying MMD GANs*, ICLR 2018). It may come out a little below 0 where the clouds are alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import InputError

Floats = npt.NDArray[np.float64]


def frechet_distance(some: npt.ArrayLike, others: npt.ArrayLike) -> float:
    """Squared Fréchet distance of two clouds, from their means and covariances (over n − 1).

    Exact for any number of samples, fewer than dimensions included: tr (Σ₁ Σ₂)^½ is the sum of the singular values of
    Aᵀ B, where Σ₁ = A Aᵀ and Σ₂ = B Bᵀ, so that no root of a singular matrix is taken.

    Parameters
    ----------
    some, others
        Shapes (n, d) and (m, d), n and m ≥ 2.

    Raises
    ------
    InputError
        Where the shapes do not fit, or a value is not finite.
    """
    a, b = _clouds(some, others)
    a_mean, b_mean = a.mean(axis=0), b.mean(axis=0)
    a, b = ((a - a_mean) / np.sqrt(len(a) - 1), (b - b_mean) / np.sqrt(len(b) - 1))
    # of more samples than dimensions, as many rows with the same covariance
    a, b = (np.asarray(np.linalg.qr(rows, mode="r")) if len(rows) > rows.shape[1] else rows for rows in (a, b))
    product = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    spread = float((a**2).sum() + (b**2).sum() - 2 * product)
    return float(((a_mean - b_mean) ** 2).sum()) + max(0.0, spread)


def frechet_of_gaussians(mean: Floats, covariance: Floats, other_mean: Floats, other_covariance: Floats) -> float:
    """The same for given means, shape (d,), and covariances, shape (d, d), symmetric and not negative."""
    roots = []
    for matrix in (covariance, other_covariance):
        values, vectors = np.linalg.eigh(np.asarray(matrix, dtype=np.float64))
        roots.append(vectors * np.sqrt(np.maximum(values, 0)))
    product = np.linalg.svd(roots[0].T @ roots[1], compute_uv=False).sum()
    apart = np.asarray(mean, dtype=np.float64) - np.asarray(other_mean, dtype=np.float64)
    return float((apart**2).sum() + np.trace(covariance) + np.trace(other_covariance) - 2 * product)


def kernel_distance(some: npt.ArrayLike, others: npt.ArrayLike) -> float:
    """Unbiased squared maximum mean discrepancy (see the module's head).

    Parameters and errors as `frechet_distance`.
    """
    a, b = _clouds(some, others)
    d = a.shape[1]
    within = []
    for cloud in (a, b):
        kernel = (cloud @ cloud.T / d + 1) ** 3
        n = len(cloud)
        within.append((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))
    across = ((a @ b.T / d + 1) ** 3).mean()
    return float(within[0] + within[1] - 2 * across)


def _clouds(some: npt.ArrayLike, others: npt.ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(some, dtype=np.float64), np.asarray(others, dtype=np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise InputError(
            f"Two clouds of at least two samples in one space are compared, not shapes {a.shape} and {b.shape}.",
            "Give at least two pictures on each side.",
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("A feature is not a number.", "Leave out pictures of one phase only.")
    return a, b
