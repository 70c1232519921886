"""One gesture on a ground: begun, continued by every movement of the mouse, then committed or aborted."""

from __future__ import annotations

import numpy as np

from core.painting.brush import Brush, distance_to_line, snapped, swept
from core.painting.patch import Patch, patch_of
from core.painting.pixels import Box, Pixels, union
from core.painting.rules import EditingRules, Ground
from core.painting.shapes import Point


class Stroke:
    """Changes a ground step by step and knows what was there.

    Work and memory follow the pixels touched, not the picture: the arrays as large as the picture are asked of the
    system untouched, which takes no memory until a page of them is written.

    Parameters
    ----------
    value
        The label (`core.painting.rules.AUTOMATIC` erases) or the target fraction that is painted.
    """

    def __init__(self, ground: Ground, value: float, rules: EditingRules | None = None) -> None:
        self.ground = ground
        self.value = value
        self.rules = rules or EditingRules()
        self.box: Box | None = None
        self._touched = np.zeros(ground.shape, dtype=bool)
        self._old = np.empty_like(ground.values)
        self._strength: np.ndarray | None = None
        self._last: Point | None = None
        self._done = 0.0

    def draw_to(self, point: Point, brush: Brush) -> Box | None:
        """Move the brush in a straight line to ``point`` (y, x), or set it down there; returns what may have changed.

        Between two places the brush is as it is at the second.
        """
        end = snapped(point, brush.diameter)
        start = end if self._last is None else snapped(self._last, brush.diameter)
        moved_by_snapping = self._last is not None and start != self._last
        self._last = point
        hard = self.ground.of_labels or brush.hardness >= 1
        radius = brush.label_radius if self.ground.of_labels else brush.radius
        full = radius if hard else brush.radius * brush.hardness
        # what the brush painted in full where it stood is done; a hair less, for what rounding makes of one circle
        done = 0.0 if moved_by_snapping else min(self._done, full) * (1 - 1e-9)
        self._done = full
        pixels = swept(start, end, radius, self.ground.shape, done)
        if pixels is None:
            return None
        if hard:
            return self.paint(pixels)
        y, x = pixels.centres()
        return self.paint(pixels, strength=brush.strength(distance_to_line(y, x, start, end)))

    def paint(
        self, pixels: Pixels, value: np.ndarray | float | None = None, strength: np.ndarray | None = None
    ) -> Box | None:
        """Paint ``pixels`` where the rules allow; returns what may have changed.

        Parameters
        ----------
        value
            One for all pixels, or one each (as ``pixels.take`` gives); by default the stroke's.
        strength
            Of a field: share of the new value in the mixture with the old one, 0 to 1 (as ``pixels.take`` gives).
            Where a stroke passes twice the stronger counts.
        """
        ground = self.ground
        wanted = self.value if value is None else value
        # a pixel that was changed before was allowed before; any other still is as it was at the start
        touched = pixels.take(self._touched)
        fresh = self.rules.allow(pixels, ground) & ~touched
        pixels.put(self._old, pixels.take(ground.values), fresh)
        if strength is None:
            again = fresh | (touched & pixels.cover)
            pixels.put(ground.values, wanted, again)
            if self._strength is not None:
                pixels.put(self._strength, 1.0, again)
        else:
            self._mix(pixels, np.asarray(wanted, np.float32), strength, fresh | (touched & pixels.cover))
        pixels.put(self._touched, True, fresh)
        self.box = union(self.box, pixels.box)
        return pixels.box

    def _mix(self, pixels: Pixels, wanted: np.ndarray, strength: np.ndarray, where: np.ndarray) -> None:
        if self._strength is None:
            self._strength = np.zeros(self.ground.shape, dtype=np.float32)
        before = pixels.take(self._strength)
        where = where & (strength > before)
        old = np.where(where, pixels.take(self._old), np.float32(0))  # elsewhere it was never written
        mixed = np.where(strength >= 1, wanted, old + (wanted - old) * strength)
        pixels.put(self.ground.values, mixed, where)
        pixels.put(self._strength, strength, where)

    def commit(self) -> Patch | None:
        """End the gesture; the patch undoes and redoes it. None where nothing was changed."""
        if self.box is None:
            return None
        y0, y1, x0, x1 = self.box
        inside = slice(y0, y1), slice(x0, x1)
        return patch_of(self._touched[inside], self._old[inside], self.ground.values[inside], self.box)

    def abort(self) -> Box | None:
        """Put back what was there; returns where that was."""
        if self.box is not None:
            y0, y1, x0, x1 = self.box
            np.copyto(self.ground.values[y0:y1, x0:x1], self._old[y0:y1, x0:x1], where=self._touched[y0:y1, x0:x1])
        return self.box
