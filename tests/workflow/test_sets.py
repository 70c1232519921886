"""Quality of a set in the window: the dialog, the job, the numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.workspaces.inspect.sets_dialog import DESCRIPTORS, EXEMPLAR, FOLDER, NETWORK, RUNS, SetsDialog
from tests.workflow.test_statistics import result

LEFT = Qt.MouseButton.LeftButton
SAVE = QDialogButtonBox.StandardButton.Save


def choose(box: object, key: str) -> None:
    box.setCurrentIndex(box.findData(key))  # type: ignore[attr-defined]


def test_the_runs_against_the_exemplar(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = (result(1, 24),)
    window.session.replace(results=runs, shown=0)
    window.show_step("inspect")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args, **_options: str(tmp_path / "q"))

    def answer() -> None:
        dialog = window.inspect.panel.findChild(SetsDialog)
        assert (dialog.generated.currentData(), dialog.real.currentData()) == (RUNS, EXEMPLAR)
        assert dialog.features.currentData() == DESCRIPTORS and not dialog.weights.isVisible()
        dialog.tile.setValue(20)
        qtbot.mouseClick(dialog.buttons.button(SAVE), LEFT)

    QTimer.singleShot(0, answer)
    window.inspect.sets.action.trigger()
    qtbot.waitUntil(lambda: window.inspect.sets.shown is not None, timeout=60_000)
    report = json.loads((tmp_path / "q" / "report.json").read_text(encoding="utf-8"))
    # 8 sections along each axis of the volume; what fits of the exemplar
    rows, columns = runs[0].exemplar.shape
    assert report["size"] == [20, 20]
    assert report["generated"]["pictures"] == 24 and report["reference"]["pictures"] == (rows // 20) * (columns // 20)
    shown = window.inspect.sets.shown
    table = {shown.table.item(row, 0).text(): shown.table.item(row, 1).text() for row in range(shown.table.rowCount())}
    assert table["Fréchet distance"] == f"{report['frechet_distance']:.4g}" and "FID" not in table
    shown.close()


def test_the_dialog_says_what_is_missing(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = SetsDialog(window.session.state, str(tmp_path), window.inspect.panel)
    qtbot.addWidget(dialog)
    dialog.show()
    save = dialog.buttons.button(SAVE)
    # without runs, both sets come from folders
    assert dialog.generated.currentData() == dialog.real.currentData() == FOLDER
    assert "folder of the generated set" in dialog.problem.text() and not save.isEnabled()
    dialog.generated_path.line.setText(str(tmp_path))
    assert "folder of the real set" in dialog.problem.text()
    dialog.real_path.line.setText(str(tmp_path / "nowhere"))
    assert "does not exist" in dialog.problem.text()
    dialog.real_path.line.setText(str(tmp_path))
    assert dialog.problem.isHidden() and save.isEnabled()
    choose(dialog.features, NETWORK)
    assert dialog.weights.isVisible() and "file of weights" in dialog.problem.text() and not save.isEnabled()
    (tmp_path / "w.pth").write_bytes(b"x")
    dialog.weights.line.setText(str(tmp_path / "w.pth"))
    assert save.isEnabled()
