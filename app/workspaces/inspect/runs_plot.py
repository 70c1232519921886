"""S2 and L of several runs in one picture, each in its colour, over the exemplar's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.images.pixel_size import unit_for
from core.statistics.comparison import Comparison

COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
"""Okabe and Ito's, in the order of the runs; from the eighth on they come again, dotted."""
_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)


def color_of(number: int) -> str:
    """The colour of the run ``number`` (from 0)."""
    return COLORS[number % len(COLORS)]


@dataclass(frozen=True, eq=False)
class RunCurves:
    """What is drawn of one run."""

    number: int
    comparison: Comparison
    pixel_size: float | None


class RunsPlot(QWidget):
    """Two plots side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Curves of the runs")
        self._runs: tuple[RunCurves, ...] = ()
        self._shown = -1
        self.graphics = pg.GraphicsLayoutWidget()
        self.graphics.setAccessibleName("Plots of S₂ and L of the runs")
        self.graphics.setToolTip("Each run in the colour of its row; dashed: what it was made from")
        self.plots = [self.graphics.addPlot(row=0, col=column) for column in range(2)]
        for plot in self.plots:
            plot.setMenuEnabled(False)
            plot.hideButtons()
            plot.setMouseEnabled(x=False, y=False)
            for side in ("bottom", "left"):
                plot.getAxis(side).enableAutoSIPrefix(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.graphics)
        self._draw()

    def show_runs(self, runs: Sequence[RunCurves], shown: int) -> None:
        """Draw ``runs``; that with the number ``shown`` is drawn boldly."""
        self._runs, self._shown = tuple(runs), shown
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_runs"):
            QTimer.singleShot(0, self, self._draw)

    def _draw(self) -> None:
        palette = self.palette()
        text = palette.color(QPalette.ColorRole.Text)
        self.graphics.setBackground(palette.color(QPalette.ColorRole.Base))
        scale, unit = self._scale()
        for index, (plot, title) in enumerate(zip(self.plots, ("S₂", "L"), strict=True)):
            plot.clear()
            exemplars: list[np.ndarray] = []
            for run in self._runs:
                along = run.comparison.volume.lags * (scale if run.pixel_size is None else run.pixel_size * scale)
                known = self._mean(run, index, "exemplar")
                if not any(known.shape == other.shape and np.array_equal(known, other) for other in exemplars):
                    exemplars.append(known)
                    pen = pg.mkPen(text, width=1.5, style=Qt.PenStyle.DashLine)
                    plot.plot(along[: len(known)], known, pen=pen)
                bold = 3 if run.number == self._shown else 1.5
                dash = _DASHES[run.number // len(COLORS) % len(_DASHES)]
                pen = pg.mkPen(color_of(run.number), width=bold, style=dash)
                plot.plot(along, self._mean(run, index, "volume"), pen=pen)
            plot.setLabel("left", title, color=text.name())
            plot.setLabel("bottom", f"Distance r ({unit})", color=text.name())
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(pg.mkPen(text, width=1))
                plot.getAxis(side).setTextPen(text)
            plot.enableAutoRange()

    @staticmethod
    def _mean(run: RunCurves, index: int, what: str) -> np.ndarray:
        curves = getattr(run.comparison, what)
        return np.asarray(curves.s2_mean if index == 0 else curves.lineal_path_mean)

    def _scale(self) -> tuple[float, str]:
        """From metres to the unit of the axis; voxels where any of the runs has no length."""
        sizes = [run.pixel_size for run in self._runs]
        known = [size for size in sizes if size is not None]
        if not known or len(known) < len(sizes):
            self._runs = tuple(RunCurves(run.number, run.comparison, None) for run in self._runs)
            return 1.0, "voxels"
        metres, unit = unit_for(max(run.comparison.volume.lags[-1] * (run.pixel_size or 0.0) for run in self._runs))
        return 1 / metres, unit
