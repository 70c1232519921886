"""Letters of a canvas are drawn once, ahead of the first picture, and no text draws its own."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from vispy.visuals.text import text

from app.widgets.volume_view import VolumeView
from core.images.values import Phase

PHASES = (Phase("Matrix", "#8A9099"), Phase("Metal", "#E69F00"))


@pytest.mark.gl
def test_the_first_picture_of_a_volume_draws_no_letter_that_is_usual(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: Counter[str] = Counter()
    load = text._load_glyph

    def counting(font: dict[str, Any], letter: str, glyphs: dict[str, Any]) -> None:
        drawn[letter] += 1
        load(font, letter, glyphs)

    monkeypatch.setattr(text, "_load_glyph", counting)
    view = VolumeView()
    qtbot.addWidget(view)
    qtbot.waitUntil(lambda: not view._letters.isActive(), timeout=60_000)
    before = set(drawn)
    view.resize(360, 360)
    view.show()
    qtbot.waitExposed(view)
    view.set_volume(np.eye(24, dtype=np.uint8)[:, :, None].repeat(24, 2), PHASES, (1e-9,) * 3)
    view.grab()
    assert set("x (nm)0") <= before
    assert set(drawn) == before, "numbers, units and axes are made of the usual letters"
    assert set(drawn.values()) == {1}, "six axes and three captions share them"
