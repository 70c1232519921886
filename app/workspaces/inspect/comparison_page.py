"""All runs of the session beside each other, in place of the volume: a table, and box plots over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from app.context import Context
from app.session import Result
from app.widgets.panel import hint
from app.workspaces.inspect.box_plots import BoxPlots
from app.workspaces.inspect.comparison import entries_of, measuring_runs, missing
from app.workspaces.inspect.exporting import Wish
from app.workspaces.inspect.runs_plot import color_of
from app.workspaces.inspect.table_page import TablePage
from core.errors import JobError

if TYPE_CHECKING:
    from core.report.runs import Column, Entry
    from core.statistics.describing import Described

JOB = "comparison"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ComparisonPage(TablePage):
    """Follows the session's results and what is measured of them while it is on show.

    Signals
    -------
    chosen(number)
        The volume of a run is to be seen.
    beside_wanted(numbers)
        The volumes of these runs are to be seen beside each other.
    sets_wanted()
        Their sections are to be compared with real ones as a set.
    """

    chosen = Signal(int)
    beside_wanted = Signal(object)
    sets_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__("Runs compared")
        self._context = context
        self._running: list[tuple[Result, tuple[Described, ...]]] | None = None
        self._entries: tuple[Entry, ...] = ()
        self._columns: tuple[Column, ...] = ()
        self._build()
        context.session.changed.connect(lambda old, new: self._changed() if old.results is not new.results else None)
        context.measurements.changed.connect(lambda _labels: self._changed())
        jobs = context.jobs
        jobs.returned.connect(lambda _found: self._ended("All runs are measured.", "good"))
        jobs.failed.connect(self._failed)
        jobs.cancelled.connect(lambda: self._ended("Cancelled: the runs that were measured by then are kept.", "info"))
        for signal in (jobs.started, jobs.idle):
            signal.connect(lambda *_: self._check())

    def _build(self) -> None:
        self.title.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)  # buttons break into rows
        self.told = hint()
        self.measure = self.button(
            "Measure what is missing", "Measure surface, connections, Euler number and correlation length of every run",
            self._run,
        )  # fmt: skip
        self.beside = self.button(
            "Volumes beside each other", "Up to four volumes with one camera and one cursor: of the lines selected, or "
            "of the first runs",
            lambda: self.beside_wanted.emit(self._selected()),
        )  # fmt: skip
        self.sets = self.button(
            "Quality as a set …", "All sections of the runs against the exemplar or a folder of real pictures: "
            "distances, precision and recall, copies",
            self.sets_wanted.emit,
        )  # fmt: skip
        self.copy = self.button("Copy", "Copy the table, for a spreadsheet", self.copy_table)
        self.save = self.button(
            "Save …", "Save table, numbers and box plots into a folder: CSV, JSON, HTML, PDF", self.save_wanted.emit
        )
        self.table = QTableWidget()
        self.table.setAccessibleName("Runs and what was measured of them")
        self.table.setToolTip("Double click on a run to look at its volume")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAlternatingRowColors(True)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 8)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.cellDoubleClicked.connect(self._clicked)
        self.plots = BoxPlots()
        self.key = hint()
        column = self.lay_out(
            (self.measure, self.beside, self.sets, self.copy, self.save), self.told, self.table, self.plots, (300, 300)
        )
        column.addWidget(self.key)

    def showEvent(self, event: Any) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self._fill()

    def _changed(self) -> None:
        if self.isVisible():
            self._fill()

    # --- showing -------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        from core.report.runs import columns, groups

        results = self._context.session.state.results
        self._entries = entries_of(results, self._context.measurements)
        self._columns = columns(self._entries)
        members = groups(self._entries)
        letters = dict(zip(members, _names(len(members)), strict=True))
        several = len(members) > 1
        head = ["Run", *(["Group"] if several else []), *(column.label for column in self._columns)]
        with QSignalBlocker(self.table):
            self.table.clear()
            self.table.setColumnCount(len(head))
            self.table.setHorizontalHeaderLabels(head)
            self.table.setRowCount(len(self._entries) + bool(self._entries))
            if self._entries:
                self._line(0, -1, ["Exemplar or target ± 95 %", *([""] if several else []), *self._references()])
            for number, entry in enumerate(self._entries):
                values = [column.text(number) for column in self._columns]
                self._line(number + 1, number, [entry.name, *([letters[entry.group]] if several else []), *values])
            header = self.table.horizontalHeader()
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.plots.show_columns(self._columns, {letters[name]: places for name, places in members.items()})
        self.key.setText("   ".join(f"{letters[name]}: {name}" for name in members) if several else "")
        self.key.setVisible(several)
        self._check()

    def _line(self, row: int, number: int, texts: Sequence[str]) -> None:
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            elif number >= 0:
                swatch = QPixmap(14, 14)
                swatch.fill(QColor(color_of(number)))
                item.setData(Qt.ItemDataRole.DecorationRole, swatch)
                item.setToolTip(self._context.session.state.results[number].title)
            if number < 0:
                font = item.font()
                font.setItalic(True)
                item.setFont(font)
            self.table.setItem(row, column, item)

    def _references(self) -> list[str]:
        from core.report.runs import reference_text

        return [reference_text(column) for column in self._columns]

    def _check(self) -> None:
        """Say what is missing."""
        results = self._context.session.state.results
        lacking = len(missing(results, self._context.measurements))
        jobs = self._context.jobs
        if self._running is not None:
            told = "Measuring …; the line at the foot shows how far it is, Esc cancels."
        elif lacking:
            runs = "one run" if lacking == 1 else f"{lacking} runs"
            told = f"Not all is measured of {runs}."
            if jobs.busy:
                told += f" {jobs.title} is running: wait for it, or cancel it."
        else:
            told = "Properties appear here as they are computed (Properties, on the left)."
        self.told.setText(told)
        self.measure.setVisible(bool(lacking) or self._running is not None)
        self.measure.setEnabled(self._running is None and not jobs.busy)
        self.copy.setEnabled(bool(self._entries))
        self.save.setEnabled(bool(self._entries))

    # --- gestures ------------------------------------------------------------------------------------------------

    def _clicked(self, row: int, _column: int) -> None:
        if row > 0:
            self.chosen.emit(row - 1)

    def _selected(self) -> tuple[int, ...]:
        """Places of the runs whose lines are selected, where it is more than one; else of the first ones."""
        rows = sorted({index.row() for index in self.table.selectedIndexes()} - {0})
        return tuple(row - 1 for row in rows) if len(rows) > 1 else tuple(range(len(self._entries)))

    def _run(self) -> None:
        wanted = missing(self._context.session.state.results, self._context.measurements)
        done: list[tuple[Result, tuple[Described, ...]]] = []
        try:
            self._context.jobs.start("comparison", lambda: measuring_runs(wanted, done), kind=JOB)
        except JobError as error:
            self._context.messages.failed("Measuring the runs", error)
            return
        self._running = done
        self._check()

    def _ended(self, words: str, severity: str) -> None:
        done, self._running = self._running, None
        if done is None:
            return
        for result, found in done:
            self._context.measurements.keep_statistics(result.volume.labels, found)
        if words:
            self._context.messages.say(words, severity)
        self._check()

    def _failed(self, error: Any) -> None:
        if self._running is not None:
            self._ended("", "")
            self._context.messages.failed("Measuring the runs", error)

    def text(self) -> str:
        """The table as tab-separated lines."""
        columns = range(self.table.columnCount())
        headers = (self.table.horizontalHeaderItem(column) for column in columns)
        lines = ["\t".join("" if item is None else item.text() for item in headers)]
        for row in range(self.table.rowCount()):
            cells = (self.table.item(row, column) for column in columns)
            lines.append("\t".join("" if cell is None else cell.text() for cell in cells))
        return "\n".join(lines) + "\n"

    def copy_table(self) -> None:
        """Put the table on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())

    def ask(self, parent: QWidget, folder: str) -> Wish | None:
        """Ask for a folder for runs.csv, report.json and report.html."""
        from core.report.batch import write_runs

        name = QFileDialog.getExistingDirectory(parent, "Folder for the comparison", folder)
        if not name or not self._entries:
            return None
        path, entries = Path(name), self._entries
        against = self._context.session.state.results[0].exemplar.name
        return Wish("the comparison", path, lambda: write_runs(entries, path, "Runs compared", against, overwrite=True))


def _names(count: int) -> list[str]:
    """A, B, … Z, A1, B1, …"""
    return [_LETTERS[place % 26] + (str(place // 26) if place >= 26 else "") for place in range(count)]
