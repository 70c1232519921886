"""The panel beside the volume: mode, phases, clipping box, turntable, picture, read-out."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.widgets.cut_controls import CutControls
from app.widgets.key_view_list import KeyViewList
from app.widgets.range_slider import RangeSlider
from app.widgets.volume_view import MODES, VolumeView

TITLES = {"surface": "Surface of the phase", "translucent": "Translucent", "maximum": "Maximum"}


class VolumeControls(QWidget):
    """Controls of one `VolumeView`; call `refresh` after changing the view from elsewhere.

    Signals
    -------
    picture_wanted(), movie_wanted()
        The view is to be saved as a picture; a movie is to be made of it.
    """

    picture_wanted = Signal()
    movie_wanted = Signal()

    def __init__(self, view: VolumeView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.mode = QComboBox()
        for key in MODES:
            self.mode.addItem(TITLES[key], key)
        self._name(self.mode, "Mode of the 3-D view", "How the volume is drawn")
        self.mode.currentIndexChanged.connect(lambda _: view.set_mode(self.mode.currentData()))
        self.phase_grid = QGridLayout()
        self.clips: list[RangeSlider] = []
        clip_grid = QGridLayout()
        for row, axis in enumerate("zyx"):
            slider = RangeSlider(Qt.Orientation.Horizontal)
            self._name(slider, f"Clip along {axis}", f"Show only this range of {axis} (voxels) in 3-D")
            slider.valueChanged.connect(self._clip)
            clip_grid.addWidget(QLabel(axis), row, 0)
            clip_grid.addWidget(slider, row, 1)
            self.clips.append(slider)
        self.in_full = QPushButton("Box in full at the cursor")
        self._name(
            self.in_full,
            "Box in full at the cursor",
            "3-D shows a box around the cursor at full resolution; read from disk",
        )
        self.in_full.clicked.connect(view.look_close)
        self.whole = QPushButton("All")
        self._name(self.whole, "All of the volume", "3-D shows all of the volume again, coarsely")
        self.whole.clicked.connect(view.look_at_all)
        self.turntable = QPushButton("Turntable")
        self.turntable.setCheckable(True)
        self._name(self.turntable, "Turntable", "Let the volume turn (T)")
        self.turntable.toggled.connect(lambda on: view.start_turntable() if on else view.stop_turntable())
        self.picture = QPushButton("Picture …")
        self._name(self.picture, "Save a picture", "Save the view, or a part of it, as a PNG of any size; S: as it is")
        self.picture.clicked.connect(self.picture_wanted)
        self.movie = QPushButton("Movie …")
        self._name(self.movie, "Make a movie", "A turntable, or a way through the volume, as a movie")
        self.movie.clicked.connect(self.movie_wanted)
        self.position = QLabel("Point at a slice to read a voxel.")
        self._name(self.position, "Position", "Voxel under the pointer, or the cursor, and its phase")
        buttons = QHBoxLayout()
        buttons.addWidget(self.turntable)
        buttons.addWidget(self.picture)
        buttons.addWidget(self.movie)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.mode)
        column.addLayout(self.phase_grid)
        column.addLayout(clip_grid)
        self.cut = CutControls(view)
        column.addWidget(self.cut)
        closer = QHBoxLayout()
        closer.addWidget(self.in_full, 1)
        closer.addWidget(self.whole)
        column.addLayout(closer)
        column.addLayout(buttons)
        self.key_views = KeyViewList(view)
        column.addWidget(self.key_views)
        column.addWidget(self.position)
        view.cursorMoved.connect(self._at)
        view.voxelHovered.connect(lambda place, _: self._at(place))
        view.changed.connect(self.refresh)
        self._phases: object = None
        self.refresh()

    @staticmethod
    def _name(widget: QWidget, name: str, tip: str) -> None:
        widget.setAccessibleName(name)
        widget.setToolTip(tip)

    def refresh(self) -> None:
        """Take over the view's state."""
        view = self._view
        with QSignalBlocker(self.mode):
            self.mode.setCurrentIndex(MODES.index(view.mode))
        with QSignalBlocker(self.turntable):
            self.turntable.setChecked(view.turning)
        if view.labels is not None:
            for slider, limits, n in zip(self.clips, view.clip, view.shape, strict=True):
                with QSignalBlocker(slider):
                    slider.setRange(0, n)
                    slider.setValue(limits)
        for button in (self.in_full, self.whole):
            button.setVisible(view.closer.possible)
        self.whole.setEnabled(any(limits != (0, n) for limits, n in zip(view.clip, view.shape, strict=True)))
        state = (view.phases, tuple(view.styles))
        if state != self._phases:
            self._phases = state
            self._build_phases()

    def _build_phases(self) -> None:
        while (item := self.phase_grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for label, phase in enumerate(self._view.phases):
            color, opacity, visible = self._view.styles[label]
            swatch = QLabel()
            pixmap = QPixmap(14, 14)
            pixmap.fill(QColor(color))
            swatch.setPixmap(pixmap)
            self._name(swatch, f"Colour of {phase.name}", f"{phase.name}: {color}")
            shown = QCheckBox(phase.name)
            shown.setChecked(visible)
            self._name(shown, f"Show {phase.name}", f"Show or hide {phase.name} in 3-D")
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, 100)
            slider.setValue(round(100 * opacity))
            self._name(slider, f"Opacity of {phase.name}", f"Opacity of {phase.name} in 3-D, per cent")

            def apply(_: object, label: int = label, shown: QCheckBox = shown, slider: QSlider = slider) -> None:
                color = self._view.styles[label][0]
                self._view.set_phase_style(label, color, slider.value() / 100, shown.isChecked())

            shown.toggled.connect(apply)
            slider.valueChanged.connect(apply)
            for column, widget in enumerate((swatch, shown, slider)):
                self.phase_grid.addWidget(widget, label, column)

    def _clip(self, _: object) -> None:
        z, y, x = (tuple(int(v) for v in slider.value()) for slider in self.clips)
        self._view.set_clip((z, y, x))  # type: ignore[arg-type]

    def _at(self, place: tuple[int, int, int]) -> None:
        view = self._view
        if view.labels is None:
            return
        z, y, x = place
        text = f"z {z}, y {y}, x {x} voxels"
        if view.unit != "voxels":
            z2, y2, x2 = ((p + 0.5) * s for p, s in zip(place, view.scale, strict=True))
            text = f"z {z2:.4g}, y {y2:.4g}, x {x2:.4g} {view.unit}"
        self.position.setText(f"{text} · {view.phase_name(view.label_at(place))}")
