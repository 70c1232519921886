"""Labels or levels in colour over a picture, drawn straight from their array; a change repaints its rectangle only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from core.painting.pixels import Box

Color = tuple[int, int, int, int]
"""Red, green, blue, alpha; 0 to 255."""


class IndexLayer(pg.GraphicsObject):
    """An array of up to 256 indices, each with its colour. Whoever changes `indices` says where (`show_box`)."""

    def __init__(self) -> None:
        super().__init__()
        self.indices: np.ndarray | None = None
        self._colors = [0] * 256
        self._image: QImage | None = None

    def set_indices(self, indices: np.ndarray | None) -> None:
        """Show ``indices`` (Y, X), uint8, rows one after the other; the array is drawn from, not copied."""
        self.prepareGeometryChange()
        self.indices = indices
        self._wrap()
        self.update()

    def set_colors(self, colors: Sequence[Color]) -> None:
        """One colour an index; what is not given is clear."""
        packed = [alpha << 24 | red << 16 | green << 8 | blue for red, green, blue, alpha in colors]
        self._colors = packed + [0] * (256 - len(packed))
        self._wrap()
        self.update()

    def show_box(self, box: Box) -> None:
        """The indices in ``box`` changed."""
        y0, y1, x0, x1 = box
        self.update(QRectF(x0 - 1, y0 - 1, x1 - x0 + 2, y1 - y0 + 2))

    def _wrap(self) -> None:
        if self.indices is None:
            self._image = None
            return
        rows, columns = self.indices.shape
        self._image = QImage(self.indices.data, columns, rows, columns, QImage.Format.Format_Indexed8)
        self._image.setColorTable(self._colors)

    def boundingRect(self) -> QRectF:
        """The array's rectangle, one unit a pixel."""
        if self.indices is None:
            return QRectF()
        return QRectF(0, 0, self.indices.shape[1], self.indices.shape[0])

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw it; Qt clips to what has to be redrawn."""
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.drawImage(self.boundingRect(), self._image)
