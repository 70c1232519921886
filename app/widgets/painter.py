"""The tools of a canvas: what the mouse does becomes strokes on a ground; brush and unfinished shapes are drawn."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsPathItem

from app.widgets.image_canvas import ImageCanvas
from app.widgets.index_layer import IndexLayer
from app.widgets.paint_options import PaintOptionsPanel
from app.widgets.settling import Settling
from app.widgets.sketching import Sketching
from core.masks.fields import plane_gradient
from core.painting.brush import Brush
from core.painting.patch import Patch
from core.painting.pixels import Box, Marked, Pixels
from core.painting.rules import AUTOMATIC, EditingRules, Ground
from core.painting.selecting import wand
from core.painting.shapes import ellipse, polygon, rectangle
from core.painting.sketch import Sketch
from core.painting.stroke import Stroke

Point = tuple[float, float]

NAMES = {
    "brush": "brush stroke", "eraser": "eraser stroke", "polygon": "polygon", "lasso": "lasso",
    "rectangle": "rectangle", "ellipse": "ellipse", "fill": "fill", "wand": "magic wand", "gradient": "linear gradient",
    "radial": "radial gradient",
}  # fmt: skip
_CLOSE = 8.0  # screen pixels from the first corner at which a click closes a polygon


class Painter(QObject):
    """A `CanvasTool`. Holds the gesture that is under way and nothing that outlives it, but the selection.

    Signals
    -------
    committed(patch, name)
        A gesture ended and changed the ground; undo is up to whoever listens.
    selected(before, after)
        A selection was drawn (bool arrays or None); it holds once `set_selection` is called.
    """

    committed = Signal(object, str)
    selected = Signal(object, object)

    def __init__(
        self, canvas: ImageCanvas, panel: PaintOptionsPanel, show: Callable[[Box], None],
        show_sketch: Callable[[Sketch | None], None] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(canvas)
        self._canvas, self._panel, self._show = canvas, panel, show
        self._sketching = Sketching(canvas, show, show_sketch)
        self._settling = Settling(self)
        self._settling.settled.connect(self._settled)
        self.ground: Ground | None = None
        self.erased: float = AUTOMATIC
        """What the eraser leaves."""
        self.selection: np.ndarray | None = None
        self._stroke: Stroke | None = None
        self._points: list[Point] = []
        self._dragging = False
        self._line_from: Point | None = None
        self._resizing: tuple[float, float] | None = None
        self._shade = IndexLayer()
        self._shade.setZValue(7)
        self._shade.set_colors([(0, 0, 0, 0), (0, 0, 0, 120)])
        self._outline = [QGraphicsPathItem(), QGraphicsPathItem()]
        self._rings = [QGraphicsEllipseItem(), QGraphicsEllipseItem()]
        for items in (self._outline, self._rings):
            # white on black can be seen on any grey
            for item, color, width in zip(items, ("black", "white"), (3, 1), strict=True):
                pen = QPen(QColor(color), width)
                pen.setCosmetic(True)
                item.setPen(pen)
                item.setZValue(20)
                item.hide()
                canvas.view.addItem(item, ignoreBounds=True)
        canvas.view.addItem(self._shade, ignoreBounds=True)
        canvas.tool = self
        panel.changed.connect(self._options_changed)

    # --- the ground ----------------------------------------------------------------------------------------------

    def set_ground(self, ground: Ground | None) -> None:
        """Paint on ``ground`` from now on; a gesture under way is given up."""
        self.settle()
        self.cancel()
        if ground is None or self.ground is None or ground.shape != self.ground.shape:
            self.set_selection(None)
            self._line_from = None
        self.ground = ground

    def set_selection(self, selection: np.ndarray | None) -> None:
        """Bool, shape of the ground, or None; what is outside is shaded."""
        self.selection = selection
        self._shade.set_indices(None if selection is None else (~selection).view(np.uint8))

    @property
    def busy(self) -> bool:
        """Whether a gesture is under way, or being ended."""
        return self._stroke is not None or bool(self._points) or self._settling.busy

    def settle(self) -> None:
        """Wait for a stroke that is being ended off the GUI thread, and commit it."""
        self._settling.finish()

    def cancel(self) -> None:
        """Give up the gesture under way; what was there is back."""
        if self._stroke is not None:
            box = self._stroke.abort()
            self._stroke = None
            self._sketching.end()
            if box is not None:
                self._show(box)
        self._points, self._dragging, self._resizing = [], False, None
        self._draw_outline()

    # --- mouse and keys ------------------------------------------------------------------------------------------

    @property
    def _tool(self) -> str:
        return self._panel.options.tool

    def pressed(self, point: Point, event: QMouseEvent) -> bool:
        """Begin a gesture, or do one that is a click."""
        self.settle()
        if self.ground is None or self._tool == "move":
            return False
        if self._tool in ("brush", "eraser"):
            if event.modifiers() & Qt.KeyboardModifier.AltModifier:
                self._resizing = (event.position().x(), self._panel.options.size)
            else:
                self._begin()
                if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._line_from is not None:
                    self._brush_to(self._line_from)
                self._brush_to(point)
        elif self._tool == "picker":
            self._pick(point)
        elif self._tool in ("fill", "wand"):
            self._click(point, event)
        elif self._tool == "polygon":
            self._add_corner(point, event)
        else:
            self._points, self._dragging = [point, point], True
        return True

    def moved(self, point: Point, event: QMouseEvent) -> bool:
        """Go on with the gesture; show the brush where it would paint."""
        self._place_brush(point)
        if self._resizing is not None:
            x, size = self._resizing
            pixel = self._canvas.view.viewPixelSize()[0]
            self._panel.set(size=round(size + 2 * (event.position().x() - x) * pixel, 1))
            return True
        if self._stroke is not None and self._tool in ("brush", "eraser"):
            self._brush_to(point)
            return True
        if self._dragging:
            if self._tool == "lasso":
                self._points.append(point)
            else:
                self._points[1] = self._constrained(point, event)
                if self._tool in ("gradient", "radial"):
                    self._preview_gradient()
            self._draw_outline()
            return True
        if self._points:
            self._draw_outline(point)
        return False

    def released(self, point: Point, event: QMouseEvent) -> bool:
        """End the gesture."""
        if self._resizing is not None:
            self._resizing = None
            return True
        if self._tool in ("brush", "eraser") and self._stroke is not None:
            self._line_from = point
            self._commit()
            return True
        if self._dragging:
            self._dragging = False
            if self._tool in ("gradient", "radial"):
                self._points = []
                self._draw_outline()
                self._commit()
            else:
                self._finish_shape(event)
            return True
        return self._tool != "move" and self.ground is not None

    def double_clicked(self, point: Point, event: QMouseEvent) -> bool:
        """Close a polygon; for every other tool it is one more press."""
        if self._tool == "polygon" and self._points:
            self._finish_shape(event)
            return True
        return self.pressed(point, event)

    def key(self, event: QKeyEvent) -> bool:
        """Escape gives up, Return closes a polygon, Backspace takes its last corner back."""
        if event.key() == Qt.Key.Key_Escape and self.busy:
            self.cancel()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._tool == "polygon" and self._points:
            self._finish_shape(None)
        elif event.key() == Qt.Key.Key_Backspace and self._tool == "polygon" and self._points:
            self._points.pop()
            self._draw_outline()
        else:
            return False
        return True

    def left(self) -> None:
        """No brush outside the canvas."""
        for ring in self._rings:
            ring.hide()

    def _options_changed(self) -> None:
        drawing = self._tool == "polygon" and not self._dragging
        if self._points and not drawing:
            self.cancel()
        for ring in self._rings:
            ring.setVisible(ring.isVisible() and self._tool in ("brush", "eraser"))
        if self._rings[0].isVisible():
            centre = self._rings[0].rect().center()
            self._place_brush((centre.y(), centre.x()))
        self._canvas.viewport().setCursor(
            Qt.CursorShape.ArrowCursor if self._tool == "move" else Qt.CursorShape.CrossCursor
        )

    # --- gestures ------------------------------------------------------------------------------------------------

    def rules(self) -> EditingRules:
        """The editing rules in force, for every tool."""
        options = self._panel.options
        return EditingRules(
            options.inside if options.area == "phase" else None,
            self.selection if options.area == "selection" else None,
            options.grey,
            options.locked,
        )

    def _begin(self) -> Stroke:
        assert self.ground is not None
        options = self._panel.options
        brushes = self._tool in ("brush", "eraser")
        later = brushes and self._sketching.sketches(Brush(options.size, options.hardness), self.ground)
        value = self.erased if self._tool == "eraser" else options.value
        self._stroke = Stroke(self.ground, value, self.rules(), later=later, in_parts=brushes)
        if brushes:
            self._sketching.begin(self._stroke, sketched=later)
        return self._stroke

    def _brush_to(self, point: Point) -> None:
        assert self._stroke is not None
        options = self._panel.options
        brush = Brush(max(1.0, options.size * self._canvas.pressure), options.hardness)
        self._shown(self._stroke.draw_to(point, brush))
        self._sketching.moved(point, brush)

    def _shown(self, box: Box | None) -> None:
        if box is not None:
            self._show(box)

    def _commit(self) -> None:
        stroke, self._stroke = self._stroke, None
        name = NAMES[self._tool]
        if stroke is not None and self._sketching.hold(stroke):
            self._settling.begin(stroke, name)
            return
        patch = None if stroke is None else stroke.commit()
        self._sketching.end()
        if patch is not None:
            self.committed.emit(patch, name)

    def _settled(self, stroke: Stroke, patch: Patch | None, name: str) -> None:
        unseen = self._sketching.end()
        if patch is not None:
            if unseen:
                self._show(stroke.box or patch.box)
            self.committed.emit(patch, name)

    def _pick(self, point: Point) -> None:
        assert self.ground is not None
        row, column = math.floor(point[0]), math.floor(point[1])
        rows, columns = self.ground.shape
        if 0 <= row < rows and 0 <= column < columns:
            self._panel.set(value=float(self._seen()[row, column]))

    def _seen(self) -> np.ndarray:
        """The labels on the canvas, or the field."""
        assert self.ground is not None
        shown = self._canvas.overlay.indices
        return shown if self.ground.of_labels and shown is not None else self.ground.values

    def _click(self, point: Point, event: QMouseEvent) -> None:
        assert self.ground is not None
        seed = (math.floor(point[0]), math.floor(point[1]))
        of_labels, tolerance = self.ground.of_labels, self._panel.options.tolerance
        if self._tool == "wand" and self.ground.grey is not None:
            found = wand(self.ground.grey, seed, tolerance)
        else:
            found = wand(self._seen(), seed, 0.0 if of_labels else tolerance)
        if found is not None:
            self._apply(found, event)

    def _apply(self, pixels: Pixels, event: QMouseEvent | None) -> None:
        """A finished shape paints, or selects."""
        if not self._panel.options.selects or self._tool == "fill":
            self._shown(self._begin().paint(pixels))
            self._commit()
            return
        assert self.ground is not None
        drawn = np.zeros(self.ground.shape, dtype=bool)
        pixels.put(drawn, True, pixels.cover)
        keys = event.modifiers() if event is not None else Qt.KeyboardModifier.NoModifier
        if self.selection is not None and keys & Qt.KeyboardModifier.ShiftModifier:
            drawn |= self.selection
        elif self.selection is not None and keys & Qt.KeyboardModifier.ControlModifier:
            drawn = self.selection & ~drawn
        self.selected.emit(self.selection, drawn if drawn.any() else None)

    def _constrained(self, point: Point, event: QMouseEvent) -> Point:
        """With Shift, rectangles become squares and ellipses circles."""
        if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier or self._tool not in ("rectangle", "ellipse"):
            return point
        if self._panel.options.selects:
            return point  # there, Shift adds to the selection
        start = self._points[0]
        side = max(abs(point[0] - start[0]), abs(point[1] - start[1]))
        return (
            start[0] + math.copysign(side, point[0] - start[0]),
            start[1] + math.copysign(side, point[1] - start[1]),
        )

    def _add_corner(self, point: Point, event: QMouseEvent) -> None:
        if len(self._points) >= 3:
            reach = _CLOSE * self._canvas.view.viewPixelSize()[0]
            if math.dist(point, self._points[0]) <= reach:
                self._finish_shape(event)
                return
        self._points.append(point)
        self._draw_outline()

    def _finish_shape(self, event: QMouseEvent | None) -> None:
        points, self._points = self._points, []
        self._draw_outline()
        assert self.ground is not None
        shape = self.ground.shape
        pixels: Pixels | None
        if self._tool == "rectangle":
            pixels = rectangle(points[0], points[1], shape)
        elif self._tool == "ellipse":
            pixels = ellipse(points[0], points[1], shape)
        else:
            pixels = polygon(points, shape)
        if pixels is not None:
            self._apply(pixels, event)

    def _preview_gradient(self) -> None:
        assert self.ground is not None
        if self._stroke is not None:
            self._stroke.abort()
        stroke = self._begin()
        options, (start, end) = self._panel.options, self._points
        if start == end:
            return
        shape = self.ground.shape
        whole = Marked((0, shape[0], 0, shape[1]), np.ones(shape, dtype=bool))
        values = (options.value, options.second)
        self._shown(stroke.paint(whole, plane_gradient(shape, start, end, values, radial=self._tool == "radial")))

    # --- what is drawn over the picture --------------------------------------------------------------------------

    def _place_brush(self, point: Point) -> None:
        wanted = self._tool in ("brush", "eraser") and self.ground is not None
        radius = self._panel.options.size / 2
        for ring in self._rings:
            ring.setRect(QRectF(point[1] - radius, point[0] - radius, 2 * radius, 2 * radius))
            ring.setVisible(wanted)

    def _draw_outline(self, to: Point | None = None) -> None:
        path = QPainterPath()
        points = [*self._points, *([to] if to is not None else [])]
        if len(points) > 1:
            places = [QPointF(x, y) for y, x in points]
            box = QRectF(places[0], places[1]).normalized()
            if self._tool == "rectangle":
                path.addRect(box)
            elif self._tool == "ellipse":
                path.addEllipse(box)
            elif self._tool == "radial":
                radius = math.dist(points[0], points[1])
                path.addEllipse(places[0], radius, radius)
            else:
                path.moveTo(places[0])
                for place in places[1:]:
                    path.lineTo(place)
        for item in self._outline:
            item.setPath(path)
            item.setVisible(not path.isEmpty())
