"""A volume larger than what is in memory, on a real screen: it is read finer where one looks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.widgets.volume_controls import VolumeControls
from app.widgets.volume_view import VolumeView
from core.images.values import Phase
from tests.app.widgets.levels import ArrayLevels
from tests.app.widgets.test_volume_view import drag, in_3d, like, pixels, quarter

pytestmark = pytest.mark.gl
PHASES = (Phase("Matrix", "#8A9099"), Phase("Metal", "#E69F00"))
SIDE, COUNT = 256, 4
LEVEL = 2
"""What is in memory: 64³ voxels."""


@pytest.fixture
def levels() -> ArrayLevels:
    # lines of one voxel in two, which no coarse level can show
    labels = np.zeros((SIDE, SIDE, SIDE), np.uint8)
    labels[:, :, ::2] = 1
    labels[: SIDE // 2] = 0
    return ArrayLevels(labels, COUNT)


@pytest.fixture
def view(qtbot: QtBot, levels: ArrayLevels) -> Iterator[VolumeView]:
    made = VolumeView()
    qtbot.addWidget(made)
    made.resize(360, 360)
    made.show()
    qtbot.waitExposed(made)
    made.set_volume(levels.arrays[LEVEL], PHASES, (1e-9,) * 3, levels, LEVEL)
    yield made
    made.stop_turntable()


def middle_of_slice(view: VolumeView, plane: int) -> QPoint:
    box = view.scene.slices[plane]
    place = box.transforms.get_transform("visual", "canvas").map((box.size[0] / 2, box.size[1] / 2))
    return QPoint(round(float(place[0])), round(float(place[1])))


def zoom(view: VolumeView, plane: int, notches: int) -> None:
    native, place = view.scene.canvas.native, middle_of_slice(view, plane)
    for _ in range(abs(notches)):
        event = QWheelEvent(
            QPointF(place), QPointF(native.mapToGlobal(place)), QPoint(), QPoint(0, 120 if notches > 0 else -120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(native, event)


def test_a_slice_is_read_as_finely_as_the_screen_resolves(view: VolumeView, levels: ArrayLevels, qtbot: QtBot) -> None:
    panes = view.scene.panes
    qtbot.waitUntil(lambda: panes.notes[0] == "1 voxel in 2 along each axis", timeout=60_000)
    assert {level for level, *_ in levels.reads} == {1}, "some 120 pixels resolve 128 voxels of 256, not all"
    zoom(view, 0, 9)
    qtbot.waitUntil(lambda: panes.notes[0] == "every voxel", timeout=60_000)
    part = panes.finer_part(0)
    assert part is not None and part.step == (1, 1, 1)
    z, y, x = part.origin
    depth, rows, columns = part.labels.shape
    assert depth == 1 and z == view.cursor_at[0] == 128
    assert rows < 150 and columns < 150, "only what is seen, and a margin"
    assert np.array_equal(part.labels, levels.arrays[0][z : z + 1, y : y + rows, x : x + columns])
    # lines one voxel wide are on the screen
    qtbot.waitUntil(lambda: like(pixels(view)[:180, :180], "#E69F00") > 3000, timeout=60_000)
    assert panes.finer_part(1).step == (2, 2, 2), "the other slices are as they were"
    # the read-out knows the finest
    assert [view.label_at((128, 128, at)) for at in (127, 128, 129)] == [0, 1, 0]


def test_the_cursor_moves_voxel_by_voxel_and_late_answers_are_dropped(
    view: VolumeView, levels: ArrayLevels, qtbot: QtBot
) -> None:
    panes = view.scene.panes
    qtbot.waitUntil(lambda: panes.finer_part(0) is not None, timeout=60_000)
    zoom(view, 0, 9)
    qtbot.waitUntil(lambda: panes.finer_part(0).step == (1, 1, 1), timeout=60_000)
    levels.gate.clear()
    levels.reads.clear()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_PageDown)
    assert view.cursor_at == (127, 128, 128)
    assert panes.finer_part(0) is None, "what is of another section is not shown"
    qtbot.waitUntil(lambda: any(level == 0 and origin[0] == 127 for level, origin, _ in levels.reads), timeout=60_000)
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    levels.gate.set()
    qtbot.waitUntil(lambda: panes.finer_part(0) is not None, timeout=60_000)
    assert panes.finer_part(0).origin[0] == view.cursor_at[0] == 129


def test_a_slice_is_panned_with_the_right_button_and_read_on(
    view: VolumeView, levels: ArrayLevels, qtbot: QtBot
) -> None:
    panes = view.scene.panes
    zoom(view, 0, 12)
    qtbot.waitUntil(lambda: panes.finer_part(0) is not None, timeout=60_000)
    before, part = panes.seen(0, view.scale)[0], panes.finer_part(0)
    native, start = view.scene.canvas.native, middle_of_slice(view, 0)
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    QTest.mousePress(native, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, start)
    for shift in (60, 120, 180):
        place = start - QPoint(shift, 0)
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(place), QPointF(native.mapToGlobal(place)), Qt.MouseButton.NoButton,
            Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(native, event)
    QTest.mouseRelease(native, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, start - QPoint(180, 0))
    after = panes.seen(0, view.scale)[0]
    assert after[2][0] > before[2][0] and after[1] == before[1]
    qtbot.waitUntil(lambda: panes.finer_part(0).origin[2] > part.origin[2], timeout=60_000)
    assert view.cursor_at == (128, 128, 128)


def test_a_box_at_the_cursor_is_shown_in_full_and_all_again(
    view: VolumeView, levels: ArrayLevels, qtbot: QtBot
) -> None:
    controls = VolumeControls(view)
    qtbot.addWidget(controls)
    controls.show()
    assert controls.in_full.isVisible() and not controls.whole.isEnabled()
    qtbot.waitUntil(lambda: view.scene.note.text == "3-D: 1 voxel in 4 along each axis", timeout=60_000)
    view.set_cursor((200, 40, 250))
    QTest.mouseClick(controls.in_full, Qt.MouseButton.LeftButton)
    edge = view.scene.close_edge
    assert [high - low for low, high in view.clip] == [min(edge, SIDE)] * 3
    qtbot.waitUntil(lambda: view.closer.box is not None, timeout=60_000)
    box = view.closer.box
    assert box is not None and box.step == (1, 1, 1)
    where = tuple(slice(low, high) for low, high in view.clip)
    assert np.array_equal(box.labels, levels.arrays[0][where])
    qtbot.waitUntil(lambda: view.scene.note.text.endswith("voxels, every voxel"), timeout=60_000)
    # sheets of one voxel, edge on
    qtbot.waitUntil(lambda: like(quarter(pixels(view)), "#1B1D20") > 100, timeout=60_000)
    QTest.mouseDClick(view.scene.canvas.native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, in_3d(view))
    assert levels.arrays[0][view.cursor_at] == 1, "what is hit is a voxel of the metal"
    assert all(low <= at < high for at, (low, high) in zip(view.cursor_at, view.clip, strict=True))
    drag(view, Qt.MouseButton.LeftButton)
    QTest.mouseClick(controls.whole, Qt.MouseButton.LeftButton)
    assert view.closer.box is None and view.clip == ((0, SIDE),) * 3
    qtbot.waitUntil(lambda: view.scene.note.text == "3-D: 1 voxel in 4 along each axis", timeout=60_000)


def test_what_is_not_there_yet_is_nothing_but_its_outline(qtbot: QtBot) -> None:
    view = VolumeView()
    qtbot.addWidget(view)
    view.resize(420, 420)
    view.show()
    qtbot.waitExposed(view)
    labels = np.zeros((32, 32, 32), np.uint8)
    labels[16:] = 2
    view.set_volume(labels, PHASES, None)
    view.set_phase(0)
    edges = np.array([[[16.0, 0, 0], [32, 0, 0]], [[16, 32, 32], [32, 32, 32]]])
    view.set_rest(edges)
    assert view.scene.rest.visible
    view.set_cursor((31, 8, 8))
    # the section through the rest is as dark as the surround; beside it stand only the lines of the cursor
    qtbot.waitUntil(lambda: like(pixels(view)[40:150, 70:200], "#8A9099") == 0, timeout=60_000)
    view.set_cursor((3, 8, 8))
    qtbot.waitUntil(lambda: like(pixels(view)[40:150, 70:200], "#8A9099") > 5000, timeout=60_000)
    qtbot.waitUntil(lambda: len(view.scene.meshes) > 0, timeout=60_000)
    assert float(view.scene.meshes[0].mesh_data.get_vertices()[..., 2].max()) < 17
    view.set_volume(labels, PHASES, None)
    assert not view.scene.rest.visible
