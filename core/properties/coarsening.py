"""A multigrid cycle in a pore space: what lies far apart learns of each other in one go.

Unknowns lie on voxels or faces and are joined where the matrix joins them. Level by level, those in the same cube of
2 × 2 × 2 that are joined inside it become one unknown with one value, so two pores that merely pass near each other
stay apart. Sums of the equations make the coarser matrix (Galerkin); with such steps as shapes it is too stiff by 2 for
every doubling, the area of a face growing by 4 and its distance by 2, so it is halved (Braess, *Computing* 55, 1995,
takes 1.8).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from scipy.sparse import csgraph
from torch import Tensor

from core.job import finish
from core.properties.in_blocks import ROWS, times
from core.properties.krylov import Steps

Product = Callable[[Tensor], Tensor]

STIFFNESS = 2.0
SMOOTHING = 0.65
"""Damping of a Jacobi step; below 1, or a cycle would not be positive."""
SMALLEST = 400
"""Unknowns that are solved for directly."""


@dataclass(frozen=True, eq=False)
class _Level:
    multiply: Product
    down: Product
    up: Product
    damped: Tensor


class MultigridCycle:
    """One V-cycle, symmetric and positive: approximately the inverse of a matrix.

    Parameters
    ----------
    matrix
        Symmetric, diagonally dominant, shape (N, N).
    places
        Where each unknown lies, voxels, shape (N, number of axes); halved from level to level.
    device
        "cpu" or "cuda".
    """

    def __init__(self, matrix: sparse.csr_array, places: npt.NDArray[np.int64], device: str) -> None:
        self._levels: list[_Level] = []
        for _ in self._build(matrix, places, device):
            pass

    @classmethod
    def building(
        cls, matrix: sparse.csr_array, places: npt.NDArray[np.int64], device: str
    ) -> Generator[None, None, MultigridCycle]:
        """Make one in steps, so that it can be left."""
        made = cls.__new__(cls)
        made._levels = []
        yield from made._build(matrix, places, device)
        return made

    def _build(
        self, matrix: sparse.csr_array, places: npt.NDArray[np.int64], device: str
    ) -> Generator[None, None, None]:
        while matrix.shape[0] > SMALLEST:
            join, places = yield from _pieces(matrix, places // 2)
            if join.shape[1] == matrix.shape[0]:
                break  # nothing is joined to anything
            inverse = SMOOTHING / np.maximum(matrix.diagonal(), np.finfo(float).tiny)
            damped = torch.from_numpy(inverse).to(device)
            down = product(join.T, device)
            yield
            self._levels.append(_Level(product(matrix, device), down, product(join, device), damped))
            yield
            summed = sparse.csr_array(join.T)
            yield
            matrix = yield from times(summed, matrix, join, divided_by=STIFFNESS)
            del summed
            yield
        dense = matrix.toarray() if matrix.shape[0] <= SMALLEST else np.diag(matrix.diagonal())
        self._last = torch.from_numpy(np.linalg.pinv(dense, rcond=1e-10, hermitian=True)).to(device)

    def __call__(self, rhs: Tensor) -> Tensor:
        """The approximate solution for ``rhs``, shape (N,)."""
        return finish(self.steps(rhs))

    def steps(self, rhs: Tensor, number: int = 0) -> Steps:
        """The same in steps, from level ``number`` on."""
        if number == len(self._levels):
            return self._last @ rhs
        level = self._levels[number]
        found = level.damped * rhs
        left = rhs - level.multiply(found)
        yield
        below = yield from self.steps(level.down(left), number + 1)
        found = found + level.up(below)
        yield
        return found.addcmul_(level.damped, rhs - level.multiply(found))


def product(matrix: Any, device: str) -> Product:
    """Products with a sparse matrix: by scipy on the processor, by torch on a GPU."""
    rows = sparse.csr_array(matrix)
    if device == "cpu":
        return lambda vector: torch.from_numpy(rows @ vector.numpy())
    starts, columns, entries = (torch.from_numpy(part).to(device) for part in (rows.indptr, rows.indices, rows.data))
    there = torch.sparse_csr_tensor(starts, columns, entries, rows.shape)
    return lambda vector: there @ vector


def _pieces(
    matrix: sparse.csr_array, cubes: npt.NDArray[np.int64]
) -> Generator[None, None, tuple[sparse.csr_array, npt.NDArray[np.int64]]]:
    """Which unknowns become one: a matrix of 0 and 1, shape (N, n), and the cube of each of the n."""
    piece = np.empty(len(cubes), np.int32)
    fewer = 0
    for start, stop in _layers(cubes):
        pairs = matrix[start:stop].tocoo()
        rows, columns = pairs.coords
        yield
        # nothing is joined beyond a layer of cubes
        inside = (pairs.data != 0) & (columns >= start) & (columns < stop)
        rows, columns = rows[inside], columns[inside] - start
        own = cubes[start:stop]
        inside = np.ones(len(rows), bool)
        for axis in range(cubes.shape[1]):
            inside &= own[rows, axis] == own[columns, axis]
        count = stop - start
        graph = sparse.coo_array((np.ones(int(inside.sum()), bool), (rows[inside], columns[inside])), (count, count))
        yield
        found, numbers = csgraph.connected_components(graph, directed=False)
        piece[start:stop] = numbers + fewer
        fewer += int(found)
        yield
    total = len(cubes)
    join = sparse.csr_array((np.ones(total), piece, np.arange(total + 1)), (total, fewer))
    kept = np.empty((fewer, cubes.shape[1]), np.int64)
    kept[piece] = cubes
    return join, kept


def _layers(cubes: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ranges of unknowns, of `ROWS` and more, none of which share a cube: they lie in order of all but two axes.

    One range where they do not.
    """
    leading = cubes[:, : max(1, cubes.shape[1] - 2)]
    steps = np.diff(leading, axis=0)
    changed = (steps != 0).any(axis=1)
    first = steps[np.arange(len(steps)), (steps != 0).argmax(axis=1)]
    if (first[changed] < 0).any():
        return [(0, len(cubes))]
    found, start = [], 0
    for place in (np.flatnonzero(changed) + 1).tolist():
        if place - start >= ROWS:
            found.append((start, place))
            start = place
    return [*found, (start, len(cubes))]
