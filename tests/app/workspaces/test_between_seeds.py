"""One volume passes into another along a slider, with real gestures, with models of both engines."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.context import Context
from app.workspaces.reconstruct import between_seeds as room
from app.workspaces.reconstruct.between_seeds import STOPS, BetweenDialog, BetweenSeeds, Offered
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.reconstruction import shipped
from core.reconstruction.diffusion.model import DiffusionModel
from tests.core.reconstruction.diffusion.test_restoring import card
from tests.core.reconstruction.diffusion.tiny import tiny_denoiser
from tests.core.reconstruction.models import tiny_model


def diffusion() -> DiffusionModel:
    return DiffusionModel(tiny_denoiser(), card())


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> QWidget:
    monkeypatch.setattr(room, "EDGES", (16, 24))
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def filled(dialog: BetweenDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: dialog.state.text().startswith(f"All {STOPS}"), timeout=60_000)


def shown(picture: QLabel) -> bytes:
    image = picture.pixmap().toImage()
    return bytes(image.constBits())


def test_a_slider_from_one_volume_to_another(
    qtbot: QtBot, window: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = diffusion()
    dialog = BetweenDialog(window, [Offered("Blocks", lambda: model)])
    dialog.open()
    assert not dialog.save.isEnabled()
    filled(dialog, qtbot)
    first = shown(dialog.pictures[0])
    quick = model.quick()[0]
    one, other = (finish(quick.generate((16, 16, 16), seed)).labels for seed in (0, 1))
    assert dialog.volume is not None and np.array_equal(dialog.volume.labels, one)
    qtbot.keyClick(dialog.slider, Qt.Key.Key_Right)
    assert dialog.weight == 1 / (STOPS - 1) and dialog.told.text().startswith("Weight 0.125; at 0 it is")
    qtbot.keyClick(dialog.slider, Qt.Key.Key_End)
    assert np.array_equal(dialog.volume.labels, other) and shown(dialog.pictures[0]) != first
    # another seed is another question
    dialog.seeds[1].selectAll()
    QTest.keyClicks(dialog.seeds[1], "7")
    QTest.keyClick(dialog.seeds[1], Qt.Key.Key_Return)
    assert dialog.isVisible() and dialog.volume is None and not dialog.pictures[0].isEnabled()
    qtbot.waitUntil(lambda: dialog.volume is not None, timeout=60_000)
    assert dialog.volume.provenance.settings["towards"] == {"seed": 7, "weight": 1.0}
    written: list[Path] = []
    dialog.saved.connect(written.append)
    path = tmp_path / "between.ome.zarr"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), ""))
    kept = dialog.volume.labels
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert written == [path] and not dialog.isVisible()
    assert np.array_equal(open_zarr(path).volume().labels, kept)


def test_which_models_are_offered(
    qtbot: QtBot, window: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    context = Context()
    gesture = BetweenSeeds(context, window)
    heard: list[str] = []
    context.messages.notice.connect(lambda text, _severity: heard.append(text))
    gesture.action.trigger()
    assert gesture.dialog is None and "run a reconstruction first" in heard[-1]
    one, other = diffusion(), tiny_model()
    results: list[Any] = [
        SimpleNamespace(model=model, title=title)
        for model, title in ((one, "first"), (other, "second"), (one, "again"), (None, "loaded"))
    ]
    assert [each.name for each in room.offered_models(results)] == ["again", "second"]
    dialog = BetweenDialog(window, room.offered_models(results))
    dialog.open()
    # a model of the other engine, while a volume of the first is being made
    dialog.model.setCurrentIndex(1)
    filled(dialog, qtbot)
    assert dialog.volume is not None and dialog.volume.provenance.made_by == "generate with swnn"
    dialog.reject()
    assert not dialog.runner.busy or dialog.runner.finish()
