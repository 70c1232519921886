"""The curve of one statistic: the volume's, the exemplar's with its band, and each axis."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from app.widgets.panel import hint
from core.images.pixel_size import unit_for
from core.statistics.describing import Described

_AXES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_VOLUME = "#E69F00"


class StatisticsPlot(QWidget):
    """A plot with a key in words above it, or a sentence where there is no curve."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Curve of the statistic")
        self._shown: Described | None = None
        self._edge: float | None = None
        self.key = QLabel()
        self.key.setTextFormat(Qt.TextFormat.RichText)
        self.key.setWordWrap(True)
        self.graphics = pg.PlotWidget()
        self.graphics.setAccessibleName("Plot of the statistic")
        self.graphics.setToolTip("Bold: the volume; dashed: the exemplar; shaded: where samples of its size lie")
        self.graphics.setMinimumHeight(120)
        plot = self.graphics.getPlotItem()
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        for side in ("bottom", "left"):
            plot.getAxis(side).enableAutoSIPrefix(False)
        self.nothing = hint("This statistic has numbers only.")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.nothing)
        self._stack.addWidget(self.graphics)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.key)
        column.addWidget(self._stack, 1)
        self._draw()

    def show_curve(self, one: Described | None, edge: float | None) -> None:
        """Draw the first curve of a statistic; ``edge``: metres per pixel, or None."""
        self._shown, self._edge = one, edge
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_stack"):
            QTimer.singleShot(0, self, self._draw)

    def _draw(self) -> None:
        one = self._shown
        curve = one.own.curves[0] if one is not None and one.own is not None and one.own.curves else None
        self._stack.setCurrentWidget(self.nothing if curve is None else self.graphics)
        self.key.setVisible(curve is not None)
        if one is None or curve is None:
            return
        palette = self.palette()
        text, accent = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Highlight)
        self.graphics.setBackground(palette.color(QPalette.ColorRole.Base))
        plot = self.graphics.getPlotItem()
        plot.clear()
        scale, unit = self._scale(float(curve.x[-1]))
        key = []
        if one.exemplar is not None and one.exemplar.curves:
            reference = one.exemplar.curves[0]
            if one.band is not None:
                known = np.isfinite(one.band[0])
                along = reference.x[known] * scale
                low, high = (plot.plot(along, end[known], pen=pg.mkPen(None)) for end in one.band)
                shade = QColor(accent)
                shade.setAlpha(55)
                plot.addItem(pg.FillBetweenItem(low, high, brush=pg.mkBrush(shade)))
            pen = pg.mkPen(text, width=1.5, style=Qt.PenStyle.DashLine)
            plot.plot(reference.x * scale, reference.main, pen=pen)
            key.append(_word(text.name(), "╌╌", "exemplar" + (" and its 95 % band" if one.band is not None else "")))
        (main, bold), *others = curve.rows.items()
        if one.compared is not None and one.compared is not one.own and one.compared.curves:
            sections = one.compared.curves[0]
            plot.plot(sections.x * scale, sections.main, pen=pg.mkPen(accent, width=3))
            key.append(_word(accent.name(), "━", "the volume's sections"))
            plot.plot(curve.x * scale, bold, pen=pg.mkPen(_VOLUME, width=2))
            key.append(_word(_VOLUME, "━", "the volume itself"))
        else:
            for color, (name, values) in zip(_AXES, others, strict=False):
                plot.plot(curve.x * scale, values, pen=pg.mkPen(color, width=1))
                key.append(_word(color, "─", f"along {name}" if len(name) == 1 else name))
            plot.plot(curve.x * scale, bold, pen=pg.mkPen(accent, width=3))
            key.insert(len(key) - len(others), _word(accent.name(), "━", "mean" if main in ("mean", "share") else main))
        plot.setLabel("left", curve.label, color=text.name())
        plot.setLabel("bottom", f"{curve.x_label[0].upper()}{curve.x_label[1:]} ({unit})", color=text.name())
        for side in ("left", "bottom"):
            plot.getAxis(side).setPen(pg.mkPen(text, width=1))
            plot.getAxis(side).setTextPen(text)
        plot.enableAutoRange()
        self.key.setText(" &nbsp; ".join(key))

    def _scale(self, longest: float) -> tuple[float, str]:
        """From pixels to the unit of the axis."""
        if self._edge is None:
            return 1.0, "voxels"
        metres, unit = unit_for(self._edge * longest)
        return self._edge / metres, unit


def _word(color: str, line: str, text: str) -> str:
    return f'<span style="color: {color}">{line}</span>&nbsp;{text.replace(" ", "&nbsp;")}'
