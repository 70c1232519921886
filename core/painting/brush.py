"""The brush: a disc moved along a line. What it covers is exact, as if it were stamped infinitely often on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.painting.pixels import Pixels, from_rows
from core.painting.shapes import Point


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
        core = self.radius * self.hardness
        if self.hardness >= 1:
            return (distance <= self.radius).astype(np.float32)
        share = np.clip((self.radius - distance) / (self.radius - core), 0, 1)
        return (share * share * (3 - 2 * share)).astype(np.float32)


def snapped(point: Point, diameter: float) -> Point:
    """``point``; for a brush thinner than two pixels the centre of its pixel, so that it never paints between them."""
    return point if diameter >= 2 else (math.floor(point[0]) + 0.5, math.floor(point[1]) + 0.5)


def distance_to_line(y: np.ndarray, x: np.ndarray, start: Point, end: Point) -> np.ndarray:
    """Distance of places to the line from ``start`` to ``end``."""
    dy, dx = end[0] - start[0], end[1] - start[1]
    square = dy * dy + dx * dx
    along = 0.0 if square == 0 else np.clip(((y - start[0]) * dy + (x - start[1]) * dx) / square, 0, 1)
    found: np.ndarray = np.hypot(y - start[0] - along * dy, x - start[1] - along * dx)
    return found


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
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    if length > 0:
        # the straight part: a rectangle as wide as the disc
        ny, nx = (end[1] - start[1]) / length * radius, -(end[0] - start[0]) / length * radius
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
    starts, ends = _columns(low, high, shape[1])
    half = _half_width(y - start[0], done) if done > 0 else np.full(len(y), np.nan)
    hole = _columns(start[1] - half, start[1] + half, shape[1])
    return from_rows(top, starts, ends, shape, hole)


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
