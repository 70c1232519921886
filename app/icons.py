"""Line icons in the theme's own colour, from the SVGs in resources/icons."""

from __future__ import annotations

from functools import cache
from importlib import resources

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

_SIZES = (16, 20, 24, 32, 48, 64)


@cache
def _drawing(name: str) -> str:
    return resources.files("resources").joinpath("icons", f"{name}.svg").read_text(encoding="utf-8")


def _pixmap(name: str, color: QColor, size: int) -> QPixmap:
    svg = _drawing(name).replace("currentColor", color.name())
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def icon(name: str, color: QColor | None = None) -> QIcon:
    """The icon ``name``, drawn in ``color`` or the palette's text colour (greyed where disabled).

    Icons are pictures of a moment: whoever shows one asks again after a theme change.
    """
    palette = QGuiApplication.palette()
    found = QIcon()
    normal = color or palette.color(QPalette.ColorRole.WindowText)
    grey = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText)
    for size in _SIZES:
        found.addPixmap(_pixmap(name, normal, size), QIcon.Mode.Normal)
        found.addPixmap(_pixmap(name, grey, size), QIcon.Mode.Disabled)
    return found


def app_icon() -> QIcon:
    """The program's own icon: a woven cube on the accent colour."""
    found = QIcon()
    for size in _SIZES:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#0F8B8D"))
        painter.drawRoundedRect(QRectF(0, 0, size, size), size * 0.2, size * 0.2)
        painter.drawPixmap(
            int(size * 0.14), int(size * 0.14), _pixmap("reconstruct", QColor("white"), int(size * 0.72))
        )
        painter.end()
        found.addPixmap(pixmap)
    return found
