"""Reads of a volume on the disk what one looks at: of each slice what the screen resolves, and a box in 3-D.

A coarse level of the volume is in memory as a whole. A finer part is read off the GUI thread when the view has come to
rest for a moment, and drawn over it when it comes; one that comes too late is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.widgets.part_reader import PartReader
from app.widgets.volume_parts import Clip, Levels, Part, Triple, finest_within, level_for

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView

BOX = 3
"""The view after the three slices: the volume in 3-D."""


class CloserLook(QObject):
    """The finer parts of one `VolumeView`.

    Signals
    -------
    box_read()
        `box` has come.
    failed(error)
        A part could not be read.

    Attributes
    ----------
    box
        The view's `clip` at a finer level than the whole is in memory, or None.
    """

    box_read = Signal()
    failed = Signal(object)

    def __init__(self, view: VolumeView) -> None:
        super().__init__(view)
        self._view = view
        self._levels: Levels | None = None
        self._level = 0
        self.box: Part | None = None
        self._reader = PartReader(self)
        self._reader.arrived.connect(self._arrived)
        self._reader.failed.connect(self.failed)
        self._pause = QTimer(self, interval=60, singleShot=True)
        self._pause.timeout.connect(self._look)

    def begin(self, levels: Levels | None, level: int) -> None:
        """Another volume is shown: ``level`` of ``levels`` is in memory; with None, all there is."""
        self._levels, self._level = levels, level
        self._reader.forget()
        self.box = None
        if self._view.scene is not None:
            for plane in range(3):
                self._show(plane, None)

    @property
    def possible(self) -> bool:
        """Whether what is in memory is a coarse level of something finer."""
        return self._view.scene is not None and self._levels is not None and self._level > 0

    def look(self) -> None:
        """What is looked at has changed."""
        if self.possible:
            self._pause.start()

    def leave_box(self) -> None:
        """The view's clip has changed."""
        self.box = None
        self._reader.forget(BOX)
        self.look()

    def parts(self) -> list[Part]:
        """All finer parts that are shown."""
        slices = [] if self._view.scene is None else [self._view.scene.panes.finer_part(plane) for plane in range(3)]
        return [part for part in (*slices, self.box) if part is not None]

    def _look(self) -> None:
        view, levels = self._view, self._levels
        if not self.possible or levels is None or view.labels is None:
            return
        from app.widgets.slice_panes import PLANES

        panes = view.scene.panes
        for plane, (_, down, across) in enumerate(PLANES):
            seen, per_pixel = panes.seen(plane, view.scale)
            level = level_for(levels, per_pixel, (down, across))
            part = panes.finer_part(plane)
            if level >= self._level:
                self._reader.forget(plane)
                self._show(plane, None)
            elif (
                part is None or part.step != levels.steps[level] or not _covers(part, seen, view.shape, (down, across))
            ):
                self._reader.ask(plane, levels, level, panes.around(plane, seen, view.shape, view.cursor_at))
        level = finest_within(levels, view.clip, view.scene.close_edge**3)
        if self.box is None and level < self._level:
            self._reader.ask(BOX, levels, level, view.clip)
        self.note()

    def _arrived(self, which: int, _level: int, part: Part) -> None:
        if which == BOX:
            self.box = part
            self.box_read.emit()
            return
        self._show(which, part)
        self.note()
        self._view.scene.canvas.update()

    def _show(self, plane: int, part: Part | None) -> None:
        view = self._view
        view.scene.panes.show_finer(plane, part, view.colors(), view.cursor_at, view.scale)

    def note(self) -> None:
        """Say in each slice which voxels it shows."""
        panes = self._view.scene.panes
        for plane in range(3):
            part = panes.finer_part(plane) or self._view.whole
            panes.note(plane, resolution(part.step) if self.possible else "")


def _covers(part: Part, seen: Clip, shape: Triple, axes: tuple[int, int]) -> bool:
    """Whether a part holds all that is seen of the volume along ``axes``."""
    for axis in axes:
        low, high = max(seen[axis][0], 0), min(seen[axis][1], shape[axis])
        first, end = part.origin[axis], part.origin[axis] + part.labels.shape[axis] * part.step[axis]
        if low < high and not first <= low < high <= end:
            return False
    return True


def resolution(step: Triple) -> str:
    """Which voxels are shown, in words."""
    if max(step) == 1:
        return "every voxel"
    if len(set(step)) == 1:
        return f"1 voxel in {step[0]} along each axis"
    return "1 voxel in " + ", ".join(f"{many} along {axis}" for many, axis in zip(step, "zyx", strict=True))
