"""Correcting phases by hand with every tool, as a person does it: real mouse and key events, undo and redo of all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.widgets import sketching
from core.painting import stroke as stroke_room
from core.painting.brush import Brush
from core.painting.rules import AUTOMATIC, EditingRules, Ground
from core.painting.selecting import wand
from core.painting.shapes import Point, ellipse, polygon, rectangle
from core.painting.stroke import Stroke
from core.segmentation.settings import SegmentationSettings

LEFT = Qt.MouseButton.LeftButton
NONE, SHIFT, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
KEYS = {
    "brush": "B", "eraser": "E", "polygon": "P", "lasso": "L", "rectangle": "R", "ellipse": "Shift+R", "fill": "K",
    "wand": "W", "picker": "I", "move": "V",
}  # fmt: skip


class Person:
    """Works on the Phases step of a window, on a picture of four bright discs and a dim one, 120 × 160 pixels."""

    def __init__(self, window: MainWindow, qtbot: QtBot, folder: Path) -> None:
        self.window, self.qtbot, self.step = window, qtbot, window.phases
        rows, columns = np.mgrid[:120, :160]
        self.grey = np.full((120, 160), 60, np.uint8)
        for y, x in ((30, 40), (80, 60), (50, 120), (100, 140)):
            self.grey[(rows - y) ** 2 + (columns - x) ** 2 < 225] = 170
        self.grey[(rows - 100) ** 2 + (columns - 20) ** 2 < 144] = 125
        # few enough levels would be taken for labels
        self.grey += np.random.default_rng(5).integers(0, 6, self.grey.shape, np.uint8)
        path = folder / "discs.tif"
        tifffile.imwrite(path, self.grey)
        window.opener.open(path)
        self.settle()
        window.show_step("phases")
        # nothing cleans up after the thresholds, so that the automatic labels are known here
        plain = SegmentationSettings(min_island=0, min_hole=0)
        window.commands.do("plain", segmentation=plain)
        self.settle()
        window.commands.stack.clear()
        qtbot.wait(50)
        self.step.image.fit()

    def settle(self) -> None:
        """Wait until the phases are those of the state."""
        session, exemplar = self.window.session, self.window.exemplar
        self.qtbot.waitUntil(
            lambda: session.phase_image is not None and not exemplar.segmenting and not self.window.opener.busy,
            timeout=60_000,
        )

    @property
    def labels(self) -> np.ndarray:
        """The phase image of the session, once it is computed."""
        self.settle()
        image = self.window.session.phase_image
        assert image is not None
        return image.labels

    @property
    def seen(self) -> np.ndarray:
        """The labels on the canvas."""
        shown = self.step.image.overlay.indices
        assert shown is not None
        return shown

    def pixel(self, y: float, x: float) -> QPoint:
        image = self.step.image
        return image.mapFromScene(image.view.mapViewToScene(QPointF(x, y)))

    def place(self, y: float, x: float) -> Point:
        """Where the mouse really is when it is put on (y, x): on a whole screen pixel."""
        return self.step.image.place_of(QPointF(self.pixel(y, x)))

    def tool(self, name: str) -> None:
        """Choose a tool by its button."""
        self.qtbot.mouseClick(self.step.corrections.row.buttons[name], LEFT)
        assert self.step.corrections.options.options.tool == name

    def press(self, y: float, x: float, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mousePress(self.step.image.viewport(), LEFT, keys, self.pixel(y, x))

    def move(self, y: float, x: float) -> None:
        QTest.mouseMove(self.step.image.viewport(), self.pixel(y, x), 2)

    def release(self, y: float, x: float, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseRelease(self.step.image.viewport(), LEFT, keys, self.pixel(y, x))

    def click(self, y: float, x: float, keys: Qt.KeyboardModifier = NONE) -> None:
        self.press(y, x, keys)
        self.release(y, x, keys)

    def drag(self, *path: Point, keys: Qt.KeyboardModifier = NONE) -> list[Point]:
        """Press at the first place, move over all, release at the last; returns where the mouse really was."""
        self.press(*path[0], keys)
        for place in path[1:]:
            self.move(*place)
        self.release(*path[-1], keys)
        return [self.place(*place) for place in path]

    def key(self, *keys: Qt.Key | str) -> None:
        """Keys over the canvas."""
        for key in keys:
            QTest.keyClick(self.step.image, key)

    @property
    def undo_text(self) -> str:
        return self.window.commands.stack.undoText()


@pytest.fixture
def person(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Person:
    return Person(window, qtbot, tmp_path)


def painted(labels: np.ndarray, grey: np.ndarray, draw: Callable[[Stroke], object], value: int = 0) -> np.ndarray:
    """``labels`` after what ``draw`` does to a stroke, computed without a window."""
    values = np.full(labels.shape, AUTOMATIC, np.uint8)
    ground = Ground(values, np.ascontiguousarray(labels), np.ascontiguousarray(grey))
    draw(Stroke(ground, value, EditingRules()))
    return np.where(ground.values == AUTOMATIC, labels, ground.values)


def strokes(path: list[Point], size: float) -> Callable[[Stroke], object]:
    return lambda stroke: [stroke.draw_to(point, Brush(size)) for point in path]


def shape_of(pixels: object) -> Callable[[Stroke], object]:
    return lambda stroke: stroke.paint(pixels)  # type: ignore[arg-type]


CASES: dict[str, tuple[Point, ...]] = {
    "brush": ((20.0, 20.0), (60.0, 50.0), (30.0, 100.0)),
    "polygon": ((10.0, 10.0), (90.0, 30.0), (40.0, 130.0)),
    "lasso": ((10.0, 10.0), (90.0, 30.0), (70.0, 90.0), (40.0, 130.0)),
    "rectangle": ((15.0, 20.0), (95.0, 130.0)),
    "ellipse": ((15.0, 20.0), (95.0, 130.0)),
    "fill": ((80.0, 60.0),),
    "wand": ((5.0, 5.0),),
}


@pytest.mark.parametrize("tool", CASES)
def test_each_tool_paints_what_the_mouse_drew_and_is_undone_and_redone(person: Person, tool: str) -> None:
    before = person.labels.copy()
    person.tool(tool)
    person.step.corrections.options.set(value=0.0 if tool != "wand" else 1.0, size=9.0)
    path = CASES[tool]
    if tool == "polygon":
        for place in path:
            person.click(*place)
        person.key(Qt.Key.Key_Return)
        places = [person.place(*place) for place in path]
    elif len(path) == 1:
        person.click(*path[0])
        places = [person.place(*path[0])]
    else:
        places = person.drag(*path)
    size = before.shape
    pixel = int(places[0][0]), int(places[0][1])
    draw = {
        "brush": lambda: strokes(places, 9.0),
        "polygon": lambda: shape_of(polygon(places, size)),
        "lasso": lambda: shape_of(polygon(places, size)),
        "rectangle": lambda: shape_of(rectangle(places[0], places[1], size)),
        "ellipse": lambda: shape_of(ellipse(places[0], places[1], size)),
        "fill": lambda: shape_of(wand(before, pixel, 0)),
        "wand": lambda: shape_of(wand(person.grey, pixel, 10)),
    }[tool]()
    after = painted(before, person.grey, draw, 1 if tool == "wand" else 0)
    assert (after != before).any()
    assert np.array_equal(person.seen, after), "on the canvas at once"
    assert np.array_equal(person.labels, after), "and in the phase image"
    assert person.window.commands.stack.count() == 1
    person.window.undo_action.trigger()
    assert np.array_equal(person.seen, before)
    assert np.array_equal(person.labels, before)
    person.window.redo_action.trigger()
    assert np.array_equal(person.labels, after)
    assert np.array_equal(person.seen, after)


def test_the_eraser_gives_the_automatic_phase_back(person: Person) -> None:
    automatic = person.labels.copy()
    person.tool("rectangle")
    person.step.corrections.options.set(value=0.0)
    person.drag((10.0, 20.0), (70.0, 140.0))
    assert not np.array_equal(person.labels, automatic)
    person.tool("eraser")
    person.step.corrections.options.set(size=400.0)
    person.click(60.0, 80.0)
    assert person.undo_text == "eraser stroke"
    assert np.array_equal(person.labels, automatic)


def test_every_tool_has_its_key(person: Person) -> None:
    options = person.step.corrections.options
    for tool, key in KEYS.items():
        if key.startswith("Shift+"):
            QTest.keyClick(person.step.image, key[-1], SHIFT)
        else:
            person.key(key)
        assert options.options.tool == tool
    options.set(size=20.0)
    person.key("]")
    assert options.options.size == pytest.approx(24)
    person.key("[", "[")
    assert options.options.size == pytest.approx(20 / 1.2)
    person.key("1")
    assert options.options.value == 0
    person.key("2")
    assert options.options.value == 1
    person.key("X")
    assert options.options.value == 0
    assert person.step.overlay.isChecked()
    person.key("O")
    assert not person.step.overlay.isChecked()


def test_alt_and_drag_resizes_the_brush_and_paints_nothing(person: Person) -> None:
    person.tool("brush")
    person.step.corrections.options.set(size=10.0)
    person.drag((50.0, 50.0), (50.0, 70.0), keys=ALT)
    assert person.step.corrections.options.options.size == pytest.approx(50, abs=1)
    assert person.window.commands.stack.count() == 0


def test_shift_and_click_paints_a_straight_line(person: Person) -> None:
    before = person.labels.copy()
    person.tool("brush")
    person.step.corrections.options.set(size=5.0, value=1.0)
    person.click(10.0, 10.0)
    person.click(110.0, 150.0, SHIFT)
    ends = [person.place(10.0, 10.0), person.place(110.0, 150.0)]
    assert np.array_equal(person.labels, painted(before, person.grey, strokes(ends, 5.0), 1))
    assert person.window.commands.stack.count() == 2


def test_shift_makes_squares_and_circles(person: Person) -> None:
    person.tool("rectangle")
    person.step.corrections.options.set(value=1.0)
    viewport = person.step.image.viewport()
    QTest.mousePress(viewport, LEFT, SHIFT, person.pixel(10, 70))
    # QTest.mouseMove knows no modifiers; the last place counts, and that is the release's for no tool
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    to = person.pixel(40, 90)
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(to), QPointF(viewport.mapToGlobal(to)), Qt.MouseButton.NoButton, LEFT, SHIFT
    )
    QApplication.sendEvent(viewport, event)
    QTest.mouseRelease(viewport, LEFT, SHIFT, to)
    sheet = person.window.session.state.corrections
    assert sheet is not None
    rows, columns = np.nonzero(sheet.values() == 1)
    assert abs(int(np.ptp(rows)) - int(np.ptp(columns))) <= 1
    assert np.ptp(rows) > 25


def test_the_picker_takes_the_phase_under_it(person: Person) -> None:
    options = person.step.corrections.options
    options.set(value=0.0)
    person.tool("picker")
    person.click(80.0, 60.0)
    assert options.options.value == 1
    person.click(5.0, 5.0)
    assert options.options.value == 0
    assert person.window.commands.stack.count() == 0


def test_move_and_the_space_bar_pan_and_paint_nothing(person: Person) -> None:
    view = person.step.image.view
    for tool in ("move", "brush"):
        person.tool(tool)
        before = view.viewRect().center()
        if tool == "brush":
            QTest.keyPress(person.step.image, Qt.Key.Key_Space)
        person.drag((50.0, 50.0), (50.0, 70.0), (50.0, 90.0))
        if tool == "brush":
            QTest.keyRelease(person.step.image, Qt.Key.Key_Space)
        assert view.viewRect().center() != before, tool
        assert person.window.commands.stack.count() == 0


def test_escape_gives_a_gesture_up_and_a_polygons_corner_is_taken_back(person: Person) -> None:
    before = person.seen.copy()
    person.tool("brush")
    person.step.corrections.options.set(value=1.0, size=30.0)
    person.press(20.0, 80.0)
    person.move(30.0, 90.0)
    assert not np.array_equal(person.seen, before)
    person.key(Qt.Key.Key_Escape)
    assert np.array_equal(person.seen, before)
    person.release(30.0, 90.0)
    assert person.window.commands.stack.count() == 0
    person.tool("polygon")
    corners = ((10.0, 10.0), (10.0, 100.0), (5.0, 5.0), (100.0, 60.0))
    for place in corners[:3]:
        person.click(*place)
    person.key(Qt.Key.Key_Backspace)
    person.click(*corners[3])
    person.key(Qt.Key.Key_Return)
    wanted = polygon([person.place(*corners[n]) for n in (0, 1, 3)], before.shape)
    assert np.array_equal(person.labels, painted(before, person.grey, shape_of(wanted), 1))


def test_the_rules_hold_for_what_is_painted(person: Person) -> None:
    before = person.labels.copy()
    options = person.step.corrections.options
    person.tool("rectangle")
    options.rules.set_open(True)
    person.qtbot.mouseClick(options.locks[1], LEFT, pos=QPoint(8, options.locks[1].height() // 2))
    assert options.options.locked == frozenset({1})
    options.set(value=0.0)
    person.drag((2.0, 2.0), (118.0, 158.0))
    assert np.array_equal(person.labels, before), "the discs are locked, all the rest is phase 0 anyway"
    person.qtbot.mouseClick(options.locks[1], LEFT, pos=QPoint(8, options.locks[1].height() // 2))
    assert options.options.locked == frozenset()
    options.area.setCurrentIndex(2)  # inside phase 1
    options.set(value=0.0)
    places = person.drag((2.0, 2.0), (60.0, 158.0))
    wanted = before.copy()
    inside = rectangle(places[0], places[1], before.shape)
    assert inside is not None
    inside.put(wanted, 0, inside.cover)
    assert np.array_equal(person.labels, wanted)


def test_a_selection_is_drawn_holds_and_is_undone(person: Person) -> None:
    before = person.labels.copy()
    painter = person.step.corrections.painter
    person.tool("rectangle")
    person.step.corrections.options.set(selects=True)
    places = person.drag((20.0, 20.0), (60.0, 80.0))
    assert person.undo_text == "selection"
    chosen = rectangle(places[0], places[1], before.shape)
    assert chosen is not None and painter.selection is not None
    assert painter.selection.sum() == chosen.cover.sum()
    assert np.array_equal(person.labels, before), "a selection paints nothing"
    person.tool("brush")
    person.step.corrections.options.set(size=500.0, value=1.0)
    person.click(50.0, 50.0)
    wanted = before.copy()
    chosen.put(wanted, 1, chosen.cover)
    assert np.array_equal(person.labels, wanted)
    QTest.keyClick(person.step.image, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert painter.selection is None
    for _ in range(3):
        person.window.undo_action.trigger()
    assert painter.selection is None
    assert np.array_equal(person.labels, before)


def test_corrections_stay_through_thresholds_and_crops_and_all_is_undone_in_order(person: Person) -> None:
    start = person.labels.copy()
    person.tool("rectangle")
    person.step.corrections.options.set(value=1.0)
    places = person.drag((20.0, 70.0), (60.0, 100.0))
    chosen = rectangle(places[0], places[1], start.shape)
    assert chosen is not None
    commands = person.window.commands
    manual = SegmentationSettings(threshold="manual", manual_thresholds=(150.0,), min_island=0, min_hole=0)
    commands.do("threshold", segmentation=manual)
    wanted = (person.grey > 150).astype(np.uint8)
    assert not np.array_equal(wanted, start), "the dim disc is lost"
    chosen.put(wanted, 1, chosen.cover)
    assert np.array_equal(person.labels, wanted)
    commands.do("crop", crop=(10, 110, 30, 150))
    assert np.array_equal(person.labels, wanted[10:110, 30:150])
    person.step.image.fit()
    person.tool("brush")
    person.step.corrections.options.set(size=7.0)
    person.click(90.0, 10.0)
    dab = painted(wanted[10:110, 30:150], person.grey[10:110, 30:150], strokes([person.place(90, 10)], 7.0), 1)
    assert np.array_equal(person.labels, dab)
    person.window.undo_action.trigger()
    person.window.undo_action.trigger()
    assert np.array_equal(person.labels, wanted)
    person.window.undo_action.trigger()
    person.window.undo_action.trigger()
    assert np.array_equal(person.labels, start)
    for _ in range(4):
        person.window.redo_action.trigger()
    assert np.array_equal(person.labels, dab)


def test_all_corrections_are_removed_at_once_and_come_back(person: Person) -> None:
    start = person.labels.copy()
    person.tool("ellipse")
    person.step.corrections.options.set(value=1.0)
    person.drag((20.0, 70.0), (60.0, 100.0))
    after = person.labels.copy()
    corrections = person.step.corrections
    assert corrections.remove.isVisible()
    assert "Corrected by hand" in corrections.note.text()
    person.qtbot.mouseClick(corrections.remove, LEFT)
    assert np.array_equal(person.labels, start)
    person.window.undo_action.trigger()
    assert np.array_equal(person.labels, after)


def test_random_gestures_on_labels_names_and_settings_are_undone_and_redone_to_the_bit(person: Person) -> None:
    generator = np.random.default_rng(11)
    states = [person.labels.copy()]
    commands, image = person.window.commands, person.window.session.phase_image
    assert image is not None
    while commands.stack.count() < 14:
        kind = generator.choice(["brush", "rectangle", "ellipse", "eraser", "fill", "setting"])
        count = commands.stack.count()
        if kind == "setting":
            level = float(generator.integers(65, 165))
            manual = SegmentationSettings(threshold="manual", manual_thresholds=(level,), min_island=0, min_hole=0)
            commands.do("threshold", segmentation=manual)
        else:
            person.tool(str(kind))
            person.step.corrections.options.set(
                value=float(generator.integers(0, 2)), size=float(generator.uniform(1, 40))
            )
            path = [(float(y) * 120, float(x) * 160) for y, x in generator.random((3, 2))]
            person.drag(*path) if kind in ("brush", "eraser", "rectangle", "ellipse") else person.click(*path[0])
        if commands.stack.count() > count:
            states.append(person.labels.copy())
    for state in reversed(states[:-1]):
        person.window.undo_action.trigger()
        assert np.array_equal(person.labels, state)
    for state in states[1:]:
        person.window.redo_action.trigger()
        assert np.array_equal(person.labels, state)
        assert np.array_equal(person.seen, state)


def test_a_large_stroke_is_painted_in_parts_and_ends_off_the_gui_thread(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sketching, "AT_ONCE", 1)
    monkeypatch.setattr(stroke_room, "_PART", 500)
    monkeypatch.setattr(stroke_room, "_CHUNK", 1000)
    before, seen = person.labels.copy(), person.seen.copy()
    person.tool("brush")
    person.step.corrections.options.set(value=1.0, size=90.0, locked=frozenset())
    person.press(60, 80)
    assert 0 < (person.seen != seen).sum() < 3000, "a part at once"
    person.qtbot.waitUntil(lambda: (person.seen != seen).sum() > 4000)
    person.move(60, 100)
    person.release(60, 100)
    painter = person.step.corrections.painter
    assert painter.busy, "what was left is painted elsewhere"
    person.qtbot.waitUntil(lambda: not painter.busy)
    stroke = Stroke(Ground(np.full(before.shape, AUTOMATIC, np.uint8), before), 1)
    for place in ((60, 80), (60, 100)):
        stroke.draw_to(person.place(*place), Brush(90.0))
    wanted = np.where(stroke.ground.values == 1, 1, before)
    assert np.array_equal(person.seen, wanted) and np.array_equal(person.labels, wanted)
    person.window.undo_action.trigger()
    assert np.array_equal(person.seen, before) and np.array_equal(person.labels, before)
    person.window.redo_action.trigger()
    assert np.array_equal(person.labels, wanted)
