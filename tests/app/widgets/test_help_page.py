"""The help's search: what is found where, how one goes through it, and how one gets there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.widgets.command_palette import CommandPalette
from app.widgets.help_page import PAGES, HelpPage, page_text, searched_text
from app.widgets.help_search import folded, hits


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[HelpPage]:
    parent = QWidget()
    qtbot.addWidget(parent)
    made = HelpPage(parent, "mask")
    made.show()
    yield made
    made.hide()


def marked(page: HelpPage) -> list[str]:
    return [mark.cursor.selectedText() for mark in page.text.extraSelections()]


def test_letters_are_compared_one_by_one() -> None:
    text = "S₂(r) is 1024³ Å — Straße\u00a0ﬁne"
    assert len(folded(text)) == len(text)
    assert folded("S₂ 1024³\u00a0NM") == "s2 10243 nm"


def test_a_phrase_comes_before_its_words_and_no_word_may_be_missing() -> None:
    text = folded("The volume fraction. A fraction of the volume; volumes.")
    assert [text[start : start + length] for start, length in hits(text, " Volume  fraction ")] == ["volume fraction"]
    assert hits(text, "fraction volume") == [(4, 6), (11, 8), (23, 8), (39, 6), (47, 6)]
    assert hits(text, "volume porosity") == [] and hits(text, "  ") == []
    assert hits(text, "volumes vol") == [(4, 3), (39, 3), (47, 7)], "hits do not overlap"


def test_every_page_is_searched_as_it_is_read(page: HelpPage) -> None:
    for key in PAGES:
        page.show_page(key)
        assert searched_text(key) == folded(page.text.toPlainText()), key
        assert page_text(key).strip()


def test_typing_marks_the_words_and_counts_them_on_every_page(page: HelpPage) -> None:
    page.begin_search()
    QTest.keyClicks(page.field, "s2")
    assert page.key != "mask", "the first page with the words is on show"
    assert set(marked(page)) == {"S₂"} and len(marked(page)) == len(hits(searched_text(page.key), "S2"))
    total = sum(len(hits(searched_text(key), "S2")) for key in PAGES)
    assert page.count.text() == f"1 of {total}"
    for row, (key, title) in enumerate(PAGES.items()):
        count = len(hits(searched_text(key), "S2"))
        assert page.pages.item(row).text() == (f"{title}  ({count})" if count else title)


def test_the_keyboard_goes_through_all_places_and_round(page: HelpPage) -> None:
    page.begin_search("volume fraction")
    first, total = (int(number) for number in page.count.text().split(" of "))
    assert total > 2
    seen = []
    for _ in range(total):
        seen.append((page.key, page.text.textCursor().position()))
        QTest.keyClick(page.field, Qt.Key.Key_Return)
    assert len(set(seen)) == total and page.count.text() == f"{first} of {total}"
    QTest.keyClick(page.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert page.count.text() == f"{first - 1 or total} of {total}"
    QTest.keyClick(page.field, Qt.Key.Key_Escape)
    assert page.field.text() == "" and marked(page) == [] and page.isVisible(), "Esc empties the field first"
    assert page.pages.item(0).text() == PAGES["start"] and page.count.text() == ""


def test_what_is_nowhere_is_told_and_the_page_stays(page: HelpPage) -> None:
    page.begin_search("no such word anywhere")
    assert page.count.text() == "On no page" and page.key == "mask" and marked(page) == []
    assert not page.on.isEnabled() and not page.back.isEnabled()


def test_a_page_without_the_words_says_where_they_are(page: HelpPage) -> None:
    page.begin_search("turntable")
    page.show_page("mask")
    assert page.count.text().endswith("on other pages") and marked(page) == []
    page.go(1)
    assert marked(page), "on to the next page that has them"


def test_the_palette_looks_up_what_no_command_is_called(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    wanted: list[str] = []
    palette = CommandPalette(window, [QAction("Fit to view", window)], search=wanted.append)
    qtbot.addWidget(palette)
    assert palette.list.count() == 1, "nothing is typed yet"
    palette.open_over(window)
    qtbot.keyClicks(palette.field, "lineal path")
    assert palette.list.count() == 1 and palette.nothing.isVisible()
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert wanted == ["lineal path"] and not palette.isVisible()
