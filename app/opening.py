"""Opens what the user hands over: a micrograph, an already segmented picture, a sample.

Reading happens off the GUI thread. A failed opening changes nothing: what was open stays open.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.context import Context
from app.jobs import Latest
from app.preferences import Preferences
from app.session import Plan, State
from core.images.values import Micrograph, Phase, PhaseImage, default_phases

FILTER = "Micrographs (*.tif *.tiff *.png *.jpg *.jpeg *.bmp *.npy);;All files (*)"


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture that was read, and what the reader thinks of it."""

    micrograph: Micrograph
    path: Path
    guess: Any
    info_bar_row: int | None
    phases: tuple[Phase, ...] | None = None
    """Names and colours that a phase image written by Microloom carries."""


def read(path: Path) -> Opened:
    """Read ``path`` and look at it: is it segmented already, does it carry an info bar?

    Raises
    ------
    InputError
        Where the file cannot be used; nothing is changed then.
    """
    from core.images.info_bar import propose_info_bar_row
    from core.images.labelled import looks_segmented
    from core.images.reading import read_labels, read_micrograph

    micrograph = read_micrograph(path)
    guess = looks_segmented(micrograph.grey)
    bar = None if guess is not None else propose_info_bar_row(micrograph)
    phases = None
    if guess is not None:
        labels = read_labels(path)
        if isinstance(labels, PhaseImage) and labels.phases != default_phases(len(labels.phases)):
            phases = labels.phases
    return Opened(micrograph, path, guess, bar, phases)


class Opener(QObject):
    """Reads in the background and puts the picture into the session.

    Signals
    -------
    opened(Opened)
        The session now holds it.
    """

    opened = Signal(object)

    def __init__(self, context: Context, preferences: Preferences) -> None:
        super().__init__()
        self._context, self._preferences = context, preferences
        self._reader = Latest(self)
        self._reader.answered.connect(self._take)
        self._reader.failed.connect(lambda error: context.messages.failed("Opening", error))
        self.last: Opened | None = None

    @property
    def busy(self) -> bool:
        """Whether a file is being read."""
        return self._reader.busy

    def open(self, path: Path) -> None:
        """Read ``path`` and open it; the answer comes later."""
        self._context.messages.say(f"Opening {path.name} …")
        self._reader.ask(lambda: read(path))

    def _take(self, opened: Opened) -> None:
        picture = opened.micrograph
        if self._context.jobs.busy:
            self._context.messages.say(
                f"{self._context.jobs.title} is running. Wait for it or cancel it, then open {picture.name} again.",
                "warning",
            )
            return
        self.last = opened
        rows, columns = picture.shape
        crop = (0, opened.info_bar_row, 0, columns) if opened.info_bar_row else None
        old = self._context.session.state
        state = State(
            opened=picture,
            source=opened.path,
            crop=crop,
            take_labels=opened.guess is not None,
            phases=opened.phases,
            plan=Plan(device=old.plan.device),
            results=old.results,
        )
        self._context.commands.start_anew(state)
        self._context.session.saved_state = state
        if "samples" not in opened.path.parts:
            self._preferences.remember(opened.path)
            self._preferences.folder = str(opened.path.parent)
        said = f"Opened {picture.name}: {columns} × {rows} pixels"
        if crop:
            said += f"; the instrument's info bar below row {opened.info_bar_row} is cropped"
        self._context.messages.say(said + ".", "good")
        self.opened.emit(opened)
