"""The in-app help: one page a step, shipped with the program, read offline, with a search over all pages."""

from __future__ import annotations

import functools
from importlib import resources

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QPalette, QShortcut, QTextCursor, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QSplitter,
    QTextBrowser,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.widgets.help_search import Hit, folded, hits

PAGES = {
    "start": "A first volume",
    "micrograph": "1 Micrograph",
    "phases": "2 Phases",
    "mask": "3 Mask",
    "reconstruct": "4 Reconstruct",
    "inspect": "5 Inspect",
    "projects": "Projects",
    "command-line": "Command line",
    "keys": "Keys",
}

_SOFT = 90
"""How strong (of 255) the accent is behind hits other than the one on show."""


def page_text(key: str) -> str:
    """The page ``key`` in Markdown."""
    return resources.files("resources").joinpath("help", f"{key}.md").read_text(encoding="utf-8")


@functools.cache
def searched_text(key: str) -> str:
    """What one reads on the page ``key``, as it is compared: letter for letter the page's document."""
    document = QTextDocument()
    document.setMarkdown(page_text(key))
    return folded(document.toPlainText())


class HelpPage(QDialog):
    """A list of pages on the left, the page on the right, and above them the search."""

    def __init__(self, parent: QWidget, key: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("Microloom help")
        self.resize(860, 640)
        self._hits: dict[str, list[Hit]] = {}
        self._at = 0
        self.field = QLineEdit()
        self.field.setPlaceholderText("Search all pages")
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName("Search the help")
        self.field.setToolTip("Words that stand on a page (Ctrl+F); Return goes to the next place")
        self.count = QLabel()
        self.count.setProperty("role", "hint")
        self.back = self._arrow(Qt.ArrowType.UpArrow, "Previous place", "Shift+F3", -1)
        self.on = self._arrow(Qt.ArrowType.DownArrow, "Next place", "F3", 1)
        self.pages = QListWidget()
        self.pages.addItems(list(PAGES.values()))
        self.pages.setAccessibleName("Help pages")
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.setAccessibleName("Help text")
        line = QHBoxLayout()
        line.addWidget(self.field, 1)
        for part in (self.count, self.back, self.on):
            line.addWidget(part)
        splitter = QSplitter()
        splitter.addWidget(self.pages)
        splitter.addWidget(self.text)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([190, 640])
        splitter.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.addLayout(line)
        column.addWidget(splitter, 1)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.begin_search)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.pages.currentRowChanged.connect(self._turn)
        self.show_page(key)
        self._tell()

    def _arrow(self, arrow: Qt.ArrowType, name: str, keys: str, step: int) -> QToolButton:
        button = QToolButton()
        button.setArrowType(arrow)
        button.setAutoRaise(True)
        button.setAccessibleName(name)
        button.setToolTip(f"{name} ({keys})")
        button.setShortcut(QKeySequence(keys))
        button.clicked.connect(lambda: self.go(step))
        return button

    # --- pages ---------------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """The page on show."""
        return list(PAGES)[max(0, self.pages.currentRow())]

    def show_page(self, key: str) -> None:
        """Turn to the page ``key``, or to the first where there is no such page."""
        self.pages.setCurrentRow(list(PAGES).index(key) if key in PAGES else 0)

    def _turn(self, row: int) -> None:
        self.text.setMarkdown(page_text(list(PAGES)[row]))
        self._at = 0
        self._show_hit()

    # --- searching -----------------------------------------------------------------------------------------------

    def begin_search(self, query: str | None = None) -> None:
        """Put the cursor into the search field, with ``query`` in it."""
        if query is not None:
            self.field.setText(query)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def _search(self, query: str) -> None:
        self._hits = {key: found for key in PAGES if (found := hits(searched_text(key), query))}
        for row, (key, title) in enumerate(PAGES.items()):
            item = self.pages.item(row)
            count = len(self._hits.get(key, []))
            item.setText(f"{title}  ({count})" if count else title)
            # pages keep their places; those without the words step back
            quiet = bool(self._hits) and not count
            color = self.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
            item.setData(Qt.ItemDataRole.ForegroundRole, color if quiet else None)
        self._at = 0
        if self._hits and self.key not in self._hits:
            self.show_page(next(iter(self._hits)))
        else:
            self._show_hit()

    def go(self, step: int) -> None:
        """Show the next place (1) or the previous one (−1), on whichever page it is."""
        if not self._hits:
            return
        here = self._hits.get(self.key, [])
        if 0 <= self._at + step < len(here):
            self._at += step
            self._show_hit()
            return
        rows = [list(PAGES).index(key) for key in self._hits]
        row = self.pages.currentRow()
        later = [other for other in (rows if step > 0 else rows[::-1]) if (other - row) * step > 0]
        self.pages.setCurrentRow((later or (rows if step > 0 else rows[::-1]))[0])
        self._at = 0 if step > 0 else len(self._hits[self.key]) - 1
        self._show_hit()

    def _show_hit(self) -> None:
        """Colour the places of this page and scroll to the one on show."""
        accent, on_accent = (self.palette().color(role) for role in _ON_SHOW)
        soft = QColor(accent)
        soft.setAlpha(_SOFT)
        here, marked = self._hits.get(self.key, []), []
        for number, (start, length) in enumerate(here):
            mark = QTextEdit.ExtraSelection()
            mark.cursor = self._cursor(start, length)  # type: ignore[attr-defined]
            mark.format.setBackground(accent if number == self._at else soft)  # type: ignore[attr-defined]
            if number == self._at:
                mark.format.setForeground(on_accent)  # type: ignore[attr-defined]
            marked.append(mark)
        self.text.setExtraSelections(marked)
        if here:
            self.text.setTextCursor(self._cursor(here[self._at][0], 0))
            self.text.ensureCursorVisible()
        self._tell()

    def _cursor(self, start: int, length: int) -> QTextCursor:
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _tell(self) -> None:
        total = sum(map(len, self._hits.values()))
        before = sum(len(found) for key, found in self._hits.items() if _row(key) < _row(self.key))
        if not self.field.text().strip():
            self.count.clear()
        elif not total:
            self.count.setText("On no page")
        elif self.key in self._hits:
            self.count.setText(f"{before + self._at + 1} of {total}")
        else:
            self.count.setText(f"{total} on other pages")
        for button in (self.back, self.on):
            button.setEnabled(total > 0)

    # --- keys and colours ----------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the field: Return and Shift+Return go on and back, Down leads to the pages, Esc empties it first."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.go(-1 if shift else 1)
                return True
            if key == Qt.Key.Key_Down:
                self.pages.setFocus(Qt.FocusReason.TabFocusReason)
                return True
            if key == Qt.Key.Key_Escape and self.field.text():
                self.field.clear()
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Light turned to dark or back: the marks are coloured anew."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "pages"):
            QTimer.singleShot(0, self, self._color)

    def _color(self) -> None:
        at = self._at
        self._search(self.field.text())
        self._at = min(at, max(0, len(self._hits.get(self.key, [])) - 1))
        self._show_hit()


_ON_SHOW = (QPalette.ColorRole.Highlight, QPalette.ColorRole.HighlightedText)


def _row(key: str) -> int:
    return list(PAGES).index(key)
