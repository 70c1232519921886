"""What a stroke of a large soft brush makes of what is on the screen, as coarse as the screen shows it, and at once.

The stroke itself paints every pixel, in its own time (`Stroke.work`); the sketch is what is looked at meanwhile.
"""

from __future__ import annotations

import math

import numpy as np

from core.painting.brush import Brush
from core.painting.pixels import Box, Sampled
from core.painting.shapes import Point
from core.painting.stroke import Stroke, mixed


class Sketch:
    """A stroke on a field, on a grid of its pixels.

    Parameters
    ----------
    stroke
        Under way, or not begun; what it left for later is painted now.
    box
        The part of the picture that is looked at.
    samples
        About so many pixels of it are worked on.

    Attributes
    ----------
    step
        Every step-th row and column of the box is on the grid.
    values
        Shape of the grid, float32: what the stroke leaves there.
    """

    def __init__(self, stroke: Stroke, box: Box, samples: int = 1 << 18) -> None:
        self.box = box
        self.step = max(1, math.ceil(math.sqrt((box[1] - box[0]) * (box[3] - box[2]) / samples)))
        self._value = np.float32(stroke.value)
        pixels = Sampled(box, self.step)
        self._old, self._strength, self._allowed = stroke.so_far(pixels)
        self._y, self._x = (side.astype(np.float32) for side in pixels.centres())
        begun = stroke.box is not None
        self.values = mixed(self._old, self._value, self._strength) if begun else self._old.copy()
        head = stroke.ahead
        if head is not None:
            self.move(head.start, head.end, head.brush)

    def move(self, start: Point, end: Point, brush: Brush) -> None:
        """The brush is moved in a straight line."""
        rows, columns = (
            _within(side, min(start[axis], end[axis]) - brush.radius, max(start[axis], end[axis]) + brush.radius)
            for axis, side in enumerate((self._y[:, 0], self._x[0]))
        )
        inside = rows, columns
        if self._old[inside].size == 0:
            return
        if brush.hardness >= 1:
            edge = Brush(brush.diameter, 0.0).strength_along(self._y[rows], self._x[:, columns], start, end)
            strength = (edge > 0).astype(np.float32)
        else:
            strength = brush.strength_along(self._y[rows], self._x[:, columns], start, end)
        if self._allowed is not None:
            strength *= self._allowed[inside]
        np.maximum(self._strength[inside], strength, out=strength)
        self._strength[inside] = strength
        self.values[inside] = mixed(self._old[inside], self._value, strength)


def _within(places: np.ndarray, low: float, high: float) -> slice:
    """Of growing ``places`` those from ``low`` to ``high``."""
    return slice(int(np.searchsorted(places, low)), int(np.searchsorted(places, high, "right")))
