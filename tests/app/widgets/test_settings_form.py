"""A form's words and numbers: what is seen of a setting, and that its value stays what it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from app.widgets.choice_words import gesture_words, type_words, words_of
from app.widgets.elided_combo import ElidedCombo
from app.widgets.number_box import NumberBox, places_of
from app.widgets.settings_form import SettingsForm
from core.reconstruction.diffusion.settings import PRESETS, DiffusionSettings
from core.reconstruction.swnn.settings import SwnnSettings
from core.segmentation.settings import CleaningStep, SegmentationSettings
from core.settings import describe, setting


@dataclass(frozen=True)
class Loom:
    method: str = setting("multi-otsu", "Method", "How.", choices=("otsu", "multi-otsu", "dpm-solver++", "z"))
    patch: int | None = setting(None, "Patch", "Squares.", unit="px", choices=(1, 2))
    limit: float | None = setting(720.0, "Limit", "Stop there.", unit="s", minimum=1)
    share: float = setting(0.995, "Share", "Kept.", minimum=0.0, maximum=0.99999)
    rate: float = setting(4e-3, "Rate", "Step.", minimum=1e-7, maximum=1.0)
    weight: float = setting(0.0, "Weight", "Of a part.", minimum=0.0, maximum=1.0)


@pytest.fixture
def form(qtbot: QtBot) -> SettingsForm:
    form = SettingsForm()
    qtbot.addWidget(form)
    form.show_settings(Loom(), Loom())
    form.changed.connect(lambda name, value: form.show_settings(replace(Loom(), **{name: value}), Loom()))
    form.show()
    return form


def test_choices_are_words_and_their_values_stay(form: SettingsForm) -> None:
    method, patch = (form.findChild(QComboBox, name) for name in ("method", "patch"))
    assert method is not None and patch is not None
    assert [method.itemText(row) for row in range(4)] == ["Otsu", "Multi-Otsu", "DPM-Solver++", "z"]
    assert [patch.itemText(row) for row in range(3)] == ["Automatic", "1 px", "2 px"]
    asked = []
    form.changed.connect(lambda name, value: asked.append((name, value)))
    QTest.keyClick(method, Qt.Key.Key_Down)
    QTest.keyClick(patch, Qt.Key.Key_Down)
    assert asked == [("method", "dpm-solver++"), ("patch", 1)]


@pytest.mark.parametrize("kind", [DiffusionSettings, SwnnSettings, SegmentationSettings, CleaningStep])
def test_every_choice_of_the_program_has_words(kind: type) -> None:
    for spec in describe(kind):
        for choice in spec.choices:
            words = words_of(choice, spec.unit)
            assert words[0].isupper() or words[0].isdigit(), choice
            assert not isinstance(choice, str) or words.casefold() == choice.casefold() or choice == "auto"


def test_numbers_are_seen_as_they_are(form: SettingsForm) -> None:
    texts = {box.objectName(): box.text() for box in form.findChildren(NumberBox)}
    assert texts == {"share": "0.995", "rate": "0.004", "weight": "0.00"}
    share, weight = (form.findChild(NumberBox, name) for name in ("share", "weight"))
    assert share is not None and share.maximum() == 0.99999
    share.stepDown()
    assert share.value() == pytest.approx(0.985), "not by a tenth of all there is"
    assert weight is not None
    weight.selectAll()
    QTest.keyClicks(weight, "0.001")
    QTest.keyClick(weight, Qt.Key.Key_Return)
    assert (weight.value(), weight.text()) == (0.001, "0.001")


@pytest.mark.parametrize("preset", list(PRESETS))
def test_no_number_of_a_preset_is_rounded(qtbot: QtBot, preset: str) -> None:
    form = SettingsForm()
    qtbot.addWidget(form)
    form.show_settings(PRESETS[preset], PRESETS[preset])
    boxes = form.findChildren(NumberBox)
    assert {box.objectName(): box.value() for box in boxes} == {
        box.objectName(): getattr(PRESETS[preset], box.objectName()) for box in boxes
    }


def test_a_number_that_may_be_left_open_has_its_unit(form: SettingsForm) -> None:
    line = form.findChild(QLineEdit, "limit")
    assert line is not None and (line.text(), line.placeholderText()) == ("720 s", "Automatic")
    asked = []
    form.changed.connect(lambda name, value: asked.append((name, value)))
    for typed in ("90", "90 s", "Automatic", "soon"):
        line.selectAll()
        QTest.keyClicks(line, typed)
        QTest.keyClick(line, Qt.Key.Key_Return)
    assert asked[:3] == [("limit", 90.0), ("limit", 90.0), ("limit", None)]
    assert asked[3] == ("limit", "soon") and "must be a number" in form._rows["limit"].wrong.text()


def test_places_types_and_gestures_in_words() -> None:
    assert [places_of(value) for value in (None, 50, 1e7, 0.5, 0.995, 1e-7)] == [0, 0, 0, 1, 3, 7]
    assert (type_words("uint8"), type_words("float32"), type_words("complex64")) == (
        "8 bits", "32 bits, floating", "complex64",
    )  # fmt: skip
    told = DiffusionSettings()
    assert (gesture_words(told, "untold"), gesture_words(told, "turning_rate")) == ("untold share", "turning rate")
    kept = SegmentationSettings()
    assert (gesture_words(kept, "sauvola_k"), gesture_words(kept, "nlm_strength")) == (
        "Sauvola's k", "non-local means strength",
    )  # fmt: skip


def test_a_long_entry_keeps_both_its_ends(qtbot: QtBot) -> None:
    combo = ElidedCombo()
    qtbot.addWidget(combo)
    entry = "2. a_micrograph_with_a_long_name.tif, Phase 1, 48³, seed 7"
    combo.addItem(entry)
    combo.resize(900, combo.sizeHint().height())
    combo.show()
    assert combo.shown_text() == entry
    wide = combo.grab().toImage()
    combo.resize(180, combo.height())
    short = combo.shown_text()
    assert short.startswith("2. a_") and short.endswith("seed 7") and "…" in short and combo.currentText() == entry
    assert combo.fontMetrics().horizontalAdvance(short) < 180 and combo.grab().toImage() != wide
