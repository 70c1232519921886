"""Command palette, settings form, scale bar, time left: the small parts, each alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Event

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QScrollArea, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from app.context import Context
from app.widgets.command_palette import CommandPalette, score
from app.widgets.job_strip import JobStrip, Sentence, TimeLeft, format_seconds
from app.widgets.panel import Panel, card, shortened
from app.widgets.settings_form import SettingsForm
from core.job import Job, Progress
from core.settings import setting


def test_letters_in_order_fit_and_word_beginnings_win() -> None:
    assert score("xyz", "Open a micrograph") is None
    whole, scattered = score("run", "Run the reconstruction"), score("run", "Return untouched")
    assert whole is not None and scattered is not None and whole > scattered


def test_typing_filters_and_enter_runs(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    ran: list[str] = []
    actions = []
    for text in ("Open a micrograph …", "Run the reconstruction", "Fit to view"):
        action = QAction(text, window)
        action.triggered.connect(lambda _checked=False, name=text: ran.append(name))
        actions.append(action)
    actions[2].setEnabled(False)
    palette = CommandPalette(window, actions)
    qtbot.addWidget(palette)
    assert palette.list.count() == 2
    palette.open_over(window)
    qtbot.keyClicks(palette.field, "recon")
    assert palette.list.count() == 1
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert ran == ["Run the reconstruction"]
    assert not palette.isVisible()


def test_what_is_typed_comes_first_and_the_chosen_line_can_be_read(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    texts = ("Swap the phase that is painted", "Help on this step", "Go to the next step")
    palette = CommandPalette(window, [QAction(text, window) for text in texts])
    qtbot.addWidget(palette)
    palette.open_over(window)
    qtbot.keyClicks(palette.field, "step")

    def labels(row: int) -> list[QLabel]:
        return palette.list.itemWidget(palette.list.item(row)).findChildren(QLabel)

    assert [labels(row)[0].text() for row in range(3)] == [texts[2], texts[1], texts[0]]
    on_accent = palette.palette().color(QPalette.ColorRole.HighlightedText)
    for chosen, other in ((0, 1), (1, 0)):
        for label in labels(chosen):
            label.ensurePolished()
            assert label.palette().color(QPalette.ColorRole.WindowText) == on_accent
        assert not any(label.styleSheet() for label in labels(other))
        qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert not palette.nothing.isVisible()
    qtbot.keyClicks(palette.field, "zzz")
    assert palette.list.count() == 0 and palette.nothing.isVisible()


def test_a_sentence_without_room_ends_in_dots_and_stays_whole(qtbot: QtBot) -> None:
    words = "The file is truncated: it should have 225955 bytes and has 20000."
    told, plain = Sentence(words), QLabel(words)
    for label in (told, plain):
        qtbot.addWidget(label)
    wide, narrow = [], []
    for width, found in ((900, wide), (150, narrow)):
        for label in (told, plain):
            label.resize(width, 24)
            found.append(label.grab().toImage())
    assert wide[0] == wide[1] and narrow[0] != narrow[1]
    assert told.text() == words


@dataclass(frozen=True)
class Oven:
    steps: int = setting(10, "Steps", "How many.", minimum=1, maximum=100, unit="px")
    gas: str = setting("argon", "Gas", "What flows.", choices=("argon", "air"))
    limit: float | None = setting(None, "Limit", "Stop there.", minimum=1)
    quiet: bool = setting(False, "Quiet", "No bell.", advanced=True)


def test_a_form_reports_changes_and_shows_what_it_is_told(qtbot: QtBot) -> None:
    form = SettingsForm()
    qtbot.addWidget(form)
    settings = Oven()
    form.show_settings(settings, Oven())
    form.show()
    asked: list[tuple[str, object]] = []
    form.changed.connect(lambda name, value: asked.append((name, value)))
    controls = form.values()
    steps, gas, limit, quiet = (controls[name] for name in ("steps", "gas", "limit", "quiet"))
    assert isinstance(steps, QSpinBox) and steps.suffix() == " px" and steps.maximum() == 100
    steps.setValue(20)
    assert isinstance(gas, QComboBox)
    gas.setCurrentIndex(1)
    assert isinstance(limit, QLineEdit)
    limit.setText("2.5")
    limit.editingFinished.emit()
    assert isinstance(quiet, QCheckBox)
    quiet.setChecked(True)
    assert asked == [("steps", 20), ("gas", "air"), ("limit", 2.5), ("quiet", True)]
    asked.clear()
    form.show_settings(replace(settings, steps=20, limit=0.5), Oven())
    assert asked == [], "showing is not asking"
    row = form._rows["steps"]
    assert not row.dot.isHidden() and form._rows["gas"].dot.isHidden()
    assert "at least 1" in form._rows["limit"].wrong.text() and not form._rows["limit"].wrong.isHidden()
    row.dot.click()
    assert asked == [("steps", 10)]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (5000, "1 h 23 min")]
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_time_left_waits_until_it_knows_and_starts_anew_with_each_phase_of_work() -> None:
    left = TimeLeft()
    assert left.read(Progress(0, 100, "Training"), now=10.0) is None
    assert left.read(Progress(1, 100, "Training"), now=13.0) is None
    assert left.read(Progress(20, 100, "Training"), now=20.0) == pytest.approx(40.0)
    assert left.read(Progress(1, 8, "Generating"), now=21.0) is None
    assert left.read(Progress(5, 0, "Generating"), now=30.0) is None


def test_time_left_says_whose_end_it_is(qtbot: QtBot) -> None:
    context, go = Context(), Event()
    strip = JobStrip(context)
    qtbot.addWidget(strip)

    def job() -> Job[None]:
        yield Progress(4, 10, "Training")
        go.wait(20)

    for kind, words in (("reconstruction", "1 min 5 s left of training"), ("export", "1 min 5 s left")):
        go.clear()
        context.jobs.start("gold", job, kind=kind)
        qtbot.waitUntil(lambda: context.jobs.last is not None)
        strip._left_seconds = 65.0
        strip._show()
        assert strip.text.text().endswith(words)
        go.set()
        qtbot.waitUntil(lambda: not context.jobs.busy)


def test_long_names_keep_both_ends() -> None:
    assert shortened("gold.tif") == "gold.tif"
    assert shortened("a" * 40 + "_slice_0123.tif") == "a" * 15 + "…" + "_slice_0123.tif"[-14:]
    assert len(shortened("a" * 200)) == 30


def test_a_word_without_end_pushes_nothing_out_of_the_panel(qtbot: QtBot) -> None:
    panel = Panel()
    qtbot.addWidget(panel)
    label = QLabel("x" * 300)
    label.setWordWrap(True)
    button = QLineEdit()
    panel.inputs.add(card(label))
    panel.inputs.add(button)
    panel.resize(300, 400)
    panel.show()
    scroll = panel.findChild(QScrollArea)
    assert isinstance(scroll, QScrollArea)
    qtbot.waitUntil(lambda: scroll.widget().width() == scroll.viewport().width())
    assert button.mapTo(panel, button.rect().topRight()).x() < 300
