"""Several runs of one plan: so many seeds, some volume fractions."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QSpinBox, QWidget

from app.series import MOST, Member, members, named, served_range
from app.session import Series
from app.widgets.panel import Fold, hint, set_role
from app.workspaces.reconstruct.queue import Entry
from app.workspaces.reconstruct.run import Run, engine_settings

_LARGEST_SEED = 2**31 - 1


class SeriesForm(QWidget):
    """Folded away until more than one run is wanted.

    Signals
    -------
    changed()
        Another series is asked for.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._first = 0
        self.count = QSpinBox()
        self.count.setRange(1, MOST)
        self.count.setKeyboardTracking(False)
        self.count.setAccessibleName("Number of seeds")
        self.count.setToolTip("So many runs, each with the next seed, beginning with the seed above")
        self.count.valueChanged.connect(lambda _value: self._edited())
        self.seeds = hint()
        self.fractions = QLineEdit()
        self.fractions.setPlaceholderText("as above; or 10, 15, 20 %")
        self.fractions.setClearButtonEnabled(True)
        self.fractions.setAccessibleName("Volume fractions of the series")
        self.fractions.setToolTip("One run for each: shares such as 0.1, 0.15 or percents such as 10, 15 %")
        self.fractions.textChanged.connect(lambda _text: self._edited())
        self.train_once = QCheckBox("One training for all seeds")
        self.train_once.setToolTip(
            "Fast: all volumes are made by one model. Otherwise every seed trains anew, as in a run\n"
            "of its own, and the volumes differ also by what training left to chance."
        )
        self.train_once.toggled.connect(lambda _on: self._edited())
        self.told = hint()
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        for line, (text, widget) in enumerate((("Seeds", self.count), ("Fractions", self.fractions))):
            label = QLabel(text)
            label.setBuddy(widget)
            label.setToolTip(widget.toolTip())
            grid.addWidget(label, line, 0)
        grid.addWidget(self.count, 0, 1)
        grid.addWidget(self.seeds, 0, 2)
        grid.addWidget(self.fractions, 1, 1, 1, 2)
        grid.addWidget(self.train_once, 2, 1, 1, 2)
        grid.addWidget(self.told, 3, 0, 1, 3)
        self.fold = Fold("Several runs")
        self.fold.column.addWidget(body)
        column = QGridLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold, 0, 0)
        self.show_seed(0)

    @property
    def wanted(self) -> Series | None:
        """The series as it stands here, or None where something is wrong with what was typed."""
        if self.problem:
            return None
        return Series(self.count.value(), shares(self.fractions.text()), self.train_once.isChecked())

    def show_wanted(self, series: Series) -> None:
        """Make the controls say what ``series`` says; what says so already stays as it was typed."""
        if series == self.wanted:
            return
        with QSignalBlocker(self.count), QSignalBlocker(self.fractions), QSignalBlocker(self.train_once):
            self.count.setValue(series.seeds)
            self.train_once.setChecked(series.train_once)
            percents = ", ".join(f"{100 * share:.10g}" for share in series.fractions)
            self.fractions.setText(f"{percents} %" if percents else "")
        self.show_seed(self._first)
        if series != Series():
            self.fold.set_open(True)

    def show_seed(self, first: int) -> None:
        """The plan's seed is ``first``."""
        self._first = first
        count = min(self.count.value(), _LARGEST_SEED - first + 1)
        self.seeds.setText(f"from {first}" if count == 1 else f"{first} to {first + count - 1}")
        self.train_once.setEnabled(count > 1)

    def _edited(self) -> None:
        self.show_seed(self._first)
        self.changed.emit()

    @property
    def problem(self) -> str:
        """What is wrong with what was typed, or empty."""
        try:
            shares(self.fractions.text())
        except ValueError as error:
            return str(error)
        return ""

    def series(self, run: Run) -> tuple[Member, ...]:
        """The series as it is asked for now; that of ``run`` alone where something is wrong with it."""
        plan = run.plan
        count = min(self.count.value(), _LARGEST_SEED - plan.seed + 1)
        wanted: list[float | None] = [] if self.problem else list(shares(self.fractions.text()))
        found = members(
            range(plan.seed, plan.seed + count),
            wanted or [plan.volume_fraction],
            served=served_range(engine_settings(plan)),
            train_once=self.train_once.isChecked() and count > 1,
        )
        return found[:MOST]

    def show_series(self, series: tuple[Member, ...]) -> None:
        """Say what it comes to."""
        problem = self.problem
        set_role(self.told, "role", "error" if problem else "hint")
        trainings = sum(member.leader is None for member in series)
        one = f"{len(series)} runs, {trainings} training{'s' if trainings != 1 else ''}."
        self.told.setText(problem or (one if len(series) > 1 else ""))
        self.told.setVisible(bool(self.told.text()))


def shares(text: str) -> tuple[float, ...]:
    """Volume fractions as typed: "0.1, 0.2", "10 20 %", "10 %; 20 %". Numbers from 1 on are percents.

    Raises
    ------
    ValueError
        With a sentence for the user.
    """
    percents = "%" in text
    found = []
    for part in text.replace("%", " ").replace(";", " ").replace(",", " ").split():
        try:
            value = float(part)
        except ValueError:
            raise ValueError(f"{part} is no number: write fractions as 0.1, 0.2 or 10, 20 %.") from None
        share = value / 100 if percents or value >= 1 else value
        if not 0 < share < 1:
            raise ValueError(f"{part} is out of reach: a volume fraction lies between 0 and 100 %, both excluded.")
        found.append(round(share, 12))
    return tuple(dict.fromkeys(found))


def entries_of(run: Run, series: tuple[Member, ...]) -> list[Entry]:
    """The series as entries of the queue; ``run`` has all that its runs share."""
    made: list[Entry] = []
    for member in series:
        plan = replace(run.plan, seed=member.seed, volume_fraction=member.fraction)
        leader = None if member.leader is None else made[member.leader]
        file = None if run.file is None else named(run.file, member, series)
        made.append(Entry(replace(run, plan=plan, file=file, asked=run.plan), leader))
    return made
