"""Two to four volumes beside each other: one camera, one cursor, one mode, one clip.

What they share is that of another view, the leader, whose controls are therefore those of all; cameras follow whichever
is turned. Lengths are true to each other: one camera's distance holds for all, in metres where every voxel size is
known, in voxels otherwise. Each has a canvas, textures and surfaces of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.widgets.volume_parts import Clip, Levels, Triple
from app.widgets.volume_view import VolumeView
from core.images.values import Phase, Volume

MOST = 4
EACH = 256**3
"""Voxels of a volume that is drawn in full; of a larger one a coarse level is drawn, and read finer where one looks."""


@dataclass(frozen=True, eq=False)
class Beside:
    """One of the volumes.

    Attributes
    ----------
    labels
        What is in memory of it at ``level`` of ``levels``, or all of it.
    fractions
        Of each phase.
    source
        What it came from, to know it again.
    """

    name: str
    labels: np.ndarray
    phases: tuple[Phase, ...]
    voxel_size: tuple[float, float, float] | None
    fractions: tuple[float, ...]
    source: object
    levels: Levels | None = None
    level: int = 0


class InMemory:
    """A volume in memory as two levels: all of it, and every so many voxels."""

    def __init__(self, labels: np.ndarray, step: int) -> None:
        self.arrays = (labels, np.ascontiguousarray(labels[::step, ::step, ::step]))
        self.steps: tuple[Triple, ...] = ((1, 1, 1), (step, step, step))

    @property
    def shapes(self) -> tuple[Triple, ...]:
        """Voxels (z, y, x) of each level."""
        return tuple((a.shape[0], a.shape[1], a.shape[2]) for a in self.arrays)

    def read(self, level: int, origin: Triple, size: Triple) -> np.ndarray:
        """A box of a level."""
        box = tuple(slice(first, first + many) for first, many in zip(origin, size, strict=True))
        return self.arrays[level][box]


def of_volume(name: str, volume: Volume, source: object, each: int = EACH) -> Beside:
    """A volume in memory; a large one is shown coarsely."""
    step = 1
    while volume.labels.size / step**3 > each:
        step += 1
    fractions = tuple(volume.fractions)
    if step == 1:
        return Beside(name, volume.labels, volume.phases, volume.voxel_size, fractions, source)
    levels = InMemory(volume.labels, step)
    return Beside(name, levels.arrays[1], volume.phases, volume.voxel_size, fractions, source, levels, 1)


class _Cell(QWidget):
    def __init__(self, grid: VolumeGrid) -> None:
        super().__init__(grid)
        self.view = VolumeView()
        self.view.setMinimumSize(150, 140)  # axes and numbers need some room
        self.panes: Any = None
        self.title = QLabel()
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.away = QToolButton()
        self.away.setText("×")
        self.away.setAutoRaise(True)
        row = QHBoxLayout()
        row.addWidget(self.title, 1)
        row.addWidget(self.away)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        self.seen: Any = None
        """The camera as it was last drawn."""


class VolumeGrid(QWidget):
    """The volumes and what links them.

    Signals
    -------
    removed(number)
        The user takes one away.
    failed(error)
        A surface could not be made, or a part not be read.
    """

    removed = Signal(int)
    failed = Signal(object)

    def __init__(self, leader: VolumeView) -> None:
        super().__init__()
        self.setAccessibleName("Volumes beside each other")
        self._leader = leader
        self.cells: list[_Cell] = []
        self.entries: tuple[Beside, ...] = ()
        self.part = "3d"
        self._linking = False
        self.held = False
        """Whether something else moves the views, so that none follows another."""
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._follow = QTimer(self, interval=60, singleShot=True)
        self._follow.timeout.connect(self.follow)
        leader.changed.connect(self._follow.start)
        leader.styled.connect(self._follow.start)
        leader.cursorMoved.connect(lambda _place: self._move_cursors(leader))

    @property
    def views(self) -> list[VolumeView]:
        """Those on show."""
        return [cell.view for cell in self.cells[: len(self.entries)]]

    @property
    def names(self) -> list[str]:
        """What stands above each, without its type's weight."""
        phase = self._leader.phase
        return [
            entry.name + (f" · φ {100 * entry.fractions[phase]:.2f} %" if phase < len(entry.fractions) else "")
            for entry in self.entries
        ]

    @property
    def across(self) -> int:
        """How many stand in a row."""
        return 1 if len(self.entries) == 1 else 2

    # --- what is shown -------------------------------------------------------------------------------------------

    def show_entries(self, entries: tuple[Beside, ...]) -> None:
        """Show at most `MOST` volumes; those that stay keep their view."""
        before, self.entries = self.entries, entries[:MOST]
        while len(self.cells) < len(self.entries):
            self._add_cell(len(self.cells))
        for number, cell in enumerate(self.cells):
            self._layout.removeWidget(cell)
            if number >= len(self.entries):
                cell.hide()
                cell.view.clear()
                continue
            self._layout.addWidget(cell, *self._place(number))
            cell.show()
            entry = self.entries[number]
            if number >= len(before) or before[number] is not entry:
                cell.view.set_volume(entry.labels, entry.phases, entry.voxel_size, entry.levels, entry.level)
        self._name()
        self.follow()
        self._move_cursors(self._leader)
        if len(before) != len(self.entries):
            self.fit()

    def _place(self, number: int) -> tuple[int, int]:
        return divmod(number, self.across)

    def _add_cell(self, number: int) -> None:
        cell = _Cell(self)
        cell.view.failed.connect(self.failed)
        cell.view.cursorMoved.connect(lambda _place: self._move_cursors(cell.view))
        cell.away.clicked.connect(lambda: self.removed.emit(number))
        self.cells.append(cell)
        if cell.view.scene is not None:
            camera, first = cell.view.scene.view.camera, self._leader.scene.view.camera
            camera.azimuth, camera.elevation = first.azimuth, first.elevation
            cell.view.scene.canvas.events.draw.connect(lambda _event: self._camera_drawn(cell))
            from app.widgets.pane_choice import PaneChoice

            cell.panes = PaneChoice(cell.view.scene)
            cell.panes.show(self.part)

    def _name(self) -> None:
        phase = self._leader.phase
        for entry, cell in zip(self.entries, self.cells, strict=False):
            share = f" · φ {100 * entry.fractions[phase]:.2f} %" if phase < len(entry.fractions) else ""
            cell.title.setText(f"<b>{_escaped(entry.name)}</b>{share}")
            phases = ", ".join(
                f"{one.name} {100 * f:.2f} %" for one, f in zip(entry.phases, entry.fractions, strict=False)
            )
            cell.title.setToolTip(f"{entry.name}\n{phases}")
            cell.view.setAccessibleName(f"Volume {entry.name}")
            cell.away.setToolTip(f"Take {entry.name} away")
            cell.away.setAccessibleName(f"Take {entry.name} away")
            cell.away.setEnabled(len(self.entries) > 1)

    def show_part(self, part: str) -> None:
        """Show one of `app.widgets.pane_choice.PANES` of each."""
        self.part = part
        for cell in self.cells:
            if cell.panes is not None:
                cell.panes.show(self.part)
        self.fit_slices()

    # --- what is common ------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Take over the leader's mode, phases and clip."""
        leader = self._leader
        if leader.labels is None or not self.entries:
            return
        for view in self.views:
            view.set_clip(scaled(leader.clip, leader.shape, view.shape))
            view.set_mode(leader.mode)
            if len(view.styles) == len(leader.styles):
                view.phase = leader.phase
                for label, style in enumerate(leader.styles):
                    if view.styles[label] != style:
                        view.set_phase_style(label, *style)
            elif view.phase != (phase := min(leader.phase, len(view.styles) - 1)):
                view.set_phase(phase)
        self._name()

    def _move_cursors(self, from_view: VolumeView) -> None:
        """One place for all: where its share of the sides is the same."""
        if self._linking or self.held or from_view.labels is None or not self.entries:
            return
        self._linking = True
        try:
            for view in (self._leader, *self.views):
                if view is not from_view and view.labels is not None:
                    view.set_cursor(moved(from_view.cursor_at, from_view.shape, view.shape))
        finally:
            self._linking = False

    # --- cameras -------------------------------------------------------------------------------------------------

    def _lengths(self) -> list[float]:
        """Of each view: how long its unit is, in metres, or in voxels where a voxel size is not known."""
        known = all(view.voxel_size is not None for view in self.views)
        return [
            view.voxel_size[0] / view.scale[0] if known and view.voxel_size is not None else 1 / view.scale[0]
            for view in self.views
        ]

    def fit(self) -> None:
        """Show all of the largest, and the others as large beside it as they are."""
        views = self.views
        if not views or any(view.scene is None for view in views):
            return
        sizes = [_size(view) for view in views]
        lengths = self._lengths()
        longest = max(float(np.linalg.norm(size)) * length for size, length in zip(sizes, lengths, strict=True))
        for cell, size, length in zip(self.cells, sizes, lengths, strict=False):
            camera = cell.view.scene.view.camera
            camera.center = tuple(size / 2)
            camera.scale_factor = 1.25 * longest / length
            cell.seen = _state(camera)
        self.fit_slices()

    def fit_slices(self) -> None:
        """Show all of each slice."""
        for view in self.views:
            if view.scene is not None and view.labels is not None:
                view.scene.panes.fit(view.shape, view.scale)

    def _camera_drawn(self, cell: _Cell) -> None:
        """A picture was drawn: where its camera is another than before, the others' go along."""
        if cell.view not in self.views:
            return
        camera = cell.view.scene.view.camera
        state = _state(camera)
        if state == cell.seen:
            return
        cell.seen = state
        if self.held:
            return
        views, lengths = self.views, self._lengths()
        number = views.index(cell.view)
        offset = (np.array(camera.center) - _size(cell.view) / 2) * lengths[number]
        distance = camera.scale_factor * lengths[number]
        for other, length in zip(self.cells, lengths, strict=False):
            if other is cell:
                continue
            theirs = other.view.scene.view.camera
            theirs.azimuth, theirs.elevation = camera.azimuth, camera.elevation
            theirs.center = tuple(_size(other.view) / 2 + offset / length)
            theirs.scale_factor = distance / length
            other.seen = _state(theirs)
            other.view.scene.turned()
            other.view.moving()

    # --- turning -------------------------------------------------------------------------------------------------

    def turn(self, on: bool) -> None:
        """Let all turn, or none."""
        for view in self.views[:1]:
            view.start_turntable() if on else view.stop_turntable()


def _state(camera: Any) -> tuple[float, ...]:
    return (camera.azimuth, camera.elevation, camera.scale_factor, *(float(number) for number in camera.center))


def _size(view: VolumeView) -> np.ndarray:
    """Sides along x, y, z in the view's unit."""
    size: np.ndarray = np.array(view.shape[::-1]) * np.array(view.scale[::-1])
    return size


def moved(place: Triple, shape: Triple, other: Triple) -> Triple:
    """The voxel of another shape at the same shares of its sides."""
    z, y, x = (min(n - 1, int((at + 0.5) / m * n)) for at, m, n in zip(place, shape, other, strict=True))
    return z, y, x


def scaled(clip: Clip, shape: Triple, other: Triple) -> Clip:
    """The same shares of another shape; never empty."""
    found = []
    for (low, high), m, n in zip(clip, shape, other, strict=True):
        first = min(n - 1, round(low * n / m))
        found.append((first, max(first + 1, round(high * n / m))))
    return found[0], found[1], found[2]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
