"""Rulers along the top and the left of a canvas, in physical units where the pixel size is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from core.images.pixel_size import unit_for

if TYPE_CHECKING:
    from app.widgets.image_canvas import ImageCanvas


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` round numbers (1, 2 or 5 × 10ⁿ apart) from ``low`` to ``high``."""
    if not (high > low and most >= 1):
        return []
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    step *= next(factor for factor in (1, 2, 5, 10, 20) if (high - low) / (step * factor) <= most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


class Rulers(QWidget):
    """Drawn over the canvas; lets the mouse through."""

    def __init__(self, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.8)
        self.setFont(font)
        self.hide()

    @property
    def thickness(self) -> int:
        """Of each ruler, in device-independent pixels."""
        return QFontMetrics(self.font()).height() + 5

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the two strips, their ticks and numbers, and the unit in the corner."""
        canvas, size = self._canvas, self._canvas.pixel_size
        shown = canvas.view.viewRect()
        per_pixel = canvas.view.viewPixelSize()[0]
        if not (per_pixel > 0 and shown.width() > 0):
            return
        scale, unit = (1.0, "px")
        if size is not None:
            metres, unit = unit_for(shown.width() * size)
            scale = size / metres
        thick = self.thickness
        painter = QPainter(self)
        ground = self.palette().color(QPalette.ColorRole.Window)
        ground.setAlpha(235)
        painter.fillRect(0, 0, self.width(), thick, ground)
        painter.fillRect(0, thick, thick, self.height() - thick, ground)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        origin = canvas.view.mapViewToScene(QPointF(0, 0))
        left, top = (shown.left() * scale, shown.top() * scale)
        right, bottom = (shown.right() * scale, shown.bottom() * scale)
        for value in ticks(left, right, max(1, self.width() // 70)):
            at = origin.x() + value / scale / per_pixel
            if at > thick:
                painter.drawLine(QPointF(at, thick - 5), QPointF(at, thick))
                if at + 3 + painter.fontMetrics().horizontalAdvance(f"{value:g}") <= self.width():
                    painter.drawText(QPointF(at + 3, thick - 5), f"{value:g}")
        for value in ticks(top, bottom, max(1, self.height() // 70)):
            at = origin.y() + value / scale / per_pixel
            if at > thick:
                painter.drawLine(QPointF(thick - 5, at), QPointF(thick, at))
                painter.save()
                painter.translate(thick - 5, at - 3)
                painter.rotate(-90)
                painter.drawText(QPointF(0, 0), f"{value:g}")
                painter.restore()
        corner = QRectF(0, 0, thick, thick)
        ground.setAlpha(255)
        painter.fillRect(corner, ground)
        painter.drawText(corner, Qt.AlignmentFlag.AlignCenter, unit)
        painter.end()
