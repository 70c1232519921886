"""The phases: colour, name, fraction with its interval. Colour and name are changed in place."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QHeaderView, QTableWidget, QTableWidgetItem

from core.images.values import PHASE_COLORS, Phase, PhaseImage


class PhaseTable(QTableWidget):
    """One row a phase.

    Signals
    -------
    phases_edited(phases, what)
        The user renamed or recoloured one.
    """

    phases_edited = Signal(tuple, str)

    def __init__(self) -> None:
        super().__init__(0, 3)
        self.setHorizontalHeaderLabels(["", "Phase", "Fraction (95 %)"])
        self.setAccessibleName("Phases")
        self.setToolTip("Double click a name to rename it, a colour to change it")
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)  # arrows go from cell to cell, Tab goes on
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.setColumnWidth(0, 30)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self._phases: tuple[Phase, ...] = ()
        self._filling = False
        self.itemChanged.connect(self._renamed)
        self.cellDoubleClicked.connect(self._recolor)

    def show_image(self, image: PhaseImage | None, intervals: tuple[Any, ...]) -> None:
        """Fill the rows; ``intervals`` (one a phase) come a moment after the fractions."""
        self._filling = True
        self._phases = () if image is None else image.phases
        self.setRowCount(len(self._phases))
        for label, phase in enumerate(self._phases):
            assert image is not None
            color = QTableWidgetItem()
            color.setBackground(QColor(phase.color))
            color.setFlags(Qt.ItemFlag.ItemIsEnabled)
            color.setData(Qt.ItemDataRole.AccessibleTextRole, f"Colour {phase.color}")
            text = f"{100 * image.fractions[label]:.2f}"
            tip = "Area fraction in this picture"
            if label < len(intervals):
                interval = intervals[label]
                half = 50 * (interval.high - interval.low)
                text += f" ± {half:.2f}"
                tip = (
                    f"95 % interval {100 * interval.low:.2f} to {100 * interval.high:.2f} %: how far the material's "
                    f"fraction may lie from this picture's ({interval.method})"
                )
            share = QTableWidgetItem(f"{text} %")
            share.setFlags(Qt.ItemFlag.ItemIsEnabled)
            share.setToolTip(tip)
            share.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(label, 0, color)
            self.setItem(label, 1, QTableWidgetItem(phase.name))
            self.setItem(label, 2, share)
        height = self.horizontalHeader().height() + sum(self.rowHeight(row) for row in range(self.rowCount())) + 4
        self.setFixedHeight(max(60, height))
        self._filling = False

    def _renamed(self, item: QTableWidgetItem) -> None:
        if self._filling or item.column() != 1:
            return
        name = item.text().strip()
        if name and name != self._phases[item.row()].name:
            self._edit(item.row(), Phase(name, self._phases[item.row()].color), "rename phase")
        else:
            item.setText(self._phases[item.row()].name)

    def _recolor(self, row: int, column: int) -> None:
        if column != 0:
            return
        dialog = QColorDialog(QColor(self._phases[row].color), self)
        for place, color in enumerate(PHASE_COLORS):
            QColorDialog.setCustomColor(place, QColor(color))
        if dialog.exec():
            self._edit(row, Phase(self._phases[row].name, dialog.currentColor().name().upper()), "phase colour")

    def _edit(self, row: int, phase: Phase, what: str) -> None:
        self.phases_edited.emit((*self._phases[:row], phase, *self._phases[row + 1 :]), what)
