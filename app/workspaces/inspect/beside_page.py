"""Up to four volumes beside each other, in place of the one: runs, an opened volume, a true volume from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QSizePolicy, QVBoxLayout

from app.context import Context
from app.jobs import Latest
from app.session import Result
from app.stored_volume import StoredView, is_stored, read_stored
from app.widgets.flow import Flow
from app.widgets.pane_choice import PANES
from app.widgets.panel import hint
from app.widgets.picture_dialog import choice_of
from app.widgets.stage import GridStage
from app.widgets.volume_grid import EACH, MOST, Beside, VolumeGrid, of_volume
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect.table_page import TablePage

TITLE = "Beside each other"
FILES = "Volumes (*.tif *.tiff *.nrrd *.h5 *.hdf5 *.npy *.vti);;All files (*)"


class BesidePage(TablePage):
    """Begins with the volume on show and the runs beside it; follows the session while it is on show.

    Signals
    -------
    toggled(on)
        It is to be seen, or no longer.

    Attributes
    ----------
    switch, action
        Show it, and go back to the volume.

    Parameters
    ----------
    stored
        The volume on the disk that Inspect shows, or None.
    folder
        Where files are looked for first.
    """

    toggled = Signal(bool)

    def __init__(
        self, context: Context, leader: VolumeView, stored: Callable[[], StoredView | None], folder: Callable[[], str]
    ) -> None:
        super().__init__(TITLE)
        self._context, self._stored, self._folder = context, stored, folder
        self._wanted: tuple[int, ...] = ()
        tip = "Up to four volumes with one camera and one cursor: runs, an opened volume, a true volume from a file"
        self.switch = QPushButton(TITLE)
        self.switch.setCheckable(True)
        self.switch.setToolTip(tip)
        self.action = QAction("Volumes beside each other")
        self.action.setCheckable(True)
        self.action.setToolTip(tip)
        self.switch.toggled.connect(self._toggled)
        self.action.toggled.connect(self.switch.setChecked)
        self.left.connect(lambda: self.switch.setChecked(False))
        self._reader = Latest(self)
        self._reader.answered.connect(self._read)
        self._reader.failed.connect(lambda error: context.messages.failed("Opening a volume", error))
        self.add = QPushButton("Add a volume")
        self.add.setToolTip("Another run, the volume on the disk that is open, or one from a file")
        self.add.setAccessibleName("Add a volume")
        self.menu = QMenu(self.add)
        self.menu.aboutToShow.connect(self.fill_menu)
        self.add.setMenu(self.menu)
        self.part = choice_of(PANES, "What is shown of each volume", "What is shown of each volume")
        self.grid = VolumeGrid(leader)
        self.part.currentIndexChanged.connect(lambda _: self.grid.show_part(self.part.currentData()))
        self.grid.removed.connect(self.take_away)
        self.grid.failed.connect(lambda error: context.messages.failed("Drawing a volume", error))
        self.told = hint()
        flow = Flow(6)
        for widget in (self.back, self.part, self.add):
            flow.addWidget(widget)
        self.grid.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.addWidget(self.title)
        column.addLayout(flow)
        column.addWidget(self.told)
        column.addWidget(self.grid, 1)
        context.session.changed.connect(lambda _old, _new: self._changed())

    @property
    def on_show(self) -> bool:
        """Whether there are volumes in it."""
        return bool(self.grid.entries)

    @property
    def stage(self) -> GridStage | None:
        """What pictures and movies are made of while it is on show."""
        return GridStage(self.grid) if self.on_show else None

    def set_possible(self, there: bool) -> None:
        """Whether a volume is shown that others can stand beside."""
        self.switch.setVisible(there)
        self.action.setEnabled(there)
        if not there:
            self.switch.setChecked(False)

    def compare(self, numbers: tuple[int, ...]) -> None:
        """See these runs (places in the session) beside each other."""
        self._wanted = numbers
        self.switch.setChecked(True)
        self._wanted = ()

    def _toggled(self, on: bool) -> None:
        self.action.setChecked(on)
        self.toggled.emit(on)
        self.begin(self._wanted) if on else self.end()

    def begin(self, numbers: tuple[int, ...] = ()) -> None:
        """Show these runs (places in the session), or the one on show and those after it."""
        state = self._context.session.state
        results = state.results
        entries: list[Beside] = []
        stored = self._stored()
        if stored is not None and not numbers:
            entries.append(of_stored(stored))
        if not numbers and results:
            first = state.shown % len(results)
            numbers = tuple((first + n) % len(results) for n in range(len(results)))
        entries += [self._of_result(number) for number in numbers]
        self._show(tuple(entries[:MOST]))

    def end(self) -> None:
        """Something else is shown: let go of the volumes."""
        if self.on_show:
            self.grid.turn(False)
            self._reader.forget()
            self.grid.show_entries(())

    def take_away(self, number: int) -> None:
        """Show one volume less."""
        self._show(tuple(entry for place, entry in enumerate(self.grid.entries) if place != number))

    def fill_menu(self) -> None:
        """What can be added now."""
        self.menu.clear()
        here = [entry.source for entry in self.grid.entries]
        for number, result in enumerate(self._context.session.state.results):
            if not any(source is result for source in here):
                self.menu.addAction(name_of(number, result)).triggered.connect(
                    lambda _checked=False, number=number: self._append(self._of_result(number))
                )
        stored = self._stored()
        if stored is not None and stored.path not in here:
            self.menu.addAction(stored.path.name).triggered.connect(
                lambda _checked=False: self._append(of_stored(stored))
            )
        self.menu.addSeparator()
        self.menu.addAction("From a file …").triggered.connect(self.choose_file)
        self.menu.addAction("From a folder (.ome.zarr) …").triggered.connect(self.choose_folder)

    def choose_file(self) -> None:
        """Ask for a file with a volume, and add it."""
        name, _ = QFileDialog.getOpenFileName(self, "Add a volume", self._folder(), FILES)
        if name:
            self.open(Path(name))

    def choose_folder(self) -> None:
        """Ask for a volume in blocks, and add it."""
        name = QFileDialog.getExistingDirectory(self, "Add a volume (.ome.zarr)", self._folder())
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Read a volume and add it."""
        self._context.messages.say(f"Reading {path.name} …")

        def read() -> Beside:
            if is_stored(path):
                return of_stored(read_stored(path))
            from core.images.reading import read_volume

            return of_volume(path.name, read_volume(path), path)

        self._reader.ask(read)

    # --- showing -------------------------------------------------------------------------------------------------

    def _of_result(self, number: int) -> Beside:
        result = self._context.session.state.results[number]
        known = next((entry for entry in self.grid.entries if entry.source is result), None)
        return known or of_volume(name_of(number, result), result.volume, result)

    def _append(self, entry: Beside) -> None:
        self._show((*self.grid.entries, entry)[:MOST])

    def _read(self, entry: Beside) -> None:
        if not self.on_show:
            return
        self._append(entry)
        self._context.messages.say(f"Opened {entry.name}.", "good")

    def _changed(self) -> None:
        """A run that was taken out of the session is taken out here."""
        results = self._context.session.state.results
        kept = tuple(
            entry
            for entry in self.grid.entries
            if not isinstance(entry.source, Result) or any(entry.source is result for result in results)
        )
        if len(kept) != len(self.grid.entries):
            self._show(kept) if kept else self.left.emit()

    def _show(self, entries: tuple[Beside, ...]) -> None:
        self.grid.show_entries(entries)
        full = len(entries) >= MOST
        self.add.setEnabled(not full)
        known = all(entry.voxel_size is not None for entry in entries)
        words = "Turn one, all turn; a click in a slice moves the cursor of all; mode, phases and clip are on the left."
        if len(entries) > 1 and not known:
            words += " Not every voxel size is known: voxels are drawn equally large."
        if full:
            words += f" There is room for {MOST}."
        self.told.setText(words)


def name_of(number: int, result: Result) -> str:
    """A run in few words."""
    return f"{number + 1}. {Path(result.exemplar.name).stem}, seed {result.plan.seed}"


def of_stored(stored: StoredView) -> Beside:
    """A volume on the disk, at a level that is drawn beside others."""
    level, labels = stored.level, stored.labels
    shapes = stored.levels.shapes
    while labels.size > EACH and level + 1 < len(shapes):
        level += 1
        labels = stored.levels.read(level, (0, 0, 0), shapes[level])
    told = stored.stored.fractions
    count = len(stored.phases)
    fractions = tuple(told) if told is not None else tuple(float((labels == n).mean()) for n in range(count))
    size = stored.stored.outline.voxel_size
    return Beside(stored.path.name, labels, stored.phases, size, fractions, stored.path, stored.levels, level)
