"""What a model is, in the window and in words."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.information import lines, model_facts
from app.widgets.model_page import ModelPage
from tests.core.reconstruction.models import tiny_model
from tests.core.reconstruction.test_model_record import PHASES, entries


def test_picture_curves_and_range_are_shown(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    card = tiny_model(**entries()).card
    page = ModelPage(parent, "m.microloom-model", card)
    page.show()
    image = page.picture.pixmap().toImage()
    colors = {image.pixelColor(x, y).name().upper() for x in range(0, 200, 3) for y in range(0, 100, 3)}
    assert colors == {phase.color for phase in PHASES}
    assert image.pixelColor(0, 0) == QColor(PHASES[int(np.random.default_rng(0).integers(0, 3, (15, 30))[0, 0])].color)
    assert page.curves is not None
    names, rows = page.curves.table()
    assert {"S2_exemplar", "L_exemplar", "S2_result", "L_result"} <= set(names)
    assert rows[0, names.index("S2_exemplar")] == card["exemplar"]["curves"]["s2"][0]
    assert "trained for volume fractions: 40.00 %" in page.facts.text()
    assert "first volume: 20 × 20 × 20 voxels, seed 7" in page.facts.text()
    assert "Mätal" in page.legend.text()


def test_a_model_of_an_earlier_version_is_shown_without(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    page = ModelPage(parent, "m.microloom-model", tiny_model().card)
    assert page.curves is None and "keeps no picture" in page.picture.text()
    assert "trained for volume fractions: 40.00 %" in page.facts.text()


def test_info_tells_it_in_words() -> None:
    card = entries()
    shown = lines(model_facts(tiny_model(**card).card))
    assert "exemplar: Matrix, Mätal, Pores; picture of 100 × 50 pixels, 1 in 3" in shown
    (row,) = [line for line in shown if line.startswith("S2 of exemplar")]
    assert f"{card['exemplar']['curves']['s2'][0]:.4f}" in row
    assert any(line.startswith("L of volume") for line in shown)
