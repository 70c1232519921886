"""A project as a person uses it: work, save, close, open again in another window; what is lost, what is asked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from app import theme
from app.main_window import MainWindow
from app.preferences import Preferences
from app.workspaces.inspect.verdict import rows
from core.images.values import Phase
from core.job import Job, Progress
from core.projects.reading import read_project
from core.reconstruction.swnn import model, training
from core.segmentation.settings import SegmentationSettings
from core.synthesis.samples import SAMPLES, sample_path
from tests.core.projects.projects import project
from tests.core.projects.test_round_trip import assert_same

LEFT = Qt.MouseButton.LeftButton
SMALL = {
    "levels": 2, "channels": 4, "fine_convolutions": 1, "coarse_convolutions": 1, "cube": 16, "scales": 1,
    "iterations": 10,
}  # fmt: skip
Button = QMessageBox.StandardButton
NewWindow = Callable[[], MainWindow]

_closed: list[MainWindow] = []


@pytest.fixture
def new_window(qtbot: QtBot, tmp_path: Path) -> object:
    """A function that opens one more window; all share their preferences, as windows one after the other do."""
    made: list[MainWindow] = []

    def new() -> MainWindow:
        theme.apply("light")
        window = MainWindow(Preferences(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)))
        window.resize(1440, 900)
        window.show()
        qtbot.waitExposed(window)
        made.append(window)
        return window

    yield new
    for window in made:
        window.context.jobs.finish(20_000)
        window.hide()
        qtbot.waitUntil(lambda w=window: not w.exemplar.busy and not w.opener.busy, timeout=60_000)  # type: ignore[misc]
        window.close()
        _closed.append(window)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[Button]]:
    """What was asked, and what to answer next."""
    asked: list[str] = []
    given: list[Button] = []

    def question(_parent: object, _title: str, text: str, *_buttons: object) -> Button:
        asked.append(text)
        return given.pop(0)

    monkeypatch.setattr(QMessageBox, "question", question)
    return asked, given


def opened(window: MainWindow, qtbot: QtBot, path: Path) -> None:
    window.opener.open(path)
    qtbot.waitUntil(lambda: window.opener.last is not None and window.opener.last.path == path, timeout=60_000)
    settled(window, qtbot)


def settled(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.session.curves is not None and not window.exemplar.busy, timeout=120_000)


def saved_as(window: MainWindow, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    window.save_action.trigger()
    qtbot.waitUntil(lambda: not window.saver.busy, timeout=60_000)
    assert window.session.path == path, window.strip.text.text()


def numbers_on_show(window: MainWindow) -> list[str]:
    return [label.text() for label in window.inspect.numbers.findChildren(QLabel) if label.isVisibleTo(window)]


def test_all_that_was_made_is_there_again_in_a_new_window(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "CALIBRATION_SIZE", (32, 32, 32))
    window = new_window()
    sample = sample_path(next(iter(SAMPLES)))
    opened(window, qtbot, sample)
    window.commands.do("crop", crop=(3, 131, 5, 133))
    window.commands.do("threshold", segmentation=SegmentationSettings(threshold="manual", manual_thresholds=(110.5,)))
    settled(window, qtbot)
    item = window.phases.table.item(1, 1)
    assert item is not None
    item.setText("Ligaments")
    table = window.phases.table
    table.phases_edited.emit((table._phases[0], Phase("Ligaments", "#CC79A7")), "phase colour")
    window.show_step("reconstruct")
    qtbot.waitUntil(window.reconstruct.form.isEnabled, timeout=240_000)
    window.commands.plan("small", changed_settings=SMALL, size=(24, 20, 22), seed=7)
    settled(window, qtbot)
    qtbot.waitUntil(lambda: window.reconstruct.panel.primary_hint.isHidden(), timeout=60_000)
    qtbot.mouseClick(window.reconstruct.panel.primary, LEFT)
    qtbot.waitUntil(lambda: window.session.state.result is not None, timeout=240_000)
    qtbot.waitUntil(lambda: not window.context.jobs.busy)
    assert window.isWindowModified()
    path = tmp_path / "wörk.microloom"
    saved_as(window, qtbot, path, monkeypatch)
    assert not window.isWindowModified() and window.windowTitle() == "wörk.microloom[*] · Microloom"
    assert window.close(), "nothing is asked where everything is saved"

    again = new_window()
    opened(again, qtbot, path)
    assert_same(window.saver.snapshot(), again.saver.snapshot())
    old, new = window.session.state.result, again.session.state.result
    assert old is not None and new is not None
    assert np.array_equal(old.volume.labels, new.volume.labels) and new.volume.labels.shape == (24, 20, 22)
    assert again.current is again.inspect
    assert again.inspect.choice.count() == 1 and again.inspect.stale.isHidden()
    assert numbers_on_show(again) == numbers_on_show(window) != []
    assert rows(old) == rows(new)
    assert again.inspect.sentence.text() == window.inspect.sentence.text()
    assert_same(window.session.curves, again.session.curves)
    assert_same(window.session.band, again.session.band)
    assert [table.item(1, 1).text() for table in (again.phases.table, window.phases.table)] == 2 * ["Ligaments"]  # type: ignore[union-attr]
    assert again.phases.table.item(1, 0).background().color().name().upper() == "#CC79A7"  # type: ignore[union-attr]
    assert again.exemplar.thresholds == (110.5,)
    assert again.session.state.crop == (3, 131, 5, 133)
    assert not again.isWindowModified() and again.windowTitle().startswith("wörk.microloom")
    assert not again.commands.stack.canUndo()
    assert again.preferences.recent[0] == path.resolve()

    # a new gesture is one step of undo, makes the result stale, and undone the project is as it was saved
    seed = again.session.state.plan.seed
    again.commands.plan("seed", seed=seed + 1)
    qtbot.waitUntil(lambda: again.inspect.status.mark == "stale")
    assert again.isWindowModified()
    # stale results stay stale through another save and opening
    again.save_action.trigger()
    qtbot.waitUntil(lambda: not again.saver.busy, timeout=60_000)
    assert not again.isWindowModified()
    again.undo_action.trigger()
    assert again.session.state.plan.seed == seed and again.isWindowModified()
    again.redo_action.trigger()
    assert not again.isWindowModified()
    opened(again, qtbot, sample)
    assert again.session.state.results == () and again.session.path is None
    opened(again, qtbot, path)
    qtbot.waitUntil(lambda: again.inspect.status.mark == "stale")
    assert "seed" in again.inspect.status.sentence


def test_the_keys_open_and_save(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = new_window()
    with qtbot.waitActive(window):
        window.activateWindow()
    path = tmp_path / "keys.microloom"
    shown: list[str] = []

    def choose_open(_parent: object, _title: str, _folder: str, kinds: str) -> tuple[str, str]:
        shown.append(kinds)
        return str(sample_path("two_phase_alloy")), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose_open)
    # a name without its suffix gets it
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path.with_suffix("")), ""))
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert not window.saver.busy and "nothing to save" in window.strip.text.text()
    QTest.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    settled(window, qtbot)
    assert "*.microloom" in shown[0] and "*.tif" in shown[0]
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(path.exists, timeout=60_000)
    qtbot.waitUntil(lambda: not window.saver.busy, timeout=60_000)
    other = tmp_path / "other.microloom"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(other), ""))
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_S, keys)
    qtbot.waitUntil(lambda: window.session.path == other, timeout=60_000)
    assert_same(read_project(path), read_project(other))


def test_a_dropped_project_is_opened_and_a_bad_one_changes_nothing(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    from core.projects.writing import write_project

    window = new_window()
    path = write_project(project(), tmp_path / "good.microloom")
    bad = tmp_path / "bad.microloom"
    bad.write_bytes(path.read_bytes()[:-100])
    for file in (path, bad):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(file))])
        modifiers = Qt.KeyboardModifier.NoModifier
        window.dropEvent(QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, LEFT, modifiers))
        qtbot.waitUntil(lambda: not window.opener.busy, timeout=120_000)
        if file is path:
            qtbot.waitUntil(lambda: not window.exemplar.busy, timeout=60_000)
            before = window.session.state
            window.commands.do("pixel size", pixel_size=5e-9)
            changed = window.session.state
    assert len(before.results) == 3 and window.inspect.choice.currentIndex() == 1
    assert window.session.state is changed and window.session.path == path
    assert window.commands.stack.canUndo() and window.isWindowModified()
    assert "bad.microloom" in window.strip.text.text()
    assert window.preferences.recent == [path.resolve()]


def test_unsaved_changes_are_asked_about_before_another_file_is_opened(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    answers: tuple[list[str], list[Button]],
) -> None:  # fmt: skip
    asked, given = answers
    window = new_window()
    first, second = sample_path("two_phase_alloy"), sample_path("sphere_packing")
    opened(window, qtbot, first)
    window.commands.plan("seed", seed=3)
    mine = window.session.state
    # Cancel: nothing happens
    given.append(Button.Cancel)
    window.opener.open(second)
    qtbot.waitUntil(lambda: len(asked) == 1, timeout=60_000)
    assert window.session.state is mine and first.name in asked[0]
    # Save, and the dialogue for the name is cancelled: nothing happens
    given.append(Button.Save)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    window.opener.open(second)
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=60_000)
    assert window.session.state is mine
    # Save, and the disk refuses: nothing happens
    given.append(Button.Save)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "a.microloom"), ""))
    window.opener.open(second)
    qtbot.waitUntil(lambda: "does not exist" in window.strip.text.text(), timeout=60_000)
    assert window.session.state is mine and window.session.path is None
    # Save: saved, then opened
    given.append(Button.Save)
    path = tmp_path / "a.microloom"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    window.opener.open(second)
    qtbot.waitUntil(lambda: window.session.state.source == second, timeout=60_000)
    assert read_project(path).plan.seed == 3 and window.session.path is None
    # Discard
    window.commands.plan("seed", seed=4)
    given.append(Button.Discard)
    opened(window, qtbot, path)
    assert window.session.state.plan.seed == 3 and window.session.path == path
    assert len(asked) == 5


def test_what_happens_while_a_project_is_saved_is_not_lost_to_the_file_that_is_opened_next(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    answers: tuple[list[str], list[Button]],
) -> None:  # fmt: skip
    asked, given = answers
    window = new_window()
    first, second = sample_path("two_phase_alloy"), sample_path("sphere_packing")
    opened(window, qtbot, first)
    window.commands.plan("seed", seed=3)
    path = tmp_path / "a.microloom"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    # changed while the file is written: asked again
    window.saver.runner.started.connect(lambda _title: window.commands.plan("seed", merge="", seed=4))
    given += [Button.Save, Button.Cancel]
    window.opener.open(second)
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=60_000)
    assert read_project(path).plan.seed == 3
    assert window.session.state.source == first and window.session.state.plan.seed == 4
    # a job is begun while the file is written: its result belongs to what is open
    goes_on = threading.Event()

    def job() -> Job[None]:
        while not goes_on.wait(0.01):
            yield Progress(0, 0, "Counting")

    said: list[str] = []
    window.context.messages.notice.connect(lambda text, _severity: said.append(text))
    window.saver.runner.started.connect(lambda _title: window.context.jobs.start("A count", job, kind="export"))
    window.commands.plan("seed", seed=5)
    given += [Button.Save, Button.Discard]
    window.opener.open(second)
    qtbot.waitUntil(lambda: any("A count is running" in text for text in said), timeout=60_000)
    goes_on.set()
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    assert window.session.state.source == first


def test_closing_asks_and_closes_by_itself_after_saving(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    answers: tuple[list[str], list[Button]],
) -> None:  # fmt: skip
    asked, given = answers
    window = new_window()
    opened(window, qtbot, sample_path("two_phase_alloy"))
    window.commands.plan("seed", seed=3)
    given.append(Button.Cancel)
    assert not window.close() and window.isVisible()
    path = tmp_path / "a.microloom"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    given.append(Button.Save)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    assert read_project(path).plan.seed == 3
    assert len(asked) == 2 and not list((tmp_path / "recovery").glob("*"))
    window = new_window()
    opened(window, qtbot, path)
    window.commands.plan("seed", seed=4)
    given.append(Button.Discard)
    assert window.close()
    assert read_project(path).plan.seed == 3


def test_saving_while_a_job_runs_saves_the_last_good_state(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "SNAPSHOT_SECONDS", 0.1)
    window = new_window()
    opened(window, qtbot, sample_path("two_phase_alloy"))
    window.show_step("reconstruct")
    qtbot.waitUntil(window.reconstruct.form.isEnabled, timeout=240_000)
    window.commands.plan("small", changed_settings=SMALL | {"iterations": 100_000}, size=(24, 24, 24))
    qtbot.waitUntil(lambda: window.reconstruct.panel.primary_hint.isHidden(), timeout=60_000)
    qtbot.mouseClick(window.reconstruct.panel.primary, LEFT)
    qtbot.waitUntil(lambda: window.reconstruct._snapshot is not None, timeout=120_000)
    path = tmp_path / "a.microloom"
    saved_as(window, qtbot, path, monkeypatch)
    assert window.context.jobs.busy, "the job goes on"
    saved = read_project(path)
    assert saved.plan.changed_settings["iterations"] == 100_000 and saved.results == ()
    window.context.jobs.cancel()
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)


CRASH = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.context import Context
from app.project_state import project_of
from app.opening import read, Opener
from app.session import Plan, State
from app.recovery import Recovery

app = QCoreApplication([])
context = Context()
session = context.session
picture = read(Path(sys.argv[1]))
session.restore(State(opened=picture.micrograph, source=picture.path, plan=Plan(seed=77)))
session.path = Path(sys.argv[3])
recovery = Recovery(context, lambda belongs_to: project_of(session.state, None, belongs_to), Path(sys.argv[2]))
recovery.runner.returned.connect(lambda _path: os._exit(7), )
recovery.keep()
app.exec()
"""


def test_what_a_crash_left_behind_is_offered_and_restored(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path, answers: tuple[list[str], list[Button]]
) -> None:
    folder, home = tmp_path / "recovery", tmp_path / "mine.microloom"
    sample = sample_path("two_phase_alloy")
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(sample), str(folder), str(home)], timeout=240, check=False,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"}, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert done.returncode == 7, "the program died with its copy written"
    (copy,) = folder.glob("*.microloom")
    window = new_window()
    bar = window.recovery_bar
    assert bar.isVisible() and "mine.microloom" in bar.text.text()
    qtbot.mouseClick(bar.later, LEFT)
    assert not bar.isVisible() and copy.exists()
    window.close()
    window = new_window()
    bar = window.recovery_bar
    assert bar.isVisible(), "it is offered again"
    qtbot.mouseClick(bar.restore, LEFT)
    qtbot.waitUntil(lambda: window.session.state.opened is not None, timeout=120_000)
    settled(window, qtbot)
    assert window.session.state.plan.seed == 77 and not bar.isVisible()
    assert window.isWindowModified() and window.windowTitle().startswith("mine.microloom")
    assert copy.exists(), "it stays until the session is safe"
    other = new_window()
    assert other.recovery_bar.isHidden(), "what a running program holds is offered to nobody"
    window.save_action.trigger()
    qtbot.waitUntil(lambda: not window.saver.busy, timeout=60_000)
    assert read_project(home).plan.seed == 77 and read_project(home).belongs_to == ""
    assert not list(folder.glob("*"))
    assert answers[0] == [], "no dialogue was needed"


def test_the_copy_follows_the_session_and_goes_when_it_is_safe(
    new_window: NewWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = new_window()
    recovery = window.recovery
    opened(window, qtbot, sample_path("two_phase_alloy"))
    recovery.keep()
    assert not recovery.runner.busy and not recovery.path.exists(), "nothing was changed yet"
    for seed in (3, 4):
        window.commands.plan("seed", seed=seed)
        recovery.keep()
        qtbot.waitUntil(lambda: not recovery.runner.busy, timeout=60_000)
        assert read_project(recovery.path).plan.seed == seed
    written = recovery.path.stat().st_mtime_ns
    recovery.keep()
    assert not recovery.runner.busy and recovery.path.stat().st_mtime_ns == written, "nothing new, nothing written"
    saved_as(window, qtbot, tmp_path / "a.microloom", monkeypatch)
    assert not list(recovery.path.parent.glob("*"))


def test_the_copy_of_a_crash_can_be_thrown_away(new_window: NewWindow, qtbot: QtBot, tmp_path: Path) -> None:
    from core.projects.writing import write_project

    (tmp_path / "recovery").mkdir()
    for name in ("one", "two"):
        write_project(project(), tmp_path / "recovery" / f"{name}.microloom")
    window = new_window()
    assert "1 more" in window.recovery_bar.text.text()
    qtbot.mouseClick(window.recovery_bar.discard, LEFT)
    assert window.recovery_bar.isVisible() and len(list((tmp_path / "recovery").glob("*.microloom"))) == 1
    qtbot.mouseClick(window.recovery_bar.discard, LEFT)
    assert window.recovery_bar.isHidden() and not list((tmp_path / "recovery").glob("*.microloom"))
