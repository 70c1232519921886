"""The steps of cleaning as a list that is edited in place: what, on which phase, how large, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.widgets.choice_words import words_of
from core.segmentation.settings import CLEANING, CleaningStep
from core.settings import describe

_SIZED = {
    "fill holes": ("up to ", " px²", "Largest hole that is filled, in pixels; 0 fills holes of any size"),
    "split touching": ("neck ", " px", "How much narrower than the pieces a neck must be to be cut"),
}
_DISC = ("radius ", " px", "Radius of the disc")
_WORDS = {
    "open": "Opening: removes what is thinner than the disc",
    "close": "Closing: fills gaps that are narrower than the disc",
    "erode": "Erosion: takes a rim as wide as the radius off the phase",
    "dilate": "Dilation: adds a rim as wide as the radius to the phase",
    "fill holes": "Fills what the phase encloses",
    "remove border pieces": "Removes pieces of the phase that the picture's edge cuts off",
    "split touching": "Cuts touching particles apart at their necks (watershed)",
}


class _Row(QWidget):
    changed = Signal(CleaningStep)

    def __init__(self, number: int) -> None:
        super().__init__()
        self._step = CleaningStep()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setSpacing(4)
        self.kind, self.phase, self.size_box = QComboBox(), QComboBox(), QDoubleSpinBox()
        for kind in CLEANING:
            self.kind.addItem(words_of(kind), kind)
        spec = {item.name: item for item in describe(CleaningStep)}["size"]
        self.size_box.setRange(float(spec.minimum or 0), float(spec.maximum or 0))
        self.size_box.setDecimals(1)
        self.size_box.setKeyboardTracking(False)
        self.up, self.remove = QToolButton(), QToolButton()
        for button, sign, tip in ((self.up, "↑", "Do this step earlier"), (self.remove, "✕", "Remove this step")):
            button.setText(sign)
            button.setAutoRaise(True)
            button.setToolTip(tip)
            button.setAccessibleName(f"{tip} ({number})")
        self.up.setEnabled(number > 1)
        for box, name in ((self.kind, "Step"), (self.phase, "Phase"), (self.size_box, "Size")):
            box.setAccessibleName(f"{name} of cleaning step {number}")
        self.phase.setToolTip("The phase that the step works on")
        grid.addWidget(self.kind, 0, 0, 1, 2)
        grid.addWidget(self.up, 0, 2)
        grid.addWidget(self.remove, 0, 3)
        grid.addWidget(self.phase, 1, 0)
        grid.addWidget(self.size_box, 1, 1, 1, 3)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.kind.currentIndexChanged.connect(lambda _i: self._emit(kind=self.kind.currentData()))
        self.phase.currentIndexChanged.connect(lambda _i: self._emit(phase=self.phase.currentData()))
        self.size_box.valueChanged.connect(lambda value: self._emit(size=float(value)))

    def _emit(self, **change: object) -> None:
        self.changed.emit(replace(self._step, **change))  # type: ignore[arg-type]

    def show_step(self, step: CleaningStep, phases: Sequence[str]) -> None:
        self._step = step
        with QSignalBlocker(self.kind), QSignalBlocker(self.phase), QSignalBlocker(self.size_box):
            self.kind.setCurrentIndex(self.kind.findData(step.kind))
            self.kind.setToolTip(_WORDS[step.kind])
            names = [*phases, *(f"Phase {label}" for label in range(len(phases), step.phase + 1))]
            if [self.phase.itemText(place) for place in range(self.phase.count())] != names:
                self.phase.clear()
                for label, name in enumerate(names):
                    self.phase.addItem(name, label)
            self.phase.setCurrentIndex(step.phase)
            prefix, suffix, tip = _SIZED.get(step.kind, _DISC)
            self.size_box.setPrefix(prefix)
            self.size_box.setSuffix(suffix)
            self.size_box.setToolTip(tip)
            self.size_box.setValue(step.size)
            self.size_box.setVisible(step.kind != "remove border pieces")


class CleaningList(QWidget):
    """Shows the steps and reports changes; it holds no value of its own.

    Signals
    -------
    changed(steps, what)
        The user asks for other steps; ``what`` names the gesture and whether it goes on ("" ends it).
    """

    changed = Signal(tuple, str)

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[CleaningStep, ...] = ()
        self.rows: list[_Row] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self._column = column
        self.add = QPushButton("Add a step")
        self.add.setToolTip("Open, close, erode, dilate, fill holes, remove pieces at the border, split particles")
        self.add.clicked.connect(lambda: self.changed.emit((*self._steps, CleaningStep()), "add a cleaning step"))
        column.addWidget(self.add)

    def show_steps(self, steps: tuple[CleaningStep, ...], phases: Sequence[str]) -> None:
        """Show ``steps``; ``phases`` are the names to choose from, in label order."""
        self._steps = steps
        while len(self.rows) > len(steps):
            row = self.rows.pop()
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(steps):
            self._add_row(len(self.rows))
        for row, step in zip(self.rows, steps, strict=True):
            row.show_step(step, phases)

    def _add_row(self, place: int) -> None:
        row = _Row(place + 1)
        row.changed.connect(lambda step: self._put(place, step))
        row.up.clicked.connect(lambda: self._move_up(place))
        row.remove.clicked.connect(lambda: self._remove(place))
        self.rows.append(row)
        self._column.insertWidget(place, row)

    def _put(self, place: int, step: CleaningStep) -> None:
        self.changed.emit((*self._steps[:place], step, *self._steps[place + 1 :]), f"cleaning step {place + 1}")

    def _move_up(self, place: int) -> None:
        steps = list(self._steps)
        steps[place - 1 : place + 1] = steps[place], steps[place - 1]
        self.changed.emit(tuple(steps), "order of the cleaning steps")

    def _remove(self, place: int) -> None:
        self.changed.emit((*self._steps[:place], *self._steps[place + 1 :]), "remove a cleaning step")
