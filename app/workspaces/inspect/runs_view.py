"""The history of runs: a table of all finished ones, their curves over each other, and the way back to each."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.commands import Commands
from app.session import Result, Session, State
from app.widgets.choice_words import words_of
from app.widgets.job_strip import format_seconds
from app.workspaces.inspect.runs_plot import COLORS, RunCurves, RunsPlot, color_of

EMPTY = "No runs yet: each finished run of this session is kept here, and in the project."
_COLUMNS = ("Curves", "Run", "Seed", "Target", "Achieved", "Size", "Engine, preset", "ε S₂", "ε L", "Time")
_TIPS = (
    "Whether the run's curves are drawn", "Click to look at the run's volume", "Seed of the volume",
    "Volume fraction asked for", "Volume fraction of the volume", "Voxels along x, y and z",
    "Engine and preset; *: with other settings",
    "Discrepancy of S₂, average of the axes", "Discrepancy of L, average of the axes",
    "Training (where it trained), generating and measuring",
)  # fmt: skip
_TEXTS = (1, 6)
_DRAWN, _RUN = 0, 1
_WIDEST = 40
"""Characters of a column at most."""


class _Cell(QTableWidgetItem):
    """A cell that is sorted by its value instead of its text."""

    def __init__(self, text: str, value: Any) -> None:
        super().__init__(text)
        self.value = value

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return bool(self.value < other.value) if isinstance(other, _Cell) else super().__lt__(other)


class RunsView(QWidget):
    """Follows the session's results.

    Signals
    -------
    chosen(index)
        A run's volume is shown now.
    stored_wanted(path)
        Its whole volume, on the disk, is to be looked at.
    again(result)
        The form is to be filled with a run's settings.
    """

    chosen = Signal(int)
    stored_wanted = Signal(object)
    again = Signal(object)

    def __init__(self, session: Session, commands: Commands) -> None:
        super().__init__()
        self._session, self._commands = session, commands
        self._hidden: list[Result] = []
        self.told = QLabel(EMPTY)
        self.told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.again_button = _button("Run again …", "Fill the form of step 4 with exactly this run's settings")
        self.again_button.clicked.connect(self._again)
        self.remove_button = _button("Remove", "Take the run shown out of the list; undo brings it back")
        self.remove_button.clicked.connect(self.remove)
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(_COLUMNS)
        for column, tip in enumerate(_TIPS):
            item = self.table.horizontalHeaderItem(column)
            if item is not None:
                item.setToolTip(tip)
        self.table.setAccessibleName("History of runs")
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        header = self.table.horizontalHeader()
        # a narrow window scrolls sideways: of a name squeezed into what is left nothing could be read
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMaximumSectionSize(_WIDEST * self.fontMetrics().averageCharWidth())
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(48)
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 8)
        self.table.itemChanged.connect(self._checked)
        self.table.cellClicked.connect(self._clicked)
        self.table.cellActivated.connect(self._clicked)
        self.plot = RunsPlot()
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.table)
        splitter.addWidget(self.plot)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([780, 520])
        splitter.setChildrenCollapsible(False)
        self._splitter = splitter
        row = QHBoxLayout()
        row.addWidget(self.told, 1)
        row.addWidget(self.again_button)
        row.addWidget(self.remove_button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 6, 8, 6)
        whole.setSpacing(6)
        whole.addLayout(row)
        whole.addWidget(splitter, 1)
        session.changed.connect(self._changed)
        self._fill()

    # --- gestures ------------------------------------------------------------------------------------------------

    def _number(self, line: int) -> int | None:
        item = self.table.item(line, _RUN)
        return None if item is None else int(item.data(Qt.ItemDataRole.UserRole))

    def _clicked(self, line: int, column: int) -> None:
        number = self._number(line)
        if number is not None and column != _DRAWN:
            self.choose(number)

    def choose(self, number: int) -> None:
        """Show the volume of a run; the whole of one that was written to the disk, where it is still there."""
        state = self._session.state
        # counted from the end where it was chosen before: a volume from the disk may be on show instead
        self._session.replace(shown=number if state.shown != number else number - len(state.results))
        self.chosen.emit(number)
        stored = state.results[number].stored
        if stored is not None and stored.exists():
            self.stored_wanted.emit(stored)

    def _checked(self, item: QTableWidgetItem) -> None:
        number = self._number(item.row()) if item.column() == _DRAWN else None
        if number is None:
            return
        result = self._session.state.results[number]
        self._hidden = [other for other in self._hidden if other is not result]
        if item.checkState() != Qt.CheckState.Checked:
            self._hidden.append(result)
        self._draw()

    def _again(self) -> None:
        result = self._session.state.result
        if result is not None:
            self.again.emit(result)

    def remove(self) -> None:
        """Take the run on show out of the list; it can be undone."""
        state = self._session.state
        gone = state.result
        if gone is None:
            return
        place = state.shown % len(state.results)

        # not the list as a whole: runs may have ended between the gesture and its undoing
        def take_out() -> None:
            now = self._session.state.results
            self._session.replace(results=tuple(result for result in now if result is not gone), shown=-1)

        def put_back() -> None:
            now = self._session.state.results
            self._session.replace(results=(*now[:place], gone, *now[place:]), shown=min(place, len(now)))

        self._commands.act(f"remove the run {gone.title}", take_out, put_back)

    # --- showing -------------------------------------------------------------------------------------------------

    def _changed(self, old: State, new: State) -> None:
        if old.results is not new.results:
            self._fill()
        elif old.shown != new.shown:
            self._show_shown()

    def _fill(self) -> None:
        results = self._session.state.results
        self._hidden = [other for other in self._hidden if any(other is result for result in results)]
        with QSignalBlocker(self.table):
            # rows would move while they are filled
            self.table.setSortingEnabled(False)
            self.table.setRowCount(0)
            self.table.setRowCount(len(results))
            for number, result in enumerate(results):
                self._fill_line(number, result)
            self.table.setSortingEnabled(True)
        self.told.setText(EMPTY if not results else f"{len(results)} run{'s' if len(results) > 1 else ''}")
        self._splitter.setVisible(bool(results))
        for button in (self.again_button, self.remove_button):
            button.setVisible(bool(results))
        self._show_shown()

    def _fill_line(self, number: int, result: Result) -> None:
        drawn = not any(result is other for other in self._hidden)
        check = _Cell("", number)
        check.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
        check.setCheckState(Qt.CheckState.Checked if drawn else Qt.CheckState.Unchecked)
        check.setData(Qt.ItemDataRole.DecorationRole, _swatch(color_of(number)))
        check.setToolTip("Draw this run's curves" + (", dotted" if number >= len(COLORS) else ""))
        self.table.setItem(number, _DRAWN, check)
        earlier = self._session.state.results[:number]
        shared = any(other.model is result.model for other in earlier) and result.model is not None
        for column, (text, value) in enumerate(_cells(number, result, shared), _RUN):
            cell = _Cell(text, value)
            if column not in _TEXTS:
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if column == _RUN:
                cell.setData(Qt.ItemDataRole.UserRole, number)
                cell.setToolTip(result.title if result.stored is None else f"{result.title}\n{result.stored}")
            self.table.setItem(number, column, cell)

    def _show_shown(self) -> None:
        state = self._session.state
        number = state.shown % len(state.results) if state.results else -1
        with QSignalBlocker(self.table):
            self.table.clearSelection()
            for line in range(self.table.rowCount()):
                if self._number(line) == number:
                    self.table.selectRow(line)
                    item = self.table.item(line, _RUN)
                    if item is not None:
                        self.table.scrollToItem(item)
        self._draw()

    def _draw(self) -> None:
        state = self._session.state
        runs = [
            RunCurves(number, result.comparison, result.exemplar.pixel_size)
            for number, result in enumerate(state.results)
            if not any(result is other for other in self._hidden)
        ]
        self.plot.show_runs(runs, state.shown % len(state.results) if state.results else -1)


def _cells(number: int, result: Result, shared: bool) -> list[tuple[str, Any]]:
    """Text and value of each column from the run's name on; ``shared``: it was made by the model of an earlier run."""
    comparison, plan = result.comparison, result.plan
    own = result.exemplar.fractions[result.phase]
    mask = getattr(getattr(result.report, "target", None), "mask", None)
    wanted = mask.mean if mask is not None else own if plan.volume_fraction is None else plan.volume_fraction
    z, y, x = result.volume.shape if result.stored is None else plan.size
    spent = {what: value for what, value in result.seconds.items() if value == value}
    if shared:
        spent.pop("train", None)
    seconds = sum(spent.values())
    name = f"{number + 1}. {result.exemplar.name}, {result.exemplar.phases[result.phase].name}"
    return [
        (name, number),
        (str(plan.seed), plan.seed),
        (f"{100 * wanted:.2f} %" + (" (mask)" if mask is not None else ""), wanted),
        (f"{100 * result.fraction_after:.2f} %", result.fraction_after),
        ((f"{z}³" if z == y == x else f"{x} × {y} × {z}") + (", file" if result.stored else ""), x * y * z),
        (f"{words_of(plan.engine)} {plan.preset}{'*' if plan.changed_settings else ''}", (plan.engine, plan.preset)),
        (f"{100 * comparison.epsilon_s2:.1f} %", comparison.epsilon_s2),
        (f"{100 * comparison.epsilon_lineal_path:.1f} %", comparison.epsilon_lineal_path),
        (format_seconds(seconds), seconds),
    ]


def _swatch(color: str) -> QPixmap:
    picture = QPixmap(18, 4)
    picture.fill(QColor(color))
    return picture


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button
