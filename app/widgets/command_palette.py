"""Ctrl+Shift+P: type a few letters of any action and press Enter."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.widgets.panel import hint


def score(query: str, text: str) -> int | None:
    """How well ``query`` fits ``text``: its letters in order, better where they stand together or begin words, best
    where it stands there as typed.

    None where they do not all occur in order.
    """
    typed, text = query.lower().strip(), text.lower()
    query = typed.replace(" ", "")
    total, place, streak = 0, 0, 0
    if typed and typed in text:
        total = 2000 if f" {typed}" in f" {text}" else 1000
    for letter in query:
        found = text.find(letter, place)
        if found < 0:
            return None
        streak = streak + 1 if found == place and place > 0 else 0
        total += 1 + 2 * streak + (4 if found == 0 or not text[found - 1].isalnum() else 0)
        place = found + 1
    return total * 100 - len(text)


def plain(text: str) -> str:
    """An action's text without its mnemonic and dots."""
    return text.replace("&", "").rstrip("…")


class CommandPalette(QDialog):
    """A list over the table of actions, filtered as one types; at its end, what was typed is looked for in the help.

    ``search`` gets what was typed; without it there is no such line.
    """

    def __init__(self, parent: QWidget, actions: list[QAction], search: Callable[[str], object] | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._search = search
        self._actions = [action for action in actions if action.isEnabled() and not action.isSeparator()]
        self.setAccessibleName("Command palette")
        self.field = QLineEdit()
        self.field.setPlaceholderText("Type a command")
        self.field.setClearButtonEnabled(True)
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.nothing = hint("No command that can be used now has these letters.")
        column.addWidget(self.nothing)
        self.resize(560, 380)
        self.field.textChanged.connect(self._filter)
        self.field.returnPressed.connect(self._run)
        self.list.itemClicked.connect(lambda _item: self._run())
        self.list.currentRowChanged.connect(lambda _row: self._color())
        self.field.installEventFilter(self)
        self._filter("")

    def open_over(self, window: QWidget) -> None:
        """Show it near the top of ``window``, ready for typing."""
        place = window.mapToGlobal(window.rect().topLeft())
        self.move(place.x() + (window.width() - self.width()) // 2, place.y() + 72)
        self.show()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down move the choice while the field keeps the letters."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
                return True
        return super().eventFilter(watched, event)

    def _filter(self, query: str) -> None:
        self.list.clear()
        rated = [(score(query, plain(action.text())), action) for action in self._actions]
        fitting = sorted((pair for pair in rated if pair[0] is not None), key=lambda pair: -(pair[0] or 0))
        shown = fitting if query else rated
        for _rating, action in shown:
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            self._add(plain(action.text()), keys, action.trigger)
        self.nothing.setVisible(not shown)
        words, search = query.strip(), self._search
        if words and search is not None:
            self._add(f"Search the help for “{words}”", "", lambda: search(words))
        self.list.setCurrentRow(0)

    def _add(self, text: str, keys: str, does: Callable[[], object]) -> None:
        item = QListWidgetItem()
        item.setData(Qt.ItemDataRole.UserRole, does)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, text)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(8, 2, 8, 2)
        line.addWidget(QLabel(text), 1)
        told = QLabel(keys)
        told.setProperty("role", "hint")
        line.addWidget(told)
        item.setSizeHint(row.sizeHint())
        self.list.addItem(item)
        self.list.setItemWidget(item, row)

    def _color(self) -> None:
        """Letters on the chosen line take the colour that is read on the accent."""
        for place in range(self.list.count()):
            row = self.list.itemWidget(self.list.item(place))
            for label in row.findChildren(QLabel) if row is not None else ():
                label.setStyleSheet("color: palette(highlighted-text)" if place == self.list.currentRow() else "")

    def _run(self) -> None:
        item = self.list.currentItem()
        self.close()
        if item is not None:
            item.data(Qt.ItemDataRole.UserRole)()
