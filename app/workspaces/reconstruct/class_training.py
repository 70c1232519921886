"""Training one diffusion model on a folder of pictures, each folder in it a class, in the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.context import Context
from app.workspaces.reconstruct.class_dialog import ClassDialog, kept_beside
from core.job import Job

JOB = "training on classes"


def training(
    classes: Mapping[str, Sequence[Any]], settings: Any, seed: int, path: Path, *, resume: bool, grey: bool = False
) -> Job[Path]:
    """A job that trains and writes the model; what it has reached is kept beside it until then.

    ``classes``: phase images, or micrographs where they are ``grey``.
    """
    from core.devices import resolve
    from core.reconstruction.diffusion import classes as of_phases
    from core.reconstruction.diffusion import grey as of_grey
    from core.reconstruction.model_file import save_model

    room: Any = of_grey if grey else of_phases

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
    previewed_grey(levels, step)
        The same of a model of grey images, in 256 greys.
    """

    written = Signal(object)
    previewed = Signal(object, object, int)
    previewed_grey = Signal(object, int)

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._window = context, parent
        self._phases: Any = ()
        self._grey = False
        self._path: Path | None = None
        self.dialog: ClassDialog | None = None
        self.action = QAction("&Train on a folder of classes …", self)
        self.action.setToolTip(
            "One diffusion model for several materials: phase images, or grey ones, in a folder for each"
        )
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
        resume, grey = dialog.resumes, dialog.grey
        self._grey, self._path = dialog.grey, path
        self._phases = () if self._grey else next(iter(classes.values()))[0].phases
        title = f"Training on {len(classes)} class{'es' if len(classes) != 1 else ''}"
        jobs.start(title, lambda: training(classes, settings, seed, path, resume=resume, grey=grey), kind=JOB)

    @property
    def _ours(self) -> bool:
        return self._context.jobs.kind == JOB

    def _progressed(self, progress: Any) -> None:
        preview = getattr(progress, "preview", None)
        if not self._ours or preview is None:
            return
        if self._grey:
            from core.reconstruction.diffusion.grey import seen

            self.previewed_grey.emit(seen(preview), progress.step)
        else:
            self.previewed.emit(preview, self._phases, progress.step)

    def _returned(self, result: Any) -> None:
        if self._ours:
            use = (
                "“Grey images from a model …” makes images"
                if self._grey
                else "“Volume from a ready model …” makes volumes"
            )
            text = f"The model is written: {result.name}. {use} with it."
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
