"""Distances, angles and notes of the volume on show: the tools that set them, and the list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.context import Context
from app.widgets.flow import Flow
from app.widgets.panel import Fold, hint
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect.exporting import Wish
from core.images.marks import Mark, Point, marks_csv, words_of, write_marks
from core.provenance import array_hash

if TYPE_CHECKING:
    from app.session import Result, State
    from app.stored_volume import StoredView

_TOOLS = {
    "distance": (
        "Distance",
        "Measure from one place to another: click both in a slice or on a surface, or drag in a slice",
        "Click where it begins and where it ends, in a slice or on a surface; Esc stops.",
    ),
    "angle": (
        "Angle",
        "Measure an angle: click one end, the corner, the other end",
        "Click one end, the corner, then the other end; Esc stops.",
    ),
    "note": (
        "Note",
        "Write something at a place: click there, then type",
        "Click where the note belongs, then type it in the list; Esc stops.",
    ),
}
_SHOWN_ROWS = 6


class MarksCard(QWidget):
    """A folded part of the panel. Every mark set, renamed or deleted is one step of undo.

    Signals
    -------
    save_wanted()
        The table is to be written to a file.
    """

    save_wanted = Signal()

    def __init__(self, context: Context, view: VolumeView) -> None:
        super().__init__()
        self._context, self._view = context, view
        self._labels: np.ndarray | None = None
        self._name_of: Callable[[], str] | None = None
        self._known = ""
        self._voxel_size: tuple[float, float, float] | None = None
        self._filling = False
        self._fresh: Mark | None = None
        """A note that was just set: naming it belongs to the same step of undo."""
        self.fold = Fold("Distances, angles and notes")
        self._build()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        view.marks.made.connect(self._made)
        view.marks.tool_changed.connect(self._tool_changed)
        view.marks.missed.connect(lambda: context.messages.say("There is nothing at that place.", "warning"))
        view.changed.connect(self._show)
        context.session.changed.connect(self._changed)
        self.show_subject(None, None, None)

    def _build(self) -> None:
        body = self.fold.column
        self.tools: dict[str, QToolButton] = {}
        row = Flow(4)
        for key, (title, tip, _) in _TOOLS.items():
            self.tools[key] = self._button(title, tip, row)
            self.tools[key].setCheckable(True)
            self.tools[key].setProperty("role", "tool")
            self.tools[key].toggled.connect(lambda on, key=key: self._toggled(key, on))
        body.addLayout(row)
        self.what = hint()
        body.addWidget(self.what)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Name", "Kind", "Value"])
        self.table.setAccessibleName("Distances, angles and notes")
        self.table.setToolTip("Double click a name to change it; a double click elsewhere goes there; Del deletes")
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.table.itemChanged.connect(self._renamed)
        self.table.itemSelectionChanged.connect(self._draw)
        self.table.cellDoubleClicked.connect(lambda _row, column: self.go() if column else None)
        shortcut = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.table)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.delete)
        body.addWidget(self.table)
        self.buttons = QWidget()
        below = Flow(4)
        self.go_there = self._button("Go there", "Move the slices to the chosen line's place", below)
        self.remove = self._button("Delete", "Delete the chosen line (Del)", below)
        self.copy = self._button("Copy", "Copy the table, for a spreadsheet", below)
        self.save = self._button("Save CSV …", "Write the table to a file, with places in voxels", below)
        self.buttons.setLayout(below)
        body.addWidget(self.buttons)
        self.go_there.clicked.connect(self.go)
        self.remove.clicked.connect(self.delete)
        self.copy.clicked.connect(self.copy_table)
        self.save.clicked.connect(self.save_wanted)

    @staticmethod
    def _button(text: str, tip: str, row: Flow) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row.addWidget(button)
        return button

    # --- what is on show -----------------------------------------------------------------------------------------

    def show_volume(self, result: Result | None, stored: StoredView | None) -> None:
        """Offer the marks of what is on show: a result, or a volume on the disk."""
        if stored is not None:
            path = stored.path
            self.show_subject(stored.labels, lambda: str(path), stored.stored.outline.voxel_size)
        elif result is not None:
            labels = result.volume.labels
            self.show_subject(labels, lambda: array_hash(labels), result.volume.voxel_size)
        else:
            self.show_subject(None, None, None)

    def show_subject(
        self,
        labels: np.ndarray | None,
        name_of: Callable[[], str] | None,
        voxel_size: tuple[float, float, float] | None,
    ) -> None:
        """Offer the marks of another volume, or of none.

        Parameters
        ----------
        labels
            What the view shows of it in memory.
        name_of
            Says which volume it is, for `Mark.of`; asked only where there is something to mark, as it may take a while.
        voxel_size
            Edges (z, y, x) in metres, or None.
        """
        self.setVisible(labels is not None)
        if labels is not self._labels:
            self._labels, self._name_of, self._known = labels, name_of, ""
            self._view.marks.take("")
        self._voxel_size = voxel_size
        self._fill()

    @property
    def found(self) -> tuple[Mark, ...]:
        """The marks of the volume on show."""
        everything = self._context.session.state.marks
        if self._labels is None or not everything:
            return ()
        return tuple(mark for mark in everything if mark.of == self._of)

    @property
    def voxel_size(self) -> tuple[float, float, float] | None:
        """Of the volume on show."""
        return self._voxel_size

    @property
    def _of(self) -> str:
        if not self._known and self._name_of is not None:
            self._known = self._name_of()
        return self._known

    @property
    def chosen(self) -> Mark | None:
        """The mark of the chosen line."""
        rows = {item.row() for item in self.table.selectedItems()}
        found = self.found
        return found[min(rows)] if rows and min(rows) < len(found) else None

    def _changed(self, old: State, new: State) -> None:
        if old.marks is not new.marks:
            self._fill()

    def _fill(self) -> None:
        chosen, found = self.table.currentRow(), self.found
        self._filling = True
        self.table.setRowCount(len(found))
        for row, mark in enumerate(found):
            value = "" if mark.kind == "note" else words_of(mark, self._voxel_size)
            for column, text in enumerate((mark.name, mark.kind, value)):
                item = QTableWidgetItem(text)
                if column:
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                else:
                    item.setToolTip(mark.name)
                if column == 2:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        self._filling = False
        for widget in (self.table, self.buttons):
            widget.setVisible(bool(found))
        line = self.table.verticalHeader().defaultSectionSize()
        height = self.table.horizontalHeader().sizeHint().height() + min(len(found), _SHOWN_ROWS) * line + 4
        self.table.setFixedHeight(height)
        if found and chosen >= 0:
            self.table.selectRow(min(chosen, len(found) - 1))
        self._show()

    def _show(self) -> None:
        """Draw the marks, where the view shows their volume and nothing in its place."""
        own = self._labels is not None and self._view.labels is self._labels
        for button in self.tools.values():
            button.setEnabled(own and self._view.scene is not None)
        if not own:
            self._view.marks.take("")
        self._draw()

    def _draw(self) -> None:
        if self._filling:
            return
        chosen = self.chosen
        own = self._view.labels is self._labels
        for button in (self.go_there, self.remove):
            button.setEnabled(chosen is not None)
        self._view.marks.show(self.found if own else (), chosen)

    # --- gestures ------------------------------------------------------------------------------------------------

    def _toggled(self, key: str, on: bool) -> None:
        marks = self._view.marks
        if on:
            marks.take(key)
        elif marks.tool == key:
            marks.take("")

    def _tool_changed(self, tool: str) -> None:
        for key, button in self.tools.items():
            button.setChecked(key == tool)
        self.what.setText(_TOOLS[tool][2] if tool in _TOOLS else "")
        self.what.setVisible(tool in _TOOLS)

    def _made(self, kind: str, points: tuple[Point, ...]) -> None:
        if self._labels is None:
            return
        same = sum(mark.kind == kind for mark in self.found)
        mark = Mark(kind, f"{kind.capitalize()} {same + 1}", points, self._of)  # type: ignore[arg-type]
        everything = (*self._context.session.state.marks, mark)
        self._context.commands.do(kind, merge=self._melting(mark) if kind == "note" else "", marks=everything)
        self.table.selectRow(self.table.rowCount() - 1)
        if kind == "note":
            self._fresh = mark
            item = self.table.item(self.table.rowCount() - 1, 0)
            self.fold.set_open(True)
            self.table.setFocus()
            if item is not None:
                self.table.editItem(item)

    @staticmethod
    def _melting(mark: Mark) -> str:
        return f"note at {mark.points}"

    def _renamed(self, item: QTableWidgetItem) -> None:
        if self._filling or item.column() != 0:
            return
        mark, name = self.found[item.row()], item.text().strip()
        fresh, self._fresh = self._fresh, None
        if not name or name == mark.name:
            item.setText(mark.name)
            return
        state = self._context.session.state
        new = replace(mark, name=name)
        merge = self._melting(mark) if mark is fresh else ""
        self._context.commands.do(
            f"rename {mark.kind}", merge=merge, marks=tuple(new if one is mark else one for one in state.marks)
        )
        self._context.commands.end_gesture()

    def delete(self) -> None:
        """Delete the chosen mark."""
        mark = self.chosen
        if mark is not None:
            kept = tuple(one for one in self._context.session.state.marks if one is not mark)
            self._context.commands.do(f"delete {mark.kind}", marks=kept)

    def go(self) -> None:
        """Move the slices to the chosen mark."""
        mark = self.chosen
        if mark is not None:
            z, y, x = (int(at) for at in mark.middle)
            self._view.set_cursor((z, y, x))

    def copy_table(self) -> None:
        """Put the table on the clipboard."""
        QGuiApplication.clipboard().setText(marks_csv(self.found, self._voxel_size, "\t"))

    def ask(self, parent: QWidget, folder: str) -> Wish | None:
        """Ask where the table should go."""
        found, size = self.found, self._voxel_size
        if not found:
            return None
        name = str(Path(folder) / "distances.csv")
        chosen, _ = QFileDialog.getSaveFileName(parent, "Save distances, angles and notes", name, "Table (*.csv)")
        if not chosen:
            return None
        path = Path(chosen).with_suffix(".csv") if not Path(chosen).suffix else Path(chosen)
        return Wish("distances, angles and notes", path, lambda: write_marks(found, size, path, overwrite=True))
