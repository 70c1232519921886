"""The training on a folder: preflight and estimate; grey images, from the folder to those that their model makes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.context import Context
from app.workspaces.reconstruct.class_training import ClassTraining
from app.workspaces.reconstruct.grey_pictures import GreyPictures
from core.images.grey_writing import write_micrograph
from core.images.reading import read_micrograph
from core.reconstruction.diffusion import settings as known
from core.reconstruction.model_file import load_model
from tests.core.reconstruction.diffusion.test_grey import micrograph
from tests.core.reconstruction.diffusion.tiny import TINY

LEFT = Qt.MouseButton.LeftButton
LONG = 60_000


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> QWidget:
    monkeypatch.setattr(known, "PRESETS", {"small": replace(TINY, iterations=2)})
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def test_grey_images_are_learned_and_made(
    qtbot: QtBot, window: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    write_micrograph(micrograph(0), folder / "one.tif")
    context = Context()
    gesture = ClassTraining(context, window)
    gesture.action.trigger()
    dialog = gesture.dialog
    assert dialog is not None and "told" in dialog.form.values()
    dialog.read(folder)
    dialog.kind.setCurrentIndex(dialog.kind.findData("grey"))
    # what asks for phases is not offered
    assert not {"told", "guidance"} & set(dialog.form.values())
    # what is found appears as one asks: the estimate, or what stops it
    qtbot.waitUntil(lambda: "Estimate: training about" in dialog.told.text(), timeout=LONG)
    assert "Grey values 40 to 200, 8 bits" in dialog.told.text() and "no volume fractions" in dialog.told.text()
    assert dialog.train.isEnabled() and not dialog.found.item(0).icon().isNull()
    dialog.form.changed.emit("crop", 64)
    qtbot.waitUntil(lambda: "smaller than crops of 64 px" in dialog.told.text(), timeout=LONG)
    assert not dialog.train.isEnabled()
    dialog.form.changed.emit("crop", 16)
    qtbot.waitUntil(dialog.train.isEnabled, timeout=LONG)
    path = tmp_path / "m.microloom-model"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), ""))
    with qtbot.waitSignal(gesture.written, timeout=LONG):
        qtbot.mouseClick(dialog.train, LEFT)
    assert load_model(path, grey=True).card["settings"]["told"] is False

    making = GreyPictures(context, window)
    making.action.trigger()
    shown = making.dialog
    assert shown is not None and not shown.make.isEnabled() and "Choose a model" in shown.told.text()
    warned: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda *words: warned.append(words[-1]))
    from core.reconstruction.shipped import model_path

    shown.take(model_path(Path("synthetic")))
    assert "makes volumes of phases" in warned[-1]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(path), ""))
    qtbot.mouseClick(shown.place, LEFT)
    assert shown.edge.value() == 16 and "no volume fractions" in shown.where.text()
    shown.count.setValue(3)
    qtbot.mouseClick(shown.make, LEFT)
    qtbot.waitUntil(lambda: shown.grid.count() == 3, timeout=LONG)
    qtbot.waitUntil(shown.save.isEnabled, timeout=LONG)
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(out))
    with qtbot.waitSignal(making.written, timeout=LONG):
        qtbot.mouseClick(shown.save, LEFT)
    assert np.array_equal(read_micrograph(out / "0002.tif").grey, shown.images[1].grey)
    qtbot.mouseClick(shown.save, LEFT)
    assert "exists already" in warned[-1]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(tmp_path / "v"), ""))
    with qtbot.waitSignal(making.written, timeout=LONG):
        qtbot.mouseClick(shown.write, LEFT)
    assert (tmp_path / "v.tif").is_file()
    for control in (
        dialog.kind,
        shown.place,
        shown.classes,
        shown.count,
        shown.edge,
        shown.seed,
        shown.make,
        shown.write,
        shown.grid,
    ):
        assert control.toolTip() and control.accessibleName()
