"""The 2-D canvas: a grey picture, labels over it, rulers, scale bar, read-out, and a rectangle to crop with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QTabletEvent,
)
from PySide6.QtWidgets import QLabel

from app import theme
from app.widgets.crop_frame import CropFrame
from app.widgets.focus_frame import FocusFrame
from app.widgets.index_layer import IndexLayer
from app.widgets.rulers import Rulers
from app.widgets.scale_bar import ScaleBar
from core.images.pixel_size import format_length
from core.images.values import Phase
from core.painting.pixels import Box

pg.setConfigOptions(imageAxisOrder="row-major", antialias=True)


_AROUND = 0.05
"""Border around a picture that is shown as a whole, as a share of its edge."""


def display_range(grey: np.ndarray) -> tuple[float, float]:
    """Grey levels to show as black and white: the 0.2 and 99.8 percentiles of a thinned picture."""
    step = max(1, int(math.sqrt(grey.size / 250_000)))
    low, high = np.percentile(grey[::step, ::step], (0.2, 99.8))
    if high <= low:
        low, high = float(grey.min()), float(grey.max())
    return float(low), float(high) if high > low else float(low) + 1.0


class _View(pg.ViewBox):
    """Pan with the left button, zoom to the cursor with the wheel; while cropping, the left button draws."""

    dragged_box = Signal(QPointF, QPointF, bool)

    def __init__(self) -> None:
        super().__init__(lockAspect=True, invertY=True, enableMenu=False)
        self.drawing = False

    def mouseDragEvent(self, ev: Any, axis: Any = None) -> None:
        if self.drawing and ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.dragged_box.emit(self.mapToView(ev.buttonDownPos()), self.mapToView(ev.pos()), ev.isFinish())
        else:
            super().mouseDragEvent(ev, axis)


class CanvasTool(Protocol):
    """What takes the mouse over from panning (a brush, a lasso). Places are (y, x) in pixels of the picture."""

    def pressed(self, point: tuple[float, float], event: QMouseEvent) -> bool:
        """The left button went down; whether the tool takes it."""

    def moved(self, point: tuple[float, float], event: QMouseEvent) -> bool:
        """The mouse moved, with a button or without; whether the tool takes it."""

    def released(self, point: tuple[float, float], event: QMouseEvent) -> bool:
        """The left button went up; whether the tool takes it."""

    def double_clicked(self, point: tuple[float, float], event: QMouseEvent) -> bool:
        """The left button was clicked twice; whether the tool takes it."""

    def key(self, event: QKeyEvent) -> bool:
        """A key was pressed over the canvas; whether the tool takes it."""

    def left(self) -> None:
        """The mouse left the canvas."""


class ImageCanvas(pg.GraphicsView):
    """Shows a grey picture and labels over it.

    Signals
    -------
    hovered(row, column)
        The pixel under the cursor, or (-1, -1) outside.
    crop_drawn(box)
        The user drew or moved the crop rectangle: (y0, y1, x0, x1).
    """

    hovered = Signal(int, int)
    crop_drawn = Signal(tuple)

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setAccessibleName("Picture")
        self.view = _View()
        self.setCentralItem(self.view)
        self.image = pg.ImageItem()
        self.overlay = IndexLayer()
        self.overlay.setZValue(5)
        self.overlay.setOpacity(0.5)
        self.view.addItem(self.image)
        self.view.addItem(self.overlay)
        self._grey: np.ndarray | None = None
        self.tool: CanvasTool | None = None
        self.more_to_read: Callable[[int, int], str] | None = None
        """Words for the read-out about the pixel (row, column), instead of its grey value."""
        self.pressure = 1.0
        """Of a tablet's pen, 0 to 1."""
        self._panning = False
        self._labels: np.ndarray | None = None
        self._phases: Sequence[Phase] = ()
        self._pixel_size: float | None = None
        self._crop = CropFrame(self.view)
        self._crop.changed.connect(self.crop_drawn)
        self.rulers = Rulers(self)
        self.scale_bar = ScaleBar(self)
        self.read_out = QLabel(self)
        self.read_out.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.read_out.setStyleSheet(
            "background: rgba(0, 0, 0, 150); color: white; border-radius: 5px; padding: 3px 8px;"
        )
        self.read_out.hide()
        self.notice = QLabel(self)
        """Words over the picture while what is on show is about to change; hidden where there are none."""
        self.notice.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.notice.setStyleSheet(self.read_out.styleSheet())
        self.notice.hide()
        self._focus = FocusFrame(self)
        self.scene().sigMouseMoved.connect(self._moved)
        self.view.sigTransformChanged.connect(self._rescale)
        self.view.dragged_box.connect(
            lambda start, now, finished: self._crop.draw(start, now, self.picture_shape, finished)
        )
        self.theme_changed()

    # --- what is shown -------------------------------------------------------------------------------------------

    def set_picture(self, grey: np.ndarray | None, pixel_size: float | None, *, keep_view: bool = False) -> None:
        """Show ``grey`` (Y, X); ``keep_view`` leaves zoom and place as they are."""
        self._grey, self._pixel_size = grey, pixel_size
        self.scale_bar.pixel_size = pixel_size
        if grey is None:
            self.image.clear()
            self.scale_bar.hide()
            self.rulers.hide()
            self.read_out.hide()
            return
        self.image.setImage(grey, levels=display_range(grey))
        self.scale_bar.show()
        self.rulers.show()
        if not keep_view:
            self.fit()
        self._rescale()

    def set_pixel_size(self, pixel_size: float | None) -> None:
        """Metres per pixel, for scale bar and read-out."""
        self._pixel_size = self.scale_bar.pixel_size = pixel_size
        self.scale_bar.update()
        self.rulers.update()

    def set_levels(self, low: float, high: float) -> None:
        """Grey levels shown as black and white."""
        self.image.setLevels((low, max(high, low + 1e-12)))

    def set_labels(self, labels: np.ndarray | None, phases: Sequence[Phase] = ()) -> None:
        """Lay the colours of ``phases`` over the picture."""
        self._phases = phases
        if labels is None or labels is not self._labels:
            self._labels = labels
            # a copy of the canvas's own, so that a tool can paint on what is shown
            self.overlay.set_indices(None if labels is None else labels.copy())
        colors = [QColor(phase.color) for phase in phases]
        self.overlay.set_colors([(color.red(), color.green(), color.blue(), 255) for color in colors])

    def set_overlay(self, shown: bool, opacity: float) -> None:
        """Whether and how strongly the labels cover the picture."""
        self.overlay.setVisible(shown)
        self.overlay.setOpacity(opacity)

    def say(self, text: str) -> None:
        """Lay ``text`` over the picture, or take it away where it is empty."""
        if text != self.notice.text() or self.notice.isHidden() == bool(text):
            self.notice.setText(text)
            self.notice.adjustSize()
            self.notice.setVisible(bool(text))
            self._place()

    def fit(self) -> None:
        """Show the whole picture, right of and below the rulers."""
        if self._grey is None:
            return
        rows, columns = self._grey.shape
        edge, width, height = self.rulers.thickness, self.view.width(), self.view.height()
        self.view.setRange(QRectF(0, 0, columns, rows), padding=_AROUND)
        corner = self.view.mapFromView(QPointF(0, 0))
        if self.rulers.isHidden() or min(corner.x(), corner.y()) >= edge or min(width, height) <= 2 * edge:
            return
        # the border around it is not as wide as the rulers
        free = (1 - 2 * _AROUND) * (width - edge), (1 - 2 * _AROUND) * (height - edge)
        scale = max(columns / free[0], rows / free[1])
        left, top = (columns - scale * (width + edge)) / 2, (rows - scale * (height + edge)) / 2
        self.view.setRange(QRectF(left, top, scale * width, scale * height), padding=0)

    def one_to_one(self) -> None:
        """One picture pixel per screen pixel, about the middle of what is shown."""
        center = self.view.viewRect().center()
        width, height = self.view.width(), self.view.height()
        self.view.setRange(QRectF(center.x() - width / 2, center.y() - height / 2, width, height), padding=0)

    # --- crop rectangle ------------------------------------------------------------------------------------------

    def set_drawing(self, drawing: bool) -> None:
        """While on, the left button draws the crop rectangle."""
        self.view.drawing = drawing
        self.setCursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor)

    def set_crop(self, box: Box | None) -> None:
        """Show the crop rectangle with handles, what is outside it shaded; None takes it away."""
        self._crop.show(box, self.picture_shape)

    # --- looking -------------------------------------------------------------------------------------------------

    def _moved(self, position: QPointF) -> None:
        if self._grey is None:
            return
        point = self.view.mapSceneToView(position)
        row, column = math.floor(point.y()), math.floor(point.x())
        rows, columns = self._grey.shape
        inside = 0 <= row < rows and 0 <= column < columns
        self.read_out.setVisible(inside)
        self.hovered.emit(*((row, column) if inside else (-1, -1)))
        if not inside:
            return
        where = f"row {row}, column {column}"
        if self._pixel_size is not None:
            y, x = format_length(row * self._pixel_size), format_length(column * self._pixel_size)
            where = f"y {y} · x {x}   ({where})"
        if self.more_to_read is not None:
            text = f"{where}   {self.more_to_read(row, column)}"
        else:
            text = f"{where}   grey {self._grey[row, column]:g}"
        labels = self.overlay.indices
        if labels is not None and self._phases and labels.shape == self._grey.shape:
            label = int(labels[row, column])
            if label < len(self._phases):
                text += f"   {self._phases[label].name}"
        self.read_out.setText(text)
        self.read_out.adjustSize()
        self._place()

    def _rescale(self) -> None:
        size = self.view.viewPixelSize()
        if size and size[0] > 0:
            self.scale_bar.screen_per_pixel = 1.0 / size[0]
            self.scale_bar.update()
            self.rulers.update()

    def _place(self) -> None:
        self.scale_bar.setGeometry(self.width() - 412, self.height() - 48, 400, 36)
        self.rulers.setGeometry(self.rect())
        self.notice.move(self.width() - self.notice.width() - 12, self.rulers.thickness + 8)
        left, low = self.rulers.thickness + 8, self.height() - self.read_out.height() - 12
        # a long one goes above the scale bar, not over it
        bar = self.width() - 12 - max(self.scale_bar.length()[0] + 20, 120)
        self.read_out.move(left, low if left + self.read_out.width() < bar else low - 44)

    def resizeEvent(self, ev: QResizeEvent | None) -> None:
        """Keep bar and read-out in their corners."""
        super().resizeEvent(ev)
        if hasattr(self, "read_out"):
            self._place()
            self.fit()

    # --- tools ---------------------------------------------------------------------------------------------------

    @property
    def picture_shape(self) -> tuple[int, int] | None:
        """Rows and columns of the picture shown."""
        return None if self._grey is None else (self._grey.shape[0], self._grey.shape[1])

    def visible_box(self) -> Box | None:
        """The part of the picture that is on the screen; None where nothing is."""
        if self._grey is None:
            return None
        rows, columns = self._grey.shape
        shown = self.view.viewRect()
        y0, y1 = max(0, math.floor(shown.top())), min(rows, math.ceil(shown.bottom()))
        x0, x1 = max(0, math.floor(shown.left())), min(columns, math.ceil(shown.right()))
        return (y0, y1, x0, x1) if y1 > y0 and x1 > x0 else None

    @property
    def pixel_size(self) -> float | None:
        """Metres per pixel, or None."""
        return self._pixel_size

    def place_of(self, position: QPointF) -> tuple[float, float]:
        """(y, x) in pixels of the picture under a place of the widget."""
        point = self.view.mapSceneToView(self.mapToScene(position.toPoint()))
        return point.y(), point.x()

    def pan_with_mouse(self, on: bool) -> None:
        """While on (the space bar is down), the left button pans whatever the tool."""
        self._panning = on
        self.viewport().setCursor(Qt.CursorShape.OpenHandCursor if on else Qt.CursorShape.ArrowCursor)

    def _offered(self, what: str, ev: QMouseEvent) -> bool:
        if self.tool is None or self._panning or self._grey is None:
            return False
        taken = bool(getattr(self.tool, what)(self.place_of(ev.position()), ev))
        if taken:
            ev.accept()
        return taken

    def mousePressEvent(self, ev: QMouseEvent) -> None:
        """The tool first, then panning."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if ev.button() != Qt.MouseButton.LeftButton or not self._offered("pressed", ev):
            super().mousePressEvent(ev)

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        """The tool first; the read-out follows in any case."""
        if self._offered("moved", ev):
            self._moved(QPointF(self.mapToScene(ev.position().toPoint())))
        else:
            super().mouseMoveEvent(ev)

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        """The tool first."""
        if ev.button() != Qt.MouseButton.LeftButton or not self._offered("released", ev):
            super().mouseReleaseEvent(ev)

    def mouseDoubleClickEvent(self, ev: QMouseEvent) -> None:
        """The tool first."""
        if ev.button() != Qt.MouseButton.LeftButton or not self._offered("double_clicked", ev):
            super().mouseDoubleClickEvent(ev)

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen's pressure; Qt then makes a mouse event of it."""
        self.pressure = 1.0 if event.type() == QEvent.Type.TabletRelease else float(event.pressure())
        event.ignore()

    def leaveEvent(self, ev: QEvent) -> None:
        """The brush is not shown outside."""
        super().leaveEvent(ev)
        if self.tool is not None:
            self.tool.left()

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        """Space pans while it is held; the tool gets its keys; all others belong to the window's shortcuts."""
        if ev.key() == Qt.Key.Key_Space and not ev.isAutoRepeat():
            self.pan_with_mouse(True)
        elif self.tool is None or not self.tool.key(ev):
            ev.ignore()

    def keyReleaseEvent(self, ev: QKeyEvent) -> None:
        """Space is let go."""
        if ev.key() == Qt.Key.Key_Space and not ev.isAutoRepeat():
            self.pan_with_mouse(False)
        else:
            ev.ignore()

    def theme_changed(self) -> None:
        """Data colours never follow the theme; only the surround does."""
        self.setBackground(QColor("#101214" if theme.is_dark() else "#D9DCDF"))
        self.rulers.update()
