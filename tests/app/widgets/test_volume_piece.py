"""The piece that is clicked at stands out, and is told in words, on a real screen."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.context import Context
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect.piece_card import PieceCard
from core.images.values import Phase
from tests.app.widgets.test_volume_marks import click, pixel
from tests.app.widgets.test_volume_view import in_3d, like, pixels, quarter
from tests.app.widgets.volume_views import view_of

pytestmark = pytest.mark.gl
PHASES = (Phase("Matrix", "#8A9099"), Phase("Metal", "#0072B2"))


def two() -> np.ndarray:
    """A bar along z, and a block that hangs together with nothing."""
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[:, 2:6, 2:6] = 1
    labels[7:15, 10:18, 10:18] = 1
    return labels


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[VolumeView]:
    made = view_of(two(), (700, 700), (2e-9, 1e-9, 1e-9), PHASES)
    qtbot.addWidget(made)
    yield made


@pytest.fixture
def card(qtbot: QtBot, view: VolumeView) -> PieceCard:
    made = PieceCard(Context(), view)
    qtbot.addWidget(made)
    made.show()
    return made


def red(picture: np.ndarray) -> int:
    r, g, b = (picture[..., channel].astype(int) for channel in range(3))
    return int(((r > 90) & (r > g + 50) & (r > b + 25)).sum())


def test_a_click_tells_size_share_and_faces(view: VolumeView, card: PieceCard, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: like(pixels(view), "#0072B2") > 3000, timeout=60_000)
    before = red(pixels(view)), red(quarter(pixels(view)))
    card.tool.click()
    with qtbot.waitSignal(view.piece.changed, timeout=30_000):
        click(view, pixel(view, 0, 4, 4))
    assert card.text.text().splitlines() == [
        "Metal: 320 voxels, 640 nm³", "38.46 % of the phase; the 2nd largest of 2 pieces", "Leads through along z",
    ]  # fmt: skip
    assert card.text.isVisibleTo(card)
    qtbot.waitUntil(lambda: red(pixels(view)) > before[0] + 1000, timeout=60_000)
    qtbot.waitUntil(lambda: red(quarter(pixels(view))) > before[1] + 300, timeout=60_000)
    images = view.piece._drawing.images
    assert [image.visible for image in images] == [True, False, False], "the other slices do not cut it"
    view.set_cursor((10, 4, 4))
    assert all(image.visible for image in images)
    card.none.click()
    qtbot.waitUntil(lambda: red(pixels(view)) <= before[0] + 50, timeout=60_000)
    assert view.piece.found is None and view.in_3d.faded == 1 and not card.text.isVisibleTo(card)
    # the same volume, known to repeat: the bar leads on, and what is cut by the faces is one piece
    labels = two()
    labels[0, 15:, 0], labels[0, 0, 0] = 1, 1
    view.set_volume(labels, PHASES, (2e-9, 1e-9, 1e-9))
    view.periodic = (True, True, True)
    with qtbot.waitSignal(view.piece.changed, timeout=30_000):
        view.marks.picked.emit((0, 0, 0))
    assert card.text.text().splitlines()[0] == "Metal: 6 voxels, 12 nm³"
    assert "Goes on across the y faces, where the volume repeats" in card.text.text()


def test_ctrl_click_needs_no_tool_and_leaves_the_cursor(view: VolumeView, card: PieceCard, qtbot: QtBot) -> None:
    before = view.cursor_at
    with qtbot.waitSignal(view.piece.changed, timeout=30_000):
        click(view, pixel(view, 0, 13, 13), Qt.KeyboardModifier.ControlModifier)
    assert view.cursor_at == before and view.piece.found is not None and view.piece.found.piece.voxels == 512
    assert "Touches no face" in card.text.text()
    view.scene.view.camera.elevation, view.scene.view.camera.azimuth = 90, 0
    view.set_clip(((0, 20), (0, 8), (0, 8)))
    view.scene.look_at(view.clip, view.scale)
    with qtbot.waitSignal(view.piece.changed, timeout=30_000):
        click(view, in_3d(view), Qt.KeyboardModifier.ControlModifier)  # down z, on the bar
    assert view.piece.found.piece.voxels == 320


def test_an_answer_that_comes_too_late_is_dropped(
    view: VolumeView, card: PieceCard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.statistics import piece

    asked, go = threading.Event(), threading.Event()
    counted = piece.pieces_of

    def slow(labels: np.ndarray, phase: int, periodic: tuple[bool, bool, bool]) -> piece.Pieces:
        asked.set()
        go.wait(20)
        return counted(labels, phase, periodic)

    monkeypatch.setattr(piece, "pieces_of", slow)
    click(view, pixel(view, 0, 4, 4), Qt.KeyboardModifier.ControlModifier)
    assert asked.wait(20)
    view.set_volume(two()[::-1].copy(), PHASES, (2e-9, 1e-9, 1e-9))
    go.set()
    qtbot.waitUntil(lambda: not view.piece.busy, timeout=20_000)
    assert view.piece.found is None and view.in_3d.faded == 1


def test_of_a_coarse_level_the_full_voxels_are_counted(view: VolumeView, card: PieceCard, qtbot: QtBot) -> None:
    from tests.app.widgets.levels import ArrayLevels

    labels = np.zeros((128, 128, 128), np.uint8)
    labels[32:64, 32:64, :] = 1
    levels = ArrayLevels(labels, 3)
    view.set_volume(levels.read(2, (0, 0, 0), levels.shapes[2]), PHASES, (1e-9,) * 3, levels, 2)
    with qtbot.waitSignal(view.piece.changed, timeout=30_000):
        view.marks.picked.emit((40, 40, 64))
    told = card.text.text().splitlines()
    assert told[0] == "Metal: 131,072 voxels, 131,000 nm³"
    assert told[1].endswith("all of it is one piece") and told[3] == "Counted on 1 voxel in 4 along each axis."
