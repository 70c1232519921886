"""Volumes from a model that comes with the program, with real clicks: from the list to a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.context import Context
from app.workspaces.reconstruct.ready_models import ReadyModels
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.reconstruction import shipped
from core.reconstruction.diffusion.classes import training
from core.reconstruction.model_file import save_model
from core.reconstruction.model_record import picture_entry
from core.synthesis.datasets import KINDS, dataset
from tests.core.reconstruction.diffusion.tiny import TINY
from tests.core.reconstruction.models import tiny_model
from tests.core.reconstruction.test_model_record import entries


@pytest.fixture
def gesture(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReadyModels:
    own = {key: replace(KINDS[key].settings, size=24, length=8.0) for key in ("fibres", "ceramic")}
    classes = {
        key: [
            item.image
            for share in (0.2, 0.4)
            for item in dataset(key, 1, 0, replace(settings, fraction=share))
        ]
        for key, settings in own.items()
    }  # fmt: skip
    model = finish(training(classes, replace(TINY, iterations=1)))
    picture = picture_entry(classes["ceramic"][0].labels)
    model.note({"judged": {"ceramic": {"epsilon_s2": 3.21, "epsilon_l": 4.5}}, "examples": {"ceramic": picture}})  # type: ignore[attr-defined]
    save_model(model, tmp_path / "pair.microloom-model")
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: ("", ""))
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return ReadyModels(Context(), window)


def test_a_kind_a_fraction_and_a_file(
    qtbot: QtBot, gesture: ReadyModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    asked: list[str] = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: asked.append("") or ("", ""))
    gesture.written.connect(written.append)
    gesture.action.trigger()
    dialog = gesture.dialog
    assert dialog is not None
    said = [dialog.kinds.item(row).text() for row in range(dialog.kinds.count())]
    assert said[0] == "Fibres\n30 % of the volume"
    assert said[1].splitlines() == ["Ceramic", "30 % of the volume", "S₂ differs by 3.2 %, L by 4.5 %"]
    assert not dialog.kinds.item(0).icon().isNull() and not dialog.kinds.item(1).icon().isNull()
    row = dialog.kinds.visualItemRect(dialog.kinds.item(1)).center()
    qtbot.mouseClick(dialog.kinds.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert dialog.chosen[1] == "ceramic"
    assert (dialog.fraction.minimum(), dialog.fraction.maximum()) == pytest.approx((20, 40), abs=0.2)
    dialog.fraction.setValue(25)
    dialog.edge.addItem("16³", 16)
    dialog.edge.setCurrentIndex(dialog.edge.count() - 1)
    dialog.seed.selectAll()
    QTest.keyClicks(dialog.seed, "5")
    QTest.keyClick(dialog.seed, Qt.Key.Key_Return)
    assert dialog.isVisible() and not asked, "Return takes the number and does no more"
    path = tmp_path / "v.ome.zarr"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), ""))
    qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(written), timeout=60_000)
    assert written == [path]
    volume = open_zarr(path).volume()
    assert volume.shape == (16, 16, 16)
    assert volume.fractions[1] == pytest.approx(0.25, abs=1e-3)
    assert [phase.name for phase in volume.phases] == list(KINDS["ceramic"].phases)
    assert volume.provenance.inputs[0].seed == 5


def test_nothing_is_begun_without_a_file_or_beside_another_job(
    qtbot: QtBot, gesture: ReadyModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gesture.action.trigger()
    dialog = gesture.dialog
    assert dialog is not None
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: ("", ""))
    qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    assert dialog.isVisible() and dialog.path is None
    for widget in (dialog.kinds, dialog.fraction, dialog.edge, dialog.seed):
        assert widget.toolTip() and widget.accessibleName()
    monkeypatch.setattr(type(gesture._context.jobs), "busy", property(lambda _self: True))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(tmp_path / "w.ome.zarr"), ""))
    heard: list[str] = []
    gesture._context.messages.notice.connect(lambda text, _severity: heard.append(text))
    qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible() and "is running" in heard[-1]
    assert not (tmp_path / "w.ome.zarr").exists()


def test_a_model_of_ones_own(
    qtbot: QtBot, gesture: ReadyModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "pair.microloom-model").unlink()
    save_model(tiny_model(**entries()), own / "metal.microloom-model")
    save_model(tiny_model(region_of=1), own / "around.microloom-model")
    gesture.action.trigger()
    dialog = gesture.dialog
    assert dialog is not None and dialog.kinds.count() == 0 and not dialog.make.isEnabled()
    said: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda *given: said.append(given[2]))
    for name in ("none", "around", "metal"):
        path = own / f"{name}.microloom-model"
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, path=path: (str(path), ""))
        qtbot.mouseClick(dialog.other, Qt.MouseButton.LeftButton)
    assert len(said) == 2 and "around given shapes" in said[1]
    assert dialog.kinds.count() == 1 and dialog.make.isEnabled() and not dialog.kinds.item(0).icon().isNull()
    assert dialog.kinds.item(0).text().startswith("metal\n")
    # a model for one fraction
    assert not dialog.fraction.isEnabled()
    dialog.edge.setCurrentIndex(0)
    written: list[Path] = []
    gesture.written.connect(written.append)
    place = tmp_path / "v.ome.zarr"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(place), ""))
    qtbot.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(written), timeout=60_000)
    assert open_zarr(place).volume().shape == (32, 32, 32)


def test_pictures_of_cards_are_pictures() -> None:
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4) % 2
    card = {"phases": [{}, {}], "examples": {"one": picture_entry(labels)}}
    made = shipped.ShippedModel("m", Path("m"), card)
    assert np.array_equal(made.example("one"), labels)
    assert made.example("other") is None
    card["examples"]["one"]["labels"] = "AAAA"
    assert made.example("one") is None, "a damaged picture is none"
