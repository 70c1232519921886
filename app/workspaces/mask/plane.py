"""The plane of the mask that is looked at and painted on: field in colour, hatching, handles, axis and slice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from app.widgets.field_view import viridis
from app.widgets.image_canvas import ImageCanvas
from app.widgets.index_layer import IndexLayer
from app.widgets.paint_options import PaintOptionsPanel
from app.widgets.painter import Painter
from app.widgets.tool_row import ToolRow
from app.workspaces.mask.color_bar import ColorBar
from core.masks.mask import AXES
from core.painting.pixels import Box
from core.painting.sketch import Sketch

Place = tuple[float, float, float]
TOOLS = (
    "move", "brush", "eraser", "polygon", "lasso", "rectangle", "ellipse", "fill", "wand", "gradient", "radial",
    "picker",
)  # fmt: skip
_BAND = 32768  # pixels that are turned into colours at once: they stay in the processor's cache


class PlanePane(QWidget):
    """Canvas with tools above, axis and slice below, and the colour bar.

    Signals
    -------
    plane_changed()
        Another axis or slice is looked at.
    handle_dragged(name, place, finished)
        A handle is at ``place`` (shares of the edges along z, y, x) now.
    """

    plane_changed = Signal()
    handle_dragged = Signal(str, tuple, bool)

    def __init__(self, options: PaintOptionsPanel) -> None:
        super().__init__()
        self.canvas = ImageCanvas()
        self.canvas.setAccessibleName("Plane of the mask")
        self.canvas.overlay.setOpacity(1.0)
        self.canvas.overlay.set_colors([(int(r), int(g), int(b), 255) for r, g, b in viridis()])
        self.canvas.more_to_read = self._read
        self._hatch = IndexLayer()
        self._hatch.setZValue(6)
        self._hatch.set_colors([(0, 0, 0, 0), (255, 255, 255, 210)])
        self.canvas.view.addItem(self._hatch, ignoreBounds=True)
        self._sketch = IndexLayer()
        self._sketch.setZValue(5.5)
        self._sketch.set_colors([(int(r), int(g), int(b), 255) for r, g, b in viridis()])
        self.canvas.view.addItem(self._sketch, ignoreBounds=True)
        self.painter = Painter(self.canvas, options, self.show_box, self.show_sketch)
        self.row = ToolRow(options, self.painter, TOOLS)
        self.axis_box = QComboBox()
        self.axis_box.addItems([f"across {name}" for name in AXES])
        self.axis_box.setAccessibleName("Axis of the plane")
        self.axis_box.setToolTip("Which way the plane lies in the volume")
        self.axis_box.currentIndexChanged.connect(lambda _index: self._turned())
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Slice")
        self.slider.setToolTip("Move the plane along its axis (PgUp, PgDn)")
        self.slider.valueChanged.connect(lambda _value: self._slid())
        self.where = QLabel()
        self.where.setMinimumWidth(self.fontMetrics().horizontalAdvance("z 1000 of 1000 "))
        self.caption = QLabel()
        self.caption.setProperty("role", "hint")
        self.bar = ColorBar()
        below = QHBoxLayout()
        below.setContentsMargins(8, 4, 8, 0)
        below.setSpacing(8)
        for widget, stretch in ((self.axis_box, 0), (self.slider, 1), (self.where, 0)):
            below.addWidget(widget, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.row)
        column.addWidget(self.canvas, 1)
        column.addLayout(below)
        self.caption.setContentsMargins(10, 2, 8, 0)
        self.caption.setWordWrap(True)
        column.addWidget(self.caption)
        column.addWidget(self.bar)
        self._size = (0, 0, 0)
        self._edge: float | None = None
        self._values: np.ndarray | None = None
        self._stripes = np.zeros((0, 0), bool)
        self._reach: tuple[float, float] | None = None
        self._handles: dict[str, pg.TargetItem] = {}
        self._places: dict[str, Place] = {}
        self._names: tuple[str, ...] = ()

    # --- where we look -------------------------------------------------------------------------------------------

    @property
    def axis(self) -> int:
        """Across which the plane lies: 0, 1, 2 for z, y, x."""
        return self.axis_box.currentIndex()

    @property
    def share(self) -> float:
        """The plane's place along its axis, as a share of the edge."""
        return (self.slider.value() + 0.5) / max(1, self.slider.maximum() + 1)

    def set_size(self, size: tuple[int, int, int], voxel: float | None) -> None:
        """Voxels of the volume along z, y, x, and metres a voxel."""
        self._edge = voxel
        if size != self._size:
            self._size = size
            self._range(0.5)

    def look(self, axis: int, share: float) -> None:
        """Look at the plane across ``axis`` nearest to ``share``."""
        with QSignalBlocker(self.axis_box):
            self.axis_box.setCurrentIndex(axis)
        self._range(share)
        self.plane_changed.emit()

    def step(self, by: int) -> None:
        """Move the plane by slices."""
        self.slider.setValue(self.slider.value() + by)

    def _range(self, share: float) -> None:
        count = max(1, self._size[self.axis])
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, count - 1)
            self.slider.setPageStep(max(1, count // 10))
            self.slider.setValue(min(count - 1, int(share * count)))
        self._say_where()

    def _turned(self) -> None:
        self._range(0.5)
        self.plane_changed.emit()

    def _slid(self) -> None:
        self._say_where()
        self.plane_changed.emit()

    def _say_where(self) -> None:
        self.where.setText(f"{AXES[self.axis]} {self.slider.value() + 1} of {self.slider.maximum() + 1}")

    # --- what is shown -------------------------------------------------------------------------------------------

    def show_values(self, values: np.ndarray | None, reach: tuple[float, float] | None) -> None:
        """Show a plane of fractions (rows, columns; float), what lies outside ``reach`` hatched."""
        self._values, self._reach = values, reach
        if values is None:
            self.canvas.overlay.set_indices(None)
            self._hatch.set_indices(None)
            self.canvas.set_picture(None, None)
            return
        rows, columns = values.shape
        down, _across = (side for place, side in enumerate(self._size) if place != self.axis)
        pixel = None if self._edge is None else self._edge * down / rows
        if self.canvas.picture_shape != values.shape:
            self.canvas.set_picture(np.zeros((rows, columns), np.uint8), pixel)
            self.canvas.fit()
        elif self.canvas.pixel_size != pixel:
            self.canvas.set_pixel_size(pixel)
        stripe = max(2, max(rows, columns) // 40)
        slanted = np.arange(rows + columns - 1) % (3 * stripe) < max(1, stripe // 2)
        # row y, column x is place y + x of one line: no memory, and nothing to compute while one paints
        self._stripes = np.lib.stride_tricks.sliding_window_view(slanted, columns)
        self.canvas.overlay.set_indices(np.zeros((rows, columns), np.uint8))
        self._hatch.set_indices(np.zeros((rows, columns), np.uint8))
        self.show_box((0, rows, 0, columns))

    def show_box(self, box: Box) -> None:
        """The values in ``box`` changed."""
        indices, hatch, values = self.canvas.overlay.indices, self._hatch.indices, self._values
        if indices is None or hatch is None or values is None:
            return
        y0, y1, x0, x1 = box
        step = max(1, _BAND // max(1, x1 - x0))
        for top in range(y0, y1, step):
            rows = slice(top, min(top + step, y1)), slice(x0, x1)
            part = values[rows]
            indices[rows] = np.rint(255 * part)
            if self._reach is not None:
                outside = part < self._reach[0] - 1e-6
                outside |= part > self._reach[1] + 1e-6
                np.logical_and(outside, self._stripes[rows], out=hatch[rows].view(bool))
        self.canvas.overlay.show_box(box)
        self._hatch.show_box(box)

    def show_sketch(self, sketch: Sketch | None) -> None:
        """Lay what a stroke will make of the plane over it, until the plane is changed; None takes it away."""
        if sketch is None:
            self._sketch.set_indices(None)
            return
        self._sketch.setPos(sketch.box[2], sketch.box[0])
        self._sketch.setScale(sketch.step)
        self._sketch.set_indices(np.rint(255 * sketch.values).astype(np.uint8))

    def _read(self, row: int, column: int) -> str:
        if self._values is None:
            return ""
        value = float(self._values[row, column])
        inside = self._reach is None or self._reach[0] - 1e-6 <= value <= self._reach[1] + 1e-6
        return f"target {value:.3f}" + ("" if inside else " (beyond what the exemplar shows)")

    # --- handles -------------------------------------------------------------------------------------------------

    def show_handles(self, places: Mapping[str, Place]) -> None:
        """Handles at ``places`` (shares of the edges); they are drawn where they lie on this plane's axes."""
        self._places = dict(places)
        if tuple(places) != self._names:
            for item in self._handles.values():
                self.canvas.view.removeItem(item)
            self._handles = {}
            self._names = tuple(places)
            for name in places:
                item = pg.TargetItem(
                    (0, 0), size=16, symbol="o" if name in ("start", "end", "centre") else "d",
                    pen=pg.mkPen("white", width=2), brush=pg.mkBrush(QColor(0, 0, 0, 170)),
                    hoverPen=pg.mkPen("#2EC4B6", width=3), movable=True, label=name,
                    labelOpts={"color": "white", "fill": (0, 0, 0, 150), "offset": (12, 0)},
                )  # fmt: skip
                item.setZValue(30)
                item.sigPositionChanged.connect(lambda _item, name=name: self._moved(name, False))
                item.sigPositionChangeFinished.connect(lambda _item, name=name: self._moved(name, True))
                self.canvas.view.addItem(item, ignoreBounds=True)
                self._handles[name] = item
        shape = self.canvas.picture_shape
        if shape is None:
            return
        for name, place in places.items():
            down, across = (share for axis, share in enumerate(place) if axis != self.axis)
            item = self._handles[name]
            point = QPointF(across * shape[1], down * shape[0])
            if not item.moving:
                with QSignalBlocker(item):
                    item.setPos(point.x(), point.y())

    def handle_position(self, name: str) -> tuple[float, float]:
        """(y, x) of a handle in pixels of the plane."""
        point: Any = self._handles[name].pos()
        return float(point.y()), float(point.x())

    def _moved(self, name: str, finished: bool) -> None:
        shape = self.canvas.picture_shape
        if shape is None or name not in self._places:
            return
        y, x = self.handle_position(name)
        shares = iter((y / shape[0], x / shape[1]))
        old = self._places[name]
        place = tuple(old[axis] if axis == self.axis else next(shares) for axis in range(3))
        self.handle_dragged.emit(name, place, finished)

    def theme_changed(self) -> None:
        """Icons and surround."""
        self.canvas.theme_changed()
        self.row.theme_changed()
        self.bar.update()
