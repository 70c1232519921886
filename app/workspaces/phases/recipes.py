"""The recipe on show, its file, and its use on a whole folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QWidget

from app.context import Context
from app.exemplar import LiveExemplar
from app.widgets.choice_words import words_of
from app.widgets.panel import Fold, hint
from core.errors import MicroloomError
from core.images.values import Micrograph, PhaseImage
from core.segmentation.recipe import Step, read_recipe, steps_of, write_recipe

_KIND = "Microloom recipe (*.json)"
_VOLUMES = "Grey volumes (*.tif *.tiff *.npy *.nrrd *.h5 *.vti);;All files (*)"
TARGETS = "TIFF (*.tif);;OME-Zarr folder (*.ome.zarr)"
_JOB = "segmentation"
VOLUME_JOB = "segmentation of a volume"


def in_words(step: Step) -> str:
    """A step as the form calls it: "Threshold: Otsu"."""
    values = {name: words_of(value) if name == "method" else value for name, value in step.values.items()}
    text = str(replace(step, values=values))
    return text[0].upper() + text[1:]


class Recipes(QObject):
    """Says what is done step by step; saves, opens and repeats it."""

    def __init__(self, context: Context, exemplar: LiveExemplar, parent: QWidget) -> None:
        super().__init__(parent)
        self._exemplar = exemplar
        self._context, self._widget = context, parent
        self._session, self._messages = context.session, context.messages
        self.fold = Fold("Recipe")
        self.list = hint()
        self.list.setAccessibleName("Steps of the segmentation")
        self.fold.column.addWidget(self.list)
        self.save_action = self._action("Save the recipe …", "Keep these steps as a file", self._ask_save)
        self.open_action = self._action("Open a recipe …", "Take the steps from a file", self._ask_open)
        self.batch_action = self._action(
            "Segment a folder like this …", "Do these steps on every picture of a folder", self._ask_folder
        )
        self.volume_action = self._action(
            "Segment a grey volume like this …", "Do these steps on every slice of a stack", self._ask_volume
        )
        self.store_action = self._action(
            "Segment a grey Zarr folder like this …",
            "Do these steps on every slice of a volume in a Zarr folder, however large it is",
            self._ask_store,
        )
        self.classify_action = self._action(
            "Segment a grey volume with a classifier …",
            "Find the phases of a stack with a classifier's file, for volumes or for single pictures",
            self._ask_classify,
        )
        context.jobs.returned.connect(self._returned)
        context.jobs.failed.connect(self._failed)
        context.jobs.cancelled.connect(self._cancelled)

    def actions(self) -> list[QAction]:
        """Save, open, segment a folder or a volume."""
        volumes = [self.volume_action, self.store_action, self.classify_action]
        return [self.save_action, self.open_action, self.batch_action, *volumes]

    def _action(self, text: str, tip: str, done: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        action.setToolTip(tip)
        action.triggered.connect(lambda: done())
        return action

    def show_recipe(self) -> None:
        """The steps as they are now."""
        steps = steps_of(self._session.state.segmentation)
        self.list.setText("\n".join(f"{number}. {in_words(step)}" for number, step in enumerate(steps, 1)))

    # --- files ---------------------------------------------------------------------------------------------------

    def _ask_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self._widget, "Save the recipe", "recipe.json", _KIND)
        if name:
            self.save(Path(name))

    def save(self, path: Path) -> None:
        """Write the recipe to ``path``; the dialog asked about replacing."""
        try:
            write_recipe(self._session.state.segmentation, path, overwrite=True)
            self._messages.say(f"Saved {path.name}.", "good")
        except MicroloomError as error:
            self._messages.failed("Saving the recipe", error)

    def _ask_open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._widget, "Open a recipe", "", _KIND)
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Take the steps in ``path``; one gesture."""
        try:
            settings = read_recipe(path)
        except MicroloomError as error:
            self._messages.failed("Opening the recipe", error)
            return
        self._context.commands.do("open a recipe", segmentation=settings, take_labels=False)

    # --- a folder ------------------------------------------------------------------------------------------------

    def _ask_folder(self) -> None:
        source = QFileDialog.getExistingDirectory(self._widget, "Folder of micrographs to segment")
        if not source:
            return
        target = QFileDialog.getExistingDirectory(self._widget, "Folder for the phase images", source)
        if target:
            self.segment_folder(Path(source), Path(target))

    def segment_folder(self, source: Path, target: Path) -> None:
        """Segment every picture in ``source`` with the recipe on show into ``target``, as a job."""
        from core.segmentation.batch import pictures_in, segmenting

        jobs = self._context.jobs
        state = self._session.state
        try:
            pictures = pictures_in(source)
            read, work = (
                _reading(state.pixel_size),
                _working(state.segmentation, state.phases or (), self._exemplar.classifier),
            )
            jobs.start(f"Segmenting {source.name}", lambda: segmenting(pictures, target, read, work), kind=_JOB)
        except MicroloomError as error:
            self._messages.failed("Segmenting a folder", error)

    # --- a volume ------------------------------------------------------------------------------------------------

    def _ask_volume(self, classifier: Path | None = None) -> None:
        name, _ = QFileDialog.getOpenFileName(self._widget, "Grey volume to segment", "", _VOLUMES)
        if name:
            self._ask_target(Path(name), str(Path(name).with_suffix(".phases.tif")), classifier)

    def _ask_store(self) -> None:
        name = QFileDialog.getExistingDirectory(self._widget, "Grey volume to segment (a Zarr folder)")
        if name:
            stem = Path(name).name.removesuffix(".zarr").removesuffix(".ome")
            self._ask_target(Path(name), str(Path(name).with_name(f"{stem}.phases.ome.zarr")), None)

    def _ask_target(self, source: Path, proposed: str, classifier: Path | None) -> None:
        target, _ = QFileDialog.getSaveFileName(self._widget, "Volume of the phases", proposed, TARGETS)
        if target:
            self.segment_volume(source, Path(target), classifier)

    def _ask_classify(self) -> None:
        from core.segmentation.classifier_file import SUFFIX

        kind = f"Microloom classifier (*{SUFFIX});;All files (*)"
        name, _ = QFileDialog.getOpenFileName(self._widget, "Classifier", "", kind)
        if name:
            self._ask_volume(Path(name))

    def segment_volume(self, source: Path, target: Path, classifier: Path | None = None) -> None:
        """Segment the grey volume ``source`` into ``target`` (the dialog asked about replacing), as a job.

        Slice by slice with the recipe on show, from disk to disk where it is beyond memory; with a ``classifier`` for
        volumes at once, in blocks.
        """
        from core.images.writing import format_of
        from core.segmentation.classifier_file import load_classifier
        from core.segmentation.volumes import segmenting_file, with_classifier

        settings, known = self._session.state.segmentation, self._exemplar.classifier
        try:
            format_of(target)
            if classifier is not None:
                known = load_classifier(classifier)
                settings = with_classifier(settings, known)
            self._context.jobs.start(
                f"Segmenting {source.name}",
                lambda: segmenting_file(source, target, settings, known),
                kind=VOLUME_JOB,
            )
        except MicroloomError as error:
            self._messages.failed("Segmenting a volume", error)

    # --- how it ended --------------------------------------------------------------------------------------------

    def _returned(self, done: Any) -> None:
        if self._context.jobs.kind == VOLUME_JOB:
            path, volume = done
            shares = ", ".join(
                f"{phase.name} {100 * share:.1f} %"
                for phase, share in zip(volume.phases, volume.fractions, strict=True)
            )
            self._messages.say(f"{path.name} is written: {shares}.", "good")
        if self._context.jobs.kind != _JOB:
            return
        failed = [item for item in done if item.written is None]
        for item in failed:
            self._messages.say(f"{item.source.name}: {item.problem}", "warning")
        written = len(done) - len(failed)
        folder = next((item.written.parent for item in done if item.written is not None), None)
        where = f" into {folder}" if folder is not None else ""
        self._messages.say(
            f"{written} of {len(done)} pictures are segmented{where}."
            + (" The log says what was wrong with the others." if failed else ""),
            "warning" if failed else "good",
        )

    def _failed(self, error: Exception) -> None:
        names = {_JOB: "Segmenting a folder", VOLUME_JOB: "Segmenting a volume"}
        if self._context.jobs.kind in names:
            self._messages.failed(names[self._context.jobs.kind], error)

    def _cancelled(self) -> None:
        if self._context.jobs.kind == _JOB:
            self._messages.say("Segmenting was cancelled; what was finished stays.", "info")
        elif self._context.jobs.kind == VOLUME_JOB:
            self._messages.say("Segmenting was cancelled; nothing was written.", "info")


def _reading(pixel_size: float | None) -> Callable[[Path], Micrograph]:
    """Reads a picture as the window opens it: without its info bar, with the pixel size that was given."""
    from core.images.info_bar import propose_info_bar_row
    from core.images.reading import read_micrograph

    def read(path: Path) -> Micrograph:
        picture = read_micrograph(path)
        row = propose_info_bar_row(picture)
        if row is not None:
            picture = picture.cropped(slice(0, row), slice(None))
        return picture if pixel_size is None or picture.pixel_size is not None else picture.with_pixel_size(pixel_size)

    return read


def _working(settings: Any, phases: Any, classifier: Any) -> Callable[[Micrograph], PhaseImage]:
    from core.segmentation import segment

    return lambda picture: segment(picture, settings, phases, classifier)
