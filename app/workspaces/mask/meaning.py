"""What a mask says: how much of a phase there is at each place, or where a phase is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from app.widgets.panel import hint
from core.images.values import Phase


class MaskMeaning(QWidget):
    """A choice, where there are phases enough to make the fine structure around one that is given.

    Signals
    -------
    chosen(label)
        Of the phase whose region the mask is to be; None: it says fractions.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.choice = QComboBox()
        self.choice.setAccessibleName("What the mask says")
        self.choice.setToolTip(
            "Fractions: how much of the phase of interest there is at each place.\n"
            "Where a phase is: its large shapes are given; the others make the fine structure around them."
        )
        self.choice.setMinimumContentsLength(12)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.activated.connect(lambda row: self.chosen.emit(self.choice.itemData(row)))
        self.note = hint("The phase is where the mask is 50 % or more; the others fill the rest as in the exemplar.")
        label = QLabel("The mask says")
        label.setBuddy(self.choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in (label, self.choice, self.note):
            column.addWidget(widget)

    def show_meaning(self, phases: Sequence[Phase], interest: int | None, region_of: int | None) -> None:
        """Show what is chosen; hidden where a mask can only say fractions."""
        self.setVisible(len(phases) > 2 or region_of is not None)
        of = phases[interest].name if interest is not None and interest < len(phases) else "the phase"
        items: list[tuple[str, int | None]] = [(f"how much of {of}", None)]
        items += [(f"where {phase.name} is", label) for label, phase in enumerate(phases)]
        with QSignalBlocker(self.choice):
            if [self.choice.itemText(row) for row in range(self.choice.count())] != [text for text, _ in items]:
                self.choice.clear()
                for text, label in items:
                    self.choice.addItem(text, label)
            self.choice.setCurrentIndex(0 if region_of is None else 1 + region_of)
        self.note.setVisible(region_of is not None)
