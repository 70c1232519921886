"""Grey images, and grey volumes, from a model that was trained on such images: looked at, and written to files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.context import Context
from app.jobs import JobRunner
from app.widgets.copied_pair import CopiedPair
from app.widgets.form_dialog import Button, FormDialog, foot
from app.widgets.label_picture import GREYS, label_icon
from app.widgets.panel import hint
from app.widgets.picture_dialog import named
from app.workspaces.reconstruct.file_choice import begun_share
from app.workspaces.reconstruct.run import preview_caption
from core.errors import InputError, MicroloomError
from core.job import Job, Progress

if TYPE_CHECKING:
    from core.images.values import Micrograph
    from core.statistics.grey_agreement import GreyAgreement

JOB = "grey volume"
_KINDS = "TIFF stack (*.tif);;OME-Zarr, compressed, with coarse levels (*.ome.zarr)"
SUFFIX = ".microloom-model"
_PICTURE = 96
_MOST = 1000
_IN_ONE = 512
"""Edge of the largest volume that is written in one piece."""
_SHOWN = 256
"""Of a larger volume, only every so many voxels are shown."""
_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class ShownGrey:
    """A grey volume for the screen.

    Attributes
    ----------
    levels
        Shape (Z, Y, X), uint8: 0 black, 255 white; of a large volume every so many voxels.
    voxel_size
        Of these, in metres, or None.
    caption
        What it is.
    """

    levels: np.ndarray
    voxel_size: float | None
    caption: str


@dataclass(frozen=True, eq=False)
class WrittenGrey:
    """A grey volume that lies at ``path``, what of it the window shows, and how well it agrees with the data."""

    path: Path
    shown: ShownGrey | None
    agreement: GreyAgreement | None


class GreyPictures(QObject):
    """The gesture.

    Signals
    -------
    written(path)
        A folder of images, or a volume, lies there.
    begun()
        A volume is being made.
    showed(shown)
        It as it emerges, and as it was written: `ShownGrey`.
    told(words)
        What was made, and how well it agrees with the data.
    """

    written = Signal(object)
    begun = Signal()
    showed = Signal(object)
    told = Signal(str)

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._window = context, parent
        self.dialog: GreyDialog | None = None
        self.action = QAction("&Grey images from a model …", self)
        self.action.setToolTip("Images and volumes of grey values, from a model that was trained on grey images")
        self.action.triggered.connect(self.ask)
        self._model: Any = None
        self._edge = 1
        context.jobs.progressed.connect(self._progressed)
        context.jobs.returned.connect(self._returned)
        context.jobs.failed.connect(self._failed)
        context.jobs.cancelled.connect(self._cancelled)

    def ask(self) -> None:
        """Show the dialog."""
        if self.dialog is None:
            self.dialog = GreyDialog(self._window)
            self.dialog.saved.connect(self._saved)
            self.dialog.accepted.connect(self._begin)
            self._context.jobs.finishing.connect(self.dialog.reject)
        self.dialog.open()

    def _saved(self, folder: Path) -> None:
        self._context.messages.say(f"The images are written: {folder}.", "good")
        self.written.emit(folder)

    def _begin(self) -> None:
        dialog, jobs = self.dialog, self._context.jobs
        if dialog is None or dialog.model is None or dialog.path is None:
            return
        if jobs.busy:
            self._context.messages.say(f"{jobs.title} is running. Wait for it or cancel it first.", "warning")
            return
        model, edge, seed, path = dialog.chosen, dialog.edge.value(), dialog.seed.value(), dialog.path
        resume = dialog.resumes
        self._model, self._edge = model, edge
        jobs.start(f"Grey volume {edge}³", lambda: volume(model, edge, seed, path, resume=resume), kind=JOB)
        self.begun.emit()

    def _progressed(self, progress: Any) -> None:
        preview = getattr(progress, "preview", None)
        if self._context.jobs.kind == JOB and preview is not None:
            caption = preview_caption(preview, progress)
            self.showed.emit(shown_of(self._model, preview, (self._edge,) * 3, caption))

    def _returned(self, result: Any) -> None:
        if self._context.jobs.kind == JOB:
            text = f"The grey volume is written: {result.path.name}. Opened as a micrograph, it can be segmented."
            self._context.messages.say(text, "good")
            agrees = () if result.agreement is None else result.agreement.lines
            self.told.emit("\n".join((f"Done: {result.path.name}.", *agrees)))
            if result.shown is not None:
                self.showed.emit(result.shown)
            self.written.emit(result.path)

    def _failed(self, error: Exception) -> None:
        if self._context.jobs.kind == JOB:
            self._context.messages.failed("Making the grey volume", error)

    def _cancelled(self) -> None:
        if self._context.jobs.kind == JOB:
            begun = (
                self.dialog is not None and self.dialog.path is not None and begun_share(self.dialog.path) is not None
            )
            self._context.messages.say(
                "Cancelled. What is finished is kept: the same numbers and file go on with it."
                if begun else "Cancelled: no grey volume was written."
            )  # fmt: skip


def shown_of(model: Any, grey: np.ndarray, size: tuple[int, ...], caption: str) -> ShownGrey:
    """Every so many voxels of a volume of ``size``, in the model's own grey values, for the screen."""
    edge, by = model.card["pixel_size"], -(-max(size) // max(grey.shape))
    black, white = model.black_and_white
    levels = np.clip((grey.astype(np.float32) - black) * (255 / (white - black)), 0, 255).round().astype(np.uint8)
    form = ".4g" if model.range.kind == "float32" else ".0f"
    words = f"{caption}\nblack {black:{form}}, white {white:{form}}"
    return ShownGrey(levels, None if edge is None else by * float(edge), words)


def volume(model: Any, edge: int, seed: int, path: Path, *, resume: bool = False) -> Job[WrittenGrey]:
    """A job that makes a grey volume and writes it, block by block where memory does not hold it or into OME-Zarr.

    ``resume``: go on with what an earlier run left; else that is given up.
    """
    from core.devices import resolve
    from core.generation.block_writing import suffix_of, write_by_blocks
    from core.images.grey_volume import open_grey_volume
    from core.images.grey_writing import write_grey_volume
    from core.reconstruction.diffusion.sampled_model import beyond_memory
    from core.reconstruction.to_disk import keeping

    size, device, caption = (edge,) * 3, resolve("auto"), f"{edge}³ voxels, seed {seed}: {path.name}"
    by = -(-edge // _SHOWN)
    if not (resume or beyond_memory(size) or suffix_of(path).endswith("zarr") or edge > _IN_ONE):
        made = yield from model.volume(size, seed, device=device)
        agreement = yield from model.agreement(made.grey, size)
        written = write_grey_volume(made.grey, path, made.voxel_size, made.provenance, overwrite=True)
        shown = shown_of(model, made.grey[::by, ::by, ::by], size, _with(caption, agreement))
        return WrittenGrey(written, shown, agreement)
    kept = keeping(model, path, resume=resume, overwrite=True)
    recipe = yield from model.grey_recipe(size, seed, device=device, **kept)
    written = yield from write_by_blocks(recipe, path, resume=resume, overwrite=True)
    found = open_grey_volume(written)
    if found is None:
        return WrittenGrey(written, None, None)
    # what lies there, not what emerged: of a sampling that was there as a whole nothing was seen
    seen: list[np.ndarray] = []

    def planes() -> Iterator[np.ndarray]:
        for z in range(edge):
            plane = found.plane(z)
            if z % by == 0:
                seen.append(plane[::by, ::by].copy())
            yield plane

    agreement = yield from model.agreement(planes(), size)
    for z in range(by * len(seen), edge, by):  # a model that compares nothing looks at none
        yield Progress(z, edge, "Reading")
        seen.append(found.plane(z)[::by, ::by].copy())
    return WrittenGrey(written, shown_of(model, np.stack(seen), size, _with(caption, agreement)), agreement)


def _with(caption: str, agreement: GreyAgreement | None) -> str:
    return "\n".join((caption, *(() if agreement is None else agreement.lines)))


class GreyDialog(FormDialog):
    """Accepted, a volume of `chosen` with the numbers is wanted at `path`.

    Signals
    -------
    saved(folder)
        The images on show were written there.
    """

    saved = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Grey images from a model")
        self.resize(760, 520)
        self.model: Any = None
        self.path: Path | None = None
        self.resumes = False
        """Whether the volume at `path` goes on where an earlier run stopped."""
        self.folder = Path.home()
        self.images: Sequence[Micrograph] = ()
        self.runner = JobRunner(self)
        self._problem = ""
        self.place = QToolButton()
        self.place.setText("Choose a model …")
        named(self.place, "Model of grey images", "A file that “Train on a folder of classes …” made of grey images")
        self.place.clicked.connect(self._choose_model)
        self.where = hint()
        self.classes = QComboBox()
        named(self.classes, "Class", "What the images are to look like")
        self.count = self._spin(1, _MOST, 12, "Number of images", "How many are made")
        self.edge = self._spin(1, 1024, 64, "Side of the images", "Rows and columns, and those of a volume")
        self.edge.setSuffix(" px")
        self.seed = self._spin(0, _LARGEST_SEED, 0, "Seed", "The same seed gives the same images")
        self.make = QToolButton()
        self.make.setText("Make images")
        named(self.make, "Make images", "Make the images and show them here")
        self.make.clicked.connect(self._make)
        self.write = QToolButton()
        self.write.setText("Write a volume …")
        named(
            self.write, "Write a volume",
            "A grey volume with this side, plane by plane, as a TIFF stack or OME-Zarr;\n"
            "one that memory does not hold is made on the disk, and goes on after an interruption",
        )  # fmt: skip
        self.write.clicked.connect(self._choose_volume)
        self.grid = QListWidget()
        named(self.grid, "Images", "What the model makes")
        self.grid.setViewMode(QListView.ViewMode.IconMode)
        self.grid.setResizeMode(QListView.ResizeMode.Adjust)
        self.grid.setMovement(QListView.Movement.Static)
        self.grid.setIconSize(QSize(_PICTURE, _PICTURE))
        self.grid.setSpacing(4)
        form = QFormLayout()
        form.addRow("Class", self.classes)
        form.addRow("Images", self.count)
        form.addRow("Side", self.edge)
        form.addRow("Seed", self.seed)
        side = QVBoxLayout()
        side.addWidget(self.place)
        side.addWidget(self.where)
        side.addLayout(form)
        side.addWidget(self.make)
        side.addWidget(self.write)
        self.copied = CopiedPair()
        side.addWidget(self.copied)
        side.addStretch(1)
        row = QHBoxLayout()
        row.addLayout(side, 2)
        row.addWidget(self.grid, 3)
        self.told = hint()
        self.buttons = foot(
            self, "Save the images …", "Choose a folder; each image becomes a TIFF file in it", "Save nothing",
            leaves=Button.Close, choose=self._save,
        )  # fmt: skip
        self.save = self.buttons.button(Button.Save)
        whole = QVBoxLayout(self)
        whole.addLayout(row, 1)
        whole.addWidget(self.told)
        whole.addWidget(self.buttons)
        self.runner.returned.connect(self._made)
        self.runner.failed.connect(self._failed)
        self.runner.progressed.connect(
            lambda progress: self._tell(f"{progress.what}: {progress.step} of {progress.of}")
        )
        self.runner.idle.connect(self._follow)
        self.finished.connect(lambda _code: self.runner.finish())
        self._follow()

    def _spin(self, low: int, high: int, value: int, name: str, tip: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(low, high)
        spin.setValue(value)
        spin.setKeyboardTracking(False)
        named(spin, name, tip)
        return spin

    @property
    def chosen(self) -> Any:
        """The model, of the class that is chosen."""
        return self.model.of_class(self.classes.currentText())

    def _choose_model(self) -> None:
        kinds = f"Models (*{SUFFIX})"
        name, _filter = QFileDialog.getOpenFileName(self, "A model of grey images", str(self.folder), kinds)
        if name:
            self.take(Path(name))

    def take(self, path: Path) -> None:
        """Offer what the model in a file makes."""
        from core.reconstruction.diffusion.copying import copying_told
        from core.reconstruction.model_file import load_model

        try:
            model: Any = load_model(path, grey=True)
            if "grey" not in model.card:
                raise InputError(f"{path.name} makes volumes of phases.", "Use “Volume from a ready model …”.")
        except MicroloomError as error:
            QMessageBox.warning(self, "A model of grey images", str(error))
            return
        self.model, self.folder, self.images = model, path.parent, ()
        self.grid.clear()
        self.classes.clear()
        self.classes.addItems(list(model.classes))
        self.edge.setRange(model.stride, self.edge.maximum() // model.stride * model.stride)
        self.edge.setSingleStep(model.stride)
        self.edge.setValue(model.crop)
        copied = copying_told(model.card)
        words = f"{path.name}: grey values {model.range.words}. There are no phases and no volume fractions."
        self.where.setText(words if copied is None else f"{words} {copied.sentence}")
        self.copied.show_pair(copied, GREYS)
        self._follow()

    def _make(self) -> None:
        if self.model is None or self.runner.busy:
            return
        model, count, edge, seed = self.chosen, self.count.value(), self.edge.value(), self.seed.value()
        self._problem = ""

        def making() -> Any:
            from core.devices import resolve

            return model.pictures(count, edge, seed, device=resolve("auto"))

        self.runner.start(f"{count} images", making, kind="grey")
        self._follow()

    def _made(self, images: Any) -> None:
        self.images = images
        self.grid.clear()
        for number, image in enumerate(images, 1):
            icon = label_icon(self.model.range.seen(image.grey), GREYS, _PICTURE, self.devicePixelRatioF())
            self.grid.addItem(QListWidgetItem(icon, str(number)))
        self._follow()

    def _failed(self, error: Exception) -> None:
        self._problem = str(error)
        self._follow()

    def _follow(self) -> None:
        ready = self.model is not None and not self.runner.busy
        for control in (self.classes, self.count, self.edge, self.seed, self.make, self.write):
            control.setEnabled(ready)
        self.place.setEnabled(not self.runner.busy)
        self.save.setEnabled(bool(self.images) and ready)
        if self._problem:
            self._tell(self._problem)
        elif self.model is None:
            self._tell("Choose a model; “Train on a folder of classes …” makes one from grey images.")
        elif not self.runner.busy:
            self._tell(f"{len(self.images)} images of {self.images[0].shape[1]} px." if self.images else "")

    def _tell(self, words: str) -> None:
        self.told.setText(words)

    def _save(self) -> None:
        from core.images.grey_writing import write_micrographs

        name = QFileDialog.getExistingDirectory(self, "Folder for the images", str(self.folder))
        if not name:
            return
        try:
            write_micrographs(self.images, Path(name))
        except MicroloomError as error:
            QMessageBox.warning(self, "Save the images", str(error))
            return
        self.saved.emit(Path(name))

    def _choose_volume(self) -> None:
        from app.workspaces.reconstruct.file_run import checked_place

        title, proposed = "Write a grey volume", self.folder / f"{self.classes.currentText()}.tif"
        name, kind = QFileDialog.getSaveFileName(self, title, str(proposed), _KINDS)
        if not name:
            return
        path = Path(name)
        if not path.name.lower().endswith((".tif", ".tiff", ".zarr")):
            path = path.with_name(path.name + (".ome.zarr" if "Zarr" in kind else ".tif"))
        try:
            path = checked_place(path)
        except MicroloomError as error:
            QMessageBox.warning(self, title, str(error))
            return
        # the dialog asks before a file is replaced, but not before a folder is
        if path.is_dir():
            text = f"{path.name} exists already. Replace it when the new volume is finished?"
            if QMessageBox.question(self, title, text) != QMessageBox.StandardButton.Yes:
                return
        share = begun_share(path)
        self.resumes = False
        if share is not None:
            text = f"{100 * share:.0f} % of {path.name} are there already. Go on with them? No begins again."
            buttons = QMessageBox.StandardButton
            answer = QMessageBox.question(self, title, text, buttons.Yes | buttons.No | buttons.Cancel)
            if answer == buttons.Cancel:
                return
            self.resumes = answer == buttons.Yes
        self.path = path
        self.accept()
