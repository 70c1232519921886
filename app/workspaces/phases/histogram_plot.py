"""The live histogram: grey levels, coloured by phase, with a handle at each threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette

from app.widgets.focus_frame import FocusFrame
from core.images.values import Phase


class HistogramPlot(pg.PlotWidget):
    """Counts over grey level. Dragging a handle, or the arrow keys, ask for other thresholds.

    Signals
    -------
    dragged(thresholds, finished)
        All thresholds, in rising order, while one is dragged and when it is let go.
    """

    dragged = Signal(tuple, bool)

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setAccessibleName("Histogram of grey levels with the thresholds")
        self.setToolTip(
            "Drag a line to set a threshold by hand; or ← and → (with Shift ten times as far), ↑ and ↓ for another line"
        )
        self.setMinimumHeight(130)
        self.setMaximumHeight(170)
        self.setMouseEnabled(False, False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.hideAxis("left")
        self.setLabel("bottom", "Grey level")
        self.getPlotItem().getAxis("bottom").enableAutoSIPrefix(False)
        self._bars: list[pg.BarGraphItem] = []
        self._lines: list[pg.InfiniteLine] = []
        self._counts: np.ndarray | None = None
        self._edges: np.ndarray | None = None
        self._chosen = 0
        self._held = False
        self._focus = FocusFrame(self)
        self.theme_changed()

    def show_histogram(self, counts: np.ndarray, edges: np.ndarray) -> None:
        """Counts per bin, shape (n,), and the bins' edges, shape (n + 1,)."""
        self._counts, self._edges = np.asarray(counts, float), np.asarray(edges, float)
        # a single full bin (saturated background) would flatten all others
        top = float(np.sort(self._counts)[-max(2, len(self._counts) // 64)]) * 1.3 or 1.0
        self.setXRange(float(self._edges[0]), float(self._edges[-1]), padding=0.01)
        self.setYRange(0, top, padding=0)

    def show_thresholds(self, thresholds: Sequence[float], phases: Sequence[Phase]) -> None:
        """Colour the bars by the phase they fall into and put a handle at each threshold."""
        for bar in self._bars:
            self.removeItem(bar)
        self._bars = []
        if self._counts is not None and self._edges is not None:
            centers = (self._edges[:-1] + self._edges[1:]) / 2
            label = np.searchsorted(np.asarray(thresholds, float), centers, side="left")
            for number in range(len(thresholds) + 1):
                inside = label == number
                color = QColor(phases[number].color if number < len(phases) else "#8A9099")
                bar = pg.BarGraphItem(
                    x0=self._edges[:-1][inside], x1=self._edges[1:][inside], height=self._counts[inside],
                    brush=color, pen=pg.mkPen(None),
                )  # fmt: skip
                self.addItem(bar)
                self._bars.append(bar)
        if len(thresholds) != len(self._lines):
            for line in self._lines:
                self.removeItem(line)
            self._lines = [self._handle() for _ in thresholds]
        for line, value in zip(self._lines, thresholds, strict=True):
            if not line.moving and not self._held:
                line.blockSignals(True)
                line.setValue(value)
                line.blockSignals(False)

    def _handle(self) -> pg.InfiniteLine:
        line = pg.InfiniteLine(angle=90, movable=True, pen=pg.mkPen(self._ink, width=2))
        line.setHoverPen(pg.mkPen(self.palette().color(QPalette.ColorRole.Highlight), width=4))
        line.setCursor(Qt.CursorShape.SplitHCursor)
        line.setZValue(20)
        line.addMarker("v", 1.0, 9)
        if self._edges is not None:
            line.setBounds((float(self._edges[0]), float(self._edges[-1])))
        line.sigDragged.connect(lambda: self._emit(False))
        line.sigPositionChangeFinished.connect(lambda: self._emit(True))
        self.addItem(line)
        return line

    def _emit(self, finished: bool) -> None:
        self.dragged.emit(tuple(sorted(float(line.value()) for line in self._lines)), finished)

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        """Arrows move the chosen threshold by one of 256 steps, or choose another."""
        sideways = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(ev.key()), 0)
        upwards = {Qt.Key.Key_Down: -1, Qt.Key.Key_Up: 1}.get(Qt.Key(ev.key()), 0)
        if not self._lines or self._edges is None or not (sideways or upwards):
            ev.ignore()
            return
        lines = sorted(self._lines, key=lambda line: float(line.value()))
        self._chosen = min(max(0, self._chosen + upwards), len(lines) - 1)
        if sideways:
            low, high = float(self._edges[0]), float(self._edges[-1])
            far = 10 if ev.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            line = lines[self._chosen]
            self._held = True
            line.setValue(min(max(float(line.value()) + sideways * far * (high - low) / 256, low), high))
            self._emit(False)

    def keyReleaseEvent(self, ev: QKeyEvent) -> None:
        """The gesture ends with the key."""
        if self._held and not ev.isAutoRepeat():
            self._held = False
            self._emit(True)
        else:
            ev.ignore()

    def theme_changed(self) -> None:
        """Ink follows the theme; phase colours do not."""
        self._ink = self.palette().color(QPalette.ColorRole.WindowText)
        axis = self.getPlotItem().getAxis("bottom")
        axis.setPen(self._ink)
        axis.setTextPen(self._ink)
        for line in self._lines:
            line.setPen(pg.mkPen(self._ink, width=2))
