"""S2 and L of the exemplar, its sampling band and the result, drawn one above the other; the loss below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QIODevice, QPoint, QPointF, QSaveFile, Qt, QTimer
from PySide6.QtGui import QColor, QFontDatabase, QGuiApplication, QPainter, QPalette
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLabel, QMenu, QMessageBox, QVBoxLayout, QWidget

from app.widgets.curve_lines import CurveLines, Shown
from core.errors import JobError
from core.images.pixel_size import unit_for

AXES = "zyx"
TITLES = (("Two-point probability S₂", "S₂"), ("Lineal path L", "L"))
"""Of the axes upwards, and what is left of each where a plot is too low for it."""


class CurvesLike(Protocol):
    """What a curve set must offer: ``lags`` (n,) px; ``s2`` and ``lineal_path`` (ndim, n) and their means (n,)."""

    @property
    def lags(self) -> np.ndarray: ...  # noqa: D102
    @property
    def s2(self) -> np.ndarray: ...  # noqa: D102
    @property
    def lineal_path(self) -> np.ndarray: ...  # noqa: D102
    @property
    def s2_mean(self) -> np.ndarray: ...  # noqa: D102
    @property
    def lineal_path_mean(self) -> np.ndarray: ...  # noqa: D102


class BandLike(Protocol):
    """A sampling band: four arrays of shape (n,) for lags 0 to n − 1 px."""

    @property
    def s2_low(self) -> np.ndarray: ...  # noqa: D102
    @property
    def s2_high(self) -> np.ndarray: ...  # noqa: D102
    @property
    def lineal_path_low(self) -> np.ndarray: ...  # noqa: D102
    @property
    def lineal_path_high(self) -> np.ndarray: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class PlotCurves:
    """Plain arrays for the plot, where nothing better is at hand; shapes as in `CurvesLike`."""

    lags: np.ndarray
    s2: np.ndarray
    lineal_path: np.ndarray

    @property
    def s2_mean(self) -> np.ndarray:
        """S2 averaged over the axes."""
        return np.asarray(self.s2.mean(axis=0))

    @property
    def lineal_path_mean(self) -> np.ndarray:
        """L averaged over the axes."""
        return np.asarray(self.lineal_path.mean(axis=0))


class CurvePlot(QWidget):
    """Two stacked plots, S2(r) and L(r), over a plot of the loss that appears with the second step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Curves")
        self._exemplar: CurvesLike | None = None
        self._result: CurvesLike | None = None
        self._band: BandLike | None = None
        self._loss: list[tuple[float, float]] = []
        self._held_out: list[tuple[float, float]] = []
        self._pixel_size: float | None = None
        self._drawn_scale = (1.0, "voxels")
        self.graphics = pg.GraphicsLayoutWidget()
        self.graphics.setAccessibleName("Plots of S₂ and L")
        self.graphics.setToolTip("Move over a curve to read it; right click to copy or save")
        self.graphics.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.graphics.customContextMenuRequested.connect(self._open_menu)
        self.plots = [self.graphics.addPlot(row=row, col=0) for row in range(3)]
        for plot in self.plots:
            plot.setMenuEnabled(False)
            plot.hideButtons()
            plot.setMouseEnabled(x=False, y=False)
            plot.getAxis("left").setWidth(58)
            for side in ("bottom", "left", "top"):
                plot.getAxis(side).enableAutoSIPrefix(False)
        self.plots[1].setXLink(self.plots[0])
        for plot in self.plots[:2]:
            # afterwards: a new title lays the plots out anew
            plot.getViewBox().sigResized.connect(lambda *_: QTimer.singleShot(0, self, self._fit))
        self.plots[2].setLabel("left", "Loss")
        self.plots[2].setLabel("bottom", "Step")
        self.plots[2].hide()
        self.log_box = QCheckBox("Log")
        self.log_box.setAccessibleName("Logarithmic probability axis")
        self.log_box.setToolTip("Draw S₂ and L on a logarithmic axis")
        self.log_box.toggled.connect(self._show)
        self.axes_box = QCheckBox("z, y, x")
        self.axes_box.setAccessibleName("Show each axis of the result")
        self.axes_box.setToolTip("Add a thin line for each axis of the result")
        self.axes_box.toggled.connect(self._show)
        self.readout = QLabel(" ")
        self.readout.setAccessibleName("Curve values under the pointer")
        self.readout.setToolTip("Values at the distance under the pointer")
        self.readout.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.readout.setWordWrap(True)
        self.readout.setMinimumHeight(2 * self.readout.fontMetrics().lineSpacing())
        row = QHBoxLayout()
        row.addWidget(self.log_box)
        row.addWidget(self.axes_box)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.graphics, 1)
        column.addLayout(row)
        column.addWidget(self.readout)
        # made once: taking widgets out of a scene while Qt hands a new style down ends the program
        self._legend = self.plots[0].addLegend(offset=(-8, 8))
        self._swatches = [pg.PlotDataItem() for _ in range(3)]
        for swatch, name in zip(self._swatches, ("exemplar", "result", "band"), strict=True):
            self._legend.addItem(swatch, name)
        self._lines = [CurveLines(plot) for plot in self.plots[:2]]
        self._loss_line = pg.PlotDataItem()
        self.plots[2].addItem(self._loss_line)
        self._held_out_line = pg.PlotDataItem(symbol="o", symbolSize=4)
        self.plots[2].addItem(self._held_out_line)
        # made once, as the one above
        self._loss_legend = self.plots[2].addLegend(offset=(-8, 8))
        self._loss_legend.addItem(self._loss_line, "training")
        self._loss_legend.addItem(self._held_out_line, "held out")
        self._loss_legend.hide()
        self.graphics.scene().sigMouseMoved.connect(self._hovered)
        self._draw()

    # --- what is shown -------------------------------------------------------------------------------------------

    def set_exemplar(self, curves: CurvesLike | None) -> None:
        """Show ``curves`` dashed, or none."""
        self._exemplar = curves
        self._show()

    def set_band(self, band: BandLike | None) -> None:
        """Show the exemplar's sampling band, or none."""
        self._band = band
        self._show()

    def set_result(self, curves: CurvesLike | None) -> None:
        """Show ``curves`` as the result, or none."""
        self._result = curves
        self._show()

    def set_loss(self, loss: Sequence[tuple[float, float]], held_out: Sequence[tuple[float, float]] = ()) -> None:
        """Show pairs of step and loss, also on the part held out if there are any; an empty sequence hides the plot."""
        self._loss, self._held_out = list(loss), list(held_out)
        self._draw_loss()

    def set_pixel_size(self, pixel_size: float | None) -> None:
        """Metres per pixel: distances then read in µm below and voxels above; None: in voxels only."""
        if pixel_size != self._pixel_size:
            self._pixel_size = pixel_size
            self._draw()

    def clear(self) -> None:
        """Show nothing."""
        self._exemplar = self._result = self._band = None
        self._loss, self._held_out = [], []
        self._show()
        self._draw_loss()

    # --- drawing -------------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_lines"):
            QTimer.singleShot(0, self, self._draw)

    def _title(self, index: int) -> str:
        """The longest title for which there is room along the axis."""
        long, short = TITLES[index]
        return long if self.fontMetrics().horizontalAdvance(long) <= self.plots[index].getViewBox().height() else short

    def _fit(self) -> None:
        """Titles along the axes and the key of lines take the room that there is."""
        for index in (0, 1):
            axis = self.plots[index].getAxis("left")
            if axis.labelText != self._title(index):
                axis.setLabel(self._title(index), **axis.labelStyle)
                axis.resizeEvent(None)  # which puts the title in the middle; a new one stays where the old one began
        # in a low plot it would lie over the numbers; the sentence below the plots says the same
        self._legend.setVisible(self.plots[0].getViewBox().height() >= self._legend.boundingRect().height() + 8)

    def _colors(self) -> tuple[QColor, QColor, QColor]:
        palette = self.palette()
        dark = palette.color(QPalette.ColorRole.Window).lightness() < 128
        base, text = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text)
        return base, text, QColor("#2EC4B6" if dark else "#0F8B8D")

    def _draw(self) -> None:
        base, text, accent = self._colors()
        self.graphics.setBackground(base)
        for index, lines in enumerate(self._lines):
            lines.set_colors(text, accent)
            self.plots[index].setLabel("left", self._title(index), color=text.name())
        self._draw_legend(text, accent)
        self._draw_axes(text)
        self._loss_line.setPen(pg.mkPen(accent, width=1.5))
        self._held_out_line.setPen(pg.mkPen(text, width=1.5))
        self._held_out_line.setSymbolPen(pg.mkPen(text))
        self._held_out_line.setSymbolBrush(pg.mkBrush(text))
        for _swatch, label in self._loss_legend.items:
            label.setText(label.text, color=text)
        self._show()
        self._draw_loss()

    def _show(self) -> None:
        """Hand every line its data."""
        for index, lines in enumerate(self._lines):
            names = ("s2_low", "s2_high") if index == 0 else ("lineal_path_low", "lineal_path_high")
            band = None if self._band is None else np.array([getattr(self._band, name) for name in names], dtype=float)
            exemplar, result = (
                None if curves is None else self._mean(curves, index) for curves in (self._exemplar, self._result)
            )
            axes = None
            if self._result is not None and self.axes_box.isChecked():
                axes = self._rows(self._result, index)
            lines.show(Shown(exemplar, result, axes, band), self.log_box.isChecked())
        if self._scale() != self._drawn_scale:  # the curves are longer than those before
            self._draw_axes(self._colors()[1])

    def _draw_legend(self, text: QColor, accent: QColor) -> None:
        band = QColor(accent)
        band.setAlphaF(0.2)
        pens = (
            pg.mkPen(text, width=1.5, style=Qt.PenStyle.DashLine), pg.mkPen(accent, width=2), pg.mkPen(band, width=8)
        )  # fmt: skip
        for swatch, pen in zip(self._swatches, pens, strict=True):
            swatch.setPen(pen)
        self._legend.setLabelTextColor(text)
        for _swatch, label in self._legend.items:
            label.setText(label.text, color=text)  # pyqtgraph colours only labels that come later

    def _draw_axes(self, text: QColor) -> None:
        scale, unit = self._drawn_scale = self._scale()
        self.plots[0].setLabel("top", "Distance r (voxels)", color=text.name())
        self.plots[0].showAxis("top", self._pixel_size is not None)  # after the label, which shows its axis
        self.plots[1].setLabel("bottom", f"Distance r ({unit})", color=text.name())
        for plot in self.plots[:2]:
            plot.getAxis("bottom").setScale(scale)
        for plot in self.plots:
            for side in ("left", "bottom", "top"):
                plot.getAxis(side).setPen(pg.mkPen(text, width=1))
                plot.getAxis(side).setTextPen(text)

    def _scale(self) -> tuple[float, str]:
        """Length of a voxel in the unit of the lower axis, and that unit: the one that suits the longest distance."""
        if self._pixel_size is None:
            return 1.0, "voxels"
        known = [float(curves.lags[-1]) for curves in (self._exemplar, self._result) if curves is not None]
        metres, unit = unit_for(self._pixel_size * max(known, default=1.0))
        return self._pixel_size / metres, unit

    def _draw_loss(self) -> None:
        plot = self.plots[2]
        several = len({step for step, _loss in self._loss}) > 1  # of one step there is no line
        plot.setVisible(several)
        if several:
            steps, values = np.asarray(self._loss, dtype=float).T
            self._loss_line.setData(steps, values)
            self._held_out_line.setData(*(np.asarray(self._held_out, dtype=float).reshape(-1, 2).T))
            self._loss_legend.setVisible(bool(self._held_out))
            # the first few steps fall from far above all others and would flatten them
            settled = values[len(values) // 10 :]
            latest = max((loss for _step, loss in self._held_out[-1:]), default=0.0)
            plot.setYRange(0, 1.2 * max(float(np.percentile(settled, 99)), latest) or 1.0, padding=0)

    @staticmethod
    def _mean(curves: CurvesLike, index: int) -> np.ndarray:
        return np.asarray(curves.s2_mean if index == 0 else curves.lineal_path_mean)

    @staticmethod
    def _rows(curves: CurvesLike, index: int) -> np.ndarray:
        return np.atleast_2d(curves.s2 if index == 0 else curves.lineal_path)

    # --- reading -------------------------------------------------------------------------------------------------

    def values_at(self, lag: int) -> dict[str, float]:
        """Values of every curve at ``lag`` (px), by column name as in `table`; curves that end earlier are left out."""
        names, rows = self.table()
        if not 0 <= lag < len(rows):
            return {}
        return {name: value for name, value in zip(names, rows[lag], strict=True) if np.isfinite(value)}

    def _hovered(self, position: QPointF) -> None:
        for plot in self.plots[:2]:
            if plot.vb.sceneBoundingRect().contains(position):
                self._read(round(plot.vb.mapSceneToView(position).x()))
                return
        self._read(-1)

    def _read(self, lag: int) -> None:
        values = self.values_at(lag)
        for lines in self._lines:
            lines.ruler.setVisible(bool(values))
            lines.ruler.setValue(lag)
        if not values:
            self.readout.setText(" ")
            return
        voxels = f"{lag} voxel{'s' if lag != 1 else ''}"
        distance = f"r = {voxels}"
        if self._pixel_size is not None:
            scale, unit = self._scale()
            distance = f"r = {lag * scale:.4g} {unit} ({voxels})"
        kept = {name: value for name, value in values.items() if name not in ("r_voxels", "r_um")}
        if not self.axes_box.isChecked():
            kept = {name: value for name, value in kept.items() if name[-2:] not in ("_z", "_y", "_x")}
        self.readout.setText(distance + " · " + ", ".join(f"{n.replace('_', ' ')} {v:.4f}" for n, v in kept.items()))

    def table(self) -> tuple[list[str], np.ndarray]:
        """Column names and values, one row a lag from 0; NaN where a curve ends earlier."""
        columns: dict[str, np.ndarray] = {}
        for source, curves in (("exemplar", self._exemplar), ("result", self._result)):
            if curves is None:
                continue
            for index, kind in enumerate(("S2", "L")):
                columns[f"{kind}_{source}"] = self._mean(curves, index)
                if source == "result":
                    for axis, values in enumerate(self._rows(curves, index)):
                        columns[f"{kind}_{source}_{AXES[axis % 3]}"] = values
        if self._band is not None:
            columns |= {"S2_low": self._band.s2_low, "S2_high": self._band.s2_high}
            columns |= {"L_low": self._band.lineal_path_low, "L_high": self._band.lineal_path_high}
        length = max((len(values) for values in columns.values()), default=0)
        lags = np.arange(length, dtype=float)
        whole = {"r_voxels": lags}
        if self._pixel_size is not None:
            whole["r_um"] = lags * self._pixel_size * 1e6
        for name, values in columns.items():
            whole[name] = np.full(length, np.nan)
            whole[name][: len(values)] = values
        return list(whole), np.column_stack(list(whole.values()))

    # --- taking away ---------------------------------------------------------------------------------------------

    def menu(self) -> QMenu:
        """The right-click menu."""
        menu = QMenu(self)
        menu.addAction("Copy data", self.copy_data)
        menu.addSeparator()
        for kind in ("csv", "svg", "png"):
            menu.addAction(f"Save {kind.upper()} …", partial(self._ask_and_save, kind))
        return menu

    def _open_menu(self, position: QPoint) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.graphics.mapToGlobal(position))

    def copy_data(self) -> None:
        """Put the table on the clipboard, tab-separated."""
        QGuiApplication.clipboard().setText(self._text("\t"))

    def _text(self, separator: str) -> str:
        names, rows = self.table()
        lines = [separator.join(names)]
        lines += [separator.join("" if np.isnan(v) else f"{v:.10g}" for v in row) for row in rows]
        return "\n".join(lines) + "\n"

    def save(self, path: Path) -> None:
        """Write the table (.csv) or the picture (.svg, .png), whole or not at all.

        Raises
        ------
        JobError
            Where the file cannot be written.
        """
        kind = path.suffix.lower()
        file = QSaveFile(str(path))
        good = file.open(QIODevice.OpenModeFlag.WriteOnly)
        if good and kind == ".png":
            good = self.graphics.grab().save(file, "PNG")
        elif good and kind == ".svg":
            # pyqtgraph's own exporter fails on a line with gaps; Qt's does not
            area = self.graphics.rect()
            generator = QSvgGenerator()
            generator.setOutputDevice(file)
            generator.setSize(area.size())
            generator.setViewBox(area)
            painter = QPainter(generator)
            self.graphics.render(painter)
            painter.end()
        elif good:
            data = self._text(",").encode()
            good = file.write(data) == len(data)
        if not (good and file.commit()):
            raise JobError(f"{path} could not be written: {file.errorString()}.", "Choose another folder.")

    def _ask_and_save(self, kind: str) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the curves", f"curves.{kind}", f"*.{kind}")
        if not chosen:
            return
        path = Path(chosen) if Path(chosen).suffix else Path(f"{chosen}.{kind}")
        try:
            self.save(path)
        except JobError as error:
            QMessageBox.warning(self, "Save the curves", str(error))
