"""Every control can be reached with Tab, says what it is, and shows that it has the focus."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGraphicsView,
    QLabel,
    QScrollArea,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.widgets.panel import Fold
from core.masks.sources import Linear
from tests.workflow.test_segmentation import picture
from tests.workflow.test_steps import opened

__all__ = ["picture"]  # the fixture
STEPS = ("micrograph", "phases", "mask", "reconstruct", "inspect")


def inside_another(widget: QWidget) -> bool:
    """Whether it is a part that Qt makes of a control: the line of a spin box, the list of a combo box."""
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, (QAbstractSpinBox, QComboBox)):
            return True
        above = above.parentWidget()
    return widget.focusProxy() is not None


def controls(part: QWidget) -> list[QWidget]:
    """All that can have the focus, shown or not."""
    return [
        widget
        for widget in (part, *part.findChildren(QWidget))
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not inside_another(widget)
        and not isinstance(widget, QLabel)  # what it says is its name
    ]


def full(window: MainWindow, qtbot: QtBot, picture: Path, key: str) -> None:
    """A picture is open, and the step ``key`` shows all that it can."""
    opened(window, qtbot, picture)
    show_all(window, qtbot, key)


def show_all(window: MainWindow, qtbot: QtBot, key: str) -> None:
    """The step ``key`` with all that it can show: two layers, folds open."""
    window.show_step(key)
    if key == "mask":
        window.mask_step.add("Linear gradient")
        window.mask_step.add("Painted plane")
    if key == "phases":
        window.phases.cleaning.add.click()
        window.phases.comparing.keep()
        qtbot.waitUntil(lambda: window.phases.comparing.table.isVisibleTo(window.phases.panel), timeout=60_000)
    space = window.workspaces[key]
    for fold in space.panel.findChildren(Fold):
        fold.set_open(True)
    qtbot.waitUntil(lambda: not window.exemplar.busy, timeout=60_000)
    qtbot.wait(100)


def reached(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isEnabled() and widget.isVisible()


def name_of(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName() or text


def told(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.objectName()!r} {name_of(widget)!r} in {type(widget.parent()).__name__}"


def chain(window: MainWindow, part: QWidget, backwards: bool = False) -> list[QWidget]:
    """What Tab stops at in ``part``, beginning with the first stop in it that is reached from outside."""
    window.setFocus()
    QApplication.processEvents()
    found: list[QWidget] = []
    for _ in range(400):
        now = QApplication.focusWidget()
        assert now is not None
        if backwards:
            QTest.keyClick(now, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
        else:
            QTest.keyClick(now, Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        assert now is not None
        if part is now or part.isAncestorOf(now):
            if now in found:
                break
            found.append(now)
        elif found:
            break
    return found


@pytest.mark.parametrize("key", STEPS)
def test_every_control_has_a_name_and_tab_goes_from_top_to_bottom_and_back(
    window: MainWindow, qtbot: QtBot, picture: Path, key: str
) -> None:
    full(window, qtbot, picture, key)
    space = window.workspaces[key]
    found = controls(space.panel) + controls(space.canvas)
    assert len(found) > 3
    nameless = [told(widget) for widget in found if not any(letter.isalpha() for letter in name_of(widget))]
    assert not nameless
    silent = [
        told(widget)
        for widget in found
        if not widget.toolTip()
        and not isinstance(widget, QGraphicsView)  # it would hang over the picture
        and not (isinstance(widget, QAbstractButton) and any(letter.isalpha() for letter in widget.text()))
    ]
    assert not silent

    visited = chain(window, space.panel)
    there = [widget for widget in controls(space.panel) if widget in found and reached(widget)]
    assert sorted(map(told, visited)) == sorted(map(told, there)), "each of them once"
    assert visited[-1] is space.panel.primary
    area = space.panel.findChild(QScrollArea)
    assert area is not None
    page = area.widget()
    boxes = [QRect(widget.mapTo(page, QPoint()), widget.size()) for widget in visited if page.isAncestorOf(widget)]
    for before, after in pairwise(boxes):
        below = after.center().y() >= before.bottom() or after.top() >= before.center().y()
        assert below or after.left() >= before.right() - 1, (before, after)
    assert chain(window, space.panel, backwards=True) == visited[::-1]


@pytest.mark.parametrize(("key", "scheme"), [("phases", "light"), ("mask", "dark")])
def test_what_has_the_focus_shows_it(window: MainWindow, qtbot: QtBot, picture: Path, key: str, scheme: str) -> None:
    full(window, qtbot, picture, key)
    window.set_scheme(scheme)
    try:
        qtbot.wait(100)
        space = window.workspaces[key]
        found = [widget for part in (space.panel, space.canvas) for widget in controls(part) if reached(widget)]
        without = {widget: around(widget) for widget in found if not widget.hasFocus()}
        seen, plain = set(), []
        for _ in range(2 * len(found) + 40):
            now = QApplication.focusWidget() or window
            QTest.keyClick(now, Qt.Key.Key_Tab)
            now = QApplication.focusWidget()
            if now in without and now not in seen and without[now].shape == (with_focus := around(now)).shape:
                seen.add(now)
                differing = int((np.abs(with_focus.astype(int) - without[now]).max(axis=-1) > 30).sum())
                if differing < 50:  # a blinking cursor is less
                    plain.append(f"{told(now)}: {differing} pixels")
        assert len(seen) > len(found) - 3, [told(widget) for widget in found if widget not in seen]
        assert not plain
    finally:
        window.set_scheme("light")


def around(widget: QWidget) -> np.ndarray:
    QApplication.processEvents()
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    whole = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return whole[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_letters_typed_into_a_choice_are_no_tools(window: MainWindow, qtbot: QtBot, picture: Path) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    tools = window.phases.corrections.options
    window.phases.form.values()["threshold"].setFocus()
    for letter in "trained":
        now = QApplication.focusWidget()
        assert now is not None
        QTest.keyClick(now, letter)
    assert window.session.state.segmentation.threshold == "trained (scribbles)"
    assert tools.options.tool == "move"
    assert window.phases.comparing.differences_action.isChecked() and window.phases.overlay_action.isChecked()
    window.phases.image.setFocus()
    QTest.keyClick(window.phases.image, Qt.Key.Key_E)
    assert tools.options.tool == "eraser"


def test_a_form_made_anew_keeps_its_place_in_the_order(window: MainWindow, qtbot: QtBot, picture: Path) -> None:
    full(window, qtbot, picture, "mask")
    step = window.mask_step
    step.layers.list.setCurrentRow(1)
    step.add("Sphere")
    qtbot.waitUntil(lambda: not step.busy, timeout=30_000)
    step.layers.list.setCurrentRow(step.layers.list.count() - 1)
    source = step.layer.source if step.layer is not None else None
    assert isinstance(source, Linear)
    visited = chain(window, step.panel)
    first, last = (visited.index(widget) for widget in (step.form.values()["first"], step.layer_form.name))
    assert visited.index(step.used) < first < last < visited.index(step.panel.primary)
    assert not any(isinstance(widget, QToolButton) and not name_of(widget) for widget in visited)


def test_arrows_move_a_threshold_as_one_gesture(window: MainWindow, qtbot: QtBot, picture: Path) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    plot, count = window.phases.histogram, window.commands.stack.count()
    start, edges = window.exemplar.thresholds[0], plot._edges
    assert edges is not None
    plot.setFocus()
    step = float(edges[-1] - edges[0]) / 256
    QTest.keyPress(plot, Qt.Key.Key_Right)
    QTest.keyPress(plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyRelease(plot, Qt.Key.Key_Right)
    settings = window.session.state.segmentation
    assert settings.threshold == "manual" and settings.manual_thresholds == pytest.approx((start + 11 * step,))
    assert window.commands.stack.count() == count + 1
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert window.session.state.segmentation.manual_thresholds == pytest.approx((start + 10 * step,))
    assert window.commands.stack.count() == count + 2, "another key, another gesture"
    qtbot.waitUntil(lambda: not window.exemplar.segmenting, timeout=30_000)
    assert window.exemplar.thresholds == pytest.approx((start + 10 * step,))
