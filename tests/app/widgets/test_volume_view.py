"""The volume view on a real screen: what is drawn, and what the mouse and the keys do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.widgets.volume_view import VolumeView
from core.images.values import Phase

pytestmark = pytest.mark.gl
PHASES = (Phase("Matrix", "#8A9099"), Phase("Metal", "#E69F00"))


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[VolumeView]:
    labels = np.zeros((24, 24, 24), np.uint8)
    labels[6:18, 6:18, 6:18] = 1
    made = VolumeView()
    qtbot.addWidget(made)
    made.resize(700, 700)
    made.show()
    qtbot.waitExposed(made)
    made.set_volume(labels, PHASES, (1e-9, 1e-9, 1e-9))
    made.set_phase(1)
    yield made
    made.stop_turntable()


def pixels(view: VolumeView) -> np.ndarray:
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    whole = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return whole[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def like(picture: np.ndarray, color: str, within: int = 12) -> int:
    """Pixels of nearly this colour."""
    wanted = QColor(color)
    rgb = np.array([wanted.red(), wanted.green(), wanted.blue()])
    return int((np.abs(picture.astype(int) - rgb).max(axis=-1) <= within).sum())


def orange(picture: np.ndarray) -> int:
    """Pixels of the metal's hue, however lit."""
    r, g, b = (picture[..., channel].astype(int) for channel in range(3))
    return int(((r > 60) & (r > g + 20) & (g > b + 20)).sum())


def quarter(picture: np.ndarray) -> np.ndarray:
    """The 3-D view: bottom right."""
    return picture[picture.shape[0] // 2 :, picture.shape[1] // 2 :]


def test_slices_show_the_phases_in_their_colours_and_the_surface_appears(view: VolumeView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") > 3000, timeout=60_000)
    picture = pixels(view)
    # the cube fills a quarter of each section
    ratio = like(picture, "#8A9099") / like(picture[: picture.shape[0] // 2], "#E69F00")
    assert ratio > 2
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) > 2000, timeout=60_000)


def test_a_click_in_a_slice_moves_the_linked_cursor(view: VolumeView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") > 3000, timeout=60_000)
    before = pixels(view)
    heard: list[tuple[int, ...]] = []
    view.cursorMoved.connect(heard.append)
    target = view.scene.canvas.native
    place = QPoint(target.width() // 4 + 100, target.height() // 4 + 60)
    QTest.mouseClick(target, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert heard, "the click is heard"
    z, y, x = heard[-1]
    assert (y, x) != (12, 12) and z == view.cursor_at[0]
    qtbot.waitUntil(lambda: not np.array_equal(pixels(view), before), timeout=20_000)


def test_keys_step_through_the_slices(view: VolumeView) -> None:
    z, y, x = view.cursor_at
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.cursor_at != (z, y, x)
    assert abs(view.cursor_at[0] - z) == 1 and view.cursor_at[2] == x + 1


def test_clipping_and_modes_change_what_is_drawn(view: VolumeView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) > 2000, timeout=60_000)
    whole = orange(quarter(pixels(view)))
    view.set_clip(((0, 24), (0, 24), (0, 10)))
    qtbot.waitUntil(lambda: 0 < orange(quarter(pixels(view))) < 0.8 * whole, timeout=60_000)
    view.set_clip(((0, 24), (0, 24), (0, 24)))
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) > 0.95 * whole, timeout=60_000)
    surface = quarter(pixels(view))
    view.set_mode("translucent")
    qtbot.waitUntil(lambda: not np.array_equal(quarter(pixels(view)), surface), timeout=60_000)
    translucent = quarter(pixels(view))
    view.set_mode("maximum")
    qtbot.waitUntil(lambda: not np.array_equal(quarter(pixels(view)), translucent), timeout=60_000)


def test_the_turntable_turns_and_a_snapshot_is_as_large_as_the_view(view: VolumeView, qtbot: QtBot) -> None:
    azimuth = view.scene.view.camera.azimuth
    view.start_turntable()
    qtbot.waitUntil(lambda: view.scene.view.camera.azimuth != azimuth, timeout=20_000)
    view.stop_turntable()
    assert not view.turning
    picture = view.snapshot()
    assert picture.width() >= 600 and picture.height() >= 600


def test_a_preview_keeps_the_camera(view: VolumeView, qtbot: QtBot) -> None:
    view.scene.view.camera.azimuth = 77
    view.set_preview(np.ones((24, 24, 24), np.uint8), PHASES, (1e-9,) * 3)
    assert view.scene.view.camera.azimuth == 77
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") > 30_000, timeout=60_000)


def test_clearing_shows_nothing(view: VolumeView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") > 3000, timeout=60_000)
    view.clear()
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") < 100, timeout=60_000)
