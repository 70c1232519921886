"""Whether a mask says fractions or where a phase is."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.session import Plan
from app.workspaces.mask.meaning import MaskMeaning
from app.workspaces.reconstruct.run import Run
from core.images.values import PhaseImage, default_phases
from core.masks.design import Layer, MaskDesign
from core.masks.sources import Uniform
from core.provenance import Provenance


def test_a_phase_is_chosen_and_shown(qtbot: QtBot) -> None:
    meaning = MaskMeaning()
    qtbot.addWidget(meaning)
    meaning.show_meaning(default_phases(2), 1, None)
    assert meaning.isHidden()
    meaning.show_meaning(default_phases(3), 2, None)
    meaning.show()
    names = [phase.name for phase in default_phases(3)]
    texts = [meaning.choice.itemText(row) for row in range(4)]
    assert texts == [f"how much of {names[2]}", *(f"where {name} is" for name in names)]
    assert not meaning.note.isVisible()
    meaning.choice.setFocus()
    with qtbot.waitSignal(meaning.chosen) as seen:
        qtbot.keyClick(meaning.choice, Qt.Key.Key_Down)
    assert seen.args == [0]
    meaning.show_meaning(default_phases(3), 2, 0)
    assert meaning.choice.currentIndex() == 1 and meaning.note.isVisible()
    with qtbot.waitSignal(meaning.chosen) as seen:
        qtbot.keyClick(meaning.choice, Qt.Key.Key_Up)
    assert seen.args == [None]


def test_a_run_asks_for_it_only_while_the_mask_is_used() -> None:
    labels = (np.arange(144).reshape(12, 12) // 4 % 3).astype(np.uint8)
    image = PhaseImage(labels, default_phases(3), None, "p", Provenance("read"))
    design = MaskDesign(True, (Layer("a", Uniform(0.6)),), 1)
    run = Run(image, 2, Plan(size=(8, 8, 8)), None, design)
    assert run.target().region_of == 1
    assert Run(image, 2, Plan(size=(8, 8, 8)), None, MaskDesign(False, design.layers, 1)).target().region_of is None
