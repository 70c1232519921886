"""Below a canvas: which slice of a volume is on show. A slider, a number, and keys."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QSpinBox, QWidget

from app.widgets.column import column_of
from core.images.pixel_size import format_length

_PAGES = 20  # steps of a click beside the handle, from end to end


class SliceBar(QWidget):
    """Hidden until there is a volume.

    Signals
    -------
    chosen(place)
        Another slice is wanted, from 0.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Slice on show")
        self.slider.setToolTip("Which slice of the volume is on show (PgUp, PgDn)")
        self.slider.valueChanged.connect(lambda value: self.chosen.emit(value - 1))
        self.number = QSpinBox()
        self.number.setAccessibleName("Number of the slice on show")
        self.number.setToolTip(self.slider.toolTip())
        self.number.setKeyboardTracking(False)
        self.number.valueChanged.connect(lambda value: self.chosen.emit(value - 1))
        self.where = QLabel()
        self.where.setProperty("role", "hint")
        title = QLabel("Slice")
        title.setBuddy(self.number)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(8)
        row.addWidget(title)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        row.addWidget(self.where)
        self.actions_of = [
            self._step(text, key, by) for text, key, by in (("Slice up", "PgUp", 1), ("Slice down", "PgDown", -1))
        ]
        self.hide()

    def _step(self, text: str, key: str, by: int) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        action.setToolTip(f"{text} in the volume that is open ({key.replace('Down', 'Dn')})")
        action.triggered.connect(lambda: self.slider.setValue(self.slider.value() + by))
        action.setEnabled(False)
        return action

    def show_slice(self, place: int | None, count: int, step: float | None = None, *, found: bool = True) -> None:
        """Slice ``place`` of ``count``, ``step`` metres apart; None for ``place``: there is no volume.

        ``found`` says whether there are other slices to show: the volume may not be where it was.
        """
        self.setVisible(place is not None)
        self.setEnabled(found)
        for action in self.actions_of:
            action.setEnabled(place is not None and found)
        if place is None:
            return
        with QSignalBlocker(self.slider), QSignalBlocker(self.number):
            self.slider.setRange(1, count)
            self.slider.setPageStep(max(1, count // _PAGES))
            self.slider.setValue(place + 1)
            self.number.setRange(1, count)
            self.number.setSuffix(f" of {count}")
            self.number.setValue(place + 1)
        self.where.setText("" if step is None else f"z {format_length(place * step)}")
        self.where.setVisible(step is not None)


def with_slices(canvas: QWidget, bar: SliceBar) -> QWidget:
    """The bar below the canvas."""
    return column_of(canvas, bar, growing=canvas)
