"""Sparse matrices made and multiplied block of rows by block of rows, so that a job can be left in between.

The results are those of the whole, to the bit: a row is made of the same entries in the same order.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

ROWS = 1 << 17
"""Of a matrix, between two yields."""
COPIED = 1 << 24
"""Entries that are copied between two yields."""


def matrix_of(
    rows: Sequence[npt.NDArray[Any]],
    columns: Sequence[npt.NDArray[Any]],
    entries: Sequence[npt.NDArray[Any]],
    across: int,
    first: int,
    end: int,
) -> Generator[None, None, sparse.csr_array]:
    """A matrix from lists of its entries, in each of which the rows rise.

    Parameters
    ----------
    rows, columns, entries
        Where the entries stand, and their values; what stands at one place is summed.
    across
        Columns of the matrix.
    first, end
        The rows that are made: those from ``first`` to ``end`` − 1.
    """
    parts = []
    for start in range(first, end, ROWS):
        stop = min(start + ROWS, end)
        cuts = [slice(*np.searchsorted(one, (start, stop))) for one in rows]
        at, of, values = (
            np.concatenate([one[cut] for one, cut in zip(lists, cuts, strict=True)])
            for lists in (rows, columns, entries)
        )
        parts.append(sparse.csr_array((values, (at - start, of)), (stop - start, across)))
        yield
    return (yield from stacking(parts, across))


def times(left: sparse.csr_array, *others: Any, divided_by: float = 1.0) -> Generator[None, None, sparse.csr_array]:
    """The product of sparse matrices, from left to right, over a number."""
    parts: list[Any] = []
    for start in range(0, left.shape[0], ROWS):
        part: Any = left[start : start + ROWS]
        for other in others:
            part = part @ other
        parts.append(part if divided_by == 1.0 else part / divided_by)
        yield
    return (yield from stacking(parts, others[-1].shape[1]))


def stacking(parts: Sequence[Any], across: int) -> Generator[None, None, sparse.csr_array]:
    """Blocks of rows as one matrix."""
    if len(parts) == 1:
        return sparse.csr_array(parts[0])
    entries, rows = sum(part.nnz for part in parts), sum(part.shape[0] for part in parts)
    numbers = np.int32 if max(entries, across) < np.iinfo(np.int32).max else np.int64
    values, columns, ends = np.empty(entries), np.empty(entries, numbers), np.zeros(rows + 1, numbers)
    at = row = copied = 0
    for part in parts:
        values[at : at + part.nnz], columns[at : at + part.nnz] = part.data, part.indices
        ends[row + 1 : row + 1 + part.shape[0]] = part.indptr[1:] + at
        at, row, copied = at + part.nnz, row + part.shape[0], copied + part.nnz
        if copied > COPIED:
            copied = 0
            yield
    return sparse.csr_array((values, columns, ends), (rows, across))
