"""The rectangle of a picture that is used: drawn or dragged by its handles, all outside it shaded."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsRectItem

from app import theme
from core.painting.pixels import Box


class CropFrame(QObject):
    """Lies in a view whose unit is the picture's pixel.

    Signals
    -------
    changed(box)
        The user drew or moved it: (y0, y1, x0, x1).
    """

    changed = Signal(tuple)

    def __init__(self, view: pg.ViewBox) -> None:
        super().__init__(view)
        self._view = view
        self._frame: pg.RectROI | None = None
        self._shade = [QGraphicsRectItem() for _ in range(4)]
        for item in self._shade:
            item.setPen(QPen(Qt.PenStyle.NoPen))
            item.setBrush(QColor(0, 0, 0, 120))
            item.setZValue(8)
            item.hide()
            view.addItem(item, ignoreBounds=True)

    def show(self, box: Box | None, shape: tuple[int, int] | None) -> None:
        """Show ``box`` of a picture of ``shape`` with handles; None takes it away."""
        if self._frame is not None:
            self._view.removeItem(self._frame)
            self._frame = None
        for item in self._shade:
            item.setVisible(box is not None)
        if box is None or shape is None:
            return
        y0, y1, x0, x1 = box
        limits = QRectF(0, 0, shape[1], shape[0])
        frame = pg.RectROI(
            (x0, y0), (x1 - x0, y1 - y0), maxBounds=limits, snapSize=1.0, scaleSnap=True, translateSnap=True,
            pen=pg.mkPen(theme.ACCENT_DARK, width=2), hoverPen=pg.mkPen("white", width=2),
        )  # fmt: skip
        frame.setZValue(10)
        for position, center in (((0, 0), (1, 1)), ((0, 1), (1, 0)), ((1, 0), (0, 1))):
            frame.addScaleHandle(position, center)
        self._view.addItem(frame)
        self._frame = frame
        self._place_shade(box, shape)
        frame.sigRegionChanged.connect(lambda: self._place_shade(self._box(frame, shape), shape))
        frame.sigRegionChangeFinished.connect(lambda: self.changed.emit(self._box(frame, shape)))

    @staticmethod
    def _box(frame: pg.RectROI, shape: tuple[int, int]) -> Box:
        rows, columns = shape
        position, size = frame.pos(), frame.size()
        x0, y0 = max(0, round(position.x())), max(0, round(position.y()))
        return (
            y0,
            min(rows, max(y0 + 1, round(position.y() + size.y()))),
            x0,
            min(columns, max(x0 + 1, round(position.x() + size.x()))),
        )

    def _place_shade(self, box: Box, shape: tuple[int, int]) -> None:
        rows, columns = shape
        y0, y1, x0, x1 = box
        for item, rectangle in zip(
            self._shade,
            (QRectF(0, 0, columns, y0), QRectF(0, y1, columns, rows - y1), QRectF(0, y0, x0, y1 - y0),
             QRectF(x1, y0, columns - x1, y1 - y0)),
            strict=True,
        ):  # fmt: skip
            item.setRect(rectangle)

    def draw(self, start: QPointF, now: QPointF, shape: tuple[int, int] | None, finished: bool) -> None:
        """The mouse drags from ``start`` to ``now`` over a picture of ``shape``."""
        if shape is None:
            return
        rows, columns = shape
        x0, x1 = sorted(min(max(round(p.x()), 0), columns) for p in (start, now))
        y0, y1 = sorted(min(max(round(p.y()), 0), rows) for p in (start, now))
        if x1 - x0 < 2 or y1 - y0 < 2:
            return
        self.show((y0, y1, x0, x1), shape)
        if finished:
            self.changed.emit((y0, y1, x0, x1))
