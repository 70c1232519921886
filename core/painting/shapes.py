"""Shapes drawn with the mouse as pixels: a pixel belongs to a shape whose inside holds its centre.

Pixel (row, column) is the square from (row, column) to (row + 1, column + 1); places are (y, x) in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from core.painting.pixels import Box, Marked

Point = tuple[float, float]
"""y and x in pixels."""


def box_of(low: Point, high: Point, shape: tuple[int, int]) -> Box | None:
    """Pixels with centres between two corners, clipped to a picture of ``shape``; None where there are none."""
    y0, y1 = sorted((low[0], high[0]))
    x0, x1 = sorted((low[1], high[1]))
    rows = max(0, math.ceil(y0 - 0.5)), min(shape[0], math.floor(y1 - 0.5) + 1)
    columns = max(0, math.ceil(x0 - 0.5)), min(shape[1], math.floor(x1 - 0.5) + 1)
    if rows[1] <= rows[0] or columns[1] <= columns[0]:
        return None
    return (*rows, *columns)


def rectangle(first: Point, second: Point, shape: tuple[int, int]) -> Marked | None:
    """The rectangle with two opposite corners, its edges included."""
    box = box_of(first, second, shape)
    return None if box is None else Marked(box, np.ones((box[1] - box[0], box[3] - box[2]), dtype=bool))


def ellipse(first: Point, second: Point, shape: tuple[int, int]) -> Marked | None:
    """The ellipse inside the rectangle with two opposite corners, its edge included."""
    box = box_of(first, second, shape)
    if box is None:
        return None
    found = Marked(box, np.zeros(0, dtype=bool))
    y, x = found.centres()
    cy, cx = (first[0] + second[0]) / 2, (first[1] + second[1]) / 2
    ry, rx = abs(first[0] - second[0]) / 2, abs(first[1] - second[1]) / 2
    cover = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1
    return Marked(box, cover) if cover.any() else None


def polygon(points: Sequence[Point], shape: tuple[int, int]) -> Marked | None:
    """The inside of a closed polygon or lasso by the even-odd rule; None where it holds no pixel.

    On an edge, the half-open rule holds: polygons that share an edge share no pixel and leave none out.
    """
    corners = np.asarray(points, dtype=np.float64)
    if len(corners) < 3:
        return None
    box = box_of(tuple(corners.min(axis=0)), tuple(corners.max(axis=0)), shape)
    if box is None:
        return None
    y0, y1, x0, x1 = box
    # each edge toggles all pixels to its right; a pixel toggled an odd number of times is inside
    toggles = np.zeros((y1 - y0, x1 - x0 + 1), dtype=np.int32)
    for (ya, xa), (yb, xb) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if yb < ya:
            ya, xa, yb, xb = yb, xb, ya, xa
        first, end = max(y0, math.ceil(ya - 0.5)), min(y1, math.ceil(yb - 0.5))
        if end <= first:
            continue
        rows = np.arange(first, end)
        crossing = xa + (rows + 0.5 - ya) * ((xb - xa) / (yb - ya))
        columns = np.clip(np.ceil(crossing - 0.5).astype(int), x0, x1) - x0
        toggles[rows - y0, columns] += 1  # one place in each row, so nothing is lost by plain indexing
    cover = (np.cumsum(toggles, axis=1)[:, :-1] & 1).astype(bool)
    return Marked(box, cover) if cover.any() else None
