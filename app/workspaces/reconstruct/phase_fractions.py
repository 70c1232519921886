"""The wanted volume fraction of every phase: they always make up the whole."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from core.images.values import Phase
from core.reconstruction.shares import shared

_LEAST = 0.01
_SQUARE = 12


class PhaseFractions(QWidget):
    """A number for each phase. Where one is changed, the others share the rest in the same proportion as before.

    Signals
    -------
    edited(fractions)
        A tuple, one a phase; None: the exemplar's own are wanted again.
    """

    edited = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._fractions: tuple[float, ...] = ()
        self._phases: tuple[Phase, ...] = ()
        self.spins: list[QDoubleSpinBox] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 0, 0, 0)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self.reset = QToolButton()
        self.reset.setText("●")
        self.reset.setAutoRaise(True)
        self.reset.setToolTip("Changed; click for the exemplar's own fractions")
        self.reset.setAccessibleName("Reset the volume fractions to the exemplar's")
        self.reset.clicked.connect(lambda: self.edited.emit(None))
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)

    def show_fractions(self, phases: Sequence[Phase], fractions: Sequence[float], changed: bool) -> None:
        """Show these; ``changed``: whether they are others than the exemplar's."""
        if tuple(phases) != self._phases:
            self._build(tuple(phases))
        self._fractions = tuple(fractions)
        for spin, fraction in zip(self.spins, fractions, strict=True):
            with QSignalBlocker(spin):
                spin.setValue(100 * fraction)
        self.reset.setVisible(changed)

    def _build(self, phases: tuple[Phase, ...]) -> None:
        self._phases = phases
        self._grid.removeWidget(self.reset)
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.spins = []
        for line, phase in enumerate(phases):
            square = QPixmap(_SQUARE, _SQUARE)
            square.fill(QColor(phase.color))
            color = QLabel()
            color.setPixmap(square)
            name = QLabel(phase.name)
            name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # a long name is cut off
            spin = QDoubleSpinBox()
            spin.setRange(_LEAST, 100 - _LEAST)
            spin.setDecimals(2)
            spin.setSingleStep(0.5)
            spin.setSuffix(" %")
            spin.setKeyboardTracking(False)
            spin.setAccessibleName(f"Volume fraction of {phase.name}")
            spin.setToolTip(f"Wanted share of {phase.name}; the others share the rest in the same proportion as before")
            spin.valueChanged.connect(lambda percent, line=line: self._typed(line, percent / 100))
            name.setBuddy(spin)
            name.setToolTip(f"{phase.name}\n{spin.toolTip()}")
            self._grid.addWidget(color, line, 0)
            self._grid.addWidget(name, line, 1)
            self._grid.addWidget(spin, line, 2)
            self.spins.append(spin)
        self._grid.addWidget(self.reset, 0, 3)

    def _typed(self, phase: int, share: float) -> None:
        self.edited.emit(shared(self._fractions, phase, share))
