"""Opens what the user hands over: a micrograph, an already segmented picture, a sample, a project.

Reading happens off the GUI thread. A failed opening changes nothing: what was open stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.context import Context
from app.jobs import Latest
from app.preferences import Preferences
from app.project_state import keep_measurements, state_of
from app.session import Plan, State
from app.stored_volume import StoredView, is_stored, read_stored
from core.errors import InputError
from core.images.grey_volume import GreyVolume, is_grey_store
from core.images.values import Micrograph, Phase, PhaseImage, default_phases
from core.painting.sheet import Painted
from core.projects.project import SUFFIX, Project
from core.segmentation.stack import Stack

MODEL_SUFFIX = ".microloom-model"
_PICTURES = "*.tif *.tiff *.png *.jpg *.jpeg *.bmp *.npy *.nrrd *.h5 *.vti"
FILTER = (
    f"Micrographs and projects ({_PICTURES} *{SUFFIX});;Micrographs ({_PICTURES});;"
    f"Microloom projects (*{SUFFIX});;Models, to look at (*{MODEL_SUFFIX});;All files (*)"
)
_FACES = ("zarr.json", ".zgroup", ".zattrs", ".zarray")
PROJECT_FILTER = f"Microloom projects (*{SUFFIX});;All files (*)"


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture that was read, and what the reader thinks of it."""

    micrograph: Micrograph
    path: Path
    guess: Any
    info_bar_row: int | None
    phases: tuple[Phase, ...] | None = None
    """Names and colours that a phase image written by Microloom carries."""
    stack: Stack[Painted] | None = None
    """Where the micrograph is a slice of a grey volume: which, and of what."""
    pixel_size: float | None = None
    """As given by the user, metres, for what was open before."""


@dataclass(frozen=True, eq=False)
class OpenedProject:
    """A project that was read; ``recovered`` where it is a copy that a crash left behind."""

    project: Project
    path: Path
    recovered: bool = False


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """What a model's file tells; only to be shown."""

    card: Mapping[str, Any]
    path: Path


def read_any(path: Path, recovered: bool = False) -> Opened | OpenedProject | OpenedModel | StoredView:
    """Read a project, a picture, a model or a volume in blocks; the file itself says which it is.

    Raises
    ------
    InputError
        Where it cannot be used.
    """
    from core.projects.reading import is_project, read_project

    if path.name in _FACES:  # a folder's face, where a dialog or a drop takes files alone
        path = path.parent
    if is_stored(path) and not is_grey_store(path):
        return read_stored(path)
    if path.suffix.lower() == MODEL_SUFFIX:
        from core.reconstruction.model_file import load_model

        return OpenedModel(load_model(path).card, path)
    return OpenedProject(read_project(path), path, recovered) if is_project(path) else read(path)


def read(path: Path) -> Opened:
    """Read ``path`` and look at it: is it a volume, is it segmented already, does it carry an info bar?

    Raises
    ------
    InputError
        Where the file cannot be used; nothing is changed then.
    """
    from core.images.info_bar import propose_info_bar_row
    from core.images.labelled import looks_segmented
    from core.images.reading import read_labels, read_micrograph
    from core.segmentation.stack import open_stack

    found: tuple[Stack[Painted], Micrograph] | None = open_stack(path)
    if found is not None:
        stack, micrograph = found
        return Opened(micrograph, path, looks_segmented(micrograph.grey), None, None, stack)
    micrograph = read_micrograph(path)
    guess = looks_segmented(micrograph.grey)
    bar = None if guess is not None else propose_info_bar_row(micrograph)
    phases = None
    if guess is not None:
        labels = read_labels(path)
        if isinstance(labels, PhaseImage) and labels.phases != default_phases(len(labels.phases)):
            phases = labels.phases
    return Opened(micrograph, path, guess, bar, phases)


def _part(state: State, volume: GreyVolume, slices: slice, times: int) -> Opened:
    from core.images.labelled import looks_segmented
    from core.segmentation.stack import part_of, stack_of

    y0, y1, x0, x1 = state.crop or (0, None, 0, None)
    found: tuple[Stack[Painted], Micrograph] = stack_of(part_of(volume, slices, slice(y0, y1), slice(x0, x1), times))
    stack, micrograph = found
    guess = looks_segmented(micrograph.grey) if state.take_labels else None
    given = None if state.pixel_size is None else times * state.pixel_size
    return Opened(micrograph, state.source or volume.path, guess, None, state.phases, stack, given)


class Opener(QObject):
    """Reads in the background and puts the picture or project into the session.

    Signals
    -------
    opened(Opened, OpenedProject or StoredView)
        The session now holds it; a volume in blocks is only to be shown.
    model_opened(OpenedModel)
        A model was read, to be looked at.
    """

    opened = Signal(object)
    model_opened = Signal(object)

    def __init__(self, context: Context, preferences: Preferences) -> None:
        super().__init__()
        self._context, self._preferences = context, preferences
        self._reader = Latest(self)
        self._reader.answered.connect(self._take)
        self._reader.failed.connect(lambda error: context.messages.failed("Opening", error))
        self.last: Opened | OpenedProject | None = None
        self.guard: Callable[[Callable[[], None]], None] = lambda then: then()
        """Asked once a file is known to be good: does what it is given, at once or later, or not at all."""
        self._expected: PhaseImage | None = None
        context.session.derived.connect(self._derived)

    @property
    def busy(self) -> bool:
        """Whether a file is being read."""
        return self._reader.busy

    def open(self, path: Path, *, recovered: bool = False) -> None:
        """Read ``path`` and open it; the answer comes later. ``recovered``: it is what a crash left behind."""
        self._context.messages.say(f"Opening {path.name} …")
        self._reader.ask(lambda: read_any(path, recovered))

    def enlarge(self, times: int) -> None:
        """Open the part of the micrograph that is used anew, with pixels ``times`` as large; labels stay labels.

        Of a volume that is open, all slices: voxels become larger along every axis.
        """
        from core.images.binning import binned, binned_labels
        from core.images.labelled import looks_segmented

        state = self._context.session.state
        if state.stack is not None:
            self.take_part(times=times)
            return
        picture = state.micrograph
        if picture is None:
            return
        try:
            made = binned(picture, times)
            if state.take_labels:
                made = replace(made, grey=binned_labels(picture.grey, times))
        except InputError as error:
            self._context.messages.failed("Making the pixels larger", error)
            return
        made = replace(made, name=f"{picture.name} (pixels × {times})", info_bar_row=None)
        guess = looks_segmented(made.grey) if state.take_labels else None
        self._take(Opened(made, state.source or Path(picture.name), guess, None, state.phases))

    def take_part(self, slices: slice = slice(None), times: int = 1) -> None:
        """Open the part of the volume that is used anew: some ``slices``, with voxels ``times`` as large."""
        state = self._context.session.state
        try:
            if state.stack is None:
                raise InputError("No volume is open.", "Open a stack of slices in step 1.")
            if state.take_labels and times > 1:
                raise InputError("The volume is segmented already.", "Make the voxels of its grey values larger.")
            volume = state.stack.found
        except InputError as error:
            self._context.messages.failed("Taking a part of the volume", error)
            return
        self._context.messages.say(f"Opening a part of {volume.path.name} …")
        self._reader.ask(lambda: _part(state, volume, slices, times))

    def _take(self, opened: Opened | OpenedProject | OpenedModel | StoredView) -> None:
        if isinstance(opened, OpenedModel):
            self._preferences.remember(opened.path)
            self._context.messages.say(f"Opened the model {opened.path.name}.", "good")
            self.model_opened.emit(opened)
            return
        if isinstance(opened, StoredView):
            # it is only looked at: what is open stays, and a job that still makes it goes on
            self._preferences.remember(opened.path)
            self._context.messages.say(f"Opened the volume {opened.path.name}.", "good")
            self.opened.emit(opened)
            return
        if not self._held_up(opened.path):
            self.guard(lambda: self._put(opened))

    def _held_up(self, path: Path) -> bool:
        """Whether a job runs, whose result belongs to what is open now; it is said then."""
        jobs = self._context.jobs
        if jobs.busy:
            self._context.messages.say(
                f"{jobs.title} is running. Wait for it or cancel it, then open {path.name} again.", "warning"
            )
        return jobs.busy

    def _put(self, opened: Opened | OpenedProject) -> None:
        if self._held_up(opened.path):  # begun while what was open was saved
            return
        self.last = opened
        if isinstance(opened, OpenedProject):
            self._put_project(opened)
        else:
            self._put_picture(opened)
        self.opened.emit(opened)

    def _derived(self, names: frozenset[str]) -> None:
        """The labels that an opened project was saved with should come out again."""
        image, expected = self._context.session.phase_image, self._expected
        if "phase_image" not in names or image is None or expected is None or image.name != expected.name:
            return
        self._expected = None
        if not np.array_equal(image.labels, expected.labels):
            self._context.messages.say(
                "The phases differ from those that the project was saved with: it was segmented by another version of "
                "Microloom or its packages. Its results are kept as they were.",
                "warning",
            )

    def _put_project(self, opened: OpenedProject) -> None:
        project, session = opened.project, self._context.session
        state = state_of(project)
        home = Path(project.belongs_to) if project.belongs_to else None
        session.path = home if opened.recovered else opened.path
        # what a crash left behind is saved nowhere else
        session.saved_state = State() if opened.recovered else state
        self._expected = project.phase_image
        # before the window shows the volumes, and what is known of them
        keep_measurements(project, self._context.measurements)
        session.saved_findings = session.findings
        self._context.commands.start_anew(state)
        if opened.recovered:
            self._context.messages.say("Restored the session. Save it to keep it (Ctrl+S).", "good")
            return
        self._preferences.remember(opened.path)
        self._preferences.folder = str(opened.path.parent)
        count = len(state.results)
        volumes = "no volume yet" if count == 0 else "1 volume" if count == 1 else f"{count} volumes"
        self._context.messages.say(f"Opened the project {opened.path.name}: {volumes}.", "good")

    def _put_picture(self, opened: Opened) -> None:
        picture, session = opened.micrograph, self._context.session
        rows, columns = picture.shape
        crop = (0, opened.info_bar_row, 0, columns) if opened.info_bar_row else None
        state = State(
            opened=picture,
            source=opened.path,
            stack=opened.stack,
            pixel_size=opened.pixel_size,
            crop=crop,
            take_labels=opened.guess is not None,
            phases=opened.phases,
            plan=Plan(device=session.state.plan.device),
        )
        session.path, session.saved_state, session.saved_findings = None, state, session.findings
        self._expected = None
        self._context.commands.start_anew(state)
        if "samples" not in opened.path.parts:
            self._preferences.remember(opened.path)
            self._preferences.folder = str(opened.path.parent)
        said = f"Opened {picture.name}: {columns} × {rows} pixels"
        if opened.stack is not None:
            said = f"Opened {opened.path.name}: {opened.stack.count} slices of {columns} × {rows} pixels"
        if crop:
            said += f"; the instrument's info bar below row {opened.info_bar_row} is cropped"
        self._context.messages.say(said + ".", "good")
