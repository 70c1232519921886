"""Controls of the planes that cut the volume open in 3-D: a list of them, and where the chosen one lies."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.widgets.oblique_cut import MOST, Cut
from app.widgets.volume_view import VolumeView

_SLIDERS = {
    "Direction": (0, 359, "From which side the cut is made, degrees about z"),
    "Tilt": (-90, 90, "From how high the cut is made, degrees; 90 is from above"),
    "Depth": (0, 100, "How much of the way through is cut away, per cent"),
}


_ROWS = 4
"""Planes that the list shows at once."""


def words_of(number: int, cut: Cut) -> str:
    """A plane in few words."""
    return f"{number}. {round(cut.azimuth) % 360}°, tilt {round(cut.elevation)}°, depth {round(100 * cut.depth)} %"


class CutControls(QWidget):
    """A box to tick; ticked, a list of planes, and sliders for direction and depth of the one chosen in it.

    Signals
    -------
    edited(name, merge)
        A gesture called ``name`` has changed the planes; those with the same ``merge``, where it is not empty, are one.
    settled()
        The gesture is over: what follows is another one.
    """

    edited = Signal(str, str)
    settled = Signal()

    def __init__(self, view: VolumeView) -> None:
        super().__init__()
        self._cut = view.oblique
        self.on = QCheckBox("Cut open along planes")
        self.on.setToolTip("Cut away what lies between you and a plane of any direction; it begins as you look now")
        self.part = QWidget()
        self.list = QListWidget()
        self.list.setAccessibleName("Planes that cut")
        self.list.setToolTip("Planes that cut; the sliders below move the one that is chosen")
        self.list.currentRowChanged.connect(lambda row: self._cut.set_all(self._cut.cuts, row))
        self.add = QPushButton("Add a plane")
        self.add.setToolTip(f"One more plane, across the direction in which you look now, or beside it; {MOST} at most")
        self.add.clicked.connect(self._add)
        self.remove = QPushButton("Remove")
        self.remove.setAccessibleName("Remove the plane")
        self.remove.setToolTip("Take back the plane that is chosen")
        self.remove.clicked.connect(self._remove)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        self.sliders: dict[str, QSlider] = {}
        self._numbers: dict[str, QLabel] = {}
        for row, (name, (low, high, tip)) in enumerate(_SLIDERS.items()):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(low, high)
            slider.setAccessibleName(f"{name} of the cut")
            slider.setToolTip(tip)
            slider.valueChanged.connect(lambda _, name=name: self._moved(name))
            slider.sliderReleased.connect(self.settled)
            number = QLabel()
            number.setMinimumWidth(number.fontMetrics().horizontalAdvance("100 %"))
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, widget in enumerate((QLabel(name), slider, number)):
                grid.addWidget(widget, row, column)
            self.sliders[name], self._numbers[name] = slider, number
        self.camera = QPushButton("As I look")
        self.camera.setToolTip("Cut straight across the direction in which you look now, half way through")
        self.over = QPushButton("Other half")
        self.over.setToolTip("Show the half that is cut away instead")
        buttons = QHBoxLayout()
        buttons.addWidget(self.camera)
        buttons.addWidget(self.over)
        more = QHBoxLayout()
        more.addWidget(self.add)
        more.addWidget(self.remove)
        below = QVBoxLayout(self.part)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.list)
        below.addLayout(more)
        below.addLayout(grid)
        below.addLayout(buttons)
        column_of_all = QVBoxLayout(self)
        column_of_all.setContentsMargins(0, 0, 0, 0)
        column_of_all.addWidget(self.on)
        column_of_all.addWidget(self.part)
        self.on.toggled.connect(self._switch)
        self.camera.clicked.connect(self._as_seen)
        self.over.clicked.connect(self._turn_over)
        self._cut.changed.connect(self.refresh)
        self.setEnabled(view.scene is not None)
        self.refresh()

    def refresh(self) -> None:
        """Take over the view's state."""
        cut = self._cut.cut
        with QSignalBlocker(self.on):
            self.on.setChecked(cut is not None)
        self.part.setVisible(cut is not None)
        if cut is None:
            return
        with QSignalBlocker(self.list):
            texts = [words_of(number, one) for number, one in enumerate(self._cut.cuts, 1)]
            if self.list.count() == len(texts):
                for row, text in enumerate(texts):
                    self.list.item(row).setText(text)
            else:
                self.list.clear()
                self.list.addItems(texts)
            self.list.setCurrentRow(self._cut.place)
        row = max(self.list.sizeHintForRow(0), self.fontMetrics().height())
        self.list.setFixedHeight(row * min(_ROWS, len(self._cut.cuts)) + 2 * self.list.frameWidth() + 2)
        self.add.setEnabled(len(self._cut.cuts) < MOST)
        values = {"Direction": round(cut.azimuth) % 360, "Tilt": round(cut.elevation), "Depth": round(100 * cut.depth)}
        for name, value in values.items():
            with QSignalBlocker(self.sliders[name]):
                self.sliders[name].setValue(value)
            self._numbers[name].setText(f"{value} %" if name == "Depth" else f"{value}°")

    def _switch(self, on: bool) -> None:
        self._cut.from_camera() if on else self._cut.set(None)
        self.edited.emit("cut the volume open" if on else "close the cuts", "")

    def _add(self) -> None:
        self._cut.add(self._cut.another())
        self.edited.emit("add a cutting plane", "")

    def _remove(self) -> None:
        self._cut.remove()
        self.edited.emit("remove a cutting plane", "")

    def _moved(self, name: str) -> None:
        azimuth, elevation, depth = (slider.value() for slider in self.sliders.values())
        self._cut.set(Cut(float(azimuth), float(elevation), depth / 100))
        self.edited.emit("move a cutting plane", f"{name} of the cut {self._cut.place}")

    def _as_seen(self) -> None:
        self._cut.from_camera()
        self.edited.emit("cut as one looks", "")

    def _turn_over(self) -> None:
        if self._cut.cut is not None:
            self._cut.set(self._cut.cut.turned_over)
            self.edited.emit("show the other half", "")
