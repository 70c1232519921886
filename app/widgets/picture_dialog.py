"""Asks what a picture of the view is to show, how large and on which ground."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from app.widgets.form_dialog import foot
from app.widgets.panel import hint
from app.widgets.stage import Stage
from app.widgets.volume_picture import GROUNDS, SHAPES, Shot

TIMES = {1: "As on screen", 2: "2 × as on screen", 4: "4 × as on screen", 0: "Own width"}
WIDEST = 16_384
PRINT_DPI = 300


def named(widget: QWidget, name: str, tip: str) -> None:
    """Give a control its name for a screen reader, and its tooltip."""
    widget.setAccessibleName(name)
    widget.setToolTip(tip)


def choice_of(words: dict[str, str], name: str, tip: str) -> QComboBox:
    """A list of ``words``, whose data are the keys."""
    box = QComboBox()
    for key, text in words.items():
        box.addItem(text, key)
    named(box, name, tip)
    return box


class PictureDialog(QDialog):
    """Accepted, `shot` is what is wanted."""

    def __init__(self, stage: Stage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save a picture")
        self._stage = stage
        self.part = choice_of(stage.parts, "What the picture shows", "All of the view, or one part of it")
        self.times = QComboBox()
        for factor, text in TIMES.items():
            self.times.addItem(text, factor)
        named(
            self.times, "Size of the picture", "Letters and lines grow with the picture: it shows what the screen does"
        )
        self.pixels = QSpinBox()
        self.pixels.setRange(64, WIDEST)
        self.pixels.setSingleStep(100)
        self.pixels.setSuffix(" px")
        named(self.pixels, "Width of the picture", "Width in pixels; the height follows from the shape")
        self.shape = choice_of(SHAPES, "Shape of the picture", "Width to height; what it shows is laid out anew in it")
        self.ground = choice_of(GROUNDS, "Ground", "What is behind; on a light or no ground letters and lines are dark")
        self.told = QLabel()
        self.buttons = foot(self, "Save …", "Choose a file for the picture (PNG)", "Save nothing")
        form = QFormLayout()
        form.addRow("Shows", self.part)
        form.addRow("Shape", self.shape)
        form.addRow("Size", self.times)
        form.addRow("Width", self.pixels)
        form.addRow("", self.told)
        form.addRow("Ground", self.ground)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(hint("The picture is drawn anew at its own size, as finely as the volume is shown."))
        column.addStretch(1)
        column.addWidget(self.buttons)
        self.part.currentIndexChanged.connect(lambda _: self._follow())
        self.shape.currentIndexChanged.connect(lambda _: self._tell())
        self.times.currentIndexChanged.connect(lambda _: self._follow())
        self.pixels.valueChanged.connect(lambda _: self._tell())
        self.times.setCurrentIndex(self.times.findData(2))
        self._follow()

    @property
    def shot(self) -> Shot:
        """The picture that is wanted."""
        return Shot(self.part.currentData(), self.pixels.value(), self.ground.currentData(), self.shape.currentData())

    def _follow(self) -> None:
        factor = self.times.currentData()
        if factor:
            self.pixels.setValue(factor * self._stage.width_on_screen(self.part.currentData()))
        self.pixels.setEnabled(not factor)
        self._tell()

    def _tell(self) -> None:
        width, height = self._stage.size_of(self.shot)
        self.told.setText(f"{width} × {height} pixels, {2.54 * width / PRINT_DPI:.1f} cm wide at {PRINT_DPI} dpi")
