"""Choose descriptors, measure them of the volume on show and of its exemplar, and keep what came out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.context import Context
from app.widgets.panel import Fold, hint
from core.errors import JobError
from core.images.values import PhaseImage, Volume
from core.statistics.describing import Described
from core.statistics.descriptors import ALONE, DESCRIPTORS, Descriptor
from core.statistics.sampling_band import SamplingBand

JOB = "statistics"
FIRST = ("s2", "lineal-path", "chord-length", "local-thickness", "specific-surface", "connectivity")
"""Ticked at first: those that take seconds."""


@dataclass(frozen=True, eq=False)
class Measurable:
    """What is on show, and what it is compared with.

    Attributes
    ----------
    name, volume, phase
        The volume and its phase of interest.
    exemplar, exemplar_phase, band
        The picture it was made from and the band of its S2 and L, or None.
    """

    name: str
    volume: Volume
    phase: int
    exemplar: PhaseImage | None = None
    exemplar_phase: int = 0
    band: SamplingBand | None = None


class StatisticsCard(QWidget):
    """A folded part of the panel.

    Signals
    -------
    table_wanted(wanted)
        Whether the table is to be seen in place of the volume.
    measured()
        There is something new for the table.
    """

    table_wanted = Signal(bool)
    measured = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._subject: Measurable | None = None
        self._measuring: Measurable | None = None
        self.fold = Fold("Measure")
        self._build()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        jobs = context.jobs
        jobs.returned.connect(self._returned)
        jobs.failed.connect(self._failed)
        jobs.cancelled.connect(self._cancelled)
        context.measurements.changed.connect(self._heard)
        for signal in (jobs.started, jobs.idle):
            # the runner is busy, or free, a moment later
            signal.connect(lambda *_: QTimer.singleShot(0, self, self._check))
        self.show_subject(None)

    def _build(self) -> None:
        body = self.fold.column
        self.choice = QListWidget()
        self.choice.setAccessibleName("Statistics to measure")
        self.choice.setToolTip("Tick what is to be measured; each line tells what it is")
        self.choice.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.choice.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for one in DESCRIPTORS:
            item = QListWidgetItem(one.title)
            item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Checked if one.name in FIRST else Qt.CheckState.Unchecked)
            alone = "" if one.compares != ALONE else "\nA picture says nothing about it in a volume."
            item.setToolTip(f"{one.help[0].upper()}{one.help[1:]}{alone}\nUnit: {one.unit}")
            self.choice.addItem(item)
        self.choice.itemChanged.connect(lambda _item: self._check())
        body.addWidget(self.choice)
        row = QHBoxLayout()
        for text, tip, state in (
            ("All", "Tick all statistics", Qt.CheckState.Checked), ("None", "Tick none", Qt.CheckState.Unchecked),
        ):  # fmt: skip
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.clicked.connect(lambda _on=False, state=state: self._tick_all(state))
            row.addWidget(button)
        row.addStretch(1)
        body.addLayout(row)
        self.missing = hint()
        self.missing.setProperty("role", "warning")
        self.run = QPushButton("Measure what is ticked")
        self.run.setToolTip("Measure what is ticked; the line at the foot shows how far it is, Esc cancels")
        self.run.clicked.connect(self._run)
        self.table = QPushButton("Show the table")
        self.table.setCheckable(True)
        self.table.setToolTip("The table of what was measured, in place of the volume")
        self.table.toggled.connect(self.table_wanted.emit)
        for widget in (self.missing, self.run, self.table):
            body.addWidget(widget)

    def showEvent(self, event: Any) -> None:
        """The list is as high as its lines, in any font."""
        super().showEvent(event)
        lines = self.choice.sizeHintForRow(0) * self.choice.count()
        self.choice.setFixedHeight(lines + 2 * self.choice.frameWidth() + 2)

    # --- what is on show -----------------------------------------------------------------------------------------

    def show_subject(self, subject: Measurable | None) -> None:
        """Offer the statistics of another volume, or of none."""
        changed = subject is None or self._subject is None or subject.volume is not self._subject.volume
        self._subject = subject
        self.setVisible(subject is not None)
        if changed:
            self.table.setChecked(False)
        self.table.setVisible(bool(self.found))
        self._check()

    @property
    def subject(self) -> Measurable | None:
        """What is on show."""
        return self._subject

    @property
    def found(self) -> tuple[Described, ...]:
        """What is known of the volume on show."""
        subject = self._subject
        return () if subject is None else self._context.measurements.statistics(subject.volume.labels)

    @property
    def ticked(self) -> tuple[Descriptor, ...]:
        """The descriptors that are ticked."""
        lines = [self.choice.item(line) for line in range(self.choice.count())]
        return tuple(
            one for one, item in zip(DESCRIPTORS, lines, strict=True) if item.checkState() == Qt.CheckState.Checked
        )

    def _tick_all(self, state: Qt.CheckState) -> None:
        for line in range(self.choice.count()):
            self.choice.item(line).setCheckState(state)

    def _check(self) -> None:
        """Say what is missing."""
        missing = ""
        if not self.ticked:
            missing = "Tick at least one statistic."
        elif self._context.jobs.busy and self._measuring is None:
            missing = f"{self._context.jobs.title} is running: wait for it, or cancel it."
        self.missing.setText(missing)
        self.missing.setVisible(bool(missing))
        self.run.setEnabled(not missing and self._measuring is None)

    # --- the job -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        subject, wanted = self._subject, self.ticked
        if subject is None:
            return

        def make() -> Any:
            from core.report.findings import exemplar_sample, sample_of
            from core.statistics.describing import describing
            from core.statistics.indicator import default_max_lag

            volume, exemplar = subject.volume, subject.exemplar
            lag = default_max_lag(*(thing.labels.shape for thing in (volume, exemplar) if thing is not None))
            reference = None
            if exemplar is not None:
                reference = exemplar_sample(exemplar, subject.exemplar_phase, volume, subject.phase, lag)
            return describing(sample_of(volume, subject.phase, lag), wanted, reference, subject.band)

        try:
            self._context.jobs.start("statistics", make, kind=JOB)
        except JobError as error:
            self._context.messages.failed("Measuring the statistics", error)
            return
        self._measuring = subject
        self._check()

    def _returned(self, found: Any) -> None:
        subject, self._measuring = self._measuring, None
        if subject is None:
            return
        self._context.measurements.keep_statistics(subject.volume.labels, found)
        self._context.messages.say("The statistics are measured.", "good")
        if self._subject is not None and self._subject.volume is subject.volume:
            self.table.setChecked(True)

    def _heard(self, labels: Any) -> None:
        """Something was measured, here or elsewhere."""
        if self._subject is not None and self._subject.volume.labels is labels and self.found:
            self.table.show()
            self.measured.emit()

    def _failed(self, error: Any) -> None:
        if self._measuring is not None:
            self._measuring = None
            self._context.messages.failed("Measuring the statistics", error)

    def _cancelled(self) -> None:
        if self._measuring is not None:
            self._measuring = None
            self._context.messages.say("Cancelled: the statistics were not measured.")
