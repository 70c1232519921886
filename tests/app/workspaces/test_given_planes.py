"""Planes that the volume is to hold: given by a click, replaced, removed, undone, and heeded by the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.context import Context
from app.session import Plan
from app.workspaces.reconstruct.given_planes import GivenPlanes
from app.workspaces.reconstruct.preflight import keeps_planes
from app.workspaces.reconstruct.run import Run
from core.reconstruction.anchors import Anchor, same_planes
from core.reconstruction.to_disk import sample_target
from tests.core.reconstruction.diffusion.tiny import exemplar

IMAGE = exemplar()


@pytest.fixture
def card(qtbot: QtBot) -> GivenPlanes:
    context = Context()
    context.session.phase_image = IMAGE
    context.session.replace(plan=Plan(engine="diffusion", size=(16, 18, 20)))
    made = GivenPlanes(context)
    context.session.changed.connect(lambda _old, new: made.show_planes(new.anchors, True, True))
    qtbot.addWidget(made)
    made.show_planes((), True, True)
    made.set_open(True)
    made.show()
    return made


def test_planes_are_given_replaced_and_removed(
    qtbot: QtBot, card: GivenPlanes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = card._session
    assert (card.axis.currentText(), card.place.value(), card.place.maximum()) == ("z", 8, 15)
    qtbot.mouseClick(card.own, Qt.MouseButton.LeftButton)
    (first,) = session.state.anchors
    assert (first.axis, first.place, first.image) == (0, 8, IMAGE)
    assert [name.text() for name in card.names] == ["z = 8: blocks"]
    QTest.keyClicks(card.axis, "x")
    assert (card.place.value(), card.place.maximum()) == (10, 19)
    card.place.setValue(3)
    tifffile.imwrite(tmp_path / "cut.tif", 255 * exemplar(seed=4).labels)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(tmp_path / "cut.tif"), ""))
    qtbot.mouseClick(card.choose, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(session.state.anchors) == 2, timeout=20_000)
    second = session.state.anchors[1]
    assert second.name == "x = 3" and np.array_equal(second.image.labels, exemplar(seed=4).labels)
    # the same place again: the newer picture takes it
    qtbot.mouseClick(card.own, Qt.MouseButton.LeftButton)
    assert [(anchor.name, anchor.image is IMAGE) for anchor in session.state.anchors] == [
        ("z = 8", True),
        ("x = 3", True),
    ]
    qtbot.mouseClick(card.remove[0], Qt.MouseButton.LeftButton)
    assert [anchor.name for anchor in session.state.anchors] == ["x = 3"]
    card._commands.stack.undo()
    card._commands.stack.undo()
    assert session.state.anchors == (first, second)


def test_an_engine_that_keeps_none_hides_them_unless_some_are_given(card: GivenPlanes) -> None:
    assert card.isVisible()
    card.show_planes((), True, False)
    assert not card.isVisible()
    card.show_planes((Anchor(0, 1, IMAGE),), True, False)
    assert card.isVisible()
    assert keeps_planes(Plan(engine="diffusion")) and not keeps_planes(Plan(engine="swnn", preset="fast"))


def test_the_run_asks_for_them() -> None:
    given = (Anchor(0, 8, IMAGE), Anchor(2, 150, IMAGE))
    run = Run(IMAGE, 1, Plan(engine="diffusion", size=(16, 18, 200)), SimpleNamespace(), anchors=given)
    run = replace(run, design=SimpleNamespace(used=False))
    assert run.target().anchors == given
    # a sample that is measured in place of a large volume ends before the second
    assert sample_target(run.target()).anchors == given[:1]
    assert same_planes(given, given[::-1]) and not same_planes(given, given[:1])
    assert not same_planes(given[:1], (replace(given[0], image=exemplar(seed=4)),))
