"""The multigrid cycle as an approximate inverse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from core.properties import coarsening, in_blocks
from core.properties.coarsening import MultigridCycle
from core.properties.ends import Ends, Faces, Sides
from core.properties.percolation import percolating
from core.properties.stokes import assemble


@pytest.fixture
def poisson(monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """A Laplacian in random pores, and the cycle for it as a matrix, with several levels."""
    monkeypatch.setattr(coarsening, "SMALLEST", 4)
    pores = percolating(np.random.default_rng(2).random((8, 8, 8)) < 0.8, Faces(0))
    flow = assemble(pores, Faces(0), (1.0, 1.0, 1.0))
    matrix = sparse.csr_array(flow.divergence @ flow.divergence.T)
    cycle = MultigridCycle(matrix, flow.pressure_places, "cpu")
    unit = torch.eye(matrix.shape[0], dtype=torch.float64)
    return matrix.toarray(), np.stack([cycle(row).numpy() for row in unit])


def test_symmetric_and_positive(poisson: tuple[np.ndarray, np.ndarray]) -> None:
    _, inverse = poisson
    np.testing.assert_allclose(inverse, inverse.T, atol=1e-12)
    assert np.linalg.eigvalsh(inverse).min() > 0


def test_close_to_the_inverse(poisson: tuple[np.ndarray, np.ndarray]) -> None:
    """The eigenvalues of the product lie together as those with the diagonal do not."""
    matrix, inverse = poisson

    def spread(approximate: np.ndarray) -> float:
        half = np.linalg.cholesky(approximate)
        values = np.linalg.eigvalsh(half.T @ matrix @ half)
        return float(values.max() / values.min())

    diagonal = np.diag(1 / matrix.diagonal())
    assert spread(inverse) < 0.25 * spread(diagonal)


def test_pores_that_pass_near_each_other_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coarsening, "SMALLEST", 2)
    pores = np.zeros((8, 1, 4), bool)
    pores[:, 0, 0] = pores[:, 0, 2] = True  # never in one cube until cubes are four wide
    flow = assemble(pores, Faces(0), (1.0, 1.0, 1.0))
    matrix = sparse.csr_array(flow.divergence @ flow.divergence.T)
    cycle = MultigridCycle(matrix, flow.pressure_places, "cpu")
    one = torch.zeros(16, dtype=torch.float64)
    one[::2] = 1.0  # in C order the two take turns
    found = cycle(one)
    assert found[::2].min() > 0
    assert not found[1::2].any()


@pytest.mark.parametrize("ends", ["fixed", "periodic"])
def test_blocks_of_rows_give_the_matrices_of_the_whole(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    pores = np.random.default_rng(3).random((11, 12, 9)) < 0.7
    sides: Sides = "periodic" if ends == "periodic" else "closed"
    made = []
    for rows in (1 << 17, 40):
        for room in (in_blocks, coarsening):
            monkeypatch.setattr(room, "ROWS", rows)
        flow = assemble(pores, Faces(1, ends, sides), (1.0, 0.5, 2.0))
        push = torch.from_numpy(np.random.default_rng(5).standard_normal(len(flow.force)))
        made.append((flow.viscous, flow.divergence, MultigridCycle(flow.viscous, flow.velocity_places, "cpu")(push)))
    (viscous, divergence, cycled), (viscous_too, divergence_too, cycled_too) = made
    assert (viscous != viscous_too).nnz == 0 and (divergence != divergence_too).nnz == 0
    assert viscous.shape == viscous_too.shape and torch.equal(cycled, cycled_too)
