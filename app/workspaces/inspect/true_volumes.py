"""True volumes beside the runs: chosen as files or folders, whole or in parts, and the job that measures them alike."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu, QPushButton, QWidget

from app.context import Context
from app.jobs import Latest
from app.measurements import Measurements
from app.session import Result, State
from app.stored_volume import is_stored
from app.workspaces.inspect.beside_page import FILES
from app.workspaces.inspect.comparison import usual
from app.workspaces.inspect.runs_plot import RunCurves
from app.workspaces.inspect.true_volume_dialog import TrueVolumeDialog
from core.errors import InputError, MicroloomError
from core.images.true_volume import TrueVolume
from core.images.values import Phase

if TYPE_CHECKING:
    from core.report.runs import Entry
    from core.report.true_volumes import AsTheRuns

PROPERTIES = ("conductivity.", "permeability.", "elasticity.")
"""What the keys of computed properties begin with."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of files before they are measured.

    Attributes
    ----------
    paths
        The files.
    shape, phases, fractions
        Of the first one.
    """

    paths: tuple[Path, ...]
    shape: tuple[int, int, int]
    phases: tuple[Phase, ...]
    fractions: tuple[float, ...]


def look_at(paths: Sequence[Path]) -> Seen:
    """Read the first of ``paths``, for what can be asked of it.

    Raises
    ------
    InputError
        Where it is no volume.
    """
    from core.images.reading import read_volume

    volume = read_volume(paths[0])
    return Seen(tuple(paths), volume.shape, volume.phases, volume.fractions)


def volumes_in(folder: Path) -> tuple[Path, ...]:
    """The volumes of a folder, or the folder itself where it is one; errors as `core.report.batch.sources_in`."""
    from core.report.batch import PICTURES, sources_in

    if is_stored(folder):
        return (folder,)
    kept = tuple(path for path in sources_in(folder) if path.suffix.lower() not in PICTURES)
    if not kept:
        raise InputError(f"The folder {folder} holds no volume.", "Choose another.")
    return kept


class TrueVolumes(QObject):
    """The button that adds them, and what becomes of it.

    Signals
    -------
    added()
        There are more of them in the session.
    """

    added = Signal()

    def __init__(self, context: Context, folder: Callable[[], str], parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._folder, self._parent = context, folder, parent
        self.button = QPushButton("Add a true volume")
        self.button.setAccessibleName("Add a true volume")
        self.button.setToolTip(
            "A volume from a file, parts of one as large as the runs, or a folder of them, measured as the runs are"
        )
        self.menu = QMenu(self.button)
        self.menu.addAction("From files …").triggered.connect(self.choose_files)
        self.menu.addAction("From a folder, or a volume in blocks (.ome.zarr) …").triggered.connect(self.choose_folder)
        self.button.setMenu(self.menu)
        self._reader = Latest(self)
        self._reader.answered.connect(self._ask)
        self._reader.failed.connect(lambda error: context.messages.failed("Opening a volume", error))

    def choose_files(self) -> None:
        """Ask for files with volumes."""
        names, _ = QFileDialog.getOpenFileNames(self._parent, "Add a true volume", self._folder(), FILES)
        if names:
            self.open(tuple(map(Path, names)))

    def choose_folder(self) -> None:
        """Ask for a folder with volumes, or one that is a volume in blocks."""
        name = QFileDialog.getExistingDirectory(self._parent, "Add true volumes", self._folder())
        if not name:
            return
        try:
            found = volumes_in(Path(name))
        except MicroloomError as error:
            self._context.messages.failed("Opening a folder", error)
            return
        self.open(found)

    def open(self, paths: tuple[Path, ...]) -> None:
        """Look at volumes, and ask what of them is to be added."""
        self._context.messages.say(f"Reading {paths[0].name} …")
        self._reader.ask(lambda: look_at(paths))

    def _ask(self, seen: Seen) -> None:
        result = self._context.session.state.result
        if result is None:
            return
        dialog = TrueVolumeDialog(seen, result, self._parent)
        wanted = dialog.exec() == QDialog.DialogCode.Accepted
        volumes = dialog.volumes
        dialog.deleteLater()
        if wanted:
            self.add(volumes)

    def add(self, volumes: Sequence[TrueVolume]) -> None:
        """Put ``volumes`` into the session, each once; undo takes them out again."""
        there = self._context.session.state.true_volumes
        new = tuple(one for one in volumes if one not in there)
        if not new:
            self._context.messages.say("These volumes are in the table already.", "warning")
            return
        name = "add a true volume" if len(new) == 1 else f"add {len(new)} true volumes"
        self._context.commands.do(name, true_volumes=(*there, *new))
        self.added.emit()

    def remove(self, places: Sequence[int]) -> None:
        """Take those at ``places`` out of the session."""
        there = self._context.session.state.true_volumes
        kept = tuple(one for place, one in enumerate(there) if place not in places)
        if len(kept) != len(there):
            self._context.commands.do("remove true volumes", true_volumes=kept)


def true_entries(state: State, book: Measurements) -> tuple[Entry, ...]:
    """A line for each true volume of the session, also for those that are still to be measured."""
    from core.report.runs import Entry

    return tuple(book.true_volume(one) or Entry(one.name, one.group) for one in state.true_volumes)


def gone(state: State) -> frozenset[Path]:
    """Files of true volumes that are not where they were; each is looked for once."""
    return frozenset(path for path in {one.path for one in state.true_volumes} if not path.exists())


def missing_of_true(
    state: State, runs: Sequence[Entry], book: Measurements, lost: Container[Path] = ()
) -> tuple[TrueVolume, ...]:
    """True volumes that are not measured, have no curves, or of which properties lack that are known of ``runs``.

    Those that are known and whose files are ``lost`` are as complete as they can be.
    """
    computed = {one.key for run in runs for one in run.quantities if one.key.startswith(PROPERTIES)}
    lacking = []
    for one in state.true_volumes:
        known = book.true_volume(one)
        whole = known is not None and (
            known.problem
            or one.path in lost
            or (known.account is not None and computed <= {each.key for each in known.quantities})
        )
        if not whole:
            lacking.append(one)
    return tuple(lacking)


def curves_of(state: State, entries: Sequence[Entry], first: int) -> list[RunCurves]:
    """The curves of the runs of the session and of its true volumes, whose ``entries`` begin at ``first``."""
    runs = [
        RunCurves(number, result.comparison, result.exemplar.pixel_size) for number, result in enumerate(state.results)
    ]
    for number, entry in enumerate(entries[first:], first):
        if entry.account is not None and entry.account.comparison is not None:
            runs.append(RunCurves(number, entry.account.comparison, entry.edge))
    return runs


def as_the_runs(results: Sequence[Result], shown: Result, book: Measurements) -> AsTheRuns:
    """How true volumes are measured so that they compare with ``results``: as that on ``shown``, and its exemplar."""
    from core.report.true_volumes import AsTheRuns

    plans = (book.properties(one.volume.labels) for one in (shown, *results))
    plan = next((one.plan for one in plans if one is not None), None)
    return AsTheRuns(shown.exemplar, shown.phase, shown.volume.phases, shown.volume_phase, usual(), plan)
