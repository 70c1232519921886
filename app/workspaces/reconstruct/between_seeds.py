"""Between two seeds: one volume of a model passes into another along a slider, and any on the way can be kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.context import Context
from app.jobs import JobRunner
from app.widgets.form_dialog import FormDialog
from app.widgets.label_picture import label_pixmap
from app.widgets.panel import hint
from app.widgets.picture_dialog import named
from app.workspaces.reconstruct.file_choice import chosen_file
from core.errors import MicroloomError

if TYPE_CHECKING:
    from core.images.values import Volume

STOPS = 9
"""Volumes along the slider, both ends with them."""
EDGES = (32, 48, 64, 96)
QUALITIES = {"rough": "Rough, in seconds", "own": "As the model samples"}
_PICTURE = 224
"""Side of a section's picture, in the screen's own measure."""
_SECTIONS = (("middle section across z", 0), ("across y", 1), ("across x", 2))
_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Offered:
    """A model that can do it: its name on screen, and a function that gives it (called in a thread)."""

    name: str
    model: Callable[[], Any]


class BetweenSeeds(QObject):
    """The gesture, from the choice of a model to a volume that was written.

    Signals
    -------
    written(path)
        A volume lies there.
    """

    written = Signal(object)

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._window = context, parent
        self.dialog: BetweenDialog | None = None
        self.action = QAction("Between two &seeds …", self)
        self.action.setToolTip("Watch one volume of a model pass into another, and keep any on the way")
        self.action.triggered.connect(self.ask)

    def ask(self) -> None:
        """Show the dialog, with the models of this session's results first."""
        offered = offered_models(self._context.session.state.results)
        if not offered:
            self._context.messages.say("There is no model yet: run a reconstruction first.", "warning")
            return
        self.dialog = BetweenDialog(self._window, offered)
        self._context.jobs.finishing.connect(self.dialog.reject)
        self.dialog.saved.connect(self._saved)
        self.dialog.open()

    def _saved(self, path: Path) -> None:
        self._context.messages.say(f"The volume is written: {path.name}.", "good")
        self.written.emit(path)


def offered_models(results: Any) -> list[Offered]:
    """Models of results, newest first, then every class of those that come with the program."""
    from core.reconstruction.registry import engine
    from core.reconstruction.shipped import shipped_models

    found: list[Offered] = []
    known: list[Any] = []
    for result in reversed(results):
        model = result.model
        if model is None or any(model is other for other in known) or model.card.get("region_of") is not None:
            continue
        if getattr(engine(str(model.card["engine"])), "uses_towards", False):
            known.append(model)
            found.append(Offered(result.title, partial(_as_it_is, model)))
    for shipped in shipped_models():
        found += [
            Offered(f"{name.capitalize()} (ready model)", _loading(shipped.path, name)) for name in shipped.classes
        ]
    return found


def _as_it_is(model: Any) -> Any:
    return model


def _loading(path: Path, name: str) -> Callable[[], Any]:
    @cache
    def load() -> Any:
        from core.reconstruction.model_file import load_model

        model: Any = load_model(path)
        return model.of_class(name)

    return load


def frame(offered: Offered, edge: int, seeds: tuple[int, int], weight: float, rough: bool) -> Any:
    """A job that makes one volume on the way."""
    from core.devices import resolve
    from core.reconstruction.towards import Towards

    model = offered.model()
    if rough and hasattr(model, "quick"):
        model = model.quick()[0]
    first, last = seeds
    return (yield from model.generate((edge,) * 3, first, device=resolve("auto"), towards=Towards(last, weight)))


class BetweenDialog(FormDialog):
    """A slider whose stops are made one after the other, the nearest to it first.

    Signals
    -------
    saved(path)
        The volume on show was written there.
    """

    saved = Signal(object)

    def __init__(self, parent: QWidget, offered: list[Offered]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Between two seeds")
        self._offered = offered
        self._made: dict[int, Volume] = {}
        self._wanted = 0
        self.folder = Path.home()
        self.runner = JobRunner(self)
        self.model = QComboBox()
        self.model.addItems([each.name for each in offered])
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        named(self.model, "Model", "Models of this session, and those that come with the program")
        self.seeds = [self._seed(value, name) for value, name in ((0, "From seed"), (1, "To seed"))]
        self.edge = QComboBox()
        for edge in EDGES:
            self.edge.addItem(f"{edge}³", edge)
        named(self.edge, "Size", "Voxels along each axis; twice as many take eight times as long")
        self.quality = QComboBox()
        for key, text in QUALITIES.items():
            self.quality.addItem(text, key)
        named(self.quality, "Sampling", "Few steps to look around, or as many as the model takes; SWNN has but one way")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STOPS - 1)
        self.slider.setPageStep(1)
        self.slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        named(self.slider, "Weight of the second seed", "0: the volume of the first seed; 1: that of the second")
        self.told = QLabel()
        self.state = hint()
        self.pictures = [QLabel() for _ in _SECTIONS]
        sections = QGridLayout()
        for place, (picture, (name, _axis)) in enumerate(zip(self.pictures, _SECTIONS, strict=True)):
            picture.setFixedSize(_PICTURE, _PICTURE)
            picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
            picture.setAccessibleName(name.capitalize())
            sections.addWidget(picture, 0, place)
            sections.addWidget(QLabel(name.capitalize()), 1, place, Qt.AlignmentFlag.AlignHCenter)
        form = QFormLayout()
        form.addRow("Model", self.model)
        form.addRow("From seed", self.seeds[0])
        form.addRow("To seed", self.seeds[1])
        form.addRow("Size", self.edge)
        form.addRow("Sampling", self.quality)
        form.addRow("Weight", self.slider)
        form.addRow("", self.told)
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Save | kinds.Close)
        self.save = self.buttons.button(kinds.Save)
        self.save.setText("Write this volume …")
        self.save.setToolTip("Choose a file for the volume on show; it is then opened")
        close = self.buttons.button(kinds.Close)
        close.setToolTip("Keep nothing")
        self.buttons.accepted.connect(self._choose)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addLayout(sections)
        column.addWidget(self.state)
        column.addWidget(self.buttons)
        for box in (self.model, self.edge, self.quality):
            box.currentIndexChanged.connect(lambda _index: self._anew())
        for spin in self.seeds:
            spin.valueChanged.connect(lambda _value: self._anew())
        self.slider.valueChanged.connect(lambda _value: self._show())
        self.runner.returned.connect(self._returned)
        self.runner.failed.connect(self._failed)
        self.runner.idle.connect(self._next)
        self.finished.connect(lambda _code: self._leave())
        self._anew()

    def _seed(self, value: int, name: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(0, _LARGEST_SEED)
        spin.setValue(value)
        spin.setKeyboardTracking(False)
        named(spin, name, "The same seed gives the same volume")
        return spin

    @property
    def weight(self) -> float:
        """Of the second seed, where the slider stands."""
        return self.slider.value() / (STOPS - 1)

    @property
    def volume(self) -> Volume | None:
        """The one where the slider stands, once it is made."""
        return self._made.get(self.slider.value())

    # --- making --------------------------------------------------------------------------------------------------

    def _anew(self) -> None:
        """Something else is asked for: what was made belongs to the question before."""
        self._made.clear()
        self._problem = ""
        self._wanted += 1
        self._show()
        if self.runner.busy:
            self.runner.cancel()  # the next begins when it is idle
        else:
            self._next()

    def _next(self) -> None:
        """Make the stop nearest to the slider that is not there yet."""
        missing = [stop for stop in range(STOPS) if stop not in self._made]
        if self.runner.busy or not missing or self._problem or not self._open:
            return
        stop = min(missing, key=lambda one: abs(one - self.slider.value()))
        offered, edge = self._offered[self.model.currentIndex()], self.edge.currentData()
        seeds = (self.seeds[0].value(), self.seeds[1].value())
        rough, question = self.quality.currentData() == "rough", self._wanted

        def making() -> Any:
            volume = yield from frame(offered, edge, seeds, stop / (STOPS - 1), rough)
            return question, stop, volume

        self.runner.start(f"volume {stop + 1} of {STOPS}", making, kind="between seeds")

    _open, _problem = True, ""

    def _returned(self, answer: Any) -> None:
        question, stop, volume = answer
        if question == self._wanted:
            self._made[stop] = volume
            self._show()

    def _failed(self, error: Exception) -> None:
        self._problem = str(error)
        self._show()

    def _leave(self) -> None:
        self._open = False
        self.runner.finish()
        self.deleteLater()

    # --- showing -------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        first, last = (spin.value() for spin in self.seeds)
        self.told.setText(f"Weight {self.weight:.3g}; at 0 it is the volume of seed {first}, at 1 that of seed {last}")
        self.save.setEnabled(self.volume is not None)
        self.state.setText(self._problem or self._words())
        volume = self.volume
        if volume is None:
            # the picture before stays until its successor is there, but pale
            for picture in self.pictures:
                picture.setEnabled(False)
            return
        for picture, (_name, axis) in zip(self.pictures, _SECTIONS, strict=True):
            section = np.take(volume.labels, volume.shape[axis] // 2, axis)
            colors = [phase.color for phase in volume.phases]
            picture.setEnabled(True)
            picture.setPixmap(label_pixmap(section, colors, _PICTURE, self.devicePixelRatioF()))

    def _words(self) -> str:
        made = len(self._made)
        shares = "" if self.volume is None else " · ".join(
            f"{phase.name} {100 * share:.1f} %"
            for phase, share in zip(self.volume.phases, self.volume.fractions, strict=True)
        )  # fmt: skip
        if made == STOPS:
            return f"All {STOPS} volumes on the way are there. {shares}"
        return f"{made} of {STOPS} volumes on the way are made. {shares or 'This one is being made …'}"

    def _choose(self) -> None:
        volume = self.volume
        if volume is None:
            return
        first, last = (spin.value() for spin in self.seeds)
        path = chosen_file(self, self.folder / f"between-{first}-and-{last}.ome.zarr")
        if path is None:
            return
        from core.images.writing import write_volume

        try:
            write_volume(volume, path, overwrite=True)
        except MicroloomError as error:
            self._problem = str(error)
            self._show()
            return
        self.folder = path.parent
        self.saved.emit(path)
        self.accept()
