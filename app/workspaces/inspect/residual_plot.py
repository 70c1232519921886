"""How the residual of a solver falls: one line for each axis, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QPalette

AXIS_COLORS = ("#4F9DDE", "#6CBF5A", "#E0665A")
"""Lines of z, y, x, as in the slices."""
_PATIENCE = 150
_PENS = {"Cond": Qt.PenStyle.SolidLine, "Elast": Qt.PenStyle.DotLine}
Key = tuple[str, int]


class ResidualPlot(pg.PlotWidget):
    """Relative residual against iterations."""

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setAccessibleName("Residual of the solver against its iterations")
        self.setToolTip(
            "What is left of the equations after each iteration, until the dotted line is reached:\n"
            "blue along z, green along y, red along x; conduction in full, flow dashed, moduli dotted"
        )
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
        self._tolerance = 1.0
        # a solver may go through many iterations while a plot is drawn
        self._redraw = QTimer(self, interval=_PATIENCE, singleShot=True)
        self._redraw.timeout.connect(self.draw_lines)
        self._goal = pg.InfiniteLine(angle=0, movable=False)
        item.addItem(self._goal, ignoreBounds=True)
        self._paint()

    def clear_lines(self) -> None:
        """Begin again."""
        for line in self.lines.values():
            self.removeItem(line)
        self.lines, self._points = {}, {}
        self._redraw.stop()

    def add(self, what: str, axis: int, iteration: int, residual: float, tolerance: float) -> None:
        """One more point of the line for ``what`` along ``axis``."""
        if not residual > 0:
            return
        points = self._points.setdefault((what, axis), [])
        if points and iteration <= points[-1][0]:
            return
        points.append((iteration, residual))
        self._tolerance = tolerance
        if not self._redraw.isActive():
            self._redraw.start()

    def set_line(self, what: str, axis: int, residuals: Sequence[float]) -> None:
        """The whole line for ``what`` along ``axis``: of what goes by quickly, not every iteration is reported."""
        self._points[what, axis] = [(at, residual) for at, residual in enumerate(residuals) if residual > 0]
        if not self._points[what, axis]:
            del self._points[what, axis]

    def draw_lines(self) -> None:
        """Draw what was added."""
        for (what, axis), points in self._points.items():
            if (what, axis) not in self.lines:
                style = next((pen for start, pen in _PENS.items() if what.startswith(start)), Qt.PenStyle.DashLine)
                self.lines[what, axis] = self.plot(pen=pg.mkPen(AXIS_COLORS[axis % 3], width=2, style=style))
            self.lines[what, axis].setData([at for at, _ in points], [value for _, value in points])
        if self._points:
            goal, highest = self._tolerance, max(points[0][1] for points in self._points.values())
            self._goal.setValue(math.log10(goal))
            self.setYRange(math.log10(goal) - 0.3, math.log10(highest) + 0.2)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the colours of the window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._paint)

    def _paint(self) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        self.setBackground(self.palette().color(QPalette.ColorRole.Window))
        for side in ("bottom", "left"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(ink)
            axis.setTextPen(ink)
        self._goal.setPen(pg.mkPen(ink, style=Qt.PenStyle.DotLine))
