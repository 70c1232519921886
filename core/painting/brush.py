"""The brush: a disc moved along a line. What it covers is exact, as if it were stamped infinitely often on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.painting.pixels import Box, Listed, Pixels, Rows
from core.painting.shapes import Point

_BAND = 32768
"""Pixels of a band: what is computed of one stays in the processor's cache."""
_EDGE = 1e-3
"""Pixels by which a cut reaches over its edge."""


@dataclass(frozen=True)
class Brush:
    """A round brush.

    Attributes
    ----------
    diameter
        In pixels, at least 1.
    hardness
        Share of the radius inside which it paints in full, 0 to 1; from there to the edge it fades out smoothly.
    """

    diameter: float
    hardness: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.diameter) and self.diameter >= 1):
            raise InputError(f"A brush is at least 1 pixel wide, not {self.diameter:g}.", "Choose a larger one.")
        if not 0 <= self.hardness <= 1:
            raise InputError(f"A brush's hardness lies between 0 and 1, not {self.hardness:g}.")

    @property
    def radius(self) -> float:
        """Half the diameter, in pixels."""
        return self.diameter / 2

    @property
    def label_radius(self) -> float:
        """Radius up to which labels are painted: where a soft brush is at half its strength."""
        return self.radius * (1 + self.hardness) / 2

    def strength(self, distance: np.ndarray) -> np.ndarray:
        """1 up to the hard core, 0 from the edge on, in between smoothly falling; float32, shape of ``distance``."""
        if self.hardness >= 1:
            return (distance <= self.radius).astype(np.float32)
        share = (self.radius - distance) / (self.radius * (1 - self.hardness))
        return _faded(share.astype(np.float32))

    def strength_along(self, y: np.ndarray, x: np.ndarray, start: Point, end: Point) -> np.ndarray:
        """Strength of a soft brush, moved from ``start`` to ``end``, at places (``y`` and ``x`` broadcast); float32.

        With d the distance to the line and R the radius, R − d is computed as (R² − d²) / (R + d): R² − d² is a sum of
        what depends on the row and what depends on the column, and less is lost near the edge. Everything is done in
        place, for this is what a movement of the mouse costs. It is the same to the bit whichever places are asked
        for at once.
        """
        y, x = y - end[0], x - end[1]
        radius, length = self.radius, math.hypot(end[0] - start[0], end[1] - start[1])
        inside = (radius * radius - y * y) - x * x
        if length > 0:
            # nearer to the line than to its end, by what is along the line
            along = (end[0] - start[0]) / length * y + (end[1] - start[1]) / length * x
            nearest = np.clip(along, -length, 0)
            along *= 2
            along -= nearest
            along *= nearest
            inside += along
        share = inside.astype(np.float32, copy=False)
        apart = np.float32(radius * radius) - share
        np.maximum(apart, 0, out=apart)
        np.sqrt(apart, out=apart)
        apart += np.float32(radius)
        apart *= np.float32(radius * (1 - self.hardness))
        share /= apart
        return _faded(share)


def _faded(share: np.ndarray) -> np.ndarray:
    """Smooth step from 0 to 1 (float32); ``share`` is clipped in place."""
    np.clip(share, 0, 1, out=share)
    found = share * np.float32(-2)
    found += np.float32(3)
    found *= share
    found *= share
    return found


def snapped(point: Point, diameter: float) -> Point:
    """``point``; for a brush thinner than two pixels the centre of its pixel, so that it never paints between them."""
    return point if diameter >= 2 else (math.floor(point[0]) + 0.5, math.floor(point[1]) + 0.5)


def swept_rows(start: Point, end: Point, radius: float, shape: tuple[int, int], done: float = 0.0) -> Rows | None:
    """As `swept`, as intervals of columns."""
    return _rows(start, end, radius, shape, done)


def swept(start: Point, end: Point, radius: float, shape: tuple[int, int], done: float = 0.0) -> Pixels | None:
    """Pixels whose centres are at most ``radius`` from the line, less those of a disc that was there before.

    Parameters
    ----------
    done
        Radius of a disc around ``start`` that is left out (painted already), or 0.

    Returns
    -------
    Marked or Listed
        None where no pixel of a picture of ``shape`` is among them.
    """
    rows = swept_rows(start, end, radius, shape, done)
    return None if rows is None else rows.pixels(shape)


@dataclass(frozen=True)
class Piece:
    """A part of what a moved brush covers.

    Attributes
    ----------
    start, end
        The line that it is moved along.
    brush
        The brush.
    done
        Radius of a disc around ``start`` that is left out (painted already), or 0.
    cuts
        Only what lies on the far side of each: a point, and the unit vector (y, x) towards that side.
    """

    start: Point
    end: Point
    brush: Brush
    done: float = 0.0
    cuts: tuple[tuple[Point, Point], ...] = ()

    def parts(self, shape: tuple[int, int]) -> Iterator[Box | Listed]:
        """All its pixels in a picture of ``shape`` and few more, in parts that stay in the processor's cache."""
        rows = _rows(self.start, self.end, self.brush.radius, shape, self.done, self.cuts)
        if rows is not None:
            yield from rows.parts(_BAND, shape[1])


def _rows(
    start: Point, end: Point, radius: float, shape: tuple[int, int], done: float,
    cuts: tuple[tuple[Point, Point], ...] = (),
) -> Rows | None:  # fmt: skip
    """Columns of each row that a disc moved along a line covers; None above and below the picture."""
    top = math.floor(min(start[0], end[0]) - radius - 0.5)
    bottom = math.ceil(max(start[0], end[0]) + radius + 0.5)
    # a brush far larger than the picture: rows outside need no thought
    top, bottom = max(top, -1), min(bottom, shape[0] + 1)
    if bottom <= top:
        return None
    y = np.arange(top, bottom) + 0.5
    low, high = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for cy, cx in (start, end):
        half = _half_width(y - cy, radius)
        low, high = np.fmin(low, cx - half), np.fmax(high, cx + half)
    dy, dx = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dy, dx)
    if length > 0:
        # the straight part: a rectangle as wide as the disc
        ny, nx = dx / length * radius, -dy / length * radius
        corners = (
            (start[0] + ny, start[1] + nx), (end[0] + ny, end[1] + nx),
            (end[0] - ny, end[1] - nx), (start[0] - ny, start[1] - nx),
        )  # fmt: skip
        for (ya, xa), (yb, xb) in zip(corners, (*corners[1:], corners[0]), strict=True):
            if ya == yb:
                continue
            share = (y - ya) / (yb - ya)
            crossing = np.where((share >= 0) & (share <= 1), xa + share * (xb - xa), np.nan)
            low, high = np.fmin(low, crossing), np.fmax(high, crossing)
    for (py, px), (dy, dx) in cuts:
        # what lies on the edge belongs to both sides: rounding must not leave a pixel out
        ahead = (y - py) * dy + _EDGE
        if abs(dx) < 1e-9:
            low = np.where(ahead >= 0, low, np.nan)
        elif dx > 0:
            low = np.maximum(low, px - ahead / dx)
        else:
            high = np.minimum(high, px - ahead / dx)
    starts, ends = _columns(low, high, shape[1])
    half = _half_width(y - start[0], done) if done > 0 else np.full(len(y), np.nan)
    hole = _columns(start[1] - half, start[1] + half, shape[1])
    return Rows.of(top, starts, ends, hole, shape)


def _half_width(dy: np.ndarray, radius: float) -> np.ndarray:
    square = radius * radius - dy * dy
    found: np.ndarray = np.where(square >= 0, np.sqrt(np.maximum(square, 0)), np.nan)
    return found


def _columns(low: np.ndarray, high: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """First and end column of the pixels with centres from ``low`` to ``high``; both 0 where that is nothing."""
    there = np.isfinite(low) & np.isfinite(high)
    low, high = np.where(there, low, 0.0), np.where(there, high, -1.0)
    first = np.clip(np.ceil(low - 0.5), 0, limit).astype(np.int64)
    end = np.clip(np.floor(high - 0.5) + 1, 0, limit).astype(np.int64)
    return first, np.maximum(first, end)
