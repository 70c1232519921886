"""Training one diffusion model on a folder of phase images, each folder in it a class, in the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.context import Context
from app.jobs import Latest
from app.widgets.form_dialog import Button, FormDialog, foot
from app.widgets.label_picture import label_icon
from app.widgets.panel import Fold, hint
from app.widgets.picture_dialog import named
from app.widgets.settings_form import SettingsForm
from core.job import Job
from core.settings import problems

if TYPE_CHECKING:
    from core.images.values import PhaseImage
    from core.reconstruction.checkpoints import Checkpoints

JOB = "training on classes"
SUFFIX = ".microloom-model"
_PICTURE = 64
_LARGEST_SEED = 2**31 - 1


def kept_beside(model: Path, *, resume: bool) -> Checkpoints:
    """Where the training of the model at ``model`` is kept until it is there."""
    from core.reconstruction.checkpoints import Checkpoints

    return Checkpoints(model.with_name(model.name.removesuffix(SUFFIX) + ".training"), resume=resume)


def training(
    classes: Mapping[str, Sequence[PhaseImage]], settings: Any, seed: int, path: Path, *, resume: bool
) -> Job[Path]:
    """A job that trains and writes the model; what it has reached is kept beside it until then."""
    from core.devices import resolve
    from core.reconstruction.diffusion import classes as room
    from core.reconstruction.model_file import save_model

    kept = kept_beside(path, resume=resume)
    model = yield from room.training(classes, settings, seed=seed, device=resolve("auto"), checkpoints=kept)
    written = save_model(model, path, overwrite=True)
    kept.remove()
    return written


class ClassTraining(QObject):
    """The gesture, from a folder to a model.

    Signals
    -------
    written(path)
        The model was trained and lies there.
    previewed(labels, phases, step)
        What the model so far makes, of its first class.
    """

    written = Signal(object)
    previewed = Signal(object, object, int)

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._window = context, parent
        self._phases: Any = ()
        self._path: Path | None = None
        self.dialog: ClassDialog | None = None
        self.action = QAction("&Train on a folder of classes …", self)
        self.action.setToolTip("One diffusion model for several materials: phase images in a folder for each")
        self.action.triggered.connect(self.ask)
        context.jobs.progressed.connect(self._progressed)
        context.jobs.returned.connect(self._returned)
        context.jobs.failed.connect(self._failed)
        context.jobs.cancelled.connect(self._cancelled)

    def ask(self, folder: Path | None = None) -> None:
        """Show the dialog, with a folder in it if one is given."""
        if self.dialog is None:
            self.dialog = ClassDialog(self._window)
            self.dialog.accepted.connect(self._begin)
        if isinstance(folder, Path):
            self.dialog.read(folder)
        self.dialog.open()

    def _begin(self) -> None:
        dialog, jobs = self.dialog, self._context.jobs
        if dialog is None or dialog.path is None:
            return
        if jobs.busy:
            self._context.messages.say(f"{jobs.title} is running. Wait for it or cancel it first.", "warning")
            return
        classes, settings, seed, path = dialog.classes, dialog.settings, dialog.seed.value(), dialog.path
        resume = dialog.resumes
        self._phases, self._path = next(iter(classes.values()))[0].phases, path
        title = f"Training on {len(classes)} class{'es' if len(classes) != 1 else ''}"
        jobs.start(title, lambda: training(classes, settings, seed, path, resume=resume), kind=JOB)

    @property
    def _ours(self) -> bool:
        return self._context.jobs.kind == JOB

    def _progressed(self, progress: Any) -> None:
        preview = getattr(progress, "preview", None)
        if self._ours and preview is not None:
            self.previewed.emit(preview, self._phases, progress.step)

    def _returned(self, result: Any) -> None:
        if self._ours:
            text = f"The model is written: {result.name}. “Volume from a ready model …” makes volumes with it."
            self._context.messages.say(text, "good")
            self.written.emit(result)

    def _failed(self, error: Exception) -> None:
        if self._ours:
            self._context.messages.failed("Training on classes", error)

    def _cancelled(self) -> None:
        if self._ours and self._path is not None:
            kept = kept_beside(self._path, resume=True).path.exists()
            self._context.messages.say(
                "Cancelled. What was trained is kept: the same folder, settings and file go on with it."
                if kept else "Cancelled: no model was written."
            )  # fmt: skip


class ClassDialog(FormDialog):
    """Accepted, `classes`, `settings`, the numbers and `path` are what is wanted."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Train on a folder of classes")
        self.resize(720, 560)
        self.folder: Path | None = None
        self.path: Path | None = None
        self.classes: Mapping[str, Sequence[PhaseImage]] = {}
        self.resumes = False
        self._changes: dict[str, Any] = {}
        self._problem = ""
        self._reader = Latest(self)
        self._reader.answered.connect(self._read)
        self._reader.failed.connect(self._unreadable)
        self.place = QToolButton()
        self.place.setText("Choose a folder …")
        named(self.place, "Folder of phase images", "Each folder in it is a class of its own; without any, all is one")
        self.place.clicked.connect(self._choose_folder)
        self.where = hint()
        self.found = QListWidget()
        named(self.found, "Classes", "The first image of each, and how many there are")
        self.found.setIconSize(QSize(_PICTURE, _PICTURE))
        self.preset = QComboBox()
        named(self.preset, "Preset", "small is for processors, paper as published; what differs stands under More")
        self.limit = QDoubleSpinBox()
        self.limit.setRange(0, 24 * 60)
        self.limit.setDecimals(1)
        self.limit.setSuffix(" min")
        self.limit.setSpecialValueText("none")
        self.limit.setKeyboardTracking(False)
        named(self.limit, "Time limit", "Training ends here, with what it has reached")
        self.seed = QSpinBox()
        self.seed.setRange(0, _LARGEST_SEED)
        self.seed.setKeyboardTracking(False)
        named(self.seed, "Seed", "Of the training")
        self.form = SettingsForm()
        self.form.changed.connect(self._set)
        more = Fold("More")
        more.column.addWidget(self.form)
        numbers = QFormLayout()
        numbers.addRow("Preset", self.preset)
        numbers.addRow("Time limit", self.limit)
        numbers.addRow("Seed", self.seed)
        side = QWidget()
        right = QVBoxLayout(side)
        right.addLayout(numbers)
        right.addWidget(more)
        right.addStretch(1)
        scrolled = QScrollArea()
        scrolled.setWidget(side)
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        left = QVBoxLayout()
        left.addWidget(self.place)
        left.addWidget(self.where)
        left.addWidget(self.found, 1)
        row = QHBoxLayout()
        row.addLayout(left, 1)
        row.addWidget(scrolled, 1)
        self.told = hint()
        self.buttons = foot(
            self, "Train …", "Choose a file for the model; the training then runs, and its loss is drawn",
            "Train nothing", does=Button.Ok, choose=self._choose,
        )  # fmt: skip
        self.train = self.buttons.button(Button.Ok)
        whole = QVBoxLayout(self)
        whole.addLayout(row, 1)
        whole.addWidget(self.told)
        whole.addWidget(self.buttons)
        from core.reconstruction.diffusion.settings import PRESETS

        self._presets = PRESETS
        self.preset.addItems(list(PRESETS))
        self.preset.currentIndexChanged.connect(lambda _index: self._preset_chosen())
        self.limit.valueChanged.connect(lambda minutes: self._set("time_limit", 60 * minutes if minutes else None))
        self._preset_chosen()

    # --- what is asked for ---------------------------------------------------------------------------------------

    @property
    def settings(self) -> Any:
        """The preset's with the user's changes."""
        return replace(self._presets[self.preset.currentText()], **self._changes)

    def _preset_chosen(self) -> None:
        self._changes = {}
        self._show()

    def _set(self, name: str, value: Any) -> None:
        self._changes = {**self._changes, name: value}
        self._show()

    def _choose_folder(self) -> None:
        begin = str(self.folder or Path.home())
        name = QFileDialog.getExistingDirectory(self, "Folder of phase images", begin)
        if name:
            self.read(Path(name))

    def read(self, folder: Path) -> None:
        """Read the images of a folder, off the GUI thread."""
        self.folder, self.classes, self._problem = folder, {}, ""
        self._reader.forget()

        def reading() -> Any:
            from core.reconstruction.diffusion.classes import check_classes, read_classes

            found = read_classes(folder)
            check_classes(found)
            return folder, found

        self._reader.ask(reading)
        self._show()

    def _read(self, answer: Any) -> None:
        folder, classes = answer
        if folder == self.folder:
            self.classes = classes
            self._show_classes()
            self._show()

    def _unreadable(self, error: Exception) -> None:
        self._problem = str(error)
        self._show()

    # --- showing -------------------------------------------------------------------------------------------------

    def _show_classes(self) -> None:
        self.found.clear()
        for name, images in self.classes.items():
            first, colors = images[0], [phase.color for phase in images[0].phases]
            icon = label_icon(first.labels, colors, _PICTURE, self.devicePixelRatioF())
            rows, columns = first.shape
            count = f"{len(images)} image{'s' if len(images) != 1 else ''} of {columns} × {rows} px"
            self.found.addItem(QListWidgetItem(icon, f"{name}\n{count}"))

    def _show(self) -> None:
        base = self._presets[self.preset.currentText()]
        self.form.show_settings(self.settings, base)
        limit = self.settings.time_limit
        blocked = self.limit.blockSignals(True)
        self.limit.setValue((limit or 0) / 60)
        self.limit.blockSignals(blocked)
        if not self.classes:
            self.found.clear()
        self.where.setText("" if self.folder is None else str(self.folder))
        self.told.setText(self._missing() or "The loss is drawn while it trains. A cancelled training can go on.")
        self.train.setEnabled(not self._missing())

    def _missing(self) -> str:
        if self._problem:
            return self._problem
        if self.folder is None:
            return "Choose a folder with phase images; “Data sets …” makes some."
        if not self.classes:
            return "Reading the images …"
        wrong = problems(self.settings)
        return next((f"{name}: {text}" for name, text in wrong.items()), "")

    def _choose(self) -> None:
        if self.folder is None:
            return
        proposed = self.folder.parent / f"{self.folder.name}{SUFFIX}"
        name, _filter = QFileDialog.getSaveFileName(self, "Write the model to", str(proposed), f"Models (*{SUFFIX})")
        if not name:
            return
        path = Path(name if name.endswith(SUFFIX) else name + SUFFIX)
        self.resumes = self._goes_on(path)
        self.path = path
        self.accept()

    def _goes_on(self, path: Path) -> bool:
        """Whether a training that was interrupted goes on; only where it is just this one, it can."""
        if not kept_beside(path, resume=True).path.exists():
            return False
        text = "A training for this file was interrupted. Go on with it? (No begins again.)"
        return QMessageBox.question(self, "Go on", text) == QMessageBox.StandardButton.Yes
