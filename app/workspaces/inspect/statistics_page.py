"""The table of statistics in place of the volume: numbers with units beside the exemplar's, and the curves."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
)

from app.widgets.panel import hint, set_role
from app.workspaces.inspect.statistics_plot import StatisticsPlot
from app.workspaces.inspect.table_page import TablePage
from core.statistics.describing import Described

_COLUMNS = ("Statistic", "Volume", "Its sections", "Exemplar ± 95 %", "Verdict")
_TIPS = (
    "What was measured",
    "Of the volume itself",
    "Mean over sections of the volume, where only sections compare with a picture",
    "Of the picture, and how far samples of its size scatter",
    "Where the volume lies in that scatter",
)


class StatisticsPage(TablePage):
    """A tree of statistics and their numbers; below it the curve of the one that is selected."""

    def __init__(self) -> None:
        super().__init__()
        self._found: tuple[Described, ...] = ()
        self._edge: float | None = None
        self.sentence = hint()
        self.tree = QTreeWidget()
        self.tree.setColumnCount(len(_COLUMNS))
        self.tree.setHeaderLabels(_COLUMNS)
        for column, tip in enumerate(_TIPS):
            self.tree.headerItem().setToolTip(column, tip)
        self.tree.setAccessibleName("Statistics of the volume and its exemplar")
        self.tree.setToolTip("Numbers of the volume and its exemplar; choose one for its curve")
        self.tree.setAlternatingRowColors(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setSelectionMode(QTreeWidget.SelectionMode.SingleSelection)
        self.tree.currentItemChanged.connect(lambda *_: self._selected())
        header = self.tree.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(72)
        self.plot = StatisticsPlot()
        self.copy = self.button("Copy", "Copy the table, for a spreadsheet", self.copy_table)
        self.save = self.button("Save CSV …", "Save the numbers, and the curves beside them", self.save_wanted.emit)
        self.lay_out((self.copy, self.save), self.sentence, self.tree, self.plot, (420, 280))

    def show_statistics(self, name: str, found: tuple[Described, ...], edges: tuple[float, ...] | None) -> None:
        """Fill the table."""
        from core.report.statistics import rows, sentence
        from core.report.verdict import word

        self._found = found
        self._edge = edges[0] if edges and len(set(edges)) == 1 else None
        self.title.setText("Statistics")
        self.title.setToolTip(f"Statistics of {name}")
        compared = any(one.exemplar is not None for one in found)
        for column in (2, 3, 4):
            self.tree.setColumnHidden(column, not compared)
        self.tree.clear()
        for one in found:
            said = sentence(one)
            top = QTreeWidgetItem([one.descriptor.title, "", "", "", word(said.grade)])
            top.setData(0, Qt.ItemDataRole.UserRole, one.descriptor.name)
            font = top.font(0)
            font.setBold(True)
            for column in (0, 4):
                top.setFont(column, font)
            top.setToolTip(0, one.descriptor.help)
            top.setToolTip(4, said.sentence)
            self.tree.addTopLevelItem(top)
            for row, full in zip(rows((one,), edges, brief=True), rows((one,), edges), strict=True):
                if row.label.startswith("curve "):
                    continue
                line = QTreeWidgetItem([row.label, row.found, row.compared, row.exemplar, row.verdict])
                for column, text in enumerate((full.found, full.compared, full.exemplar), 1):
                    line.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    line.setToolTip(column, text)
                line.setToolTip(0, row.label)
                line.setData(0, Qt.ItemDataRole.UserRole, one.descriptor.name)
                top.addChild(line)
        self.tree.expandAll()
        first = next((line for line in self._tops() if self._curves(line)), self.tree.topLevelItem(0))
        if first is not None:
            self.tree.setCurrentItem(first)
        self._selected()

    def _tops(self) -> list[QTreeWidgetItem]:
        lines = (self.tree.topLevelItem(line) for line in range(self.tree.topLevelItemCount()))
        return [line for line in lines if line is not None]

    def _described(self, line: QTreeWidgetItem | None) -> Described | None:
        name = None if line is None else line.data(0, Qt.ItemDataRole.UserRole)
        return next((one for one in self._found if one.descriptor.name == name), None)

    def _curves(self, line: QTreeWidgetItem) -> bool:
        one = self._described(line)
        return one is not None and one.own is not None and bool(one.own.curves)

    def _selected(self) -> None:
        from core.report.statistics import sentence

        one = self._described(self.tree.currentItem())
        self.plot.show_curve(one, self._edge)
        if one is None:
            self.sentence.setText("")
            return
        said = sentence(one)
        compared = one.exemplar is not None or bool(one.problem)
        self.sentence.setText(said.sentence if compared else f"{one.descriptor.title}: {one.descriptor.help}.")
        set_role(self.sentence, "role", {"good": "good", "fair": "warning", "poor": "warning"}.get(said.grade, "hint"))

    def text(self) -> str:
        """The table as tab-separated lines."""
        shown = [column for column in range(len(_COLUMNS)) if not self.tree.isColumnHidden(column)]
        lines = ["\t".join(["", *(_COLUMNS[column] for column in shown)])]
        for top in self._tops():
            lines.append("\t".join([top.text(0), *("" if column == 0 else top.text(column) for column in shown)]))
            children = (top.child(place) for place in range(top.childCount()))
            lines += ["\t".join(["", *(child.text(column) for column in shown)]) for child in children if child]
        return "\n".join(lines) + "\n"

    def copy_table(self) -> None:
        """Put the table on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())
