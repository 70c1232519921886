"""What is set for the slice on show, done on the whole volume: from disk to disk, as a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget

from app.around import looks_around
from app.context import Context
from app.exemplar import SCRIBBLE, LiveExemplar
from app.session import State, differing
from app.slices import voxel_size
from app.widgets.panel import Fold, hint
from app.workspaces.phases.recipes import TARGETS, VOLUME_JOB
from core.errors import InputError, MicroloomError
from core.images.grey_volume import GreyVolume
from core.job import Job
from core.segmentation.segmenting import automatic_thresholds
from core.segmentation.settings import TRAINED, SegmentationSettings

_LEVELS_JOB = "thresholds of a volume"


class WholeVolume(QObject):
    """Segments the volume whose slice is on show; takes its thresholds over.

    Signals
    -------
    look_wanted(path)
        The volume that was written is to be looked at.
    """

    look_wanted = Signal(Path)

    def __init__(self, context: Context, exemplar: LiveExemplar, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._exemplar, self._widget = context, exemplar, parent
        self._session, self._messages = context.session, context.messages
        self._written: Path | None = None
        self.fold = Fold("Whole volume", opened=True)
        self.note = hint()
        self.segment_action = self._action(
            "Segment the whole volume …",
            "Do on every slice what is set for the one on show, and write the volume of phases to the disk",
            self._ask,
        )
        self.levels_action = self._action(
            "Take the whole volume's thresholds",
            "Find the automatic thresholds of all slices together, and use them here too",
            self.take_levels,
        )
        self.look_action = self._action("Look at the volume of phases", "Show it in step 5", self._look)
        self.fold.column.addWidget(self.note)
        self.buttons = {}
        for action in self.actions():
            button = QPushButton(action.text())
            button.setToolTip(action.toolTip())
            button.clicked.connect(action.trigger)
            self.buttons[action] = button
            self.fold.column.addWidget(button)
        self._session.changed.connect(self._changed)
        context.jobs.returned.connect(self._returned)
        context.jobs.failed.connect(self._failed)
        self.show()

    def actions(self) -> list[QAction]:
        """Thresholds, segment, look."""
        return [self.levels_action, self.segment_action, self.look_action]

    def _action(self, text: str, tip: str, done: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        action.setToolTip(tip)
        action.triggered.connect(lambda: done())
        return action

    # --- gestures ------------------------------------------------------------------------------------------------

    def _volume(self) -> tuple[State, GreyVolume]:
        """The state, and the part of the volume that is used."""
        state = self._session.state
        if state.stack is None:
            raise InputError("No volume is open.", "Open a stack of slices in step 1.")
        volume = state.stack.found
        if state.crop is not None:
            y0, y1, x0, x1 = state.crop
            volume = volume.cropped(slice(y0, y1), slice(x0, x1))
        return state, volume

    def take_levels(self) -> None:
        """Find the thresholds of the whole volume as a job; then they are set, as one gesture."""
        try:
            state, volume = self._volume()
            settings = state.segmentation
            self._context.jobs.start(
                f"Measuring {volume.path.name}", lambda: _levels(volume, settings), kind=_LEVELS_JOB
            )
        except MicroloomError as error:
            self._messages.failed("Measuring a volume", error)

    def _ask(self) -> None:
        stack = self._session.state.stack
        if stack is None or stack.volume is None:
            self._messages.failed("Segmenting a volume", InputError("No volume is open.", "Open one in step 1."))
            return
        source = stack.volume.path
        ending = ".phases.ome.zarr" if source.is_dir() else ".phases.tif"
        stem = source.name.removesuffix(source.suffix).removesuffix(".ome")
        name, _ = QFileDialog.getSaveFileName(
            self._widget, "Volume of the phases", str(source.with_name(stem + ending)), TARGETS
        )
        if name:
            self.segment(Path(name))

    def segment(self, target: Path) -> None:
        """Segment every slice into ``target`` (the dialog asked about replacing), as a job."""
        from core.segmentation.volumes import segmenting_slices

        try:
            state, volume = self._volume()
            settings, known = state.segmentation, self._exemplar.classifier
            if state.take_labels:
                raise InputError("The volume is segmented already.", "Set thresholds, then segment it.")
            if settings.threshold == TRAINED and known is None:
                raise InputError("Nothing is learned yet.", SCRIBBLE)
            size, painted = voxel_size(volume, state.pixel_size), _painted(state)
            phases = () if self._session.phase_image is None else self._session.phase_image.phases
            self._context.jobs.start(
                f"Segmenting {volume.path.name}",
                lambda: segmenting_slices(
                    volume, target, settings, known, size, overwrite=True, phases=phases, painted=painted
                ),
                kind=VOLUME_JOB,
            )
        except MicroloomError as error:
            self._messages.failed("Segmenting a volume", error)

    def _look(self) -> None:
        if self._written is not None:
            self.look_wanted.emit(self._written)

    # --- following -----------------------------------------------------------------------------------------------

    def _changed(self, old: State, new: State) -> None:
        if differing(old, new) & {"stack", "segmentation", "take_labels", "crop", "classifier"}:
            if new.stack is None or old.stack is None or old.stack.volume is not new.stack.volume:
                self._written = None
            self.show()

    def _returned(self, found: Any) -> None:
        kind, stack = self._context.jobs.kind, self._session.state.stack
        if kind == VOLUME_JOB and stack is not None:
            self._written = found[0]
            self.show()
        elif kind == _LEVELS_JOB and stack is not None:
            volume, before, levels = found
            settings = self._session.state.segmentation
            if stack.volume is None or stack.volume.path != volume.path or settings != before:
                self._messages.say("The settings changed meanwhile: the volume's thresholds are not taken.", "warning")
                return
            method = settings.threshold if settings.threshold == "hysteresis" else "manual"
            settings = replace(settings, threshold=method, manual_thresholds=levels)
            self._context.commands.do("thresholds of the whole volume", segmentation=settings)
            told = ", ".join(f"{level:g}" for level in levels)
            self._messages.say(f"The whole volume's thresholds are set: {told}.", "good")

    def _failed(self, error: Exception) -> None:
        if self._context.jobs.kind == _LEVELS_JOB:
            self._messages.failed("Measuring a volume", error)

    def show(self) -> None:
        """What there is to do now."""
        state = self._session.state
        stack = state.stack
        self.fold.setVisible(stack is not None)
        automatic = not state.take_labels and automatic_thresholds(state.segmentation) is not None
        for action, there in (
            (self.levels_action, automatic),
            (self.segment_action, not state.take_labels),
            (self.look_action, self._written is not None),
        ):
            action.setEnabled(stack is not None and stack.volume is not None and there)
            self.buttons[action].setVisible(there)
            self.buttons[action].setEnabled(action.isEnabled())
        if stack is None:
            return
        if stack.volume is None:
            self.note.setText(
                "The volume that this slice was taken from is not where it was when the project was saved."
            )
            return
        if state.take_labels:
            self.note.setText("Its slices are taken as labels: there is nothing to segment.")
            return
        said = f"Every one of the {stack.count} slices is segmented like this one, and the volume written to the disk."
        if automatic:
            said += (
                " Its automatic thresholds are those of all slices together: they differ a little from this slice's."
            )
        if looks_around(state) and state.segmentation.cleaning:
            said += " Steps of cleaning work on this slice alone here, and in all three directions there."
            from core.segmentation.volume_blocks import cleaned_by_slices

            alone = cleaned_by_slices(stack.volume, state.segmentation)
            if alone:
                said += f" The volume is too large for memory: there too, slice by slice: {', '.join(alone)}."
        if stack.painted or state.corrections is not None:
            said += " What was painted goes into its slices."
        self.note.setText(said)


def _painted(state: State) -> dict[int, np.ndarray]:
    """By slice, copies of what was painted on the part in use: painting goes on meanwhile."""
    stack = state.stack
    assert stack is not None
    sheets = dict(stack.painted)
    if state.corrections is not None:
        sheets[stack.place] = state.corrections
    y0, y1, x0, x1 = state.crop or (0, None, 0, None)
    return {place: painted.sheet.values[y0:y1, x0:x1].copy() for place, painted in sheets.items()}


def _levels(
    volume: GreyVolume, settings: SegmentationSettings
) -> Job[tuple[GreyVolume, SegmentationSettings, tuple[float, ...]]]:
    from core.segmentation.volumes import levels_from_disk

    levels = yield from levels_from_disk(volume, settings, volume.shape[0])
    return volume, settings, levels
