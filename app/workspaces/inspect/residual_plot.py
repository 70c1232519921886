"""How the residual of a solver falls: one line an axis, on a logarithmic scale."""

from __future__ import annotations

import math

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QPalette

AXIS_COLORS = ("#4F9DDE", "#6CBF5A", "#E0665A")
"""Lines of z, y, x, as in the slices."""
Key = tuple[str, int]


class ResidualPlot(pg.PlotWidget):
    """Relative residual against iterations."""

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setAccessibleName("Residual of the solver against its iterations")
        self.setToolTip("What is left of the equations after each iteration; it stops at the dotted line")
        self.setFixedHeight(self.fontMetrics().height() * 8)
        self.setMouseEnabled(False, False)
        self.setMenuEnabled(False)
        self.hideButtons()
        item = self.getPlotItem()
        item.setLogMode(x=False, y=True)
        for side, words in (("bottom", "Iteration"), ("left", "Residual")):
            item.setLabel(side, words)
            item.getAxis(side).enableAutoSIPrefix(False)
        self.lines: dict[Key, pg.PlotDataItem] = {}
        self._points: dict[Key, list[tuple[int, float]]] = {}
        self._goal = pg.InfiniteLine(angle=0, movable=False)
        item.addItem(self._goal, ignoreBounds=True)
        self._paint()

    def clear_lines(self) -> None:
        """Begin again."""
        for line in self.lines.values():
            self.removeItem(line)
        self.lines, self._points = {}, {}

    def add(self, what: str, axis: int, iteration: int, residual: float, tolerance: float) -> None:
        """One more point of the line for ``what`` along ``axis``."""
        if not residual > 0:
            return
        key = (what, axis)
        points = self._points.setdefault(key, [])
        if points and iteration <= points[-1][0]:
            return
        points.append((iteration, residual))
        if key not in self.lines:
            self.lines[key] = self.plot(pen=pg.mkPen(AXIS_COLORS[axis], width=2))
        self.lines[key].setData([at for at, _ in points], [value for _, value in points])
        self._goal.setValue(math.log10(tolerance))
        self.setYRange(
            math.log10(tolerance) - 0.3, max(math.log10(first[0][1]) for first in self._points.values()) + 0.2
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follow the colours of the window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._paint)

    def _paint(self) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        for side in ("bottom", "left"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(ink)
            axis.setTextPen(ink)
        self._goal.setPen(pg.mkPen(ink, style=Qt.PenStyle.DotLine))
