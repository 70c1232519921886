"""Step 4 before its first preflight has answered: what it says then is true, and Run is not lost."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.workspaces.reconstruct.findings import CHECKING
from app.workspaces.reconstruct.preflight import Checked
from core.reconstruction.engine import Estimate, Problem
from tests.workflow.test_segmentation import picture
from tests.workflow.test_steps import opened

__all__ = ["picture"]  # the fixture
ROOM = "app.workspaces.reconstruct.workspace.preflight"


def test_run_pressed_early_begins_after_the_check(
    window: MainWindow, qtbot: QtBot, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, added = Event(), []
    answer = Checked([], Estimate(1.0, 1.0, 1 << 30), 1)

    def slow(*_asked: Any) -> Checked:
        go.wait(60)
        return answer

    monkeypatch.setattr(ROOM, slow)
    monkeypatch.setattr(window.reconstruct.queue, "add", added.extend)
    opened(window, qtbot, picture)
    qtbot.waitUntil(lambda: window.session.phase_image is not None, timeout=60_000)
    step = window.reconstruct
    window.show_step("reconstruct")
    qtbot.waitUntil(step.form.isEnabled, timeout=60_000)
    qtbot.waitUntil(lambda: step.panel.primary_hint.text() == CHECKING and step.preflight.text() == CHECKING)
    assert step.form.engine.count() > 1 and step.form.cube.isEnabled(), "the form does not wait for it"
    qtbot.mouseClick(step.panel.primary, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(step.panel.primary, Qt.MouseButton.LeftButton)
    assert added == []
    go.set()
    qtbot.waitUntil(lambda: len(added) == 1, timeout=60_000)
    assert step.preflight.text() == "Ready to run." and step.panel.primary_hint.isHidden()
    qtbot.mouseClick(step.panel.primary, Qt.MouseButton.LeftButton)
    assert len(added) == 2, "from then on at once"


def test_a_finding_that_stops_is_told_to_who_pressed_early(
    window: MainWindow, qtbot: QtBot, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, added = Event(), []
    stops = Checked([Problem("error", "size", "Too small.", "Choose more.")], None, 1)
    monkeypatch.setattr(ROOM, lambda *_asked: go.wait(60) and stops)
    monkeypatch.setattr(window.reconstruct.queue, "add", added.extend)
    opened(window, qtbot, picture)
    qtbot.waitUntil(lambda: window.session.phase_image is not None, timeout=60_000)
    step = window.reconstruct
    window.show_step("reconstruct")
    qtbot.waitUntil(lambda: step.preflight.text() == CHECKING, timeout=60_000)
    qtbot.mouseClick(step.panel.primary, Qt.MouseButton.LeftButton)
    go.set()
    qtbot.waitUntil(lambda: "Too small. Choose more." in window.strip.text.text(), timeout=60_000)
    assert added == [] and step.status.mark == "issue"
