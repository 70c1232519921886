"""The list of segmentations that were kept to compare with: name, time, fractions; one is chosen or removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from app.widgets.focus_frame import FocusFrame
from core.segmentation.comparing import Kept

_Index = QModelIndex | QPersistentModelIndex
_HEADERS = (
    ("Kept", "What it is called: double click, or F2, to call it something else"),
    ("Time", "When it was kept"),
    ("Fractions", "Area fraction of each phase, in the order of the phases"),
)
_MOST = 6
"""Rows that are shown without scrolling."""


class KeptVersions(QTreeWidget):
    """One row a kept segmentation, the newest last.

    Signals
    -------
    chosen(number)
        Compare with this one.
    renamed(number, name)
        It is to be called ``name``.
    unwanted(number)
        The Delete key was pressed on it.
    """

    chosen = Signal(int)
    renamed = Signal(int, str)
    unwanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._versions: tuple[Kept, ...] = ()
        self.setAccessibleName("Kept segmentations")
        self.setToolTip("Choose which one to compare with; double click a name to change it, Delete removes it")
        self.setColumnCount(len(_HEADERS))
        self.setHeaderLabels([title for title, _ in _HEADERS])
        for column, (_title, tip) in enumerate(_HEADERS):
            self.headerItem().setToolTip(column, tip)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        keys = QAbstractItemView.EditTrigger
        self.setEditTriggers(keys.DoubleClicked | keys.EditKeyPressed)
        for column in range(1, len(_HEADERS)):
            self.setItemDelegateForColumn(column, _Fixed(self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._focus = FocusFrame(self)  # its chosen row looks the same with and without
        self.itemSelectionChanged.connect(self._selected)
        # the editor is gone before its line may be
        self.itemChanged.connect(self._edited, Qt.ConnectionType.QueuedConnection)

    def show_versions(self, versions: Sequence[Kept], compared: Kept | None) -> None:
        """List ``versions``; the one that is ``compared`` with is selected."""
        with QSignalBlocker(self):
            if self._versions != tuple(versions):
                self._list(versions)
            chosen = next((row for row, kept in enumerate(versions) if kept is compared), None)
            line = None if chosen is None else self.topLevelItem(chosen)
            if line is None:
                self.setCurrentIndex(QModelIndex())
            else:
                self.setCurrentItem(line)
        rows = min(_MOST, max(1, len(versions)))
        # as high as its rows, so that the panel scrolls and not a list inside it
        self.setFixedHeight(self.header().sizeHint().height() + rows * max(self.sizeHintForRow(0), 16) + 6)

    def _list(self, versions: Sequence[Kept]) -> None:
        self.clear()
        self._versions = tuple(versions)
        for kept in versions:
            line = QTreeWidgetItem([kept.name, when(kept.time), shares(kept)])
            line.setFlags(line.flags() | Qt.ItemFlag.ItemIsEditable)
            told = [
                f"{phase.name} {100 * share:.2f} %"
                for phase, share in zip(kept.image.phases, kept.image.fractions, strict=True)
            ]
            tip = "\n".join(words for words in (kept.name, when(kept.time, whole=True), *told) if words)
            for column in range(len(_HEADERS)):
                line.setToolTip(column, tip)
            self.addTopLevelItem(line)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete removes."""
        line = self.currentItem()
        if event.key() == Qt.Key.Key_Delete and line is not None:
            self.unwanted.emit(self.indexOfTopLevelItem(line))
        else:
            super().keyPressEvent(event)

    def _selected(self) -> None:
        lines = self.selectedItems()
        if lines:
            self.chosen.emit(self.indexOfTopLevelItem(lines[0]))

    def _edited(self, line: QTreeWidgetItem, column: int) -> None:
        if column == 0:
            self.renamed.emit(self.indexOfTopLevelItem(line), line.text(0).strip())


class _Fixed(QStyledItemDelegate):
    """Cells that cannot be edited."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        """None: there is no editor."""
        return None  # type: ignore[return-value]


def when(time: str, *, whole: bool = False) -> str:
    """``time`` (ISO 8601) as the clock here says it: of today the time of day, else the date; or both."""
    try:
        at = datetime.fromisoformat(time).astimezone()
    except ValueError:
        return ""
    if whole:
        return f"{at:%Y-%m-%d %H:%M}"
    return f"{at:%H:%M}" if at.date() == datetime.now().astimezone().date() else f"{at:%Y-%m-%d}"


def shares(kept: Kept) -> str:
    """Its fractions in one short line."""
    found = [f"{100 * share:.1f}" for share in kept.image.fractions]
    return " · ".join(found) + " %"
