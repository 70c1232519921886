"""Ticks and numbers of the slices: at round lengths, and only where there is volume."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.app.widgets.volume_views import view_of


def shown(domain: tuple[float, float], pixels: float, side: float) -> tuple[list[float], list[str]]:
    """Where along the axis, from 0 to 1, and the numbers."""
    from app.widgets.slice_axes import VolumeTicker

    pos = np.array([[0.0, 0.0], [pixels, 0.0]])
    axis: Any = SimpleNamespace(ticker=SimpleNamespace(_anchors=None), domain=domain, pos=pos)
    ticker = VolumeTicker(axis)
    ticker.side = side
    shares, small, numbers = ticker._get_tick_frac_labels()
    assert small.size == 0 and len(shares) == len(numbers)
    return [float(share) for share in shares], numbers


def test_a_view_wider_than_the_volume_has_none_beside_it() -> None:
    shares, numbers = shown((-100.0, 300.0), 400, 200.0)
    assert numbers == ["0", "50", "100", "150", "200"], "its very edge is still volume"
    assert shares == pytest.approx([0.25, 0.375, 0.5, 0.625, 0.75])
    # the other way round, as along y, which points down
    shares, numbers = shown((300.0, -100.0), 400, 200.0)
    assert numbers == ["0", "50", "100", "150", "200"] and shares == pytest.approx([0.75, 0.625, 0.5, 0.375, 0.25])


def test_a_part_of_it_and_a_small_one_have_some() -> None:
    assert shown((11.2, 12.1), 90, 480.0)[1] == ["11.5", "12"]
    assert shown((-10.0, 490.0), 100, 480.0)[1] == ["0", "200", "400"]
    assert shown((-10.0, 490.0), 50, 480.0)[1] == ["0"]
    assert len(shown((0.0, 480.0), 4000, 480.0)[1]) <= 101


@pytest.mark.parametrize("domain", [(500.0, 600.0), (-50.0, 0.0), (7.0, 7.0)])
def test_where_no_volume_is_in_sight_there_are_none(domain: tuple[float, float]) -> None:
    assert shown(domain, 300, 480.0) == ([], [])


@pytest.mark.gl
def test_the_axes_of_a_view(qtbot: QtBot) -> None:
    view = view_of(np.zeros((10, 20, 30), np.uint8), (900, 600))
    qtbot.addWidget(view)
    panes = view.scene.panes
    for wide in (False, True):
        if wide:
            panes.views[0].camera.set_range(x=(-40, 70), y=(-40, 60))
        view.scene.canvas.render()
        for plane, (_, down, across) in enumerate(((0, 1, 2), (2, 1, 0), (1, 0, 2))):
            for axis, side in ((panes._down[plane].axis, down), (panes._across[plane].axis, across)):
                numbers = [float(text) for text in axis._text.text]
                assert numbers and min(numbers) == 0 and max(numbers) <= view.shape[side] * view.scale[side] * 1.000001
    # out of sight, and back again
    panes.views[0].camera.set_range(x=(100, 130), y=(100, 120))
    view.scene.canvas.render()
    assert list(panes._across[0].axis._text.text) == []
    view.fit()
    view.scene.canvas.render()
    assert "0" in panes._across[0].axis._text.text


@pytest.mark.gl
def test_axes_and_the_lines_of_the_cursor_end_with_the_section(qtbot: QtBot) -> None:
    view = view_of(np.zeros((10, 20, 30), np.uint8), (900, 600))
    qtbot.addWidget(view)
    view.scene.canvas.render()
    panes = view.scene.panes
    size = [side * scale for side, scale in zip(view.shape, view.scale, strict=True)]
    for plane, (_, down, across) in enumerate(((0, 1, 2), (2, 1, 0), (1, 0, 2))):
        below, beside = panes._across[plane], panes._down[plane]
        assert np.allclose(below.axis.domain, (0, size[across])) and np.allclose(
            np.sort(beside.axis.domain), (0, size[down])
        )
        # close to the section, whatever the view around it
        for axis, edge, along in ((below, size[down], 1), (beside, 0.0, 0)):
            at = axis.node_transform(panes.views[plane].scene).imap((edge, edge))[along]
            assert 3 <= abs(axis.axis.pos[0, along] - at) < 4.1
        level, upright = (line.pos for line in panes.images[plane][1])
        assert np.allclose(level[:, 0], (0, size[across])) and np.allclose(upright[:, 1], (0, size[down]))
    # enlarged, they end with the view
    panes.views[0].camera.set_range(x=(10, 20), y=(5, 12))
    below = panes._across[0]
    view.scene.canvas.render()
    assert below.axis.pos[0, 1] == below.rect.bottom and np.ptp(below.axis.pos[:, 0]) == pytest.approx(below.rect.width)


@pytest.mark.gl
@pytest.mark.parametrize(("edge", "letters"), [(900, "numbers"), (440, "names"), (160, "none")])
def test_a_small_view_in_3d_leaves_out_numbers_and_then_all_letters(qtbot: QtBot, edge: int, letters: str) -> None:
    view = view_of(np.zeros((10, 20, 30), np.uint8), (edge, edge))
    qtbot.addWidget(view)
    view.scene.canvas.render()
    assert view.scene.ticks.visible == (letters != "none")
    if letters == "names":
        assert list(view.scene.ticks.text) == ["x", "y", "z"]
    elif letters == "numbers":
        texts = list(view.scene.ticks.text)
        assert {"10", "20"} <= set(texts) and any(text.startswith("x (") for text in texts)


@pytest.mark.gl
def test_what_is_said_of_a_volume_ends_within_its_view(qtbot: QtBot) -> None:
    view = view_of(np.zeros((10, 20, 30), np.uint8), (640, 640))
    qtbot.addWidget(view)
    words = (
        "ε of the autocovariance along z 83.7 % (to 11 px), y 81.9 % (to 11 px), x 80 % (to 11 px)\nblack 40, white 200"
    )
    view.set_caption(words)
    lines = view.scene.caption.text.split("\n")
    assert len(lines) > 2 and lines[-1] == "black 40, white 200" and max(map(len, lines)) * 5 < view.scene.view.size[0]
    assert " ".join(lines[:-1]) == words.split("\n")[0] and not any(line.startswith(("%", "px")) for line in lines)
    view.resize(1400, 640)
    QApplication.processEvents()
    view.scene.canvas.render()
    assert view.scene.caption.text == words and view.caption == words


@pytest.mark.gl
def test_an_axis_of_many_numbers_leaves_every_other_out_where_they_would_touch(qtbot: QtBot) -> None:
    view = view_of(np.zeros((128, 8, 8), np.uint8), (620, 620))
    qtbot.addWidget(view)
    texts = list(view.scene.ticks.text)
    assert sum(text.isdigit() and int(text) > 8 for text in texts) <= 4
