"""Volumes from a model that is there: no micrograph, no training; a kind, a fraction, a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.context import Context
from app.widgets.form_dialog import Button, FormDialog, foot
from app.widgets.label_picture import label_icon
from app.widgets.panel import hint
from app.widgets.picture_dialog import named
from app.workspaces.reconstruct.file_choice import chosen_file
from core.errors import InputError, MicroloomError
from core.job import Job

if TYPE_CHECKING:
    from core.reconstruction.shipped import ShippedModel

JOB = "volume of a model"
EDGES = (32, 64, 96, 128)
_PICTURE = 96
"""Side of a picture in the list, in the screen's own measure."""
_LARGEST_SEED = 2**31 - 1


class ReadyModels(QObject):
    """The gesture, from the list of models to the volume that was written.

    Signals
    -------
    written(path)
        A volume was made and lies there.
    """

    written = Signal(object)

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._window = context, parent
        self.dialog: ReadyDialog | None = None
        self.action = QAction("Volume from a &ready model …", self)
        self.action.setToolTip("Without a micrograph or a training: choose a kind of material and a volume fraction")
        self.action.triggered.connect(self.ask)
        context.jobs.returned.connect(self._returned)
        context.jobs.failed.connect(self._failed)
        context.jobs.cancelled.connect(lambda: self._ended("Cancelled: no volume was written."))

    def ask(self) -> None:
        """Show the list."""
        from core.reconstruction.shipped import shipped_models

        self.dialog = ReadyDialog(self._window, shipped_models())
        self.dialog.accepted.connect(self._begin)
        self.dialog.open()

    def _begin(self) -> None:
        dialog, jobs = self.dialog, self._context.jobs
        if dialog is None or dialog.path is None:
            return
        if jobs.busy:
            self._context.messages.say(f"{jobs.title} is running. Wait for it or cancel it first.", "warning")
            return
        model, name = dialog.chosen
        size, seed, fraction, path = (
            dialog.edge.currentData(),
            dialog.seed.value(),
            dialog.fraction.value(),
            dialog.path,
        )
        jobs.start(
            f"{name} {size}³", lambda: making(model, name, size, seed, fraction / 100, path), kind=JOB
        )  # fmt: skip

    def _returned(self, result: Any) -> None:
        if self._context.jobs.kind == JOB:
            self._context.messages.say(f"The volume is written: {result.name}.", "good")
            self.written.emit(result)

    def _failed(self, error: Exception) -> None:
        if self._context.jobs.kind == JOB:
            self._context.messages.failed("Making the volume", error)

    def _ended(self, text: str) -> None:
        if self._context.jobs.kind == JOB:
            self._context.messages.say(text)


def making(model: ShippedModel, name: str, edge: int, seed: int, fraction: float, path: Path) -> Job[Path]:
    """A job that makes a volume, of the class ``name`` if any, and writes it; errors as of the model and the disk."""
    from core.devices import resolve
    from core.generation.block_writing import write_by_blocks
    from core.reconstruction.model_file import load_model

    loaded: Any = load_model(model.path)
    chosen = loaded.of_class(name) if name else loaded
    _own, low, high = model.told(name)
    asked = fraction if low < high else None
    recipe = yield from chosen.recipe((edge, edge, edge), seed, device=resolve("auto"), volume_fraction=asked)
    return (yield from write_by_blocks(recipe, path, overwrite=True))


class ReadyDialog(FormDialog):
    """Accepted, `chosen`, its numbers and `path` are what is wanted."""

    def __init__(self, parent: QWidget, models: tuple[ShippedModel, ...]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Volume from a ready model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.resize(620, 480)
        self.path: Path | None = None
        self.folder = Path.home()
        self.kinds = QListWidget()
        self.kinds.setAccessibleName("Kind of material")
        self.kinds.setToolTip("What each model makes: a picture, and how near it comes to images of its kind")
        self.kinds.setIconSize(QSize(_PICTURE, _PICTURE))
        self.other = QPushButton("Another model …")
        self.other.setToolTip("List a model file of your own too")
        self.other.clicked.connect(self._choose_model)
        self.fraction = QDoubleSpinBox()
        self.fraction.setDecimals(1)
        self.fraction.setSuffix(" %")
        named(self.fraction, "Volume fraction", "Share of the second phase; the range is what the model was shown")
        self.edge = QComboBox()
        for edge in EDGES:
            self.edge.addItem(f"{edge}³", edge)
        self.edge.setCurrentIndex(EDGES.index(64))
        named(self.edge, "Size", "Voxels along each axis; twice as many take eight times as long")
        self.seed = QSpinBox()
        self.seed.setRange(0, _LARGEST_SEED)
        named(self.seed, "Seed", "The same seed gives the same volume")
        self.about = hint()
        form = QFormLayout()
        form.addRow("Volume fraction", self.fraction)
        form.addRow("Size", self.edge)
        form.addRow("Seed", self.seed)
        self.buttons = foot(
            self, "Make the volume …", "Choose a file; the volume is then made and shown", "Make nothing",
            does=Button.Ok, choose=self._choose,
        )  # fmt: skip
        self.make = self.buttons.button(Button.Ok)
        side = QVBoxLayout()
        side.addLayout(form)
        side.addWidget(self.about)
        side.addStretch(1)
        row = QHBoxLayout()
        listed = QVBoxLayout()
        listed.addWidget(self.kinds, 1)
        listed.addWidget(self.other)
        row.addLayout(listed, 3)
        row.addLayout(side, 2)
        column = QVBoxLayout(self)
        column.addLayout(row, 1)
        column.addWidget(self.buttons)
        self.kinds.currentRowChanged.connect(lambda _row: self._follow())
        self.make.setEnabled(False)
        for model in models:
            self.list_model(model)
        self.kinds.setCurrentRow(0)

    def list_model(self, model: ShippedModel) -> None:
        """Add what a model makes: its classes, or the one material that it was trained on."""
        for name in model.classes or ("",):
            item = QListWidgetItem(_icon(model, name, self.devicePixelRatioF()), _words(model, name))
            item.setData(Qt.ItemDataRole.UserRole, (model, name))
            self.kinds.addItem(item)
        self.make.setEnabled(True)

    def _choose_model(self) -> None:
        from core.reconstruction.model_file import SUFFIX, load_model, read_model_file
        from core.reconstruction.shipped import ShippedModel

        title, kinds = "A model file", f"Models (*{SUFFIX})"
        name, _filter = QFileDialog.getOpenFileName(self, title, str(self.folder), kinds)
        if not name:
            return
        path = Path(name)
        try:
            card = read_model_file(path)[0]
            if card.get("region_of") is not None:
                raise InputError(f"{path.name} builds around given shapes.", "Run it from step 4, with a mask.")
            load_model(path)  # that it works is found out now
        except MicroloomError as error:
            QMessageBox.warning(self, title, str(error))
            return
        first = self.kinds.count()
        self.list_model(ShippedModel(path.name.removesuffix(SUFFIX), path, card))
        self.kinds.setCurrentRow(first)

    @property
    def chosen(self) -> tuple[ShippedModel, str]:
        """The model and the name of the class."""
        model, name = self.kinds.currentItem().data(Qt.ItemDataRole.UserRole)
        return model, name

    def _follow(self) -> None:
        if self.kinds.currentItem() is None:
            return
        model, name = self.chosen
        mean, low, high = model.told(name)
        self.fraction.setEnabled(low < high)
        self.fraction.setRange(100 * low, 100 * high)
        self.fraction.setValue(100 * mean)
        training = model.card["training"]
        self.about.setText(
            f"Model “{model.name}”, trained for {training['seconds'] / 60:.0f} minutes ({training['iterations']} "
            f"iterations, seed {model.card['seed']}). Fractions from {100 * low:.0f} to {100 * high:.0f} % were shown "
            "to it. 64³ voxels take about a minute of a processor core with diffusion, seconds with SWNN."
        )

    def _choose(self) -> None:
        model, name = self.chosen
        path = chosen_file(self, self.folder / f"{name or model.name}.ome.zarr")
        if path is None:
            return
        self.path, self.folder = path, path.parent
        self.accept()


def _words(model: ShippedModel, name: str) -> str:
    facts, (mean, _low, _high) = model.facts(name), model.told(name)
    text = f"{name.capitalize() or model.name}\n{100 * mean:.0f} % of the volume"
    if facts:
        text += f"\nS₂ differs by {facts['epsilon_s2']:.1f} %, L by {facts['epsilon_l']:.1f} %"
    return text


def _icon(model: ShippedModel, name: str, ratio: float) -> QIcon:
    labels = model.example(name)
    if labels is None:
        return QIcon()
    return label_icon(labels, model.colors(name), _PICTURE, ratio)
