"""Exemplars of the upright planes: chosen in a dialog, removed by a click, undone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.context import Context
from app.workspaces.reconstruct.plane_exemplars import PlaneExemplars
from core.images.values import PhaseImage, default_phases
from core.provenance import Provenance

LABELS = np.kron(np.random.default_rng(0).random((8, 8)) < 0.4, np.ones((4, 4))).astype(np.uint8)


@pytest.fixture
def card(qtbot: QtBot) -> PlaneExemplars:
    context = Context()
    context.session.phase_image = PhaseImage(LABELS, default_phases(2), 1e-6, "xy", Provenance("read"))
    made = PlaneExemplars(context)
    context.session.changed.connect(lambda _old, new: made.show_planes(new.planes, True))
    qtbot.addWidget(made)
    made.show_planes((None, None), True)
    made.set_open(True)
    made.show()
    return made


def choose(qtbot: QtBot, card: PlaneExemplars, row: int, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(path), ""))
    qtbot.mouseClick(card.choose[row], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not card._reader.busy, timeout=20_000)


def test_a_phase_image_or_a_micrograph_stands_for_a_plane(
    qtbot: QtBot, card: PlaneExemplars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile.imwrite(tmp_path / "labels.tif", 255 * LABELS)
    grey = 80 + 90 * LABELS + np.random.default_rng(1).normal(0, 5, LABELS.shape)
    tifffile.imwrite(tmp_path / "grey.tif", grey.astype(np.uint8))
    session = card._session
    assert [name.text() for name in card.names] == ["the same", "the same"]
    choose(qtbot, card, 0, tmp_path / "labels.tif", monkeypatch)
    xz, yz = session.state.planes
    assert xz is not None and np.array_equal(xz.labels, LABELS) and yz is None
    assert xz.phases == default_phases(2) and xz.pixel_size == 1e-6  # as the plane xy
    assert card.names[0].text() == xz.name and card.names[1].text() == "as xz"
    choose(qtbot, card, 1, tmp_path / "grey.tif", monkeypatch)
    yz = session.state.planes[1]
    assert yz is not None and np.array_equal(yz.labels, LABELS)  # segmented as step 2 says
    qtbot.mouseClick(card.remove[0], Qt.MouseButton.LeftButton)
    assert session.state.planes == (None, yz)
    card._commands.stack.undo()
    assert session.state.planes == (xz, yz)


def test_what_is_no_picture_changes_nothing(
    qtbot: QtBot, card: PlaneExemplars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.tif").write_bytes(b"II*\0nothing")
    tifffile.imwrite(tmp_path / "volume.tif", np.stack([LABELS] * 5))
    for name in ("broken.tif", "volume.tif", "absent.tif"):
        choose(qtbot, card, 0, tmp_path / name, monkeypatch)
        assert card._session.state.planes == (None, None)


def test_without_an_exemplar_there_is_nothing_to_choose(card: PlaneExemplars) -> None:
    card.show_planes((None, None), False)
    assert not any(button.isEnabled() for button in card.choose)
    assert all(button.isHidden() for button in card.remove)
