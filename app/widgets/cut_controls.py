"""Controls of the plane that cuts the volume open in 3-D."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from app.widgets.oblique_cut import Cut
from app.widgets.volume_view import VolumeView

_SLIDERS = {
    "Direction": (0, 359, "From which side the cut is made, degrees about z"),
    "Tilt": (-90, 90, "From how high the cut is made, degrees; 90 is from above"),
    "Depth": (0, 100, "How much of the way through is cut away, per cent"),
}


class CutControls(QWidget):
    """A box to tick; ticked, sliders for the plane's direction and depth."""

    def __init__(self, view: VolumeView) -> None:
        super().__init__()
        self._cut = view.oblique
        self.on = QCheckBox("Cut open along a plane")
        self.on.setToolTip("Cut away what lies between you and a plane of any direction; it begins as you look now")
        self.part = QWidget()
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        self.sliders: dict[str, QSlider] = {}
        self._numbers: dict[str, QLabel] = {}
        for row, (name, (low, high, tip)) in enumerate(_SLIDERS.items()):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(low, high)
            slider.setAccessibleName(f"{name} of the cut")
            slider.setToolTip(tip)
            slider.valueChanged.connect(self._moved)
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
        below = QVBoxLayout(self.part)
        below.setContentsMargins(0, 0, 0, 0)
        below.addLayout(grid)
        below.addLayout(buttons)
        column_of_all = QVBoxLayout(self)
        column_of_all.setContentsMargins(0, 0, 0, 0)
        column_of_all.addWidget(self.on)
        column_of_all.addWidget(self.part)
        self.on.toggled.connect(lambda on: self._cut.from_camera() if on else self._cut.set(None))
        self.camera.clicked.connect(self._cut.from_camera)
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
        values = {"Direction": round(cut.azimuth) % 360, "Tilt": round(cut.elevation), "Depth": round(100 * cut.depth)}
        for name, value in values.items():
            with QSignalBlocker(self.sliders[name]):
                self.sliders[name].setValue(value)
            self._numbers[name].setText(f"{value} %" if name == "Depth" else f"{value}°")

    def _moved(self) -> None:
        azimuth, elevation, depth = (slider.value() for slider in self.sliders.values())
        self._cut.set(Cut(float(azimuth), float(elevation), depth / 100))

    def _turn_over(self) -> None:
        if self._cut.cut is not None:
            self._cut.set(self._cut.cut.turned_over)
