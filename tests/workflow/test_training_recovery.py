"""A crash while a training runs: the session is restored, and the training goes on with one click."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.reconstruction.checkpoints import CheckpointFile
from core.reconstruction.model_file import save_model
from core.reconstruction.swnn import model, training
from core.synthesis.samples import sample_path
from tests.core.reconstruction.models import tiny_model
from tests.core.reconstruction.test_model_record import entries
from tests.workflow.test_project import SMALL, NewWindow, opened, settled
from tests.workflow.test_project import new_window as new_window

LEFT = Qt.MouseButton.LeftButton
STEPS = 8


def test_a_training_goes_on_after_a_crash(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "CALIBRATION_SIZE", (32, 32, 32))
    monkeypatch.setattr(training, "STATISTICS_BLOCKS", 1)
    monkeypatch.setattr(CheckpointFile, "is_due", property(lambda _: True))
    folder, crashed = tmp_path / "recovery", tmp_path / "crashed"
    begun: list[int] = []
    share = training.rate_share
    write = CheckpointFile.write

    def watched(step: int, done: float, **rest: float) -> float:
        begun.append(step)
        return share(step, done, **rest)  # type: ignore[arg-type]

    def copied(self: CheckpointFile, facts: object, arrays: dict[str, object]) -> None:
        write(self, facts, arrays)  # type: ignore[arg-type]
        if len(arrays["losses"]) == 3 and not crashed.exists():  # type: ignore[arg-type]
            shutil.copytree(folder, crashed)  # as the disk is when the program dies now

    monkeypatch.setattr(training, "rate_share", watched)
    window = new_window()
    opened(window, qtbot, sample_path("two_phase_alloy"))
    window.show_step("reconstruct")
    qtbot.waitUntil(window.reconstruct.form.isEnabled, timeout=240_000)
    changed = SMALL | {"iterations": STEPS, "time_limit": None, "frozen": 0.5}
    window.commands.plan("small", changed_settings=changed, size=(24, 24, 24))
    window.recovery.keep()
    qtbot.waitUntil(lambda: not window.recovery.runner.busy and window.recovery.path.exists(), timeout=60_000)
    monkeypatch.setattr(CheckpointFile, "write", copied)
    qtbot.waitUntil(lambda: window.reconstruct.panel.primary_hint.isHidden(), timeout=120_000)
    qtbot.mouseClick(window.reconstruct.panel.primary, LEFT)
    qtbot.waitUntil(lambda: bool(window.session.state.results), timeout=240_000)
    result = window.session.state.results[0]
    assert begun == list(range(STEPS))
    assert crashed.is_dir() and not list(folder.glob("*.training")), "what is finished need not be kept"
    window.hide()
    window.recovery.close()
    # another window finds what the crash left
    for left in crashed.iterdir():
        if left.suffix != ".lock":
            (shutil.copytree if left.is_dir() else shutil.copy)(left, folder / left.name)
    begun.clear()
    window = new_window()
    bar = window.recovery_bar
    assert bar.isVisible() and bar.restore.text() == "Restore"
    qtbot.mouseClick(bar.restore, LEFT)
    qtbot.waitUntil(lambda: window.session.state.opened is not None, timeout=120_000)
    settled(window, qtbot)
    assert bar.isVisible() and bar.restore.text() == "Go on"
    assert bar.text.text() == "A training was interrupted after 3 steps. Go on with it?"
    qtbot.mouseClick(bar.restore, LEFT)
    assert bar.isHidden()
    qtbot.waitUntil(lambda: bool(window.session.state.results), timeout=240_000)
    assert begun == list(range(3, STEPS)), "what was trained is not trained again"
    again = window.session.state.results[0]
    assert (again.volume.labels == result.volume.labels).all(), "as if nothing had happened"
    assert not list(folder.glob("*.training"))


def test_a_dropped_model_is_shown_and_changes_nothing(new_window: NewWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = save_model(tiny_model(**entries()), tmp_path / "m.microloom-model")
    window = new_window()
    before = window.session.state
    window.opener.open(path)
    qtbot.waitUntil(lambda: getattr(window, "_model_page", None) is not None, timeout=120_000)
    page = window._model_page
    assert page.isVisible() and "m.microloom-model" in page.windowTitle()
    assert not page.picture.pixmap().isNull()
    assert window.session.state is before
    page.close()
