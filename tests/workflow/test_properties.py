"""Properties of a result in the window: computed, shown on the slices, in the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.opening import OpenedProject
from core.projects.reading import read_project
from core.provenance import Provenance
from tests.workflow.test_statistics import result


def test_computed_shown_and_reported(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = result(1, 16), result(2, 16)
    repeating = Provenance("made", settings={"size": [16, 16, 16], "periodic": "zy"})
    first = replace(first, volume=replace(first.volume, provenance=repeating))
    window.session.replace(results=(first, second), shown=0)
    window.show_step("inspect")
    assert window.inspect.view.periodic == (True, True, False)
    step, card = window.inspect, window.inspect.properties
    assert card.isVisibleTo(step.panel)
    card.fold.set_open(True)
    card.inputs[0].setText("0.5")
    qtbot.mouseClick(card.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.found is not None, timeout=120_000)
    assert step.view._field is None
    card.shown.setCurrentIndex(2)
    card.shown.activated.emit(2)
    field, colors = step.view._field or (None, None)
    assert field is not None and field.labels.shape == (16, 16, 16) and colors is not None and colors.shape == (256, 3)
    assert "temperature, driven along y" in step.view.caption

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    step.export_report()
    qtbot.waitUntil((tmp_path / "report.html").exists, timeout=120_000)
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["properties"]["conductivity"]
    assert written["phases"] == {"Solid": 0.5, "Pore": 1.0}
    assert written["per_axis"]["y"] == pytest.approx(card.found.conductivity.along[1].value)

    step._choose(1)  # another volume: its slices show phases, and nothing is known of it
    assert step.view._field is None and card.found is None and step.view.periodic == (False, False, False)
    step._choose(0)
    assert card.found is not None and card.shown.currentIndex() == 0

    # saved and opened again, the field is there; one that a project does not keep is told of
    fields = card.found.conductivity.along
    window.session.path = tmp_path / "p.microloom"
    said: list[str] = []
    window.context.messages.notice.connect(lambda text, _severity: said.append(text))
    window.save_action.trigger()
    qtbot.waitUntil(lambda: not window.saver.busy, timeout=60_000)
    qtbot.waitUntil(lambda: said[-1:] == ["Saved p.microloom."])
    opened = read_project(tmp_path / "p.microloom")
    window.opener._put(OpenedProject(opened, tmp_path / "p.microloom", False))
    assert card.found is not None and card.shown.count() == 4
    for old, new in zip(fields, card.found.conductivity.along, strict=True):
        assert old is not new and np.array_equal(old.field, new.field)
    monkeypatch.setattr("app.saving.MOST_BYTES", 1000)
    window.save_action.trigger()
    qtbot.waitUntil(lambda: said[-1].startswith("Saved p.microloom without 0.0 MB of temperatures"), timeout=60_000)
