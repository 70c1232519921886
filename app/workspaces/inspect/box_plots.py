"""Box plots side by side: for each quantity a box for each group of runs, every run a dot, the exemplar dashed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QScrollArea

from app.workspaces.inspect.runs_plot import color_of

if TYPE_CHECKING:
    from core.report.runs import Column

_WIDTH = 11.5
"""Of a plot, in heights of a line of text; and for each further group as below."""
_GROUP = 2.5
_BAND = 45
_LEAST = 0.01
"""Least height of a plot, as a share of the largest value."""


class BoxPlots(QScrollArea):
    """One plot a quantity, in a row that scrolls where the window is narrow."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Box plots of the runs")
        self.setToolTip("A box plot of each quantity; the arrow keys and the wheel with Alt go on to the next ones")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.graphics = pg.GraphicsLayoutWidget()
        self.graphics.setAccessibleName("Boxes of each quantity")
        self.graphics.setToolTip(
            "Each dot is a run in the colour of its row; boxes reach from the first to the third quartile,\n"
            "with the median; whiskers to the farthest run within one and a half times the box's height.\n"
            "Dashed: the exemplar, or the target; shaded: where 95 % of samples of the exemplar's size lie."
        )
        self.graphics.setMinimumHeight(self.fontMetrics().height() * 9)
        self.setWidget(self.graphics)
        self._columns: tuple[Column, ...] = ()
        self._members: dict[str, list[int]] = {}

    def show_columns(self, columns: Sequence[Column], members: Mapping[str, Sequence[int]]) -> None:
        """Draw ``columns``; ``members``: letter of each group and the numbers of its runs."""
        self._columns = tuple(one for one in columns if np.isfinite(one.shown).any())
        self._members = {name: list(places) for name, places in members.items()}
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_members"):
            QTimer.singleShot(0, self, self._draw)

    def _draw(self) -> None:
        palette = self.palette()
        ink = palette.color(QPalette.ColorRole.Text)
        self.graphics.setBackground(palette.color(QPalette.ColorRole.Base))
        self.graphics.clear()
        line = self.fontMetrics().height()
        width = int(line * (_WIDTH + _GROUP * max(0, len(self._members) - 2)))
        self.graphics.setMinimumWidth(width * len(self._columns))
        for place, column in enumerate(self._columns):
            plot = self.graphics.addPlot(row=0, col=place)
            plot.setMenuEnabled(False)
            plot.hideButtons()
            plot.setMouseEnabled(x=False, y=False)
            plot.setTitle(column.label, color=ink.name(), size=f"{self.font().pointSizeF():.0f}pt")
            self._fill(plot, column, ink, palette.color(QPalette.ColorRole.Highlight))

    def _fill(self, plot: pg.PlotItem, column: Column, ink: QColor, accent: QColor) -> None:
        from core.report.runs import box_of

        values, factor = column.shown, column.scale.factor
        if math.isfinite(column.reference):
            middle, half = column.reference * factor, column.half * factor
            if math.isfinite(half):
                shade = QColor(accent)
                shade.setAlpha(_BAND)
                band = pg.LinearRegionItem((middle - half, middle + half), "horizontal", shade, movable=False)
                for edge in band.lines:
                    edge.setPen(pg.mkPen(None))
                plot.addItem(band)
            plot.addItem(pg.InfiniteLine(middle, 0, pg.mkPen(ink, width=1.5, style=Qt.PenStyle.DashLine)))
            # the line alone does not make room for itself
            plot.plot([0.0, 0.0], [middle, middle], pen=None)
        for place, numbers in enumerate(self._members.values()):
            known = [number for number in numbers if math.isfinite(values[number])]
            box = box_of(values[known]) if len(known) > 1 else None
            if box is not None:
                pen = pg.mkPen(ink, width=1.2)
                for low, high in ((box.low, box.first), (box.third, box.high)):
                    plot.plot([place, place], [low, high], pen=pen)
                for end in (box.low, box.high):
                    plot.plot([place - 0.12, place + 0.12], [end, end], pen=pen)
                left, right = place - 0.28, place + 0.28
                around = [box.first, box.first, box.third, box.third, box.first]
                plot.plot([left, right, right, left, left], around, pen=pen)
                plot.plot([left, right], [box.median] * 2, pen=pg.mkPen(ink, width=3))
            spread = (np.arange(len(known)) - (len(known) - 1) / 2) * min(0.12, 0.5 / max(1, len(known)))
            plot.plot(
                place + spread, values[known], pen=None, symbol="o", symbolSize=7, symbolPen=pg.mkPen(ink, width=0.7),
                symbolBrush=[pg.mkBrush(color_of(number)) for number in known],
            )  # fmt: skip
        largest = float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))
        # values that are the same but for rounding are not drawn as if they were far apart
        plot.getViewBox().setLimits(minYRange=_LEAST * largest or None)
        names = list(self._members)
        plot.getAxis("bottom").setTicks([list(enumerate(names)) if len(names) > 1 else []])
        plot.setXRange(-0.6, len(names) - 0.4, padding=0)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setPen(pg.mkPen(ink, width=1))
            axis.setTextPen(ink)
