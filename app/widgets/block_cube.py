"""A volume that is being written, as a cube that fills: one little cube for each block that is safe on the disk."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app import theme

MOST = 16
"""Little cubes along an edge; beyond it, several blocks share one, which is drawn where half of them are there."""
_ACROSS, _DOWN = math.cos(math.radians(30)), math.sin(math.radians(30))
_MARGIN = 24


class BlockCube(QWidget):
    """Seen from above at an angle; x runs to the right, y to the left, z up."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Blocks written so far")
        self.setToolTip("Each little cube is a part of the volume that is safe on the disk")
        self.setMinimumSize(200, 200)
        self._cells = np.zeros((1, 1, 1), bool)
        self._done, self._of = 0, 1
        self.words = ""

    def show_blocks(self, finished: np.ndarray, words: str = "") -> None:
        """Draw ``finished`` (bool, shape z, y, x in blocks), and ``words`` below."""
        self._done, self._of = int(finished.sum()), finished.size
        step = max(1, -(-max(finished.shape) // MOST))
        self._cells = _thinned(finished, step)
        self.words = words
        self.update()

    @property
    def share(self) -> float:
        """Of the blocks that are there."""
        return self._done / self._of

    @property
    def cells(self) -> np.ndarray:
        """The little cubes that are drawn: bool, shape (z, y, x)."""
        return self._cells

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Outline, cubes from back to front, words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        text = palette.color(QPalette.ColorRole.Text)
        line = painter.fontMetrics().lineSpacing()
        lines = [f"{self._done:,} of {self._of:,} blocks", *self.words.splitlines()]
        foot = (len(lines) + 1) * line
        self._draw_cube(painter, QRectF(0, 0, self.width(), self.height() - foot), text)
        painter.setPen(text)
        for number, words in enumerate(lines):
            place = QRectF(8, self.height() - foot + number * line, self.width() - 16, line)
            shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, int(place.width()))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, shown)
        painter.end()

    def _draw_cube(self, painter: QPainter, area: QRectF, text: QColor) -> None:
        depth, rows, columns = self._cells.shape
        wide, high = (columns + rows) * _ACROSS, (columns + rows) * _DOWN + depth
        edge = max(1.0, min((area.width() - 2 * _MARGIN) / wide, (area.height() - 2 * _MARGIN) / high))
        # the far lower corner, where x, y and z are 0
        origin = QPointF(
            area.center().x() + edge * (rows - columns) * _ACROSS / 2,
            area.center().y() - edge * high / 2 + edge * depth,
        )

        def at(z: float, y: float, x: float) -> QPointF:
            return origin + QPointF(edge * (x - y) * _ACROSS, edge * ((x + y) * _DOWN - z))

        faint = QColor(text)
        faint.setAlphaF(0.35)
        painter.setPen(QPen(faint, 1))
        for ends in (((0, 0, 0), (0, 0, columns)), ((0, 0, 0), (0, rows, 0)), ((0, 0, 0), (depth, 0, 0))):
            painter.drawLine(at(*ends[0]), at(*ends[1]))
        color = theme.accent()
        shades = color.lighter(120), color, color.darker(135)
        painter.setPen(QPen(palette_line(color), 0.8))
        cells = self._cells
        for z, y, x in product(range(depth), range(rows), range(columns)):
            if not cells[z, y, x]:
                continue
            faces = (
                (z + 1 == depth or not cells[z + 1, y, x], shades[0],
                 ((z + 1, y, x), (z + 1, y, x + 1), (z + 1, y + 1, x + 1), (z + 1, y + 1, x))),
                (y + 1 == rows or not cells[z, y + 1, x], shades[1],
                 ((z, y + 1, x), (z, y + 1, x + 1), (z + 1, y + 1, x + 1), (z + 1, y + 1, x))),
                (x + 1 == columns or not cells[z, y, x + 1], shades[2],
                 ((z, y, x + 1), (z, y + 1, x + 1), (z + 1, y + 1, x + 1), (z + 1, y, x + 1))),
            )  # fmt: skip
            for seen, shade, corners in faces:
                if seen:
                    painter.setBrush(shade)
                    painter.drawPolygon(QPolygonF([at(*corner) for corner in corners]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(faint, 1))
        for face in (
            ((depth, 0, 0), (depth, 0, columns), (depth, rows, columns), (depth, rows, 0)),
            ((0, rows, 0), (0, rows, columns), (depth, rows, columns), (depth, rows, 0)),
            ((0, 0, columns), (0, rows, columns), (depth, rows, columns), (depth, 0, columns)),
        ):
            painter.drawPolygon(QPolygonF([at(*corner) for corner in face]))


def palette_line(color: QColor) -> QColor:
    """The lines between little cubes."""
    return color.darker(170)


def _thinned(finished: np.ndarray, step: int) -> np.ndarray:
    """One cell for ``step`` blocks along each axis, there where at least half of its blocks are."""
    if step == 1:
        return finished.astype(bool)
    room = [(0, -side % step) for side in finished.shape]
    whole = np.pad(finished.astype(np.float32), room)
    known = np.pad(np.ones(finished.shape, np.float32), room)
    z, y, x = (side // step for side in whole.shape)
    shape = (z, step, y, step, x, step)
    shares = whole.reshape(shape).sum((1, 3, 5)) / known.reshape(shape).sum((1, 3, 5))
    return np.asarray(shares >= 0.5)
