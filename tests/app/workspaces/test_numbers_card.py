"""What the card of a result says of copies."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.context import Context
from app.workspaces.inspect.numbers_card import NumbersCard
from core.images.values import PhaseImage, Volume, default_phases
from core.reconstruction.model_record import picture_entry
from tests.app.widgets.test_curves_dock import MADE, labels, result_of


def test_copies_are_told_and_are_no_good_news(qtbot: QtBot) -> None:
    context, card = Context(), NumbersCard()
    qtbot.addWidget(card)
    image = PhaseImage(labels((40, 40), 0), default_phases(3), None, "exemplar", MADE)
    context.session.phase_image = image
    volume = Volume(labels((12, 12, 12), 1), default_phases(3), None, "volume", MADE)
    result = result_of(context, volume, 2)
    said = {}
    for copies in (None, 0, 2):
        told = {} if copies is None else {"copying": {"least_pixel_mse": 0.05, "among": 0.2, "copies": copies}}
        model: Any = SimpleNamespace(card=told)
        card.show_result(replace(result, model=model))
        said[copies] = (card.sentence.text(), card.sentence.property("role"))
    assert "copy" not in said[None][0] and said[0][0].startswith(said[None][0]) and said[0][0].endswith(": no copy.")
    assert said[0][1] == said[None][1]
    assert "2 samples are copies" in said[2][0] and said[2][1] == "warning"
    assert card.pair.isHidden()
    # the nearest pair is drawn, in the colours of the volume's phases
    sample, nearest = np.zeros((8, 8), np.uint8), np.full((8, 8), 2, np.uint8)
    pair = [picture_entry(sample), picture_entry(nearest)]
    told = {"least_pixel_mse": 0.05, "among": 0.2, "copies": 0, "pair": pair}
    model = SimpleNamespace(card={"copying": told, "phases": [{}, {}, {}]})
    card.show_result(replace(result, model=model))
    assert not card.pair.isHidden()
    for picture, label in zip(card.pictures, (0, 2), strict=True):
        assert picture.pixmap().toImage().pixelColor(5, 5) == QColor(volume.phases[label].color)
        assert picture.toolTip() and picture.accessibleName()
    card.say("Nothing to compare with.")
    assert card.pair.isHidden()
