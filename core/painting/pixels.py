"""Some pixels of a picture: either those marked inside a box, or, where they are few, a list of them.

Painting asks for both: a fill marks most of its box and works on it as a whole, while the few new pixels of a brush of
two thousand pixels that moved a little are worked on one by one, so that a large brush costs no more than a small one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_HIGH = 512
"""Rows of a part: each may lie on a page of memory of its own."""
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

    def bands(self, pixels: int) -> Iterator[tuple[slice, Marked]]:
        """Parts of about so many pixels, whole rows each, and which rows of the box they are."""
        y0, y1, x0, x1 = self.box
        step = max(1, pixels // (x1 - x0))
        for first in range(0, y1 - y0, step):
            rows = slice(first, min(first + step, y1 - y0))
            yield rows, Marked((y0 + rows.start, y0 + rows.stop, x0, x1), self.cover[rows])

    def put(self, array: np.ndarray, values: np.ndarray | float, where: np.ndarray) -> None:
        """Write ``values`` where ``where`` (as `take` gives)."""
        view = self.take(array)
        if view.dtype.itemsize > 1:
            np.copyto(view, values, where=where, casting="unsafe")
            return
        # bytes: what differs, nothing where it is not wanted; several times as fast as a copy with a mask
        view = view.view(np.uint8)
        change = view ^ (values.view(np.uint8) if isinstance(values, np.ndarray) else np.uint8(values))
        change &= np.negative(where.view(np.uint8))
        view ^= change

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


@dataclass(frozen=True, eq=False)
class Sampled:
    """Every ``step``-th row and column of a box inside the picture, from its first on. To look at, not to paint."""

    box: Box
    step: int

    @property
    def cover(self) -> np.ndarray:
        """All of them."""
        y0, y1, x0, x1 = self.box
        return np.ones((-(-(y1 - y0) // self.step), -(-(x1 - x0) // self.step)), dtype=bool)

    def take(self, array: np.ndarray) -> np.ndarray:
        """The values of ``array`` (shape of the picture) there: a view."""
        y0, y1, x0, x1 = self.box
        return array[y0 : y1 : self.step, x0 : x1 : self.step]

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the pixels' centres, to broadcast against `take`."""
        y0, y1, x0, x1 = self.box
        return np.arange(y0, y1, self.step)[:, None] + 0.5, np.arange(x0, x1, self.step)[None, :] + 0.5


Pixels = Marked | Listed


def union(first: Box | None, second: Box | None) -> Box | None:
    """The smallest box around two; None stands for no box."""
    if first is None or second is None:
        return first or second
    return (min(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), max(first[3], second[3]))


@dataclass(frozen=True, eq=False)
class Rows:
    """Pixels as intervals of columns: of each row from `starts` to `hole_starts` and from `hole_ends` to `ends`.

    Attributes
    ----------
    first
        The row of the first entry; the others follow it.
    starts, ends, hole_starts, hole_ends
        Int, shape (n,). Where nothing is left out the hole is empty and lies at the end; an interval may be empty.
    """

    first: int
    starts: np.ndarray
    ends: np.ndarray
    hole_starts: np.ndarray
    hole_ends: np.ndarray

    @classmethod
    def of(
        cls, first: int, starts: np.ndarray, ends: np.ndarray, hole: tuple[np.ndarray, np.ndarray],
        shape: tuple[int, int],
    ) -> Rows | None:  # fmt: skip
        """The part inside a picture of ``shape``; None where that is nothing.

        Parameters
        ----------
        starts, ends
            Int, shape (n,): first and end column of each row from ``first`` on; empty where end <= start.
        hole
            First and end columns, shape (n,), of what is left out; empty where end <= start.
        """
        rows = np.arange(first, first + len(starts))
        inside = (rows >= 0) & (rows < shape[0])
        starts, ends = np.clip(starts, 0, shape[1]), np.clip(ends, 0, shape[1])
        hole_starts, hole_ends = (np.clip(side, starts, np.maximum(starts, ends)) for side in hole)
        empty = hole_ends <= hole_starts
        hole_starts, hole_ends = np.where(empty, ends, hole_starts), np.where(empty, ends, hole_ends)
        inside &= (hole_starts > starts) | (ends > hole_ends)
        if not inside.any():
            return None
        kept = np.flatnonzero(inside)
        part = slice(kept[0], kept[-1] + 1)
        return cls(int(rows[part][0]), starts[part], ends[part], hole_starts[part], hole_ends[part])

    def pixels(self, shape: tuple[int, int]) -> Pixels:
        """Listed where they are few in their box, else marked."""
        rows = np.arange(self.first, self.first + len(self.starts))
        left, right = self.hole_starts > self.starts, self.ends > self.hole_ends
        filled = left | right
        box = (
            self.first, self.first + len(rows),
            int(np.where(left, self.starts, self.hole_ends)[filled].min()),
            int(np.where(right, self.ends, self.hole_starts)[filled].max()),
        )  # fmt: skip
        counts = np.concatenate(
            [np.maximum(self.hole_starts - self.starts, 0), np.maximum(self.ends - self.hole_ends, 0)]
        )
        total = int(counts.sum())
        if 8 * total < (box[1] - box[0]) * (box[3] - box[2]):
            begin = np.concatenate([self.starts, self.hole_ends])
            return Listed(box, _places(np.concatenate([rows, rows]), begin, counts, shape[1]), shape[1])
        columns = np.arange(box[2], box[3], dtype=np.int32)
        # 32 bits are compared in half the time
        starts, ends = (side.astype(np.int32)[:, None] for side in (self.starts, self.ends))
        cover = columns >= starts
        cover &= columns < ends
        if not (self.hole_ends <= self.hole_starts).all():
            hole_starts, hole_ends = (side.astype(np.int32)[:, None] for side in (self.hole_starts, self.hole_ends))
            cover &= (columns < hole_starts) | (columns >= hole_ends)
        return Marked(box, cover)

    @property
    def count(self) -> int:
        """How many pixels they are."""
        return int((np.maximum(self.hole_starts - self.starts, 0) + np.maximum(self.ends - self.hole_ends, 0)).sum())

    def bands(self, pixels: int, most: int = 256) -> Iterator[Rows]:
        """The same in bands of at most ``most`` rows and, but for a single row, ``pixels``; none is empty.

        What lies left and right of a hole are two, so that the box around each is small.
        """
        left, right = np.maximum(self.hole_starts - self.starts, 0), np.maximum(self.ends - self.hole_ends, 0)
        sums = np.concatenate([[0], np.cumsum(left + right)])
        begin = 0
        while begin < len(left):
            end = int(np.searchsorted(sums, sums[begin] + pixels, "right")) - 1
            end = min(max(end, begin + 1), begin + most, len(left))
            part = slice(begin, end)
            starts, ends, hole_starts, hole_ends = (
                side[part] for side in (self.starts, self.ends, self.hole_starts, self.hole_ends)
            )
            row = self.first + begin
            if (hole_ends > hole_starts).all():
                sides = ((starts, hole_starts), (hole_ends, ends))
                yield from (Rows(row, *side, side[1], side[1]) for side in sides if (side[1] > side[0]).any())
            elif sums[end] > sums[begin]:
                yield Rows(row, starts, ends, hole_starts, hole_ends)
            begin = end

    def parts(self, pixels: int, width: int) -> Iterator[Box | Listed]:
        """Parts of about ``pixels`` that hold them all, none twice, in a picture of ``width`` columns.

        Bands of rows, each cut at the hole: a rectangle that holds few more, or, where it would hold many more, a list.
        """
        widest = max(1, int((self.ends - self.starts).max()))
        step = max(1, min(len(self.starts), pixels // widest, _HIGH))
        for begin in range(0, len(self.starts), step):
            part = slice(begin, begin + step)
            row = self.first + begin
            sides = [(self.starts[part], self.hole_starts[part]), (self.hole_ends[part], self.ends[part])]
            sides = [(starts, np.maximum(starts, ends)) for starts, ends in sides if (ends > starts).any()]
            boxes = [_around(row, *side) for side in sides]
            if len(sides) == 2 and boxes[1][2] <= boxes[0][3]:
                yield union(*boxes) or boxes[0]
                continue
            for box, (starts, ends) in zip(boxes, sides, strict=True):
                counts = ends - starts
                if 4 * int(counts.sum()) < (box[1] - box[0]) * (box[3] - box[2]):
                    yield Listed(box, _places(np.arange(box[0], box[1]), starts, counts, width), width)
                else:
                    yield box


def _around(row: int, starts: np.ndarray, ends: np.ndarray) -> Box:
    """The rectangle around intervals of columns, of which one at least is not empty."""
    there = ends > starts
    return (row, row + len(starts), int(starts[there].min()), int(ends[there].max()))


def _places(rows: np.ndarray, starts: np.ndarray, counts: np.ndarray, width: int) -> np.ndarray:
    """Places in a picture of ``width`` columns of ``counts`` pixels in each of ``rows``, from ``starts`` on."""
    begin = starts + rows * width - (np.cumsum(counts) - counts)
    places: np.ndarray = np.arange(int(counts.sum())) + np.repeat(begin, counts)
    return places
