"""A stroke of a large soft brush while it is under way: a sketch of it at once, its pixels between two movements."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.widgets.image_canvas import ImageCanvas
from core.painting.brush import Brush
from core.painting.pixels import Box
from core.painting.shapes import Point
from core.painting.sketch import Sketch
from core.painting.stroke import Stroke

LARGE = 600.0
"""Pixels: a soft brush so wide is sketched."""
_SLICE = 1 << 15  # pixels that are painted at a time: one or two milliseconds


class Sketching(QObject):
    """Draws the sketch (`show_sketch`; None takes it away) and shows what is painted under it (`show`)."""

    def __init__(
        self, canvas: ImageCanvas, show: Callable[[Box], None], show_sketch: Callable[[Sketch | None], None]
    ) -> None:
        super().__init__(canvas)
        self._canvas, self._show, self._show_sketch = canvas, show, show_sketch
        self._stroke: Stroke | None = None
        self._sketch: Sketch | None = None
        self._last: Point | None = None
        self._held = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._work)
        canvas.view.sigRangeChanged.connect(lambda *_: self._draw_anew())

    def begin(self, stroke: Stroke) -> None:
        """``stroke``, one that is painted later, begins."""
        self._stroke, self._last = stroke, None
        self._draw_anew()

    def moved(self, point: Point, brush: Brush) -> None:
        """The brush was moved to ``point``; nothing to do for a stroke that is not sketched."""
        if self._sketch is not None:
            self._sketch.move(self._last or point, point, brush)
            self._last = point
            self._show_sketch(self._sketch)
            self._timer.start(1)

    def hold(self, stroke: Stroke) -> bool:
        """Leave the sketch of ``stroke`` as it is: others end the stroke. False where it is not sketched."""
        if self._stroke is not stroke:
            return False
        self._timer.stop()
        self._stroke = self._sketch = None
        self._held = True
        return True

    def end(self) -> None:
        """The stroke was committed or given up."""
        self._timer.stop()
        if self._held:
            self._held = False
            self._show_sketch(None)
        if self._stroke is not None:
            self._show_sketch(None)
            if self._stroke.box is not None:
                self._show(self._stroke.box)
        self._stroke = self._sketch = None

    def _draw_anew(self) -> None:
        """Of what is on the screen now."""
        visible = self._canvas.visible_box()
        if self._stroke is not None and visible is not None:
            self._sketch = Sketch(self._stroke, visible)
            self._show_sketch(self._sketch)

    def _work(self) -> None:
        if self._stroke is None or not self._stroke.waiting:
            self._timer.stop()
            return
        box = self._stroke.work(_SLICE)
        if box is not None:
            self._show(box)
