"""One gesture on a ground: begun, continued by every movement of the mouse, then committed or aborted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.painting.brush import Brush, Piece, snapped, swept_rows
from core.painting.pages import untouched
from core.painting.patch import Patch, patch_of
from core.painting.pixels import Box, Listed, Marked, Pixels, Rows, Sampled, union
from core.painting.rules import EditingRules, Ground
from core.painting.shapes import Point
from core.painting.trail import Trail, way

_BAND = 1 << 17
"""Pixels that are painted at once."""
_PART = 1 << 15
"""Pixels of a hard brush that `Stroke.working` paints at a time."""
_HIGH = 256
"""Rows of such a part: what is shown is the box around it."""
_CHUNK = 1 << 19
"""Pixels of what is divided into such parts when its turn comes."""
_ALONE = 6
"""How many pixels of a box cost what one costs that is found by its place."""
_BESIDES = 1 << 13
"""How many pixels of a box cost what a band costs that has none."""


@dataclass(frozen=True, eq=False)
class _Band:
    """What a hard brush covered, and whether nothing was touched there before."""

    rows: Rows
    untouched: bool


class Stroke:
    """Changes a ground step by step and knows what was there.

    Work and memory follow the pixels touched, not the picture: the arrays as large as the picture are asked of the
    system untouched, which takes no memory until a page of them is written.

    Parameters
    ----------
    value
        The label (`core.painting.rules.AUTOMATIC` erases) or the target fraction that is painted.
    later
        A soft brush on a field only notes where it was; `work` paints it bit by bit, `commit` what is left. What comes
        out does not depend on when the work is done, to the bit.
    in_parts
        No brush paints by itself: `work` or `working` do. A pixel's value does not depend on the order either.
    """

    def __init__(
        self, ground: Ground, value: float, rules: EditingRules | None = None, *, later: bool = False,
        in_parts: bool = False,
    ) -> None:  # fmt: skip
        self.ground = ground
        self.value = value
        self.rules = rules or EditingRules()
        self.box: Box | None = None
        self._touched = untouched(ground.shape, bool)
        self._old = untouched(ground.shape, ground.values.dtype)
        # one that is drawn later may be asked for after another brush painted in full
        self._strength = untouched(ground.shape, np.float32) if later and not ground.of_labels else None
        self._last: Point | None = None
        self._brush: Brush | None = None
        self._done = 0.0
        self._trail = Trail() if later else None
        self._in_parts = in_parts
        self._waiting: deque[Piece | _Band] = deque()
        self._piece: Piece | None = None
        self._parts: Iterator[Box | Listed] = iter(())
        self._part: Box | Listed | None = None

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
            known = before == brush and not moved_by_snapping
            if self._trail is not None:
                self._waiting.extend(self._trail.to(start, end, brush, known=known))
                return None
            if known and start == end:
                return None
            # nothing behind the place where the same brush stood becomes stronger
            piece = Piece(start, end, brush, done, ((start, way(start, end)),) if known else ())
            if self._in_parts:
                self._waiting.append(piece)
                return None
            return self._mix(piece)
        rows = swept_rows(start, end, radius, self.ground.shape, done)
        if rows is None:
            return None
        # what waits is painted in order, so where the brush is set down it is painted before all that follows
        first = self.box is None and not self.waiting and done == 0 and self.rules.allow_all
        if self._in_parts:
            self._waiting.extend(_Band(band, first) for band in _from_the_middle(rows.bands(_CHUNK, _CHUNK), end[0]))
            return None
        return self._begin(rows) if first else self.paint(rows.pixels(self.ground.shape))

    def _begin(self, rows: Rows) -> Box:
        """Paint what the brush covers where it is set down: nothing was touched yet, and everything may be."""
        planes = self._old, self.ground.values, self._touched
        for row, (first, end) in enumerate(zip(rows.starts.tolist(), rows.ends.tolist(), strict=True), rows.first):
            if end > first:
                old, values, touched = (plane[row, first:end] for plane in planes)
                old[:] = values
                values.fill(self.value)
                touched.fill(True)
                if self._strength is not None:
                    self._strength[row, first:end] = 1.0
        filled = rows.ends > rows.starts
        columns = int(rows.starts[filled].min()), int(rows.ends[filled].max())
        box = (rows.first, rows.first + len(rows.starts), *columns)
        self.box = union(self.box, box)
        return box

    def paint(self, pixels: Pixels, value: np.ndarray | float | None = None) -> Box | None:
        """Paint ``pixels`` where the rules allow; returns what may have changed.

        Parameters
        ----------
        value
            One for all pixels, or one each (as ``pixels.take`` gives); by default the stroke's.
        """
        if isinstance(pixels, Marked) and pixels.cover.size > 2 * _BAND:
            # in bands that stay in the cache
            for rows, part in pixels.bands(_BAND):
                self.paint(part, value[rows] if isinstance(value, np.ndarray) and value.ndim == 2 else value)
            return pixels.box
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

    def work(self, pixels: int) -> Box | None:
        """Paint some of what was left for later, about ``pixels`` of it; returns what may have changed."""
        found: Box | None = None
        for box in self.working(pixels):
            found = union(found, box)
        return found

    def working(self, pixels: int) -> Iterator[Box]:
        """As `work`, part by part: what may have changed in each."""
        while pixels > 0:
            part = self._part
            if part is not None:
                assert self._piece is not None
                self._part = next(self._parts, None)
                box = part.box if isinstance(part, Listed) else part
                pixels -= 3 * len(part.places) if isinstance(part, Listed) else (box[1] - box[0]) * (box[3] - box[2])
                self._mix_part(self._piece, part)
                self.box = union(self.box, box)
                yield box
                continue
            if not self._waiting:
                return
            begun = self._waiting.popleft()
            if isinstance(begun, Piece):
                self._piece, self._parts = begun, begun.parts(self.ground.shape)
                self._part = next(self._parts, None)
                continue
            bands = list(begun.rows.bands(_PART, _HIGH))
            if len(bands) > 1:
                self._waiting.extendleft(_Band(band, begun.untouched) for band in reversed(bands))
                continue
            painted, cost = self._paint_band(begun)
            pixels -= cost
            if painted is not None:
                yield painted

    def _paint_band(self, band: _Band) -> tuple[Box | None, int]:
        """What may have changed, and what it cost: so much as so many pixels that are painted in a row."""
        if band.untouched:
            return self._begin(band.rows), _BESIDES + band.rows.count
        pixels = band.rows.pixels(self.ground.shape)
        cost = _ALONE * len(pixels.places) if isinstance(pixels, Listed) else pixels.cover.size
        return self.paint(pixels), _BESIDES + cost

    @property
    def waiting(self) -> bool:
        """Whether there is something to `work` on."""
        return bool(self._waiting) or self._part is not None

    @property
    def ahead(self) -> Piece | None:
        """What lies ahead of the last place of a soft brush and is painted later than all that is `waiting`."""
        return None if self._trail is None else self._trail.head

    def so_far(self, pixels: Sampled) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """What was there before, the strength of a soft brush by now, and where it may paint (None: everywhere).

        What is `waiting` is painted first.
        """
        while self.waiting:
            self.work(1 << 20)
        if self.box is None:  # nothing was touched: what was never written need not be read
            old = pixels.take(self.ground.values).copy()
            allowed = None if self.rules.allow_all else self.rules.allow(pixels, self.ground)
            return old, np.zeros_like(old), allowed
        old = np.where(pixels.take(self._touched), pixels.take(self._old), pixels.take(self.ground.values))
        strength = np.zeros_like(old) if self._strength is None else pixels.take(self._strength).copy()
        if self.rules.allow_all:
            return old, strength, None
        # a field's rules look at what painting it does not change
        return old, strength, self.rules.allow(pixels, self.ground)

    def _mix(self, piece: Piece) -> Box | None:
        """Mix the value into what was there by the strength of a soft brush; where it passes twice the stronger counts.

        Only pixels that can become stronger are looked at, in parts so small that they stay in the cache.
        """
        found: Box | None = None
        for part in piece.parts(self.ground.shape):
            self._mix_part(piece, part)
            found = union(found, part.box if isinstance(part, Listed) else part)
        self.box = union(self.box, found)
        return found

    def _mix_part(self, piece: Piece, part: Box | Listed) -> None:
        ground, wanted = self.ground, np.float32(self.value)
        if self._strength is None:
            self._strength = untouched(ground.shape, np.float32)
        pixels = part if isinstance(part, Listed) else Marked(part, np.ones(_shape(part), dtype=bool))
        strength = piece.brush.strength_along(*pixels.centres(), piece.start, piece.end)
        stronger = strength > pixels.take(self._strength)
        if not self.rules.allow_all:
            # a pixel that was changed before was allowed before; any other still is as it was at the start
            stronger &= pixels.take(self._touched) | self.rules.allow(pixels, ground)
        if isinstance(part, Listed):
            places, strength = part.places[stronger], strength[stronger]
            old, values = self._old.reshape(-1), ground.values.reshape(-1)
            touched, strengths = self._touched.reshape(-1), self._strength.reshape(-1)
            fresh = places[~touched[places]]
            old[fresh] = values[fresh]
            touched[fresh] = True
            strengths[places] = strength
            values[places] = mixed(old[places], wanted, strength)
            return
        touched, kept, values = pixels.take(self._touched), pixels.take(self._old), pixels.take(ground.values)
        np.copyto(kept, values, where=stronger > touched)
        touched |= stronger
        np.copyto(values, mixed(kept, wanted, strength), where=stronger)
        np.copyto(pixels.take(self._strength), strength, where=stronger)

    def commit(self) -> Patch | None:
        """End the gesture; the patch undoes and redoes it. None where nothing was changed."""
        if self._trail is not None:
            self._waiting.extend(self._trail.finish())
        while self.waiting:
            self.work(1 << 20)
        if self.box is None:
            return None
        y0, y1, x0, x1 = self.box
        inside = slice(y0, y1), slice(x0, x1)
        return patch_of(self._touched[inside], self._old[inside], self.ground.values[inside], self.box)

    def abort(self) -> Box | None:
        """Put back what was there; returns where that was."""
        self._waiting.clear()
        self._part = None
        if self.box is not None:
            y0, y1, x0, x1 = self.box
            np.copyto(self.ground.values[y0:y1, x0:x1], self._old[y0:y1, x0:x1], where=self._touched[y0:y1, x0:x1])
        return self.box


def mixed(old: np.ndarray, value: np.float32, strength: np.ndarray) -> np.ndarray:
    """``value`` mixed into ``old`` by ``strength``, and ``value`` to the bit where that is 1; float32."""
    found: np.ndarray = value - old
    found *= strength
    found += old
    np.copyto(found, value, where=strength >= 1)
    return found


def _from_the_middle(bands: Iterator[Rows], row: float) -> list[Rows]:
    """Those nearest to ``row`` first: there one looks."""
    return sorted(bands, key=lambda band: abs(band.first + len(band.starts) / 2 - row))


def _shape(box: Box) -> tuple[int, int]:
    return box[1] - box[0], box[3] - box[2]
