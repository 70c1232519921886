"""The queue of runs as a table: progress of each and of all, pause, cancel."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import icons
from app.jobs import JobRunner
from app.widgets.job_strip import format_seconds
from app.workspaces.reconstruct.queue import DONE, FAILED, RUNNING, WAITING, Entry, RunQueue

EMPTY = "The queue is empty. Under “Several runs” in step 4, many seeds and volume fractions run one after the other."
_COLUMNS = ("Run", "Seed", "Fraction", "State", "Progress", "Time", "")
_RUN, _SEED, _FRACTION, _STATE, _PROGRESS, _TIME, _CANCEL = range(len(_COLUMNS))


class QueueView(QWidget):
    """Follows a queue."""

    def __init__(self, queue: RunQueue, jobs: JobRunner) -> None:
        super().__init__()
        self._queue, self._jobs = queue, jobs
        self.told = QLabel(EMPTY)
        self.told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(220)
        self.bar.setAccessibleName("Progress of all runs")
        self.pause = _button("Pause", "Hold the running job at its next report", self._pause)
        self.stop = _button("Cancel all", "Cancel the running job and all that wait", queue.cancel_all)
        self.clear = _button("Clear finished", "Put away what is over; results stay in Inspect", queue.clear_over)
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(_COLUMNS)
        self.table.setAccessibleName("Queue of runs")
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 8)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_RUN, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_PROGRESS, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(_PROGRESS, 160)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.told, 1)
        for widget in (self.bar, self.pause, self.stop, self.clear):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        self._shown: list[Entry] = []
        self._bars: list[QProgressBar] = []
        self._tick = QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._summarise)
        queue.changed.connect(self._fill)
        queue.moved.connect(self._moved)
        jobs.paused.connect(lambda _paused: self._summarise())
        self._fill()

    def theme_changed(self) -> None:
        """Draw the icons in the new text colour."""
        for line in range(self.table.rowCount()):
            button = self.table.cellWidget(line, _CANCEL)
            if isinstance(button, QToolButton):
                button.setIcon(icons.icon("cancel"))

    def _pause(self) -> None:
        self._jobs.pause(not self._jobs.is_paused)

    def _fill(self) -> None:
        entries = self._queue.entries
        if self._shown != entries:
            self._shown = list(entries)
            self._build()
        for line, entry in enumerate(entries):
            self._show(line, entry)
        self._summarise()
        if self._queue.busy:
            self._tick.start()
        else:
            self._tick.stop()

    def _build(self) -> None:
        self.table.setRowCount(0)
        self.table.setRowCount(len(self._shown))
        self._bars = []
        for line, entry in enumerate(self._shown):
            run = entry.run
            name = QTableWidgetItem(run.title)
            name.setToolTip(run.title)
            self.table.setItem(line, _RUN, name)
            fraction = "mask" if run.design.used else f"{100 * run.wanted_fraction:.2f} %"
            for column, text in ((_SEED, str(run.plan.seed)), (_FRACTION, fraction), (_STATE, ""), (_TIME, "")):
                cell = QTableWidgetItem(text)
                if column != _STATE:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(line, column, cell)
            bar = QProgressBar()
            bar.setRange(0, 1000)
            bar.setTextVisible(False)
            bar.setAccessibleName(f"Progress of {run.title}")
            self.table.setCellWidget(line, _PROGRESS, bar)
            self._bars.append(bar)
            button = QToolButton()
            button.setAutoRaise(True)
            button.setIcon(icons.icon("cancel"))
            button.setToolTip("Cancel this run")
            button.setAccessibleName(f"Cancel {run.title}")
            button.clicked.connect(lambda _checked=False, one=entry: self._queue.cancel(one))
            self.table.setCellWidget(line, _CANCEL, button)

    def _moved(self, entry: Entry) -> None:
        if entry in self._shown:
            self._show(self._shown.index(entry), entry)
        self._summarise()

    def _show(self, line: int, entry: Entry) -> None:
        state, time = self.table.item(line, _STATE), self.table.item(line, _TIME)
        if state is None or time is None:
            return
        text = entry.state
        if entry.state == RUNNING:
            text = entry.said.lower() or "starting"
        elif entry.state == FAILED:
            text = f"failed: {entry.said}"
            if len(text) > 60:
                text = text[:57] + " …"
        elif entry.state == WAITING and entry.leader is not None:
            text = "waiting, no training"
        elif entry.state == DONE and not entry.trains:
            text = "done, no training"
        state.setText(text)
        state.setToolTip(entry.said if entry.state == FAILED else text)
        time.setText(format_seconds(entry.seconds) if entry.seconds else "")
        self._bars[line].setValue(round(1000 * entry.share))
        if entry.over and self.table.cellWidget(line, _CANCEL) is not None:
            self.table.removeCellWidget(line, _CANCEL)

    def _summarise(self) -> None:
        queue = self._queue
        for widget in (self.bar, self.pause, self.stop):
            widget.setVisible(queue.busy)
        self.clear.setVisible(bool(queue.entries))
        self.clear.setEnabled(any(entry.over for entry in queue.entries))
        self.table.setVisible(bool(queue.entries))
        self.bar.setValue(round(1000 * queue.share))
        self.pause.setText("Go on" if self._jobs.is_paused else "Pause")
        if not queue.entries:
            self.told.setText(EMPTY)
            return
        parts = [queue.counted()]
        if self._jobs.is_paused:
            parts.append("paused")
        elif queue.busy:
            left = queue.seconds_left
            parts.append("measuring the time left…" if left is None else f"about {format_seconds(left)} left")
        self.told.setText(" · ".join(parts))
        self.told.setToolTip(self.told.text())


def _button(text: str, tip: str, slot: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.clicked.connect(slot)
    return button
