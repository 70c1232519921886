"""Which part of a phase leads through a volume: the rest carries nothing and would only slow a solver down."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from core.job import finish
from core.properties.ends import Faces
from core.statistics.components import label_steps

Bools = npt.NDArray[np.bool_]


def percolating(inside: Bools, faces: Faces) -> Bools:
    """The part of a phase that joins the two ends of the driven axis.

    Voxels are neighbours where they share a face. With fixed ends, a connected piece is kept where it touches both.
    With periodic ends it is kept where, followed through the copies of the volume, it comes back to a voxel one or more
    periods further along the axis: only then can a mean gradient drive something through it for ever.

    Parameters
    ----------
    inside
        Shape (Z, Y, X), True where the phase is.

    Returns
    -------
    Bools
        The same shape; False everywhere where nothing percolates.
    """
    return finish(percolating_steps(inside, faces))


def percolating_steps(inside: Bools, faces: Faces) -> Generator[None, None, Bools]:
    """As `percolating`, slab by slab, so that a job can be left in between."""
    pieces, count = yield from label_steps(inside)
    pieces = _joined_across_sides(pieces, count, faces)
    yield
    first, last = np.take(pieces, 0, faces.axis), np.take(pieces, -1, faces.axis)
    if faces.ends == "fixed":
        kept = np.intersect1d(first, last)
    else:
        meet = (first > 0) & (last > 0)
        kept = _winding(np.unique(np.stack([last[meet], first[meet]]), axis=1).T)
    chosen = np.zeros(int(pieces.max(initial=0)) + 1, bool)
    chosen[kept[kept > 0]] = True
    through = np.empty(pieces.shape, bool)
    for place, plane in enumerate(pieces):
        through[place] = chosen[plane]
        yield
    return through


def _joined_across_sides(pieces: npt.NDArray[np.int32], count: int, faces: Faces) -> npt.NDArray[np.int32]:
    """Give pieces that touch each other through periodic sides one number."""
    if faces.sides != "periodic":
        return pieces
    pairs = []
    for axis in {0, 1, 2} - {faces.axis}:
        first, last = np.take(pieces, 0, axis), np.take(pieces, -1, axis)
        meet = (first > 0) & (last > 0)
        pairs.append(np.unique(np.stack([first[meet], last[meet]]), axis=1))
    rows, columns = np.concatenate(pairs, axis=1)
    graph = sparse.coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(count + 1, count + 1))
    _, groups = csgraph.connected_components(graph, directed=False)
    numbers = groups.astype(np.int32) + 1
    numbers[0] = 0  # outside, which never meets a piece and so is a group of its own
    joined: npt.NDArray[np.int32] = numbers[pieces]
    return joined


def _winding(steps: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Pieces with a closed way whose periods do not add up to none.

    ``steps``, shape (n, 2): the first piece continues as the second in the next copy of the volume. Each piece gets a
    height in periods; a second way to a piece that asks for another height closes such a way.
    """
    ways: dict[int, list[tuple[int, int]]] = {}
    for here, there in steps.tolist():
        ways.setdefault(here, []).append((there, 1))
        ways.setdefault(there, []).append((here, -1))
    heights: dict[int, int] = {}
    kept: list[int] = []
    for origin in ways:
        if origin in heights:
            continue
        heights[origin] = 0
        waiting, members, winds = deque([origin]), [origin], False
        while waiting:
            here = waiting.popleft()
            for there, rise in ways[here]:
                if there not in heights:
                    heights[there] = heights[here] + rise
                    members.append(there)
                    waiting.append(there)
                elif heights[there] != heights[here] + rise:
                    winds = True
        if winds:
            kept += members
    return np.array(kept, np.int32)
