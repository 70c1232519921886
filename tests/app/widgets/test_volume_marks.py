"""Distances, angles and notes set with the mouse, in slices and in 3-D, on a real screen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from app.context import Context
from app.widgets.slice_panes import PLANES
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect.marks_card import MarksCard
from tests.app.widgets.volume_views import PHASES, block, view_of

pytestmark = pytest.mark.gl
EDGES = (2e-6, 1e-6, 1e-6)
LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[VolumeView]:
    made = view_of(block(), (700, 700), EDGES)
    qtbot.addWidget(made)
    yield made


@pytest.fixture
def card(qtbot: QtBot, view: VolumeView) -> MarksCard:
    made = MarksCard(Context(), view)
    qtbot.addWidget(made)
    made.show_subject(view.labels, lambda: "this one", EDGES)
    made.fold.set_open(True)
    made.show()
    return made


def pixel(view: VolumeView, plane: int, down: float, across: float) -> QPoint:
    """Where a place of a slice (voxels) is on the canvas."""
    box = view.scene.slices[plane]
    _, d, a = PLANES[plane]
    local = box.scene.transform.map([across * view.scale[a], down * view.scale[d], 0, 1])
    x, y = box.transforms.get_transform("visual", "canvas").map(local / local[3])[:2]
    return QPoint(round(x), round(y))


def click(view: VolumeView, at: QPoint, modifier: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mouseClick(view.scene.canvas.native, LEFT, modifier, at)


def move(view: VolumeView, at: QPoint, button: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    native = view.scene.canvas.native
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(at), QPointF(native.mapToGlobal(at)), Qt.MouseButton.NoButton, button, PLAIN
    )
    QApplication.sendEvent(native, event)


def near(point: tuple[float, ...], wanted: tuple[float, ...], within: float = 0.15) -> bool:
    return bool(np.abs(np.subtract(point, wanted)).max() <= within)


def test_two_clicks_are_a_distance_in_units_of_the_material(view: VolumeView, card: MarksCard) -> None:
    before = view.cursor_at
    card.tools["distance"].click()
    click(view, pixel(view, 0, 4, 5))
    assert not card.found and view.cursor_at == before, "a tool's click does not move the slices"
    move(view, pixel(view, 0, 10, 13))
    begun = view.marks._drawing.layers[0].words.text[0]
    click(view, pixel(view, 0, 10, 13))
    (mark,) = card.found
    assert mark.kind == "distance" and mark.of == "this one"
    assert near(mark.points[0], (12.5, 4, 5)) and near(mark.points[1], (12.5, 10, 13))
    value = float(card.table.item(0, 2).text().removesuffix(" µm"))  # type: ignore[union-attr]
    assert abs(value - 10) < 0.3 and begun.strip() == card.table.item(0, 2).text()  # type: ignore[union-attr]
    # along z a voxel is twice as long
    click(view, pixel(view, 2, 4, 9))
    click(view, pixel(view, 2, 9, 9))
    assert abs(float(card.table.item(1, 2).text().removesuffix(" µm")) - 10) < 0.5  # type: ignore[union-attr]


def test_a_drag_is_a_distance_too_and_three_clicks_an_angle(view: VolumeView, card: MarksCard) -> None:
    native = view.scene.canvas.native
    card.tools["distance"].click()
    QTest.mousePress(native, LEFT, PLAIN, pixel(view, 0, 4, 4))
    move(view, pixel(view, 0, 4, 20), LEFT)
    QTest.mouseRelease(native, LEFT, PLAIN, pixel(view, 0, 4, 20))
    card.tools["angle"].click()
    assert not card.tools["distance"].isChecked()
    for place in ((4, 4), (20, 4)):
        click(view, pixel(view, 0, *place))
    QTest.mouseDClick(native, LEFT, PLAIN, pixel(view, 0, 20, 20))  # of two quick clicks the second arrives like this
    distance, angle = card.found
    assert near(distance.points[1], (12.5, 4, 20)) and angle.kind == "angle"
    assert abs(float(card.table.item(1, 2).text().removesuffix("°")) - 90) < 1.5  # type: ignore[union-attr]


def test_in_3d_a_click_on_the_surface_counts_and_a_drag_turns(view: VolumeView, card: MarksCard) -> None:
    view.scene.view.camera.elevation, view.scene.view.camera.azimuth = 90, 0
    box = view.scene.view

    def seen(y: float, x: float) -> QPoint:
        local = box.scene.transform.map([x, y, 36, 1])
        at = box.transforms.get_transform("visual", "canvas").map(local / local[3])[:2]
        return QPoint(round(at[0]), round(at[1]))

    card.tools["distance"].click()
    click(view, seen(8, 8))
    native, azimuth = view.scene.canvas.native, box.camera.azimuth
    QTest.mousePress(native, LEFT, PLAIN, seen(10, 10))
    for step in (10, 30):
        move(view, seen(10, 10) + QPoint(step, 0), LEFT)
    QTest.mouseRelease(native, LEFT, PLAIN, seen(10, 10) + QPoint(30, 0))
    assert box.camera.azimuth != azimuth and not card.found
    box.camera.azimuth = 0
    click(view, seen(8, 14))
    (mark,) = card.found
    # the top of the metal, where the line of sight enters it
    assert near(mark.points[0], (18, 8, 8), 0.3) and near(mark.points[1], (18, 8, 14), 0.3)
    card.tools["note"].click()
    click(view, QPoint(native.width() - 6, native.height() - 6))
    assert len(card.found) == 1, "beside the volume there is nothing"


def test_a_note_is_typed_where_it_stands_and_is_one_step_of_undo(
    view: VolumeView, card: MarksCard, qtbot: QtBot
) -> None:
    stack = card._context.commands.stack
    card.tools["note"].click()
    click(view, pixel(view, 1, 6, 6))
    editor = card.table.findChild(QLineEdit)
    assert editor is not None and editor.text() == "Note 1"
    editor.selectAll()
    QTest.keyClicks(editor, "a throat")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [mark.name for mark in card.found] == ["a throat"])
    assert stack.count() == 1
    view.set_cursor(view.cursor_at)
    assert view.marks._drawing.layers[1].words.text == ["  a throat"]
    assert not view.marks._drawing.layers[0].words.visible, "the other slices do not pass it"
    stack.undo()
    assert not card.found and not view.marks._drawing.layers[1].words.visible
    stack.redo()
    assert card.found[0].name == "a throat"


def test_esc_gives_up_what_was_begun_then_the_tool(view: VolumeView, card: MarksCard) -> None:
    card.tools["angle"].click()
    click(view, pixel(view, 0, 4, 4))
    assert len(view.marks.points) == 1
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not view.marks.points and card.tools["angle"].isChecked() and card.what.isVisibleTo(card)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not card.tools["angle"].isChecked() and view.marks.tool == "" and not card.what.isVisibleTo(card)
    click(view, pixel(view, 0, 4, 4))
    assert view.cursor_at[1:] == (4, 4) and not card.found


def test_marks_belong_to_their_volume_and_are_drawn_near_their_slice(view: VolumeView, card: MarksCard) -> None:
    card.tools["distance"].click()
    click(view, pixel(view, 0, 4, 4))
    click(view, pixel(view, 0, 9, 9))
    layers = view.marks._drawing.layers
    assert layers[0].lines.visible and layers[3].lines.visible and not layers[1].lines.visible
    view.set_cursor((15, 12, 12))
    assert not layers[0].lines.visible and layers[3].lines.visible
    card.table.selectRow(0)
    card.go_there.click()
    assert view.cursor_at == (12, 6, 6) and layers[0].lines.visible
    view.set_volume(np.ones((24, 24, 24), np.uint8), PHASES, EDGES)  # a preview in its place
    assert not layers[3].lines.visible and not card.tools["distance"].isEnabled() and view.marks.tool == ""
    card.show_subject(view.labels, lambda: "another", EDGES)
    assert not card.found and card.table.rowCount() == 0 and card.tools["distance"].isEnabled()


def test_rename_delete_copy(view: VolumeView, card: MarksCard) -> None:
    card.tools["distance"].click()
    for at in ((4, 4), (9, 4), (5, 5), (5, 15)):
        click(view, pixel(view, 0, *at))
    item = card.table.item(1, 0)
    assert item is not None
    item.setText("Pore")
    assert [mark.name for mark in card.found] == ["Distance 1", "Pore"]
    card.copy.click()
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0].startswith("name\tkind\tvalue") and lines[2].startswith("Pore\tdistance\t")
    card.table.selectRow(0)
    card.remove.click()
    assert [mark.name for mark in card.found] == ["Pore"] and card.table.rowCount() == 1
    card._context.commands.stack.undo()
    card._context.commands.stack.undo()
    assert [mark.name for mark in card.found] == ["Distance 1", "Distance 2"]
