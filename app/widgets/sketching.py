"""A stroke while it is under way: some of its pixels at once, the rest between two movements.

A large soft brush is sketched at once, and painted between two movements only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.widgets.image_canvas import ImageCanvas
from core.painting.brush import Brush
from core.painting.pixels import Box
from core.painting.rules import Ground
from core.painting.shapes import Point
from core.painting.sketch import Sketch
from core.painting.stroke import Stroke

LARGE = 400.0
"""Pixels: a soft brush so wide is sketched."""
AT_ONCE = 1 << 17
"""Pixels that a hard brush paints at one event: one to four milliseconds, depending on the editing rules."""
SOFT = 4
"""How many pixels of a hard brush cost what one of a soft brush costs."""
_LONG = 1 << 20
"""Pixels of a stroke's box from which on it is ended off the GUI thread."""


def at_a_time(brush: Brush, ground: Ground) -> int:
    """How many pixels of ``brush`` are painted at one event."""
    return AT_ONCE if ground.of_labels or brush.hardness >= 1 else AT_ONCE // SOFT


class Sketching(QObject):
    """Paints a stroke in parts and shows them (`show`); of a large soft one the sketch (`show_sketch`; None: no more).

    Parameters
    ----------
    show_sketch
        None where nothing is sketched.
    """

    def __init__(
        self, canvas: ImageCanvas, show: Callable[[Box], None],
        show_sketch: Callable[[Sketch | None], None] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(canvas)
        self._canvas, self._show, self._show_sketch = canvas, show, show_sketch
        self._stroke: Stroke | None = None
        self._sketched = self._held = self._unseen = False
        self._sketch: Sketch | None = None
        self._last: Point | None = None
        self._pixels = AT_ONCE
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._work)
        canvas.view.sigRangeChanged.connect(lambda *_: self._draw_anew())

    def sketches(self, brush: Brush, ground: Ground) -> bool:
        """Whether a stroke that begins so is sketched."""
        return self._show_sketch is not None and not ground.of_labels and brush.hardness < 1 and brush.diameter >= LARGE

    def begin(self, stroke: Stroke, *, sketched: bool) -> None:
        """``stroke``, one that is painted in parts, begins."""
        self._stroke, self._last, self._sketched = stroke, None, sketched
        self._draw_anew()

    def moved(self, point: Point, brush: Brush) -> None:
        """The brush was moved to ``point``."""
        if self._stroke is None:
            return
        self._pixels = at_a_time(brush, self._stroke.ground)
        if self._sketch is not None and self._show_sketch is not None:
            self._sketch.move(self._last or point, point, brush)
            self._last = point
            self._show_sketch(self._sketch)
            self._timer.start(1)
            return
        self._work()
        if self._stroke.waiting:
            self._timer.start(1)

    def hold(self, stroke: Stroke) -> bool:
        """Leave ``stroke`` as it is seen: others end it. False where it is so small that it is ended at once."""
        box = stroke.box
        small = box is None or (box[1] - box[0]) * (box[3] - box[2]) < _LONG
        if self._stroke is not stroke or (small and not self._sketched and not stroke.waiting):
            return False
        self._timer.stop()
        self._unseen = self._sketched or stroke.waiting
        self._stroke = self._sketch = None
        self._held = True
        return True

    def end(self) -> bool:
        """The stroke was committed or given up; whether not all of it was shown, though it was held."""
        self._timer.stop()
        unseen = self._held and self._unseen
        if self._sketched and self._show_sketch is not None and (self._held or self._stroke is not None):
            self._show_sketch(None)
        if self._stroke is not None and self._stroke.box is not None and self._sketched:
            self._show(self._stroke.box)
        self._stroke = self._sketch = None
        self._held = self._sketched = self._unseen = False
        return unseen

    def _draw_anew(self) -> None:
        """Of what is on the screen now."""
        visible = self._canvas.visible_box()
        if self._stroke is not None and self._sketched and visible is not None and self._show_sketch is not None:
            self._sketch = Sketch(self._stroke, visible)
            self._show_sketch(self._sketch)

    def _work(self) -> None:
        if self._stroke is None or not self._stroke.waiting:
            self._timer.stop()
            return
        for box in self._stroke.working(self._pixels):
            self._show(box)
