"""What a training on a folder of classes is asked for: the images, the settings, the file; checked as it is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize
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

from app.jobs import Latest
from app.widgets.choice_words import words_of
from app.widgets.form_dialog import Button, FormDialog, foot
from app.widgets.label_picture import GREYS, label_icon
from app.widgets.panel import Fold, hint
from app.widgets.picture_dialog import choice_of, named
from app.widgets.settings_form import SettingsForm
from app.workspaces.reconstruct.preflight import Checked
from core.settings import describe, problems

if TYPE_CHECKING:
    from core.reconstruction.checkpoints import Checkpoints

SUFFIX = ".microloom-model"
KINDS = {"phases": "Phase images", "grey": "Grey images"}
OF_PHASES = ("told", "untold", "guidance", "prediction")
"""Settings that a training on grey images leaves alone."""
_PICTURE = 64
_MOST_TOLD = 3
_LARGEST_SEED = 2**31 - 1


def kept_beside(model: Path, *, resume: bool) -> Checkpoints:
    """Where the training of the model at ``model`` is kept until it is there."""
    from core.reconstruction.checkpoints import Checkpoints

    return Checkpoints(model.with_name(model.name.removesuffix(SUFFIX) + ".training"), resume=resume)


def checked(classes: Mapping[str, Sequence[Any]], settings: Any, *, grey: bool) -> Checked:
    """What would stop or harm the training, and what it costs. Called off the GUI thread."""
    from core.devices import resolve
    from core.reconstruction.diffusion.class_preflight import class_estimate, class_problems

    device = resolve("auto")
    found = Checked(class_problems(classes, settings, device, grey=grey), None, 1)
    if found.errors:
        return found
    return replace(found, cost=class_estimate(classes, settings, device, grey=grey))


class ClassDialog(FormDialog):
    """Accepted, `classes`, `settings`, the numbers and `path` are what is wanted."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Train on a folder of classes")
        self.resize(720, 560)
        self.folder: Path | None = None
        self.path: Path | None = None
        self.classes: Mapping[str, Sequence[Any]] = {}
        self.resumes = False
        self._changes: dict[str, Any] = {}
        self._problem, self._words = "", ""
        self._reader = Latest(self)
        self._reader.answered.connect(self._read)
        self._reader.failed.connect(self._unreadable)
        self._found: Checked | None = None
        self._checker = Latest(self)
        self._checker.answered.connect(self._checked)
        self._checker.failed.connect(self._unreadable)
        self.kind = choice_of(
            KINDS, "What the images are", "Phases of segmented images, or the values of grey ones as they are"
        )
        self.place = QToolButton()
        self.place.setText("Choose a folder …")
        named(self.place, "Folder of images", "Each folder in it is a class of its own; without any, all is one")
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
        numbers.addRow("Images are", self.kind)
        numbers.addRow("Preset", self.preset)
        numbers.addRow("Time limit", self.limit)
        numbers.addRow("Seed", self.seed)
        side = QWidget()
        right = QVBoxLayout(side)
        right.setContentsMargins(8, 0, 8, 0)
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
        for name in PRESETS:
            self.preset.addItem(words_of(name), name)
        self.kind.currentIndexChanged.connect(lambda _index: self._kind_chosen())
        self.preset.currentIndexChanged.connect(lambda _index: self._preset_chosen())
        self.limit.valueChanged.connect(lambda minutes: self._set("time_limit", 60 * minutes if minutes else None))
        self._preset_chosen()

    # --- what is asked for ---------------------------------------------------------------------------------------

    @property
    def settings(self) -> Any:
        """The preset's with the user's changes."""
        return replace(self._presets[self.preset.currentData()], **self._changes)

    @property
    def grey(self) -> bool:
        """Whether the images are grey ones."""
        return bool(self.kind.currentData() == "grey")

    def _kind_chosen(self) -> None:
        self._changes = {name: value for name, value in self._changes.items() if name not in OF_PHASES}
        if self.folder is None:
            self._show()
        else:
            self.read(self.folder)

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
        grey = self.grey

        def reading() -> Any:
            from core.reconstruction.diffusion.classes import check_classes, read_classes
            from core.reconstruction.diffusion.grey import check_grey, read_grey_classes

            found: Mapping[str, Sequence[Any]]
            if grey:
                found = read_grey_classes(folder)
                words = (
                    f"Grey values {check_grey(found).words}: learned as they are. There are no phases, "
                    "so no volume fractions to ask for. "
                )
                return folder, found, words
            found = read_classes(folder)
            check_classes(found)
            return folder, found, ""

        self._reader.ask(reading)
        self._show()

    def _read(self, answer: Any) -> None:
        folder, classes, words = answer
        if folder == self.folder:
            self.classes, self._words = classes, words
            self._show_classes()
            self._show()

    def _unreadable(self, error: Exception) -> None:
        self._problem = str(error)
        self._show()

    # --- showing -------------------------------------------------------------------------------------------------

    def _show_classes(self) -> None:
        self.found.clear()
        for name, images in self.classes.items():
            first = images[0]
            labels, colors = self._seen(images)
            icon = label_icon(labels, colors, _PICTURE, self.devicePixelRatioF())
            rows, columns = first.shape
            count = f"{len(images)} image{'s' if len(images) != 1 else ''} of {columns} × {rows} px"
            self.found.addItem(QListWidgetItem(icon, f"{name}\n{count}"))

    def _seen(self, images: Sequence[Any]) -> tuple[Any, Sequence[str]]:
        """The first image of a class as labels, and their colours."""
        if not self.grey:
            return images[0].labels, [phase.color for phase in images[0].phases]
        from core.reconstruction.diffusion.grey import GreyRange

        return GreyRange.of(images).seen(images[0].grey), GREYS

    def _show(self) -> None:
        base = self._presets[self.preset.currentData()]
        left_out = {"time_limit", *(OF_PHASES if self.grey else ())}  # the limit stands above
        names = (item.name for item in describe(base))
        self.form.show_settings(self.settings, base, tuple(name for name in names if name not in left_out))
        limit = self.settings.time_limit
        blocked = self.limit.blockSignals(True)
        self.limit.setValue((limit or 0) / 60)
        self.limit.blockSignals(blocked)
        if not self.classes:
            self.found.clear()
        self.where.setText("" if self.folder is None else str(self.folder))
        self._check()
        self._tell()

    def _check(self) -> None:
        """Ask what would stop the training and what it costs; until the answer is there, nothing is said of it."""
        self._found = None
        self._checker.forget()
        if not self._missing():
            classes, settings, grey = self.classes, self.settings, self.grey
            self._checker.ask(lambda: checked(classes, settings, grey=grey))

    def _checked(self, found: Checked) -> None:
        self._found = found
        self._tell()

    def _tell(self) -> None:
        missing, found = self._missing(), self._found
        if missing or found is None:
            self.told.setText(missing or f"{self._words}Measuring how long it takes …")
        else:
            lines = [f"• {item.message} {item.remedy}".strip() for item in found.errors or found.problems]
            more = [f"• {len(lines) - _MOST_TOLD} more like these."] if len(lines) > _MOST_TOLD else []
            words = "" if found.errors else f"{found.estimate} A cancelled training can go on."
            said = [f"{self._words}{words}".strip(), *lines[:_MOST_TOLD], *more]
            self.told.setText("\n".join(line for line in said if line))
        self.train.setEnabled(not missing and not (found is not None and found.errors))

    def _missing(self) -> str:
        if self._problem:
            return self._problem
        if self.folder is None:
            return "Choose a folder with images; “Data sets …” makes some of phases."
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
