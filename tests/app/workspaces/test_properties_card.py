"""The card that computes conductivity and permeability: values in, a job, a table and fields out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from app.context import Context
from app.workspaces.inspect.properties_card import PropertiesCard, Subject
from core.images.values import Phase

PHASES = (Phase("Solid", "#8A9099"), Phase("Pores", "#0072B2"))


def layers() -> np.ndarray:
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[3:5] = 1
    return labels


@pytest.fixture
def card(qtbot: QtBot) -> PropertiesCard:
    made = PropertiesCard(Context())
    qtbot.addWidget(made)
    made.show_subject(Subject(layers(), PHASES, (1e-6,) * 3, 1))
    made.fold.set_open(True)
    made.show()
    qtbot.waitExposed(made)
    return made


def type_into(field: QLineEdit, text: str) -> None:
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)


def compute(card: PropertiesCard, qtbot: QtBot) -> None:
    with qtbot.waitSignal(card._context.jobs.idle, timeout=60_000):
        QTest.mouseClick(card.run, Qt.MouseButton.LeftButton)


def texts(card: PropertiesCard) -> list[str]:
    return [label.text() for label in card.table.findChildren(QLabel) if label.isVisible()]


def test_without_a_volume_there_is_no_card(card: PropertiesCard) -> None:
    card.show_subject(None)
    assert not card.isVisible()


def test_values_in_table_out(card: PropertiesCard, qtbot: QtBot) -> None:
    type_into(card.inputs[0], "1.4")
    type_into(card.inputs[1], "0.026")
    assert card.flow.isChecked() is False and not card.pores.isEnabled()
    card.flow.click()
    assert card.pores.currentText() == "Pores"
    compute(card, qtbot)
    qtbot.waitUntil(lambda: bool(texts(card)))
    told = texts(card)
    assert "Conductivity along z" in told and f"{1 / (0.75 / 1.4 + 0.25 / 0.026):.4g} W/(m·K)" in told
    assert "Permeability along x" in told
    assert any("darcy" in text and "m²" in text for text in told)
    assert "nothing flows" in card.said.text()
    assert card.plot.isVisible()
    line = card.plot.lines["Conduction along z", 0]
    assert 10 ** line.getData()[1][-1] == pytest.approx(card.found.conductivity.along[0].residuals[-1])
    qtbot.waitUntil(card.run.isEnabled)
    assert card.state.text().startswith("Done in")


def test_what_is_missing_is_said(card: PropertiesCard) -> None:
    type_into(card.inputs[1], "0")
    assert "above 0" in card.missing.text() and card.missing.isVisible() and not card.run.isEnabled()
    type_into(card.inputs[1], "-1")  # the minus is not taken
    assert card.inputs[1].text() == "1" and card.run.isEnabled()
    card.inputs[1].clear()
    assert "each phase" in card.missing.text()
    card.heat.click()
    assert "Tick" in card.missing.text()
    card.flow.click()
    assert card.run.isEnabled() and not card.missing.isVisible()


def test_the_field_is_offered_for_the_slices(card: PropertiesCard, qtbot: QtBot) -> None:
    seen: list[tuple[Any, Any, str]] = []
    card.field_wanted.connect(lambda *sent: seen.append(sent))
    card.flow.click()
    card.axis.setCurrentIndex(3)
    compute(card, qtbot)
    assert card.shown.count() == 3
    for index in (1, 2, 0):
        card.shown.setCurrentIndex(index)
        card.shown.activated.emit(index)
    temperature, speed, nothing = seen
    assert temperature[0].shape == speed[0].shape == (8, 8, 8)
    assert temperature[1].shape == (256, 3)
    assert "temperature" in temperature[2] and "speed" in speed[2]
    pores = layers() == 1
    assert speed[0][pores].min() > 200 and not speed[0][~pores].any()
    assert nothing == (None, None, "")


def test_elastic_moduli(card: PropertiesCard, qtbot: QtBot) -> None:
    assert not card.moduli.isVisible()
    card.heat.click()
    card.stiff.click()
    assert card.moduli.isVisible() and card.run.isEnabled()
    (young, poisson), (pores, _) = card.moduli.fields
    type_into(pores, "0")
    assert "at least one phase" in card.missing.text()
    type_into(young, "70")
    type_into(poisson, "0.5")
    assert "cannot be 0.5" in card.missing.text() and not card.run.isEnabled()
    type_into(poisson, "0.22")
    compute(card, qtbot)
    qtbot.waitUntil(lambda: bool(texts(card)))
    told = dict(zip(texts(card)[::2], texts(card)[1::2], strict=True))
    # three quarters are plates of the stiff phase across z
    assert told["Young's modulus along z"] == "0 GPa" and told["Young's modulus along x"] == "52.5 GPa"
    assert "Along z nothing stiff" in card.said.text()
    assert card.plot.lines["Elasticity xx", 2].getData()[1].size and card.shown.isHidden()


def test_results_stay_with_their_volume(card: PropertiesCard, qtbot: QtBot) -> None:
    compute(card, qtbot)
    assert card.found is not None
    first = card._subject
    card.show_subject(Subject(layers(), PHASES, None, 1))
    assert card.found is None and not card.table.isVisible() and not card.plot.isVisible()
    card.show_subject(first)
    assert card.found is not None and card.table.isVisible()


def test_cancelled(card: PropertiesCard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    import core.properties

    def endless(*_: Any) -> Any:
        from core.properties import SolverProgress

        iteration = 0
        while True:
            iteration += 1
            yield SolverProgress(1, 100, "Conduction along z", iteration, 0.5, 1e-5, 0)

    monkeypatch.setattr(core.properties, "properties", endless)
    jobs = card._context.jobs
    with qtbot.waitSignal(jobs.progressed, timeout=20_000):
        QTest.mouseClick(card.run, Qt.MouseButton.LeftButton)
    assert not card.run.isEnabled()
    with qtbot.waitSignal(jobs.idle, timeout=20_000):
        jobs.cancel()
    qtbot.waitUntil(card.run.isEnabled)
    assert card.found is None and not card.plot.isVisible()


def test_another_job_is_waited_for(card: PropertiesCard, qtbot: QtBot) -> None:
    import threading

    from core.job import Progress

    go = threading.Event()

    def other() -> Any:
        while not go.is_set():
            yield Progress(0, 1, "Working")
            go.wait(0.01)

    card._context.jobs.start("Something else", other)
    qtbot.waitUntil(lambda: not card.run.isEnabled())
    assert "Something else is running" in card.missing.text()
    with qtbot.waitSignal(card._context.jobs.idle, timeout=20_000):
        go.set()
    qtbot.waitUntil(card.run.isEnabled)
