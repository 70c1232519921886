"""Several runs in the window: typed, queued, cancelled, compared, run again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QSpinBox
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.project_state import state_of
from app.session import Series, State
from app.workspaces.reconstruct import file_run
from core.generation.block_writing import unfinished
from core.images.zarr_volume import open_zarr
from core.reconstruction import to_disk
from core.reconstruction.swnn import model as model_room
from core.reconstruction.swnn.engine import SwnnEngine

LEFT = Qt.MouseButton.LeftButton
SMALL = {
    "levels": 2, "channels": 4, "coarse_channels": 4, "fine_convolutions": 1, "coarse_convolutions": 1, "cube": 16,
    "scales": 1, "iterations": 6, "windows": 128, "overview": 0, "bent_bases": 0, "window": 3,
    "time_limit": None,  # on a busy computer the learning rate would follow the clock
}  # fmt: skip


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float | None]]:
    """Seed and volume fraction of the trainings that were begun."""
    monkeypatch.setattr(model_room, "CALIBRATION_SIZE", (48, 48, 48))
    seen: list[tuple[int, float | None]] = []
    train = SwnnEngine.train

    def watched(self: Any, target: Any, *args: Any, **options: Any) -> Any:
        seen.append((target.seed, target.volume_fraction))
        return train(self, target, *args, **options)

    monkeypatch.setattr(SwnnEngine, "train", watched)
    return seen


@pytest.fixture
def ready(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """A window with phases and a plan that takes a moment."""
    path = tmp_path / "phases.tif"
    blocks = np.kron(np.random.default_rng(0).random((16, 16)) < 0.4, np.ones((3, 3)))
    tifffile.imwrite(path, (255 * blocks).astype(np.uint8))
    window.opener.open(path)
    qtbot.waitUntil(lambda: window.session.curves is not None, timeout=120_000)
    window.show_step("reconstruct")
    qtbot.waitUntil(window.reconstruct.form.isEnabled, timeout=240_000)
    window.commands.plan("small", changed_settings=SMALL, size=(24, 24, 24), device="cpu")
    qtbot.waitUntil(lambda: window.reconstruct.panel.primary_hint.isHidden(), timeout=60_000)
    yield window


def enter(qtbot: QtBot, spin: QSpinBox, text: str) -> None:
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, text)
    qtbot.keyClick(spin, Qt.Key.Key_Return)


def test_seeds_run_one_after_the_other_and_are_compared(
    ready: MainWindow, qtbot: QtBot, trained: list[tuple[int, float | None]]
) -> None:
    step, series = ready.reconstruct, ready.reconstruct.series
    series.fold.set_open(True)
    enter(qtbot, series.count, "3")
    qtbot.waitUntil(lambda: step.panel.primary.text() == "Run 3 times", timeout=60_000)
    assert series.told.text() == "3 runs, 3 trainings."
    assert step.estimate.text().startswith("Estimate for 3 runs")
    qtbot.mouseClick(step.panel.primary, LEFT)
    assert step.panel.primary.text() == "Cancel all" and ready.strip.queue.text() == "Run 1 of 3"
    # a click on the line at the foot opens the queue
    qtbot.mouseClick(ready.strip.bar, LEFT)
    assert ready.messages_dock.isVisible() and ready.tabs.currentWidget() is step.queue_view
    assert step.queue_view.table.rowCount() == 3
    qtbot.waitUntil(lambda: len(ready.session.state.results) == 3, timeout=240_000)
    qtbot.waitUntil(lambda: ready.current is ready.inspect, timeout=60_000)
    assert trained == [(0, None), (1, None), (2, None)]
    assert ready.strip.queue.isHidden() and step.queue_view.told.text() == "3 of 3 done"
    ready.tabs.setCurrentWidget(ready.runs)
    table = ready.runs.table
    assert [table.item(line, 2).text() for line in range(3)] == ["0", "1", "2"]
    first, second, _third = ready.session.state.results
    assert not np.array_equal(first.volume.labels, second.volume.labels)
    place = table.visualItemRect(table.item(0, 1)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    assert ready.session.state.result is first and np.array_equal(ready.inspect.view.labels, first.volume.labels)

    # the form holds another seed by now; run again brings back this run's, and it makes the same volume
    ready.commands.plan("seed", seed=99)
    qtbot.mouseClick(ready.runs.again_button, LEFT)
    assert ready.current is step and ready.session.state.plan == first.plan
    assert series.count.value() == 1
    qtbot.waitUntil(lambda: step.panel.primary.text() == "Run", timeout=60_000)
    qtbot.mouseClick(step.panel.primary, LEFT)
    qtbot.waitUntil(lambda: len(ready.session.state.results) == 4, timeout=240_000)
    assert np.array_equal(ready.session.state.results[3].volume.labels, first.volume.labels)
    ready.undo_action.trigger()
    assert ready.session.state.plan.seed == 99


def test_one_training_for_all_seeds_and_run_again_uses_its_model(
    ready: MainWindow, qtbot: QtBot, trained: list[tuple[int, float | None]]
) -> None:
    step, series = ready.reconstruct, ready.reconstruct.series
    series.fold.set_open(True)
    enter(qtbot, series.count, "2")
    qtbot.mouseClick(series.train_once, LEFT, pos=QPoint(8, series.train_once.height() // 2))
    qtbot.waitUntil(lambda: series.told.text() == "2 runs, 1 training.", timeout=60_000)
    qtbot.mouseClick(step.panel.primary, LEFT)
    qtbot.waitUntil(lambda: len(ready.session.state.results) == 2, timeout=240_000)
    assert trained == [(0, None)]
    second = ready.session.state.results[1]
    assert second.model is ready.session.state.results[0].model and second.plan.seed == 1
    qtbot.waitUntil(lambda: not ready.context.jobs.busy, timeout=60_000)
    qtbot.mouseClick(ready.runs.again_button, LEFT)
    qtbot.waitUntil(lambda: "as then: no training" in step.estimate.text(), timeout=60_000)
    qtbot.mouseClick(step.panel.primary, LEFT)
    qtbot.waitUntil(lambda: len(ready.session.state.results) == 3, timeout=240_000)
    assert trained == [(0, None)]
    assert np.array_equal(ready.session.state.results[2].volume.labels, second.volume.labels)


def test_a_range_is_trained_once_for_all_its_fractions_and_serves_later_runs(
    ready: MainWindow, qtbot: QtBot, trained: list[tuple[int, float | None]]
) -> None:
    step, series = ready.reconstruct, ready.reconstruct.series
    ready.commands.plan("range", changed_settings={**SMALL, "lowest_fraction": 0.25, "highest_fraction": 0.5})
    qtbot.keyClicks(series.fractions, "30, 40 %")
    qtbot.waitUntil(lambda: step.panel.primary.text() == "Run 2 times", timeout=60_000)
    qtbot.mouseClick(step.panel.primary, LEFT)
    qtbot.waitUntil(lambda: len(ready.session.state.results) == 2, timeout=240_000)
    assert trained == [(0, 0.3)]
    assert [round(r.plan.volume_fraction or 0, 6) for r in ready.session.state.results] == [0.3, 0.4]
    qtbot.waitUntil(lambda: not ready.context.jobs.busy, timeout=60_000)
    # and, because all that training depends on is the same, for another fraction without training again
    series.fractions.clear()
    ready.show_step("reconstruct")
    ready.commands.plan("volume fraction", volume_fraction=0.45)
    qtbot.waitUntil(lambda: step.panel.primary.text() == "Run", timeout=60_000)
    qtbot.mouseClick(step.panel.primary, LEFT)
    qtbot.waitUntil(lambda: len(ready.session.state.results) == 3, timeout=240_000)
    assert trained == [(0, 0.3)]
    assert ready.session.state.results[2].model is ready.session.state.results[0].model
    # a fraction out of reach is told before anything runs
    qtbot.waitUntil(lambda: not ready.context.jobs.busy, timeout=60_000)
    ready.show_step("reconstruct")
    qtbot.keyClicks(series.fractions, "30, 90 %")
    qtbot.waitUntil(lambda: step.status.mark == "issue", timeout=60_000)
    qtbot.mouseClick(step.panel.primary, LEFT)
    assert not ready.context.jobs.busy


def test_what_runs_can_be_added_to_and_cancelled(ready: MainWindow, qtbot: QtBot) -> None:
    step = ready.reconstruct
    ready.commands.plan("long", changed_settings={**SMALL, "iterations": 100_000})
    qtbot.waitUntil(lambda: step.panel.primary.text() == "Run", timeout=60_000)
    qtbot.mouseClick(step.panel.primary, LEFT)
    assert step.panel.primary.text() == "Cancel"
    ready.commands.plan("short", changed_settings=SMALL, seed=7)
    qtbot.waitUntil(lambda: step.add_button.isVisible() and step.add_button.isEnabled(), timeout=60_000)
    qtbot.mouseClick(step.add_button, LEFT)
    assert [entry.run.plan.seed for entry in step.queue.entries] == [0, 7]
    qtbot.waitUntil(lambda: ready.context.jobs.last is not None, timeout=120_000)
    ready.cancel_action.trigger()
    qtbot.waitUntil(lambda: len(ready.session.state.results) == 1, timeout=240_000)
    assert [entry.state for entry in step.queue.entries] == ["cancelled", "done"]
    result = ready.session.state.result
    assert result is not None and result.plan.seed == 7


def test_a_large_volume_goes_to_a_file_is_cancelled_and_gone_on_with(
    ready: MainWindow,
    qtbot: QtBot,
    trained: list[tuple[int, float | None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(to_disk, "SAMPLE", 32)
    monkeypatch.setattr(file_run, "BLOCK_CPU", 64)
    step, path = ready.reconstruct, tmp_path / "large.ome.zarr"
    # more than any memory holds: the preflight says what to do
    ready.commands.plan("size", size=(4096, 4096, 4096))
    qtbot.waitUntil(lambda: "Write to a file, block by block" in step.preflight.text(), timeout=60_000)
    ready.commands.plan("size", size=(64, 64, 640))
    # as calibrated, what is measured is a corner of the whole
    ready.commands.plan("exact fraction", exact=False)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    qtbot.mouseClick(step.file.box, LEFT, pos=QPoint(8, step.file.box.height() // 2))
    assert step.file.path == path
    qtbot.waitUntil(lambda: step.panel.primary_hint.isHidden(), timeout=60_000)
    qtbot.mouseClick(step.panel.primary, LEFT)
    # the cube stands for what is being written, and some of it is cancelled
    qtbot.waitUntil(lambda: step._stack.currentWidget() is step.cube and step.cube.share > 0, timeout=240_000)
    ready.cancel_action.trigger()
    qtbot.waitUntil(lambda: not ready.context.jobs.busy, timeout=60_000)
    assert not path.exists() and 0 < (unfinished(path) or 0) < 1
    assert step._stack.currentWidget() is step.view
    assert "Run goes on with them" in step.file.begun.text() and "Go on" in step.result_text.text()
    step.result_text.linkActivated.emit("build")
    qtbot.waitUntil(lambda: path.exists(), timeout=240_000)
    assert len(trained) == 1, "without training again"
    # the whole of it is looked at
    qtbot.waitUntil(lambda: "large.ome.zarr" in ready.inspect.choice.currentText(), timeout=60_000)
    result = ready.session.state.result
    assert result is not None and result.stored == path and result.volume.shape == (32, 32, 32)
    labels = open_zarr(path).volume().labels
    assert labels.shape == (64, 64, 640)
    assert np.array_equal(labels[:32, :32, :32], result.volume.labels)
    assert step.file.path is None and ready.session.state.output is None, "so that the next run does not replace it"
    assert ready.runs.table.item(0, 5).text() == "640 × 64 × 64, file"


def test_a_tiff_opens_in_inspect_and_what_was_asked_for_is_kept_in_the_project(
    ready: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_disk, "SAMPLE", 32)
    monkeypatch.setattr(file_run, "BLOCK_CPU", 64)
    step, path = ready.reconstruct, tmp_path / "large.tif"
    ready.commands.plan("size", size=(40, 40, 136))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    qtbot.mouseClick(step.file.box, LEFT, pos=QPoint(8, step.file.box.height() // 2))
    assert ready.session.state.output == path
    ready.undo_action.trigger()
    assert step.file.path is None and not step.file.box.isChecked()
    ready.redo_action.trigger()
    qtbot.waitUntil(lambda: step.panel.primary_hint.isHidden(), timeout=60_000)
    qtbot.mouseClick(step.panel.primary, LEFT)
    qtbot.waitUntil(lambda: "large.tif" in ready.inspect.choice.currentText(), timeout=240_000)
    assert np.array_equal(ready.inspect.view.labels, tifffile.imread(path))
    assert ready.session.state.opened is not None, "it is only looked at"
    # the runs that are asked for, and their file, come back with the project; what lies there is not replaced unasked
    qtbot.keyClicks(step.series.fractions, "30, 40 %")
    enter(qtbot, step.series.count, "2")
    ready.session.replace(output=path)
    kept = ready.saver.snapshot()
    ready.commands.start_anew(State())
    assert step.series.wanted == Series() and step.file.path is None
    ready.commands.start_anew(state_of(kept))
    assert step.series.wanted == Series(2, (0.3, 0.4)) and step.file.path == path
    qtbot.waitUntil(lambda: "large.tif exists already" in step.status.sentence, timeout=60_000)
