"""The whole window is usable at 1100 × 700: no step asks for more, and no panel is cut off at its side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QAbstractButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from tests.workflow.test_access import STEPS, show_all
from tests.workflow.test_segmentation import picture
from tests.workflow.test_steps import opened

__all__ = ["picture"]  # the fixture
WIDTH, HEIGHT = 1100, 700


def told(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return f"{type(widget).__name__} {widget.accessibleName() or text!r} wants {widget.minimumSizeHint()}"


def test_an_empty_window_is_small_enough(window: MainWindow, qtbot: QtBot) -> None:
    for key in STEPS:
        window.show_step(key)
        window.resize(WIDTH, HEIGHT)
        qtbot.wait(20)
        assert (window.width(), window.height()) == (WIDTH, HEIGHT), key
    # the samples stand in as many rows as the width asks for, all of them in sight from side to side
    window.show_step("micrograph")
    page = window.micrograph.start_page
    qtbot.waitUntil(page.isVisible)
    for card in page.cards.values():
        left = card.mapTo(page, QPoint(0, 0)).x()
        assert left >= 0 and left + card.width() <= page.width()


def test_every_step_is_small_enough_with_all_that_it_shows(window: MainWindow, qtbot: QtBot, picture: Path) -> None:
    opened(window, qtbot, picture)
    window.resize(WIDTH, HEIGHT)
    for key in STEPS:
        show_all(window, qtbot, key)
        space = window.workspaces[key]
        parts = (window.rail, space.panel, space.canvas, window.curves_dock, window.strip)
        assert (window.width(), window.height()) == (WIDTH, HEIGHT), [key, *(told(part) for part in parts)]
        assert space.canvas.width() >= 300
        for area in space.panel.findChildren(QScrollArea):
            inner = area.widget()
            wide = [told(widget) for widget in inner.findChildren(QWidget) if widget.minimumSizeHint().width() > 280]
            assert inner.minimumSizeHint().width() <= area.viewport().width(), [key, *wide]


def test_sides_of_any_length_fit_before_and_after_the_engines_are_there(
    window: MainWindow, qtbot: QtBot, picture: Path
) -> None:
    form = window.reconstruct.form
    # of what is not known yet nothing is shown
    assert form.other_size.isHidden() and form.way.isHidden() and form.fractions.isHidden()
    opened(window, qtbot, picture)
    window.resize(WIDTH, HEIGHT)
    window.show_step("reconstruct")
    window.commands.plan("size", size=(4096, 4096, 4000))
    qtbot.waitUntil(form.other_size.isVisible, timeout=60_000)
    qtbot.wait(20)
    for area in window.reconstruct.panel.findChildren(QScrollArea):
        assert area.widget().width() <= area.viewport().width()


def test_the_whole_picture_lies_beside_the_rulers(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(WIDTH, HEIGHT)
    window.show_step("phases")
    canvas = window.phases.image
    for shape in ((128, 128), (40, 300), (300, 40), (40, 3000)):
        canvas.set_picture(np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape), None)
        qtbot.wait(20)
        window.fit_action.trigger()
        start, end = (canvas.view.mapFromView(QPointF(*place)) for place in ((0, 0), (shape[1], shape[0])))
        edge = canvas.rulers.thickness
        assert not canvas.rulers.isHidden() and start.x() > edge and start.y() > edge, shape
        assert end.x() < canvas.view.width() and end.y() < canvas.view.height()
        size = end - start
        share = max(size.x() / (canvas.view.width() - edge), size.y() / (canvas.view.height() - edge))
        assert 0.8 < share < 0.96, "it fills what they leave"
    canvas.set_picture(None, None)


def test_the_curves_keep_their_height_beside_the_queue(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(WIDTH, HEIGHT)
    qtbot.wait(50)
    before = window.curves.height()
    window.strip.queue_wanted.emit()
    qtbot.waitUntil(window.tabs.queue.isVisible)
    qtbot.wait(50)
    assert window.curves.height() == before and (window.width(), window.height()) == (WIDTH, HEIGHT)
