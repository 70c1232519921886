"""Into which other seed's volume one passes, and how far: the same everywhere, or from face to face along an axis."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QSlider, QSpinBox, QWidget

from core.reconstruction.towards import Ramp, Towards

_PLACES = ("everywhere", "along z", "along y", "along x")
_LARGEST_SEED = 2**31 - 1
_HALF = 50


class TowardsChoice(QWidget):
    """A box to tick; what it needs appears below it.

    Signals
    -------
    changed()
        Another seed, place or weight is wanted, or none.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.box = QCheckBox("Pass into another seed")
        self.box.setToolTip(
            "Blend the noise of two seeds: every volume on the way from the one to the other is as good as its ends"
        )
        self.box.clicked.connect(self._edited)
        self.seed = QSpinBox()
        self.seed.setRange(0, _LARGEST_SEED)
        self.seed.setKeyboardTracking(False)
        self.seed.setAccessibleName("The other seed")
        self.seed.setToolTip("The other seed; with a weight of 100 % the volume is that of this seed")
        self.place = QComboBox()
        self.place.addItems(_PLACES)
        self.place.setAccessibleName("Where it passes into the other seed")
        self.place.setToolTip("Everywhere as far, or from the first section along an axis, which stays, to the last")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName("Weight of the other seed")
        self.slider.setToolTip("How far it has gone: 0 % is the one volume, 100 % the other")
        self.spin = QSpinBox()
        self.spin.setRange(0, 100)
        self.spin.setSuffix(" %")
        self.spin.setKeyboardTracking(False)
        self.spin.setAccessibleName("Weight of the other seed in percent")
        self.spin.setToolTip(self.slider.toolTip())
        self._below = QWidget()
        grid = QGridLayout(self._below)
        grid.setContentsMargins(22, 0, 0, 0)
        grid.addWidget(QLabel("Seed"), 0, 0)
        grid.addWidget(self.seed, 0, 1)
        grid.addWidget(self.place, 0, 2)
        grid.addWidget(self.slider, 1, 0, 1, 2)
        grid.addWidget(self.spin, 1, 2)
        grid.setColumnStretch(1, 1)
        column = QGridLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.box)
        column.addWidget(self._below)
        self.seed.valueChanged.connect(self._edited)
        self.place.activated.connect(self._edited)
        self.slider.valueChanged.connect(self._weigh)
        self.spin.valueChanged.connect(self._weigh)
        self.show_towards(None, 0)

    @property
    def towards(self) -> Towards | None:
        """What is asked for."""
        if not self.box.isChecked():
            return None
        weight, place = self.spin.value() / 100, self.place.currentIndex()
        return Towards(self.seed.value(), Ramp(place - 1, 0.0, weight) if place else weight)

    def show_towards(self, towards: Towards | None, seed: int) -> None:
        """Offer what a volume of ``seed`` was made with; where that is nothing, the next seed, half way."""
        weight, place = _HALF / 100, 0
        if towards is not None and isinstance(towards.weight, Ramp):
            weight, place = towards.weight.last, towards.weight.axis + 1
        elif towards is not None and isinstance(towards.weight, (int, float)):
            weight = towards.weight
        with (
            QSignalBlocker(self.box), QSignalBlocker(self.seed), QSignalBlocker(self.slider), QSignalBlocker(self.spin),
        ):  # fmt: skip
            self.box.setChecked(towards is not None)
            self.seed.setValue((seed + 1) % _LARGEST_SEED if towards is None else towards.seed)
            for control in (self.slider, self.spin):
                control.setValue(round(100 * weight))
        self.place.setCurrentIndex(place)
        self._below.setVisible(self.box.isChecked())

    def _weigh(self, percent: int) -> None:
        with QSignalBlocker(self.slider), QSignalBlocker(self.spin):
            self.slider.setValue(percent)
            self.spin.setValue(percent)
        self.changed.emit()

    def _edited(self) -> None:
        self._below.setVisible(self.box.isChecked())
        self.changed.emit()
