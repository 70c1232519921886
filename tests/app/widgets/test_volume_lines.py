"""Streamlines chosen in the panel: followed, told, drawn in 3-D, and gone with their volume."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.widgets.oblique_cut import Cut
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect.lines_choice import LinesChoice
from core.images.values import Phase
from core.job import finish
from core.properties import Properties, PropertyPlan, properties
from tests.app.widgets.test_volume_view import pixels, quarter
from tests.app.widgets.volume_views import view_of

pytestmark = pytest.mark.gl
PHASES = (Phase("Solid", "#8A9099"), Phase("Pores", "#0072B2"))
EDGES = (1e-6, 1e-6, 1e-6)


def channel() -> np.ndarray:
    """Straight through along z."""
    labels = np.zeros((12, 12, 12), np.uint8)
    labels[:, 3:9, 3:9] = 1
    return labels


@pytest.fixture(scope="module")
def found() -> Properties:
    return finish(properties(channel(), EDGES, PropertyPlan({0: 0.0, 1: 1.0}, 1, (0, 2))))


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[VolumeView]:
    made = view_of(channel(), (600, 600), EDGES, PHASES)
    qtbot.addWidget(made)
    yield made


@pytest.fixture
def choice(qtbot: QtBot, view: VolumeView, found: Properties) -> LinesChoice:
    made = LinesChoice()
    qtbot.addWidget(made)
    made.wanted.connect(lambda lines, _words: view.lines.show(lines))
    made.offer(view.labels, EDGES, found)
    made.show()
    return made


def choose(choice: LinesChoice, qtbot: QtBot, steps: int) -> tuple[object, str]:
    """Go down the list with the keyboard."""
    choice.choice.setFocus()
    with qtbot.waitSignal(choice.wanted, timeout=30_000) as caught:
        for _ in range(abs(steps)):
            QTest.keyClick(choice.choice, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
        qtbot.waitUntil(lambda: not choice.busy, timeout=30_000)
    return caught.args[0], caught.args[1]


def violet_to_yellow(picture: np.ndarray) -> int:
    """Pixels of the two tables of colours that neither phases nor frames have."""
    r, g, b = (picture[..., channel].astype(int) for channel in range(3))
    return int(((g > b + 25) & (g > r + 10) & (g > 70)).sum())


def test_the_flow_is_drawn_and_told(view: VolumeView, choice: LinesChoice, qtbot: QtBot) -> None:
    # along x nothing flows, and nothing is offered
    texts = [choice.choice.itemText(index) for index in range(choice.choice.count())]
    assert texts == ["3-D shows no streamlines", "3-D shows the flow along z", "3-D shows the flux of heat along z"]
    qtbot.waitUntil(lambda: bool(quarter(pixels(view)).any()), timeout=60_000)
    before = violet_to_yellow(quarter(pixels(view)))
    lines, words = choose(choice, qtbot, 1)
    assert lines is view.lines.lines and words == "3-D: speed along z, fast is bright; tortuosity 1"
    assert choice.said.text().startswith("All 300 lines come through; their mean length is 1 times the")
    assert view.in_3d.faded < 1 and view.lines._visual.visible
    qtbot.waitUntil(lambda: violet_to_yellow(quarter(pixels(view))) > before + 100, timeout=60_000)
    assert choose(choice, qtbot, -1) == (None, "")
    assert not view.lines._visual.visible and view.in_3d.faded == 1 and not choice.said.isVisibleTo(choice)


def test_clip_and_cut_take_lines_away_and_another_volume_ends_them(
    view: VolumeView, choice: LinesChoice, qtbot: QtBot
) -> None:
    choose(choice, qtbot, 1)
    view.set_clip(((0, 12), (0, 12), (0, 2)), at_once=True)
    assert not view.lines._visual.visible, "no line is in the wall"
    view.look_at_all()
    qtbot.waitUntil(lambda: view.lines._visual.visible, timeout=20_000)
    view.oblique.set(Cut(0, 90, 0.5))  # the upper half is gone
    drawn = view.lines._visual.pos[np.unique(view.lines._visual.connect)]
    assert drawn[:, 2].max() <= 6 + 1e-5 and drawn[:, 2].min() == 0
    view.set_volume(np.ones((12, 12, 12), np.uint8), PHASES, EDGES)
    assert view.lines.lines is None and not view.lines._visual.visible


def test_without_fields_nothing_is_offered(choice: LinesChoice, found: Properties) -> None:
    choice.offer(channel(), EDGES, found.without_fields())
    assert choice.choice.count() == 1 and not choice.isVisible()
