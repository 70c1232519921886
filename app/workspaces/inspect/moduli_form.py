"""Young's modulus and Poisson's ratio of each phase, typed into a small table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QColor, QDoubleValidator, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from core.images.values import Phase

if TYPE_CHECKING:
    from core.properties import Moduli

_GIGA = 1e9


class ModuliForm(QWidget):
    """A line for each phase.

    Signals
    -------
    changed()
        A value was typed.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self.fields: list[tuple[QLineEdit, QLineEdit]] = []

    def ask(self, phases: Sequence[Phase], stiff: int) -> None:
        """Ask for the moduli of ``phases``; ``stiff`` is proposed as stiff, the others as pores."""
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.fields = []
        for column, words in ((2, "E (GPa)"), (3, "ν")):
            head = QLabel(words)
            head.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(head, 0, column)
        for label, phase in enumerate(phases):
            swatch = QLabel()
            pixmap = QPixmap(14, 14)
            pixmap.fill(QColor(phase.color))
            swatch.setPixmap(pixmap)
            young = self._field("1" if label == stiff else "0", 0.0, 1e6)
            young.setAccessibleName(f"Young's modulus of {phase.name}")
            young.setToolTip(f"Young's modulus of {phase.name} in GPa; 0 for a pore")
            poisson = self._field("0.3" if label == stiff else "0", -1.0, 0.5)
            poisson.setAccessibleName(f"Poisson's ratio of {phase.name}")
            poisson.setToolTip(f"Poisson's ratio of {phase.name}, above −1 and below 0.5")
            self.fields.append((young, poisson))
            for column, widget in enumerate((swatch, QLabel(phase.name), young, poisson)):
                self._grid.addWidget(widget, label + 1, column)

    def _field(self, text: str, low: float, high: float) -> QLineEdit:
        field = QLineEdit(text)
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setMaximumWidth(field.fontMetrics().averageCharWidth() * 9)
        validator = QDoubleValidator(low, high, 9, field)
        validator.setLocale(QLocale.c())
        field.setValidator(validator)
        field.textChanged.connect(lambda _text: self.changed.emit())
        return field

    @property
    def given(self) -> dict[int, Moduli] | None:
        """The moduli by label, in Pa; None where one cannot be read."""
        from core.properties import Moduli

        try:
            return {
                label: Moduli(_GIGA * float(young.text()), float(poisson.text()))
                for label, (young, poisson) in enumerate(self.fields)
            }
        except ValueError:
            return None

    @property
    def missing(self) -> str:
        """What must be typed yet, in a sentence; empty where nothing."""
        from core.errors import InputError

        given = self.given
        if given is None:
            return "Give each phase a Young's modulus and a Poisson's ratio."
        if not any(one.young > 0 for one in given.values()):
            return "Give at least one phase a Young's modulus above 0."
        try:
            for label, one in given.items():
                one.check(str(label))
        except InputError as error:
            return str(error)
        return ""
