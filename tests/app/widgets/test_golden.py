"""Small pictures of what is drawn, against kept ones: canvas, labels over it, differences, mask, mask in 3-D.

Fixed sizes, contents made here, no text, so that fonts and drivers hardly matter: the mean difference decides. After a
wanted change the kept ones are made anew by running this with MICROLOOM_GOLDEN=write; look at them before you commit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.widgets.field_view import FieldView
from app.widgets.image_canvas import ImageCanvas
from app.widgets.index_layer import IndexLayer
from app.widgets.paint_options import PaintOptions, PaintOptionsPanel
from app.workspaces.mask.plane import PlanePane
from app.workspaces.phases.comparing import COLORS
from core.images.values import default_phases
from core.segmentation.comparing import disagreement

pytestmark = pytest.mark.gl
FOLDER = Path(__file__).resolve().parents[2] / "golden"
MEAN, CLOSE = 3.0, 24
"""Of 255: the mean difference allowed, and the difference of one pixel that hardly a twentieth may exceed."""
ROWS, COLUMNS = np.mgrid[:48, :64]
DISCS = ((ROWS % 16 - 8) ** 2 + (COLUMNS % 16 - 8) ** 2 < 30).astype(np.uint8)
GREY = (40 + 90 * DISCS + 1.5 * COLUMNS).astype(np.uint8)


_holders: list[QWidget] = []
"""Kept to the end: pytest-qt holds them weakly."""


def rgb(image: QImage) -> np.ndarray:
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    whole = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return whole[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()


def difference(name: str, picture: np.ndarray) -> str:
    """How ``picture`` differs from the kept one, in words; empty where it does not."""
    kept = rgb(QImage(str(FOLDER / f"{name}.png")))
    if picture.shape != kept.shape:
        return f"it has shape {picture.shape}, {name}.png {kept.shape}"
    apart = np.abs(picture.astype(int) - kept.astype(int)).max(axis=-1)
    mean, share = apart.mean(), (apart > CLOSE).mean()
    if mean <= MEAN and share <= 0.05:
        return ""
    return f"it differs from {name}.png by {mean:.1f} on average; {100 * share:.1f} % of the pixels are far"


def like_the_kept_one(name: str, picture: np.ndarray) -> None:
    if os.environ.get("MICROLOOM_GOLDEN") == "write":
        height, width, _ = picture.shape
        data = np.ascontiguousarray(picture)
        image = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        assert image.save(str(FOLDER / f"{name}.png"))
    assert not difference(name, picture)


def shown(qtbot: QtBot, widget: QWidget, width: int, height: int) -> None:
    theme.apply("light")
    holder = QWidget()  # pyqtgraph's views do not bear to be closed as windows
    widget.setParent(holder)
    widget.setFixedSize(width, height)
    holder.resize(width, height)
    _holders.append(holder)
    qtbot.addWidget(holder)
    holder.show()
    qtbot.waitExposed(holder)


def drawn(widget: QWidget) -> np.ndarray:
    QApplication.processEvents()
    image = widget.grab(QRect(0, 0, widget.width(), widget.height())).toImage()
    return rgb(image.scaled(widget.width(), widget.height()))


def canvas(qtbot: QtBot) -> ImageCanvas:
    """A picture without rulers, scale bar and read-out: these are text."""
    made = ImageCanvas()
    shown(qtbot, made, 200, 150)
    made.set_picture(GREY, 1e-9)
    for part in (made.rulers, made.scale_bar, made.read_out):
        part.hide()
    made.fit()  # the picture has their place
    return made


def test_the_canvas_shows_the_picture(qtbot: QtBot) -> None:
    like_the_kept_one("canvas", drawn(canvas(qtbot)))


def test_the_overlay_lies_over_it_in_the_phases_colours(qtbot: QtBot) -> None:
    made = canvas(qtbot)
    labels = DISCS * (1 + (ROWS > 24)).astype(np.uint8)
    made.set_labels(labels, default_phases(3))
    like_the_kept_one("overlay", drawn(made))
    made.set_overlay(True, 1.0)
    assert difference("overlay", drawn(made)), "a stronger overlay would be seen"


def test_differences_are_marked(qtbot: QtBot) -> None:
    made = canvas(qtbot)
    layer = IndexLayer()
    layer.setZValue(7)
    layer.set_colors([(0, 0, 0, 0), *((*color, 235) for color in COLORS.values())])
    other = np.roll(DISCS, 3, axis=1)
    other[:16, :16] = 2
    layer.set_indices(disagreement(DISCS, other, 1))
    made.view.addItem(layer)
    like_the_kept_one("differences", drawn(made))


def field() -> np.ndarray:
    z, y, x = np.mgrid[:16, :24, :32] / np.array([16, 24, 32])[:, None, None, None]
    ball = (z - 0.5) ** 2 + (y - 0.5) ** 2 + (x - 0.5) ** 2 < 0.1
    return np.where(ball, 0.9, 0.1 + 0.3 * x).astype(np.float32)


def test_the_mask_in_colour_what_is_beyond_the_exemplar_hatched(qtbot: QtBot) -> None:
    pane = PlanePane(PaintOptionsPanel(PaintOptions(), fractions=True))
    shown(qtbot, pane, 260, 330)
    pane.set_size((16, 24, 32), 1e-9)
    pane.show_values(field()[8], (0.15, 0.6))
    for part in (pane.canvas.rulers, pane.canvas.scale_bar, pane.canvas.read_out):
        part.hide()
    pane.canvas.setFixedSize(200, 150)
    pane.canvas.fit()
    like_the_kept_one("mask", drawn(pane.canvas))


def volume(qtbot: QtBot, values: np.ndarray) -> Callable[[], np.ndarray]:
    view = FieldView()
    shown(qtbot, view, 200, 200)
    assert view.scene is not None, "there is no OpenGL here"
    view.scene.letters.visible = False
    view.show_field(values, (16, 24, 32))
    view.show_plane(0, 0.5)
    view.scene.view.camera.scale_factor = 36  # fills the view

    def render() -> np.ndarray:
        image: np.ndarray = view.scene.canvas.render(alpha=False)
        height, width, _ = image.shape
        plain = QImage(np.ascontiguousarray(image).data, width, height, 3 * width, QImage.Format.Format_RGB888)
        return rgb(QPixmap.fromImage(plain).toImage().scaled(178, 178))

    return render


def test_the_mask_in_3d(qtbot: QtBot) -> None:
    render = volume(qtbot, field())
    like_the_kept_one("mask-3d", render())


def test_another_mask_in_3d_would_be_seen(qtbot: QtBot) -> None:
    render = volume(qtbot, 0.9 - field())
    assert difference("mask-3d", render())
