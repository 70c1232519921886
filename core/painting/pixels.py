"""Some pixels of a picture: either those marked inside a box, or, where they are few, a list of them.

Painting asks for both: a fill marks most of its box and works on it as a whole, while the few new pixels of a brush of
two thousand pixels that moved a little are worked on one by one, so that a large brush costs no more than a small one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Box = tuple[int, int, int, int]
"""A rectangle of pixels: first row, end row, first column, end column."""


@dataclass(frozen=True, eq=False)
class Marked:
    """Pixels of a box.

    Attributes
    ----------
    box
        Inside the picture, not empty.
    cover
        Bool, shape of the box: which of its pixels.
    """

    box: Box
    cover: np.ndarray

    def take(self, array: np.ndarray) -> np.ndarray:
        """The values of ``array`` (shape of the picture) in the box: a view."""
        y0, y1, x0, x1 = self.box
        return array[y0:y1, x0:x1]

    def put(self, array: np.ndarray, values: np.ndarray | float, where: np.ndarray) -> None:
        """Write ``values`` where ``where`` (as `take` gives)."""
        np.copyto(self.take(array), values, where=where, casting="unsafe")

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the pixels' centres, to broadcast against `take`."""
        y0, y1, x0, x1 = self.box
        return np.arange(y0, y1)[:, None] + 0.5, np.arange(x0, x1)[None, :] + 0.5


@dataclass(frozen=True, eq=False)
class Listed:
    """Pixels by their places in the picture, whose arrays are C-contiguous.

    Attributes
    ----------
    box
        Holds them all.
    places
        Int, shape (n,): row times the picture's width plus column.
    width
        Columns of the picture.
    """

    box: Box
    places: np.ndarray
    width: int

    @property
    def cover(self) -> np.ndarray:
        """All of them."""
        return np.ones(len(self.places), dtype=bool)

    def take(self, array: np.ndarray) -> np.ndarray:
        """The values of ``array`` (shape of the picture), shape (n,): a copy."""
        return array.reshape(-1).take(self.places)

    def put(self, array: np.ndarray, values: np.ndarray | float, where: np.ndarray) -> None:
        """Write ``values`` where ``where`` (bool, shape (n,))."""
        flat = array.reshape(-1)
        if where.all():
            flat[self.places] = values
        else:
            flat[self.places[where]] = values[where] if isinstance(values, np.ndarray) and values.ndim else values

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the pixels' centres."""
        rows, columns = np.divmod(self.places, self.width)
        return rows + 0.5, columns + 0.5


Pixels = Marked | Listed


def union(first: Box | None, second: Box | None) -> Box | None:
    """The smallest box around two; None stands for no box."""
    if first is None or second is None:
        return first or second
    return (min(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), max(first[3], second[3]))


def from_rows(
    first_row: int, starts: np.ndarray, ends: np.ndarray, shape: tuple[int, int], inner: tuple[np.ndarray, np.ndarray]
) -> Pixels | None:
    """Pixels given as one interval of columns a row, less an inner interval; None where there are none.

    Parameters
    ----------
    first_row
        Row of the first entry; rows outside the picture are left out.
    starts, ends
        Int, shape (n,): first and end column; empty where end <= start.
    shape
        Of the picture; columns are clipped to it.
    inner
        First and end columns, shape (n,), of what is left out; empty where end <= start.
    """
    rows = np.arange(first_row, first_row + len(starts))
    inside = (rows >= 0) & (rows < shape[0])
    starts, ends = np.clip(starts, 0, shape[1]), np.clip(ends, 0, shape[1])
    hole_start, hole_end = (np.clip(side, starts, np.maximum(starts, ends)) for side in inner)
    empty = hole_end <= hole_start
    hole_start, hole_end = np.where(empty, ends, hole_start), np.where(empty, ends, hole_end)
    inside &= (hole_start > starts) | (ends > hole_end)
    if not inside.any():
        return None
    kept = np.flatnonzero(inside)
    kept = np.arange(kept[0], kept[-1] + 1)
    rows, starts, ends, hole_start, hole_end = (
        side[kept] for side in (rows, starts, ends, hole_start, hole_end)
    )  # fmt: skip
    filled = ends > starts
    box = (int(rows[0]), int(rows[-1]) + 1, int(starts[filled].min()), int(ends[filled].max()))
    counts = np.concatenate([np.maximum(hole_start - starts, 0), np.maximum(ends - hole_end, 0)])
    total = int(counts.sum())
    if 4 * total < (box[1] - box[0]) * (box[3] - box[2]):
        begin = np.concatenate([starts, hole_end])
        begin = begin + np.concatenate([rows, rows]) * shape[1] - (np.cumsum(counts) - counts)
        return Listed(box, np.arange(total) + np.repeat(begin, counts), shape[1])
    columns = np.arange(box[2], box[3])
    cover = (columns >= starts[:, None]) & (columns < ends[:, None])
    if not (hole_end <= hole_start).all():
        cover &= (columns < hole_start[:, None]) | (columns >= hole_end[:, None])
    return Marked(box, cover)
