"""A bar of a round length over a picture, with its length in physical units."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from core.images.pixel_size import format_length


def nice_length(longest: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ that is not above ``longest`` (> 0)."""
    power = 10.0 ** math.floor(math.log10(longest))
    # a hair of slack, so that 0.3 / 0.1 style rounding does not lose the exact fit
    return max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))


class ScaleBar(QWidget):
    """A bar of a round length, bottom right; drawn over the picture, not part of it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.pixel_size: float | None = None
        self.screen_per_pixel = 1.0

    def length(self) -> tuple[float, str]:
        """Length on screen (device-independent pixels) and its label."""
        wanted = 150.0 / max(self.screen_per_pixel, 1e-9)
        if self.pixel_size is None:
            pixels = max(1.0, nice_length(wanted))
            return pixels * self.screen_per_pixel, f"{pixels:g} px"
        metres = nice_length(wanted * self.pixel_size)
        return metres / self.pixel_size * self.screen_per_pixel, format_length(metres)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar on a dark ground, its label above it."""
        length, label = self.length()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        width = max(length, painter.fontMetrics().horizontalAdvance(label)) + 20
        box = QRectF(self.width() - width, 0, width, self.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor("white"))
        painter.drawText(box.adjusted(0, 3, 0, -14), Qt.AlignmentFlag.AlignCenter, label)
        painter.setBrush(QColor("white"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRect(QRectF(box.center().x() - length / 2, self.height() - 11, length, 4))
        painter.end()
