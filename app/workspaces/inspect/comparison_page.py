"""All runs of the session, and true volumes, beside each other, in place of the volume: a table, and box plots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QToolButton,
    QWidget,
)

from app.context import Context
from app.session import Result, State
from app.widgets.panel import hint
from app.workspaces.inspect.box_plots import BoxPlots
from app.workspaces.inspect.comparison import entries_of, measuring_runs, missing, with_accounts
from app.workspaces.inspect.exporting import Wish
from app.workspaces.inspect.runs_plot import RunsPlot, color_of
from app.workspaces.inspect.table_page import TablePage
from app.workspaces.inspect.true_volumes import (
    TrueVolumes,
    as_the_runs,
    curves_of,
    gone,
    missing_of_true,
    true_entries,
)
from core.errors import JobError
from core.images.true_volume import TrueVolume
from core.job import Job

if TYPE_CHECKING:
    from core.report.runs import Column, Entry
    from core.statistics.describing import Described

JOB = "comparison"
FILE_GONE = "The file is not there any more: numbers and curves are those that were measured of it."
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(eq=False)
class _Done:
    """What a job has measured by now."""

    runs: list[tuple[Result, tuple[Described, ...]]] = field(default_factory=list)
    true: list[tuple[TrueVolume, Entry]] = field(default_factory=list)


class ComparisonPage(TablePage):
    """Follows the session's results, true volumes and what is measured of them while it is on show.

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

    def __init__(self, context: Context, folder: Callable[[], str]) -> None:
        super().__init__("Runs compared")
        self._context = context
        self.true = TrueVolumes(context, folder, self)
        self.true.added.connect(self._measure_added)
        self._running: _Done | None = None
        self._entries: tuple[Entry, ...] = ()
        self._runs: tuple[Entry, ...] = ()
        """Those of `_entries` that are runs, which come first."""
        self._volumes: tuple[TrueVolume, ...] = ()
        """Those of the other `_entries`."""
        self._gone: frozenset[Path] = frozenset()
        self._columns: tuple[Column, ...] = ()
        self._build()
        context.session.changed.connect(self._session_changed)
        context.measurements.changed.connect(lambda _labels: self._changed())
        jobs = context.jobs
        jobs.returned.connect(lambda _found: self._ended("All is measured.", "good"))
        jobs.failed.connect(self._failed)
        jobs.cancelled.connect(lambda: self._ended("Cancelled: what was measured by then is kept.", "info"))
        for signal in (jobs.started, jobs.idle):
            signal.connect(lambda *_: self._check())

    def _build(self) -> None:
        self.told = hint()
        self.measure = self.button(
            "Measure what is missing", "Measure surface, connections, Euler number and correlation length of every run "
            "and true volume; of these also the properties that are known of a run",
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
        self.remove = self.button(
            "Remove", "Take the true volumes whose lines are selected out of the comparison", self._remove
        )
        self.copy = self.button("Copy", "Copy the table, for a spreadsheet", self.copy_table)
        self.save = self.button(
            "Save …", "Save table, box plots, curves, settings and methods into a folder: CSV, JSON, HTML, PDF, BibTeX",
            self.save_wanted.emit,
        )  # fmt: skip
        self.table = QTableWidget()
        self.table.setAccessibleName("Runs and true volumes, and what was measured of them")
        self.table.setToolTip("Double click on a run to look at its volume")
        self.table.itemSelectionChanged.connect(lambda: self.remove.setVisible(bool(self._true_selected())))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAlternatingRowColors(True)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 8)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.cellDoubleClicked.connect(self._clicked)
        self.plots = BoxPlots()
        self.curves = RunsPlot()
        self.drawn = QTabWidget()
        self.drawn.setDocumentMode(True)
        bar = self.drawn.tabBar()  # it is what has the focus
        bar.setAccessibleName("What is drawn of the runs and true volumes")
        bar.setToolTip("Box plots of every quantity, or the curves")
        bar.setUsesScrollButtons(False)  # two tabs need none, but Qt makes them all the same
        for arrow in bar.findChildren(QToolButton):
            arrow.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for title, tip, widget in (
            ("Box plots", "How every quantity scatters within each group", self.plots),
            ("Curves", "S₂ and L of every line of the table, in its colour, over the exemplar's", self.curves),
        ):
            self.drawn.setTabToolTip(self.drawn.addTab(widget, title), tip)
        self.key = hint()
        buttons = (self.measure, self.true.button, self.remove, self.beside, self.sets, self.copy, self.save)
        column = self.lay_out(buttons, self.told, self.table, self.drawn, (300, 300))
        column.addWidget(self.key)

    def showEvent(self, event: Any) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self._gone = gone(self._context.session.state)
        self._fill()

    def _session_changed(self, old: State, new: State) -> None:
        if old.true_volumes is not new.true_volumes and self.isVisible():
            self._gone = gone(new)
        if old.results is not new.results or old.true_volumes is not new.true_volumes:
            self._changed()

    def _changed(self) -> None:
        if self.isVisible():
            self._fill()

    # --- showing -------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        from core.report.runs import columns, groups

        state, book = self._context.session.state, self._context.measurements
        self._runs = entries_of(state.results, book)
        self._entries, self._volumes = self._runs + true_entries(state, book), state.true_volumes
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
                self._line(
                    number + 1, number, [self._name(number), *([letters[entry.group]] if several else []), *values]
                )
            header = self.table.horizontalHeader()
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.plots.show_columns(self._columns, {letters[name]: places for name, places in members.items()})
        self.curves.show_runs(curves_of(state, self._entries, len(self._runs)), -1)
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
                item.setToolTip(self._tip(number))
            if number < 0:
                font = item.font()
                font.setItalic(True)
                item.setFont(font)
            self.table.setItem(row, column, item)

    def _true(self, number: int) -> TrueVolume | None:
        """The true volume of an entry; None where that is a run."""
        return self._volumes[number - len(self._runs)] if number >= len(self._runs) else None

    def _kept(self, number: int) -> bool:
        """Whether all that is left of a true volume is what was measured of it."""
        true, entry = self._true(number), self._entries[number]
        return true is not None and true.path in self._gone and bool(entry.quantities)

    def _name(self, number: int) -> str:
        return self._entries[number].name + (" (file gone)" if self._kept(number) else "")

    def _tip(self, number: int) -> str:
        true, entry = self._true(number), self._entries[number]
        if true is None:
            return self._context.session.state.results[number].title
        told = [str(true.path), entry.problem]
        if self._kept(number):
            told.append(FILE_GONE)
        if entry.account is not None and entry.account.sha256:
            told.append(f"SHA-256 of the labels measured: {entry.account.sha256}")
        return "\n".join(filter(None, told))

    def _references(self) -> list[str]:
        from core.report.runs import reference_text

        return [reference_text(column) for column in self._columns]

    def _check(self) -> None:
        """Say what is missing."""
        state, book = self._context.session.state, self._context.measurements
        lacking, true = len(missing(state.results, book)), len(missing_of_true(state, self._runs, book, self._gone))
        failed = [entry for entry in self._entries if entry.problem]
        jobs = self._context.jobs
        if self._running is not None:
            told = "Measuring …; the line at the foot shows how far it is, Esc cancels."
        elif lacking or true:
            parts = [_counted(lacking, "run"), _counted(true, "true volume")]
            told = f"Not all is measured of {' and '.join(filter(None, parts))}."
            if jobs.busy:
                told += f" {jobs.title} is running: wait for it, or cancel it."
        else:
            told = "Properties appear here as they are computed (Properties, on the left)."
        if failed:
            told += f" {failed[0].name}: {failed[0].problem}"
        lost = [number for number in range(len(self._entries)) if self._kept(number)]
        if lost:
            told += f" {self._told_of(lost)}"
        self.told.setText(told)
        self.measure.setVisible(bool(lacking or true) or self._running is not None)
        self.remove.setVisible(bool(self._true_selected()))
        self.measure.setEnabled(self._running is None and not jobs.busy)
        self.copy.setEnabled(bool(self._entries))
        self.save.setEnabled(bool(self._entries))

    def _told_of(self, lost: Sequence[int]) -> str:
        """Which files are not there any more."""
        names = list(dict.fromkeys(true.path.name for number in lost if (true := self._true(number)) is not None))
        if len(names) == 1:
            return f"{names[0]} is not where it was: its numbers and curves are those kept in the project."
        more = f"{names[0]} and {len(names) - 1} more"
        return f"{more} are not where they were: their numbers and curves are those kept in the project."

    # --- gestures ------------------------------------------------------------------------------------------------

    def _clicked(self, row: int, _column: int) -> None:
        if 0 < row <= len(self._runs):
            self.chosen.emit(row - 1)

    def _lines_selected(self) -> list[int]:
        """Places of the entries whose lines are selected."""
        return [row - 1 for row in sorted({index.row() for index in self.table.selectedIndexes()} - {0})]

    def _selected(self) -> tuple[int, ...]:
        """Places of the runs whose lines are selected, where it is more than one; else of the first ones."""
        places = tuple(place for place in self._lines_selected() if place < len(self._runs))
        return places if len(places) > 1 else tuple(range(len(self._runs)))

    def _true_selected(self) -> list[int]:
        """Places, among the true volumes, of those whose lines are selected."""
        return [place - len(self._runs) for place in self._lines_selected() if place >= len(self._runs)]

    def _remove(self) -> None:
        self.true.remove(self._true_selected())

    def _measure_added(self) -> None:
        if not self._context.jobs.busy:
            self._run()

    def _run(self) -> None:
        state, book = self._context.session.state, self._context.measurements
        self._gone = gone(state)
        wanted, true = missing(state.results, book), missing_of_true(state, self._runs, book, self._gone)
        shown = state.result
        if shown is None or not (wanted or true):
            return
        how, done = as_the_runs(state.results, shown, book), _Done()

        def work() -> Job[int]:
            from core.report.true_volumes import measuring_true

            count = yield from measuring_runs(wanted, done.runs)
            return count + (yield from measuring_true(true, how, done.true))

        try:
            self._context.jobs.start("comparison", work, kind=JOB)
        except JobError as error:
            self._context.messages.failed("Measuring the runs", error)
            return
        self._running = done
        self._check()

    def _ended(self, words: str, severity: str) -> None:
        done, self._running = self._running, None
        if done is None:
            return
        for result, found in done.runs:
            self._context.measurements.keep_statistics(result.volume.labels, found)
        self._context.measurements.keep_true_volumes(done.true)
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
        """Ask for a folder for the comparison's report: table, numbers, page, PDF, words for a paper."""
        from core.report.batch import write_runs

        name = QFileDialog.getExistingDirectory(parent, "Folder for the comparison", folder)
        if not name or not self._entries:
            return None
        path, results = Path(name), self._context.session.state.results
        self._gone = gone(self._context.session.state)
        entries = [replace(entry, note=FILE_GONE) if self._kept(number) else entry
                   for number, entry in enumerate(self._entries)]  # fmt: skip
        told = with_accounts(entries, results, self._context.measurements)
        against = results[0].exemplar.name
        return Wish("the comparison", path, lambda: write_runs(told(), path, "Runs compared", against, overwrite=True))


def _counted(count: int, what: str) -> str:
    """ "one run", "3 runs", or nothing where there is none."""
    return "" if not count else f"one {what}" if count == 1 else f"{count} {what}s"


def _names(count: int) -> list[str]:
    """A, B, … Z, A1, B1, …"""
    return [_LETTERS[place % 26] + (str(place // 26) if place >= 26 else "") for place in range(count)]
