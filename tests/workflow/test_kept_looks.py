"""Cuts and the views of a movie in the window: one step of undo a gesture, unsaved, kept in the project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QSlider, QStyle, QStyleOptionSlider
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.project_state import project_of, state_of
from app.widgets.oblique_cut import Cut
from core.images.values import Micrograph
from core.projects.project import Project
from core.projects.reading import read_project
from core.projects.writing import write_project
from core.provenance import Provenance
from tests.workflow.test_statistics import result

LEFT = Qt.MouseButton.LeftButton
pytestmark = pytest.mark.gl


@pytest.fixture
def inspected(window: MainWindow) -> MainWindow:
    picture = Micrograph(np.zeros((8, 8), np.uint8), 2e-8, "section.tif", Provenance("read"))
    window.commands.start_anew(state_of(project_of(window.session.state, None)))
    window.session.replace(opened=picture, results=(result(1, 16), result(2, 16), result(3, 20)), shown=0)
    window.session.saved_state = window.session.state
    window.show_step("inspect")
    return window


def click(qtbot: QtBot, button: QPushButton) -> None:
    """As soon as it has its place: it may only just have been shown."""
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled() and button.height() > 10, timeout=20_000)
    qtbot.mouseClick(button, LEFT)


def drag(slider: QSlider, steps: int) -> None:
    """From the middle of the handle, in several movements."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    handle = slider.style().subControlRect(
        QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider
    )
    at = handle.center()
    QTest.mousePress(slider, LEFT, Qt.KeyboardModifier.NoModifier, at)
    for step in range(1, steps + 1):
        QTest.mouseMove(slider, at + QPoint(4 * step, 0))
    QTest.mouseRelease(slider, LEFT, Qt.KeyboardModifier.NoModifier, at + QPoint(4 * steps, 0))


def test_cuts_are_gestures_that_hold_for_every_volume_and_are_kept(
    inspected: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window, step = inspected, inspected.inspect
    session, view, controls = window.session, step.view, step.controls.cut
    assert view.scene is not None and not session.unsaved
    qtbot.mouseClick(controls.on, LEFT, pos=QPoint(8, controls.on.height() // 2))
    first = session.state.cuts
    assert len(first) == 1 and first == view.oblique.cuts and session.unsaved
    assert "cut the volume open" in window.undo_action.text()
    click(qtbot, controls.add)
    assert len(session.state.cuts) == 2

    drag(controls.sliders["Depth"], 5)
    moved = session.state.cuts
    assert moved[0] == first[0] and moved[1].depth > 0.5 and moved == view.oblique.cuts
    drag(controls.sliders["Depth"], 3)
    again = session.state.cuts
    assert again[1].depth > moved[1].depth
    window.undo_action.trigger()
    assert session.state.cuts == moved == view.oblique.cuts, "one drag is one step"
    assert controls.sliders["Depth"].value() == round(100 * moved[1].depth)
    window.undo_action.trigger()
    assert len(session.state.cuts) == 2 and session.state.cuts[1].depth == 0.5
    window.redo_action.trigger()
    assert session.state.cuts == moved

    # another volume, of another shape, is cut alike
    step._choose(2)
    assert view.shape == (20, 20, 20) and view.oblique.cuts == moved and len(view.scene.planes) == 2
    path = write_project(project_of(session.state, None), tmp_path / "a.microloom")
    qtbot.mouseClick(controls.on, LEFT, pos=QPoint(8, controls.on.height() // 2))
    assert session.state.cuts == () == view.oblique.cuts and not len(view.scene.planes)
    window.commands.start_anew(state_of(read_project(path)))
    assert session.state.cuts == moved == view.oblique.cuts and controls.list.count() == 2
    session.saved_state = session.state
    assert not session.unsaved
    # a project without any
    window.commands.start_anew(state_of(read_project(write_project(Project(), tmp_path / "empty.microloom"))))
    assert view.oblique.cuts == () and not controls.on.isChecked()


def test_views_are_gestures_and_are_kept(inspected: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window, step = inspected, inspected.inspect
    session, view, controls = window.session, step.view, step.controls.key_views
    controls.fold.set_open(True)
    camera = view.scene.view.camera
    for azimuth in (20.0, 60.0, -100.0):
        camera.azimuth = azimuth
        click(qtbot, controls.add)
    views = session.state.key_views
    assert [one.azimuth for one in views] == [20, 60, -100] and session.unsaved
    click(qtbot, controls.up)
    assert [one.azimuth for one in session.state.key_views] == [20, -100, 60]
    window.undo_action.trigger()
    assert session.state.key_views == views == view.key_views and "move a view" in window.redo_action.text()
    assert controls.list.item(2).text().startswith("3. 260°")

    # a view that is looked at cuts as it did when it was added
    step.view.oblique.set(Cut(10.0, 20.0, 0.25))
    step.controls.cut.edited.emit("cut the volume open", "")
    controls.list.setCurrentRow(1)
    click(qtbot, controls.show_it)
    assert camera.azimuth == 60 and session.state.cuts == () == view.oblique.cuts
    window.undo_action.trigger()
    assert session.state.cuts == (Cut(10.0, 20.0, 0.25),) == view.oblique.cuts

    path = write_project(project_of(session.state, None), tmp_path / "a.microloom")
    click(qtbot, controls.remove)
    assert len(view.key_views) == 2
    window.commands.start_anew(state_of(read_project(path)))
    assert session.state.key_views == views == view.key_views and controls.list.count() == 3
    step.looks.set_filming(True)
    view.oblique.set_all(())
    session.replace(cuts=(Cut(30.0, 20.0, 0.5),))
    assert view.oblique.cuts == (), "the frames of a movie cut as they say"
    step.looks.set_filming(False)
    assert view.oblique.cuts == (Cut(30.0, 20.0, 0.5),)


def test_where_nothing_can_be_saved_a_cut_is_no_change(window: MainWindow) -> None:
    window.session.replace(cuts=(Cut(),))
    assert not window.session.unsaved
