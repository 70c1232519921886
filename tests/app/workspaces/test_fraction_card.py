"""The slider over the volume fractions that a model serves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.workspaces.inspect.fraction_card import FractionCard
from core.images.values import Volume, default_phases
from core.job import Job, finish
from core.provenance import Provenance
from core.reconstruction.swnn import model as model_room
from core.reconstruction.towards import Ramp, Towards
from tests.core.reconstruction.models import tiny_model


class Served:
    """As much of a model as the card needs: noise with the wanted fraction."""

    served = (0.1, 0.3)

    def generate(self, size: tuple[int, int, int], seed: int, *, volume_fraction: float) -> Job[Volume]:
        rng = np.random.default_rng(seed)
        labels = (rng.random(size) < volume_fraction).astype(np.uint8)
        yield from ()
        return Volume(labels, default_phases(2), None, "fake", Provenance("fake"))


def result(model: Any) -> Any:
    volume = SimpleNamespace(shape=(128, 96, 32))
    return SimpleNamespace(model=model, volume=volume, fraction_after=0.2, plan=SimpleNamespace(seed=3), report=None)


@pytest.fixture
def card(qtbot: QtBot) -> FractionCard:
    made = FractionCard()
    qtbot.addWidget(made)
    made.show_result(result(Served()))
    made.show()
    qtbot.waitExposed(made)
    return made


def test_only_a_model_for_a_range_has_a_slider(card: FractionCard) -> None:
    assert card.isVisible()
    assert card.fraction == pytest.approx(0.2)
    assert "10.0 to 30.0 %" in card.reach.text()
    for other in (None, result(None), result(SimpleNamespace(served=(0.2, 0.2))), result(object())):
        card.show_result(other)
        assert not card.isVisible()


def test_the_slider_makes_a_preview(card: FractionCard, qtbot: QtBot) -> None:
    with qtbot.waitSignal(card.previewed, timeout=20_000) as seen:
        QTest.keyClick(card.slider, Qt.Key.Key_End)
    volume, fraction = seen.args
    assert fraction == pytest.approx(0.3) and card.words == "30.0 %, seed 3"
    assert card.fraction == pytest.approx(0.3)
    # no larger than the result itself
    assert volume.shape == (32, 32, 32)
    assert card.build.text() == "Build 30.0 % as a whole volume"
    assert float((volume.labels == 1).mean()) == pytest.approx(0.3, abs=0.02)


def test_a_model_that_takes_long_shows_a_rough_preview(card: FractionCard, qtbot: QtBot) -> None:
    class Slow(Served):
        def quick(self) -> tuple[Any, int]:
            return Served(), 16

        def generate(self, *given: Any, **named: Any) -> Job[Volume]:
            raise AssertionError("the whole way was gone")

    card.show_result(result(Slow()))
    with qtbot.waitSignal(card.previewed, timeout=20_000) as seen:
        QTest.keyClick(card.slider, Qt.Key.Key_End)
    assert seen.args[0].shape == (16, 16, 16)


def test_a_number_moves_the_slider_and_stays_in_the_range(card: FractionCard, qtbot: QtBot) -> None:
    card.spin.setFocus()
    card.spin.selectAll()
    with qtbot.waitSignal(card.previewed, timeout=20_000):
        QTest.keyClicks(card.spin, "15")
        QTest.keyClick(card.spin, Qt.Key.Key_Return)
    assert card.slider.value() == 250
    card.spin.setValue(90)
    assert card.fraction == pytest.approx(0.3)


def test_the_button_asks_for_the_whole_volume(card: FractionCard, qtbot: QtBot) -> None:
    with qtbot.waitSignal(card.wanted) as seen:
        QTest.mouseClick(card.build, Qt.MouseButton.LeftButton)
    assert seen.args[0].plan.seed == 3
    assert seen.args[1] == {"volume_fraction": pytest.approx(0.2)}


def test_a_model_for_one_fraction_passes_into_another_seed(
    card: FractionCard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_room, "CALIBRATION_SIZE", (32, 32, 32))
    model = tiny_model()
    card.show_result(result(model))
    choice = card.towards
    assert card.isVisible() and not card.slider.isVisible()
    assert not choice.seed.isVisible() and choice.towards is None
    with qtbot.waitSignal(card.previewed, timeout=60_000):
        qtbot.mouseClick(choice.box, Qt.MouseButton.LeftButton, pos=QPoint(8, choice.box.height() // 2))
    assert choice.seed.isVisible() and choice.seed.value() == 4
    with qtbot.waitSignal(card.previewed, timeout=60_000) as seen:
        QTest.keyClick(choice.slider, Qt.Key.Key_End)
    # at the end of the way it is the other volume
    assert np.array_equal(seen.args[0].labels, finish(model.generate((32, 32, 32), 4)).labels)
    assert card.words == "seed 3 towards 4 (100 %)"
    for _ in range(2):
        with qtbot.waitSignal(card.previewed, timeout=60_000) as seen:
            QTest.keyClick(choice.place, Qt.Key.Key_Down)
    assert choice.place.currentText() == "along y"
    half = finish(model.generate((32, 32, 32), 3, towards=Towards(4, Ramp(1)))).labels
    assert np.array_equal(seen.args[0].labels, half)
    with qtbot.waitSignal(card.wanted) as asked:
        QTest.mouseClick(card.build, Qt.MouseButton.LeftButton)
    assert asked.args[1] == {"towards": Towards(4, Ramp(1, 0.0, 1.0))}
    again = result(model)
    again.plan.towards = Towards(9, 0.25)
    card.show_result(again)
    assert choice.towards == Towards(9, 0.25) and choice.spin.value() == 25


def test_it_begins_where_the_result_was_asked_to_be(card: FractionCard) -> None:
    asked = result(Served())
    asked.plan.volume_fraction = 0.25
    card.show_result(asked)
    assert card.fraction == pytest.approx(0.25) and card.build.text() == "Build this volume"
    # a mask decided, not the plan
    asked.report = SimpleNamespace(target=SimpleNamespace(mask=object()))
    card.show_result(asked)
    assert card.fraction == pytest.approx(0.2)
