"""The lines in one plot of a probability over distance: exemplar dashed, result solid, band filled.

They are made once and given new data: making them anew with each move of a threshold would take most of its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

AXIS_STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
"""Of the result's axes z, y and x."""


@dataclass(frozen=True)
class Shown:
    """What one plot shows, at lags from 0; None where there is none.

    Attributes
    ----------
    exemplar, result
        Shape (lags,).
    axes
        The result along each of its axes, shape (axes, lags).
    band
        Lower and upper edge, shape (2, lags).
    """

    exemplar: np.ndarray | None = None
    result: np.ndarray | None = None
    axes: np.ndarray | None = None
    band: np.ndarray | None = None


class CurveLines:
    """The lines of ``plot``, a pyqtgraph ``PlotItem``.

    Attributes
    ----------
    ruler
        The upright line at the distance that is read.
    """

    def __init__(self, plot: Any) -> None:
        self._plot = plot
        self._edges = [pg.PlotDataItem(pen=pg.mkPen(None)) for _ in range(2)]
        self._fill = pg.FillBetweenItem(*self._edges)
        self._axes = [pg.PlotDataItem(connect="finite") for _ in AXIS_STYLES]
        self._result, self._exemplar = (pg.PlotDataItem(connect="finite") for _ in range(2))
        self.ruler = pg.InfiniteLine(angle=90, movable=False)
        self.ruler.hide()
        for item in (*self._edges, self._fill, *self._axes, self._result, self._exemplar):
            plot.addItem(item)
        plot.addItem(self.ruler, ignoreBounds=True)

    def set_colors(self, text: QColor, accent: QColor) -> None:
        """Draw the exemplar in the colour of text, the result in the accent."""
        self._exemplar.setPen(pg.mkPen(text, width=1.5, style=Qt.PenStyle.DashLine))
        self._result.setPen(pg.mkPen(accent, width=2))
        for line, style in zip(self._axes, AXIS_STYLES, strict=True):
            line.setPen(pg.mkPen(accent, width=1, style=style))
        fill = QColor(accent)
        fill.setAlphaF(0.2)
        self._fill.setBrush(fill)
        self.ruler.setPen(pg.mkPen(text, width=1, style=Qt.PenStyle.DotLine))

    def show(self, shown: Shown, log: bool) -> None:
        """Draw this, on a logarithmic axis or not."""
        self._plot.setLogMode(x=False, y=log)
        self._show_band(shown.band, log)
        rows = [] if shown.axes is None else list(shown.axes[: len(self._axes)])
        lines = [(self._exemplar, shown.exemplar), (self._result, shown.result)]
        lines += [(line, rows[axis] if axis < len(rows) else None) for axis, line in enumerate(self._axes)]
        for line, values in lines:
            line.setVisible(values is not None)
            if values is None:
                line.setData([], [])
                continue
            positive = np.where(values > 0, values, np.nan) if log else values
            line.setData(np.arange(len(values), dtype=float), positive)

    def _show_band(self, band: np.ndarray | None, log: bool) -> None:
        self._fill.setVisible(band is not None)
        for item in self._edges:
            item.setVisible(band is not None)
        if band is None:
            for item in self._edges:
                item.setData([], [])
            return
        if log:  # a band that reaches zero would have no lower edge: stop it at the smallest value it does show
            positive = band[band > 0]
            band = np.maximum(band, float(positive.min()) if positive.size else 1e-6)
        for item, values in zip(self._edges, band, strict=True):
            item.setData(np.arange(len(values), dtype=float), values)
