"""Asks what a movie of the view is to show, how long, how large and in which format."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.widgets.filming import KINDS, Film
from app.widgets.form_dialog import Button, foot
from app.widgets.key_views import KeyView
from app.widgets.panel import hint
from app.widgets.picture_dialog import choice_of, named
from app.widgets.stage import Stage
from app.widgets.volume_picture import GROUNDS, SHAPES, Shot
from core.images import ffmpeg
from core.images.movies import FORMATS

SLICE_OF = ("xy", "xz", "zy")
"""The slice that moves along z, y, x."""
MISSING = "Add two views or more first: “Add this view” under “Views for a movie”, in the panel on the left."
WIDEST = 4096
USUAL_WIDTH = 960


class MovieDialog(QDialog):
    """Accepted, `film` is what is wanted, and `suffix` its format; ``views``: those that can be flown through."""

    def __init__(self, stage: Stage, parent: QWidget | None = None, views: tuple[KeyView, ...] = ()) -> None:
        super().__init__(parent)
        self.setWindowTitle("Make a movie")
        self._stage, self._views = stage, views
        self.kind = choice_of(
            KINDS, "Kind of movie",
            "The volume turns, one flies through the views of the list, the slices step, or a cut goes through it",
        )  # fmt: skip
        self.turns = QSpinBox()
        self.turns.setRange(1, 20)
        named(self.turns, "Turns", "Full turns; the movie can be repeated without a jump")
        self.axis = choice_of(
            {str(n): f"along {axis}" for n, axis in enumerate("zyx")}, "Way", "Axis along which it goes"
        )
        self.part = choice_of(stage.parts, "What the movie shows", "All of the view, or one part of it")
        self.seconds = QDoubleSpinBox()
        self.seconds.setRange(0.5, 600)
        self.seconds.setDecimals(1)
        self.seconds.setValue(8)
        self.seconds.setSuffix(" s")
        named(self.seconds, "Length", "Length of the movie in seconds")
        self.fps = QSpinBox()
        self.fps.setRange(1, 50)
        self.fps.setValue(25)
        named(self.fps, "Frames a second", "More look smoother and take longer to make")
        self.pixels = QSpinBox()
        self.pixels.setRange(64, WIDEST)
        self.pixels.setSingleStep(16)
        self.pixels.setValue(USUAL_WIDTH)
        self.pixels.setSuffix(" px")
        named(self.pixels, "Width of the movie", "Width in pixels; the height follows from the shape")
        self.shape = choice_of(SHAPES, "Shape of the movie", "Width to height; what it shows is laid out anew in it")
        grounds = {key: text for key, text in GROUNDS.items() if key != "transparent"}
        self.ground = choice_of(grounds, "Ground", "What is behind; on a white ground letters and lines are dark")
        self.format = QComboBox()
        for suffix, (title, _) in FORMATS.items():
            if suffix != ".mp4" or ffmpeg.program() is not None:
                self.format.addItem(title, suffix)
        named(self.format, "Format", "GIF: everywhere, 256 colours a frame; animated PNG: exact, for browsers, larger")
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.buttons = foot(
            self, "Make …",
            "Choose a file and make the movie; the line at the foot of the window shows how far it is", "Make nothing",
        )  # fmt: skip
        self.form = QFormLayout()
        for title, widget in (
            ("Movie", self.kind), ("Turns", self.turns), ("Way", self.axis), ("Shows", self.part),
            ("Length", self.seconds), ("Frames a second", self.fps), ("Shape", self.shape), ("Width", self.pixels),
            ("Ground", self.ground), ("Format", self.format),
        ):  # fmt: skip
            self.form.addRow(title, widget)
        column = QVBoxLayout(self)
        column.addLayout(self.form)
        column.addWidget(self.told)
        if ffmpeg.program() is None:
            column.addWidget(hint(ffmpeg.NEEDED))
        column.addWidget(hint("While it is made, the view shows it and takes no gestures; Esc cancels."))
        column.addStretch(1)
        column.addWidget(self.buttons)
        for box in (self.kind, self.axis):
            box.currentIndexChanged.connect(lambda _: self._follow())
        for box in (self.part, self.shape):
            box.currentIndexChanged.connect(lambda _: self._tell())
        for number in (self.turns, self.seconds, self.fps, self.pixels):
            number.valueChanged.connect(lambda _: self._tell())
        self._follow()

    @property
    def film(self) -> Film:
        """The movie that is wanted."""
        shot = Shot(self.part.currentData(), self.pixels.value(), self.ground.currentData(), self.shape.currentData())
        axis = int(self.axis.currentData())
        return Film(
            self.kind.currentData(), shot, self.seconds.value(), self.fps.value(), self.turns.value(), axis, self._views
        )

    @property
    def suffix(self) -> str:
        """Of the file, with its dot."""
        return str(self.format.currentData())

    def _follow(self) -> None:
        film = self.film
        self.form.setRowVisible(self.turns, film.kind == "turntable")
        self.form.setRowVisible(self.axis, film.kind in ("slices", "cut"))
        part = SLICE_OF[film.axis] if film.kind == "slices" else "3d"
        self.part.setCurrentIndex(max(0, self.part.findData(part)))
        self._tell()

    def _tell(self) -> None:
        film = self.film
        lacks = film.kind == "views" and len(film.views) < 2
        self.buttons.button(Button.Save).setEnabled(not lacks)
        if lacks:
            self.told.setText(MISSING)
            return
        width, height = self._stage.size_of(film.shot, even=True)
        shown = self._stage.width_on_screen(film.shot.part)
        text = f"{film.count} frames of {width} × {height} pixels; on screen it is {shown} pixels wide"
        self.told.setText(f"{len(film.views)} views, {text}" if film.kind == "views" else text)
