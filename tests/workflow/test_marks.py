"""Distances of a result in the window: undone, kept with their volume, saved, in the report and in the project."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.project_state import project_of, state_of
from core.images.writing import write_volume
from core.job import finish
from core.projects.reading import read_project
from core.projects.writing import write_project
from tests.core.generation.recipes import fake_recipe
from tests.workflow.test_statistics import result

LEFT = Qt.MouseButton.LeftButton


def test_set_undone_saved_and_kept(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.session.replace(results=(result(1, 16), result(2, 16)), shown=0)
    window.show_step("inspect")
    step, card = window.inspect, window.inspect.marks
    card.fold.set_open(True)
    # what clicks lead to; the clicks themselves need a screen, and have tests of their own
    step.view.marks.made.emit("distance", ((0.5, 0.5, 0.5), (0.5, 4.5, 3.5)))
    step.view.marks.made.emit("angle", ((0.5, 0.5, 2.5), (0.5, 0.5, 0.5), (0.5, 2.5, 0.5)))
    item = card.table.item(0, 2)
    assert card.table.rowCount() == 2 and item is not None and item.text() == "100 nm"  # 5 voxels of 20 nm
    window.undo_action.trigger()
    assert card.table.rowCount() == 1 and "angle" in window.redo_action.text()
    window.redo_action.trigger()

    step._choose(1)
    assert card.table.rowCount() == 0, "another volume has its own"
    step.view.marks.made.emit("note", ((3.5, 4.5, 5.5),))
    step._choose(0)
    assert [mark.kind for mark in card.found] == ["distance", "angle"]

    # the tests' results have the same model: the project's file keeps the marks, each for its volume
    path = write_project(project_of(window.session.state, None), tmp_path / "a.microloom")
    window.commands.start_anew(state_of(read_project(path)))
    assert [mark.kind for mark in card.found] == ["distance", "angle"] and len(window.session.state.marks) == 3

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "lengths"), ""))
    qtbot.mouseClick(card.save, LEFT)
    qtbot.waitUntil((tmp_path / "lengths.csv").exists, timeout=20_000)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "report"))
    monkeypatch.setattr("core.report.write_report", lambda _found, path, overwrite: path)  # it has tests of its own
    step.export_report()
    qtbot.waitUntil((tmp_path / "report" / "distances.csv").exists, timeout=60_000)
    with (tmp_path / "report" / "distances.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["shown"] for row in rows] == ["100 nm", "90.0°"]


def test_marks_without_a_micrograph_are_not_offered_to_a_project_that_cannot_be(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buttons = QMessageBox.StandardButton
    asked: list[tuple[str, buttons]] = []
    answers = [buttons.Cancel, buttons.Discard]

    def question(_parent: object, _title: str, text: str, offered: buttons, _usual: buttons) -> buttons:
        asked.append((text, offered))
        return answers.pop(0)

    monkeypatch.setattr(QMessageBox, "question", question)
    window.opener.open(write_volume(finish(fake_recipe((20, 30, 40)).volume()), tmp_path / "v.ome.zarr"))
    qtbot.waitUntil(lambda: window.inspect.view.labels is not None, timeout=60_000)
    window.commands.plan("seed", seed=3)
    assert not window.session.unsaved, "nobody would miss what the form says"
    window.inspect.view.marks.made.emit("distance", ((0.5, 0.5, 0.5), (0.5, 4.5, 3.5)))
    assert window.session.unsaved
    assert not window.close() and window.isVisible()
    (text, offered) = asked[0]
    assert not offered & buttons.Save and "Save CSV" in text and "has changes" not in text
    assert window.close() and len(asked) == 2
