"""One gesture on a ground: begun, continued by every movement of the mouse, then committed or aborted."""

from __future__ import annotations

import numpy as np

from core.painting.brush import Brush, bands, snapped, swept
from core.painting.patch import Patch, patch_of
from core.painting.pixels import Box, Marked, Pixels, union
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
        self._old = np.zeros_like(ground.values)
        self._strength: np.ndarray | None = None
        self._last: Point | None = None
        self._brush: Brush | None = None
        self._done = 0.0

    def draw_to(self, point: Point, brush: Brush) -> Box | None:
        """Move the brush in a straight line to ``point`` (y, x), or set it down there; returns what may have changed.

        Between two places the brush is as it is at the second.
        """
        end = snapped(point, brush.diameter)
        start = end if self._last is None else snapped(self._last, brush.diameter)
        moved_by_snapping = self._last is not None and start != self._last
        self._last = point
        before, self._brush = self._brush, brush
        hard = self.ground.of_labels or brush.hardness >= 1
        radius = brush.label_radius if self.ground.of_labels else brush.radius
        full = radius if hard else brush.radius * brush.hardness
        # what the brush painted in full where it stood is done; a hair less, for what rounding makes of one circle
        done = 0.0 if moved_by_snapping else min(self._done, full) * (1 - 1e-9)
        self._done = full
        if not hard:
            return self._sweep(start, end, brush, done, onward=before == brush and not moved_by_snapping)
        pixels = swept(start, end, radius, self.ground.shape, done)
        return None if pixels is None else self.paint(pixels)

    def paint(self, pixels: Pixels, value: np.ndarray | float | None = None) -> Box | None:
        """Paint ``pixels`` where the rules allow; returns what may have changed.

        Parameters
        ----------
        value
            One for all pixels, or one each (as ``pixels.take`` gives); by default the stroke's.
        """
        ground = self.ground
        wanted = self.value if value is None else value
        # a pixel that was changed before was allowed before; any other still is as it was at the start
        touched = pixels.take(self._touched)
        fresh = self.rules.allow(pixels, ground) & ~touched
        pixels.put(self._old, pixels.take(ground.values), fresh)
        again = fresh | (touched & pixels.cover)
        pixels.put(ground.values, wanted, again)
        if self._strength is not None:
            pixels.put(self._strength, 1.0, again)
        pixels.put(self._touched, True, fresh)
        self.box = union(self.box, pixels.box)
        return pixels.box

    def _sweep(self, start: Point, end: Point, brush: Brush, done: float, *, onward: bool) -> Box | None:
        """Mix the value into what was there by the strength of a soft brush; where it passes twice the stronger counts.

        Only pixels that can become stronger are looked at, in rectangles so small that they stay in the cache.

        Parameters
        ----------
        done
            Radius of a disc around ``start`` where the strength is 1 already.
        onward
            Whether the same brush stood at ``start`` before: then nothing behind it becomes stronger.
        """
        if onward and start == end:
            return None
        ground, wanted = self.ground, np.float32(self.value)
        if self._strength is None:
            self._strength = np.zeros(ground.shape, dtype=np.float32)
        found: Box | None = None
        for box in bands(start, end, brush.radius, ground.shape, done, onward=onward):
            inside = slice(box[0], box[1]), slice(box[2], box[3])
            strength = brush.strength_along(box, start, end)
            touched, kept, before = self._touched[inside], self._old[inside], self._strength[inside]
            values = ground.values[inside]
            stronger = strength > before
            if not self.rules.allow_all:
                # a pixel that was changed before was allowed before; any other still is as it was at the start
                whole = Marked(box, np.ones(strength.shape, dtype=bool))
                stronger &= touched | self.rules.allow(whole, ground)
            np.copyto(kept, values, where=stronger > touched)
            touched |= stronger
            mixed = wanted - kept
            mixed *= strength
            mixed += kept
            np.copyto(mixed, wanted, where=strength >= 1)
            np.copyto(values, mixed, where=stronger)
            np.copyto(before, strength, where=stronger)
            found = union(found, box)
        self.box = union(self.box, found)
        return found

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
