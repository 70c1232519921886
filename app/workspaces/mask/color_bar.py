"""The colours of fractions from 0 to 1, what the exemplar shows marked, all else hatched."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets.field_view import viridis


class ColorBar(QWidget):
    """Drawn along the bottom of the plane."""

    def __init__(self) -> None:
        super().__init__()
        self.reach: tuple[float, float] | None = None
        self.span: tuple[float, float] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(2 * self.fontMetrics().height() + 22)
        row = viridis()[None]
        self._image = QImage(np.ascontiguousarray(row).data, 256, 1, 768, QImage.Format.Format_RGB888).copy()
        self.show_reach(None, None)

    def show_reach(self, reach: tuple[float, float] | None, span: tuple[float, float] | None) -> None:
        """``reach``: fractions that the exemplar shows; ``span``: those that the mask asks for."""
        self.reach, self.span = reach, span
        words = "Colours of target fractions from 0 to 1"
        if reach is not None:
            words += f"; the exemplar shows {reach[0]:.2f} to {reach[1]:.2f}, what is beyond is hatched"
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bar, hatching, marks and numbers."""
        painter = QPainter(self)
        line = self.fontMetrics().height()
        bar = QRectF(16, line + 6, max(10, self.width() - 32), 12)
        painter.drawImage(bar, self._image)
        ink = self.palette().color(QPalette.ColorRole.WindowText)

        def at(value: float) -> float:
            return bar.left() + value * bar.width()

        if self.reach is not None:
            for low, high in ((0.0, self.reach[0]), (self.reach[1], 1.0)):
                part = QRectF(at(low), bar.top(), at(high) - at(low), bar.height())
                painter.fillRect(part, QBrush(QColor(255, 255, 255, 200), Qt.BrushStyle.BDiagPattern))
            painter.setPen(QPen(ink, 2))
            for value in self.reach:
                painter.drawLine(int(at(value)), int(bar.top()) - 3, int(at(value)), int(bar.bottom()) + 3)
        painter.setPen(ink)
        for value in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
            box = QRectF(at(value) - 20, bar.bottom() + 3, 40, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:g}")
        painter.drawText(QRectF(16, 2, bar.width(), line), Qt.AlignmentFlag.AlignLeft, self._words(bar.width()))
        painter.end()

    def _words(self, width: float) -> str:
        """What stands above the bar: in few words where the long ones do not fit."""
        named = [("mask", "mask", self.span), ("exemplar shows", "exemplar", self.reach)]
        there = [(long, short, limits) for long, short, limits in named if limits is not None]
        text = "  ·  ".join(f"{long} {low:.2f} to {high:.2f}" for long, _, (low, high) in there)
        if self.fontMetrics().horizontalAdvance(text) <= width:
            return text
        return " · ".join(f"{short} {low:.2f}–{high:.2f}" for _, short, (low, high) in there)
