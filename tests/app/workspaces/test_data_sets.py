"""The browser of data sets and the training on a folder of classes, with real clicks."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from app.context import Context
from app.workspaces.reconstruct import class_training
from app.workspaces.reconstruct.class_training import ClassTraining
from app.workspaces.reconstruct.data_sets import DataSets, shown
from core.images.reading import read_labels
from core.job import finish
from core.reconstruction.checkpoints import CheckpointFile
from core.reconstruction.diffusion import settings as known
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.model_file import load_model
from core.synthesis.dataset_writing import write_dataset
from core.synthesis.datasets import KINDS, dataset
from tests.core.reconstruction.diffusion.tiny import TINY

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def typed(spin: QSpinBox, text: str) -> None:
    spin.selectAll()
    QTest.keyClicks(spin, text)
    QTest.keyClick(spin, Qt.Key.Key_Return)


def test_a_data_set_is_browsed_and_saved(
    qtbot: QtBot, window: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context()
    gesture = DataSets(context, window)
    written: list[Path] = []
    gesture.written.connect(written.append)
    gesture.action.trigger()
    dialog = gesture.dialog
    assert dialog is not None and dialog.isVisible()
    typed(dialog.count, "12")
    typed(dialog.seed, "5")
    dialog.kind.setCurrentIndex(dialog.kind.findData("fibres"))
    size = dialog.form.values()["size"]
    assert isinstance(size, QSpinBox)
    typed(size, "32")
    qtbot.waitUntil(lambda: dialog.told.text().startswith("12 of 12"), timeout=60_000)
    assert dialog.isVisible() and dialog.grid.count() == dialog.table.rowCount() == 12
    asked = replace(KINDS["fibres"].settings, size=32)
    truth = [item.truth for item in dataset("fibres", 12, 5, asked)]
    for line in (0, 11):
        cells = [dialog.table.item(line, column) for column in range(4)]
        assert [cell.text() for cell in cells if cell is not None] == [
            shown(name, truth[line][name]) for name in ("fraction", "objects", "mean_diameter", "deviation")
        ]
    assert f"{np.mean([one['fraction'] for one in truth]):.3f} ±" in dialog.told.text()
    # a picture finds its line, and a line its picture
    qtbot.mouseClick(dialog.grid.viewport(), LEFT, pos=dialog.grid.visualItemRect(dialog.grid.item(3)).center())
    assert dialog.table.currentRow() == 3
    dialog.table.selectRow(7)
    assert dialog.grid.currentRow() == 7
    for control in (dialog.kind, dialog.count, dialog.seed, dialog.format, dialog.grid, dialog.table):
        assert control.toolTip() and control.accessibleName()
    folder = tmp_path / "set"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(folder), ""))
    qtbot.mouseClick(dialog.save, LEFT)
    qtbot.waitUntil(lambda: bool(written), timeout=60_000)
    assert not dialog.isVisible() and written == [folder]
    with (folder / "truth.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert [float(line["fraction"]) for line in lines] == pytest.approx([one["fraction"] for one in truth], abs=1e-5)
    first = next(dataset("fibres", 1, 5, asked)).image
    assert np.array_equal(read_labels(folder / lines[0]["file"]).labels, first.labels)
    # what is there is not replaced unasked
    gesture.action.trigger()
    monkeypatch.setattr(QMessageBox, "question", lambda *_a, **_k: QMessageBox.StandardButton.No)
    qtbot.mouseClick(dialog.save, LEFT)
    assert dialog.isVisible()
    # what cannot be made is said
    dialog.form.changed.emit("fraction", 0.95)
    qtbot.waitUntil(lambda: "of 12 images" not in dialog.told.text(), timeout=60_000)
    assert not dialog.save.isEnabled()
    dialog.reject()


def test_a_model_is_trained_on_a_folder(
    qtbot: QtBot, window: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {key: replace(KINDS[key].settings, size=24, length=8.0) for key in ("fibres", "ceramic")}
    folder = finish(write_dataset(list(small), 2, 0, tmp_path / "set", small))
    monkeypatch.setattr(known, "PRESETS", {"small": replace(TINY, iterations=4)})
    monkeypatch.setattr(CheckpointFile, "is_due", property(lambda _self: True))
    context = Context()
    heard: list[str] = []
    context.messages.notice.connect(lambda text, _severity: heard.append(text))
    gesture = ClassTraining(context, window)
    gesture.action.trigger()
    dialog = gesture.dialog
    assert dialog is not None and not dialog.train.isEnabled() and "Choose a folder" in dialog.told.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(tmp_path / "none"))
    qtbot.mouseClick(dialog.place, LEFT)
    qtbot.waitUntil(lambda: "There is no folder" in dialog.told.text(), timeout=30_000)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(folder))
    qtbot.mouseClick(dialog.place, LEFT)
    qtbot.waitUntil(dialog.train.isEnabled, timeout=30_000)
    said = [dialog.found.item(row).text() for row in range(dialog.found.count())]
    assert said == ["ceramic\n2 images of 24 × 24 px", "fibres\n2 images of 24 × 24 px"]
    typed(dialog.seed, "3")
    path = tmp_path / "m.microloom-model"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(tmp_path / "m"), ""))
    # cancelled after a step: what was trained is kept, and goes on
    context.jobs.progressed.connect(lambda progress: context.jobs.cancel() if progress.step == 1 else None)
    qtbot.mouseClick(dialog.train, LEFT)
    qtbot.waitUntil(lambda: not context.jobs.busy, timeout=60_000)
    if not path.exists():  # else it was faster than the cancelling
        assert heard[-1].startswith("Cancelled. What was trained is kept")
    context.jobs.progressed.disconnect()
    written: list[Path] = []
    gesture.written.connect(written.append)
    monkeypatch.setattr(QMessageBox, "question", lambda *_a, **_k: QMessageBox.StandardButton.Yes)
    gesture.action.trigger()
    qtbot.mouseClick(dialog.train, LEFT)
    qtbot.waitUntil(lambda: bool(written), timeout=60_000)
    assert written == [path] and not class_training.kept_beside(path, resume=True).folder.exists()
    model = load_model(path)
    assert isinstance(model, DiffusionModel) and model.classes == ("ceramic", "fibres")
    assert (model.card["training"]["iterations"], model.card["seed"]) == (4, 3)
