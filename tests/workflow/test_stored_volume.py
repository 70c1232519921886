"""A volume in blocks, looked at in the window: dropped, opened from the menu, unfinished, too large to show in full."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app import stored_volume
from app.main_window import MainWindow
from core.generation.block_writing import part_path, write_by_blocks
from core.images.values import Volume
from core.images.writing import write_volume
from core.images.zarr_volume import open_zarr
from core.job import finish
from tests.core.generation.recipes import fake_recipe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recipe = fake_recipe((40, 150, 60))
    volume: Volume = finish(recipe.volume())
    return write_volume(volume, tmp_path / "v.ome.zarr")


def test_a_dropped_folder_is_shown_in_inspect_and_nothing_else_changes(
    window: MainWindow, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = window.session.state
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, left, none))
    inspect = window.inspect
    qtbot.waitUntil(lambda: inspect.view.labels is not None, timeout=60_000)
    assert window.current is inspect
    assert np.array_equal(inspect.view.labels, open_zarr(folder).volume().labels)
    assert window.session.state is before
    assert "60 × 150 × 40 voxels" in inspect.facts.text()
    assert "Phase 2 33." in inspect.facts.text()
    assert inspect.view.caption == ""
    assert inspect.choice.currentText() == "v.ome.zarr"
    # too large to be drawn in full: the next coarser level, and the picture says so
    monkeypatch.setattr(stored_volume, "SHOWN", 100_000)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    window.open_volume_action.trigger()
    said = "60 × 150 × 40 voxels, in memory as 30 × 75 × 20, read finer where you look."
    qtbot.waitUntil(lambda: inspect.sentence.text() == said, timeout=60_000)
    assert inspect.view.caption == ""
    assert inspect.view.labels.shape == (20, 75, 30)
    assert inspect.view.shape == (40, 150, 60), "places are those of the full volume"
    assert inspect.view.cursor_at == (20, 75, 30)


def test_what_is_still_being_made_can_be_looked_at(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "v.ome.zarr"
    recipe = replace(fake_recipe((64, 64, 128)), make_tile=lambda _start, edge: np.ones((edge,) * 3, np.uint8))
    job = write_by_blocks(recipe, path, block=64)
    next(report for report in job if np.any(getattr(report, "finished", None)))
    window.opener.open(part_path(path) / "zarr.json")
    inspect = window.inspect
    qtbot.waitUntil(lambda: inspect.view.labels is not None, timeout=60_000)
    # what is not made yet is no phase
    assert (inspect.view.labels[:, :, :64] == 1).all() and (inspect.view.labels[:, :, 64:] == 3).all()
    assert inspect.view.phase_name(3) == "not made yet"
    assert inspect.view.caption == "Not finished: 50 % are there"
    assert inspect.sentence.text() == "Not finished: 50 % are there; blocks that are still to be made are outlined."
    assert inspect.view.cursor_at == (32, 32, 32), "the first look is at what is there"
    inspect.view.set_cursor((3, 4, 5))
    # it is followed to its end, under its final name, and the view stays where it is
    finish(job)
    assert not part_path(path).exists()
    inspect.watcher.look_again()
    qtbot.waitUntil(lambda: inspect.view.caption == "", timeout=60_000)
    assert (inspect.view.labels == 1).all()
    assert inspect.view.cursor_at == (3, 4, 5)
    assert inspect.choice.currentText() == "v.ome.zarr"


def test_blocks_that_are_added_appear_until_something_else_is_shown(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "v.ome.zarr"
    job = write_by_blocks(fake_recipe((64, 128, 192)), path, block=64)
    made = (report for report in job if getattr(report, "finished", None) is not None)
    for _ in range(3):
        next(made)
    window.opener.open(part_path(path))
    inspect = window.inspect
    qtbot.waitUntil(lambda: "33 % are" in inspect.view.caption, timeout=60_000)
    stored = inspect.watcher._shown
    assert stored is not None and stored.rest is not None
    # the rest: four cells of six in an L
    assert stored.levels.finished is not None and stored.levels.finished.tolist() == [[[1, 1, 0], [0, 0, 0]]]
    assert stored.rest.min() == 0 and stored.rest.max() == 192
    next(made)
    inspect.watcher.look_again()
    qtbot.waitUntil(lambda: "50 % are" in inspect.view.caption, timeout=60_000)
    assert (inspect.view.labels[:, :64] < 3).all() and (inspect.view.labels[:, 64:] == 3).all()
    inspect.watcher.leave()
    next(made)
    inspect.watcher.look_again()
    qtbot.wait(200)
    assert "50 % are" in inspect.view.caption
    job.close()


def test_a_store_whose_blocks_are_damaged_is_refused_with_the_file(
    window: MainWindow, qtbot: QtBot, folder: Path
) -> None:
    (folder / "0" / "c" / "0" / "0" / "0").write_bytes(b"")
    said: list[str] = []
    window.context.messages.notice.connect(lambda text, _severity: said.append(text))
    window.opener.open(folder)
    qtbot.waitUntil(lambda: any("0/c/0/0/0 is empty" in text for text in said), timeout=60_000)
    assert window.inspect.view.labels is None


def test_a_damaged_folder_changes_nothing(window: MainWindow, qtbot: QtBot, folder: Path) -> None:
    (folder / "zarr.json").write_text("{}")
    said: list[str] = []
    window.context.messages.notice.connect(lambda text, _severity: said.append(text))
    window.opener.open(folder)
    qtbot.waitUntil(lambda: any("Opening:" in text for text in said), timeout=60_000)
    assert window.inspect.view.labels is None
