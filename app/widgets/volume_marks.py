"""Marks over a volume, and the tools whose clicks set them: distance, angle, note, and the piece that is clicked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.widgets.volume_parts import Triple
from core.images.marks import POINTS, Mark, Point, words_of

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView

PIECE = "piece"
TOOLS = (*POINTS, PIECE)
_STILL = 4.0
"""A press and a release no more canvas pixels apart are a click; farther apart, a drag."""


class VolumeMarks(QObject):
    """What is marked on one `VolumeView`. Clicks count in every slice and, on what is drawn there, in 3-D.

    Signals
    -------
    made(kind, points)
        All places of a distance, an angle or a note were clicked at; z, y, x in voxels.
    picked(voxel)
        A voxel (z, y, x) was clicked at with the piece tool, or with Ctrl.
    tool_changed(tool)
        Another tool is in the hand, or none ("").
    missed()
        A click in 3-D met nothing.

    Attributes
    ----------
    tool
        One of `TOOLS`, or "".
    points
        Places of the mark that is being set.
    """

    made = Signal(str, object)
    picked = Signal(object)
    tool_changed = Signal(str)
    missed = Signal()

    def __init__(self, view: VolumeView) -> None:
        super().__init__(view)
        self._view = view
        self.tool = ""
        self.points: tuple[Point, ...] = ()
        self._pointer: Point | None = None
        self._marks: tuple[Mark, ...] = ()
        self._chosen: Mark | None = None
        self._pressed_at: np.ndarray | None = None
        self._drawing: Any = None

    def take(self, tool: str) -> None:
        """Take a tool in the hand, or with "" put it down; what was begun is forgotten."""
        self.points, self._pointer = (), None
        if tool != self.tool:
            self.tool = tool
            self.tool_changed.emit(tool)
        self.draw()

    def give_up(self) -> None:
        """Forget the places of a mark that was begun; where there are none, put the tool down."""
        self.take(self.tool if self.points else "")

    def show(self, marks: Sequence[Mark], chosen: Mark | None = None) -> None:
        """Draw these marks; ``chosen`` stands out."""
        self._marks, self._chosen = tuple(marks), chosen
        self.draw()

    def draw(self) -> None:
        """Draw anew: the slices have moved, or the marks have changed."""
        view = self._view
        if view.scene is None:
            return
        begun = self.points if self._pointer is None else (*self.points, self._pointer)
        if self._drawing is None:
            if not (self._marks or self.points):
                return
            from app.widgets.mark_drawing import MarkDrawing

            self._drawing = MarkDrawing(view.scene)
        from app.widgets.mark_drawing import Drawn

        size = view.voxel_size
        drawn = [] if view.labels is None else [
            Drawn(np.array(mark.points), words_of(mark, size), mark is self._chosen) for mark in self._marks
        ]  # fmt: skip
        if self.points:
            drawn.append(Drawn(np.array(begun), self._begun_words(begun), True))
        self._drawing.show(drawn, view.cursor_at, view.scale)

    def _begun_words(self, points: tuple[Point, ...]) -> str:
        if self.tool not in POINTS or len(points) != POINTS[self.tool] or len(set(points)) < len(points):
            return ""
        return words_of(Mark(self.tool, "", points, ""), self._view.voxel_size)  # type: ignore[arg-type]

    # --- the mouse -----------------------------------------------------------------------------------------------

    def pressed(self, event: Any) -> bool:
        """A button goes down; whether a tool takes the click, so that nobody else should."""
        self._pressed_at = np.array(event.pos[:2], float)
        wants_piece = self.tool == PIECE or "Control" in [str(key.name) for key in event.modifiers]
        if event.button != 1 or not (self.tool or wants_piece) or self._view.labels is None:
            return False
        place = self._view.scene.place(event.pos)
        if place is None:
            return False
        if place[0] == 3:  # a drag turns the volume; a click is known only when the button goes up
            return bool(self.tool)
        self._clicked(event.pos, wants_piece)
        return True

    def moved(self, event: Any) -> None:
        """Let what was begun follow the pointer."""
        if not self.points:
            return
        self._pointer = self._point(event.pos) if self._view.scene.place(event.pos) else None
        self.draw()

    def released(self, event: Any) -> None:
        """A button goes up: in 3-D the end of a click, in a slice perhaps the other end of a distance."""
        start, self._pressed_at = self._pressed_at, None
        if start is None or event.button != 1 or self._view.labels is None:
            return
        dragged = bool(np.hypot(*(np.array(event.pos[:2], float) - start)) > _STILL)
        place = self._view.scene.place(event.pos)
        wants_piece = self.tool == PIECE or "Control" in [str(key.name) for key in event.modifiers]
        if place is None or not (self.tool or wants_piece):
            return
        if (place[0] == 3 and not dragged) or (place[0] < 3 and dragged and self.points):
            self._clicked(event.pos, wants_piece)

    def _clicked(self, pixel: Any, wants_piece: bool) -> None:
        point = self._point(pixel)
        if point is None:
            self.missed.emit()
            return
        if wants_piece:
            # a line of sight ends at a voxel's face, which the place alone does not say the voxel of
            seen = self._view.in_3d.seen(pixel) if self._view.scene.place(pixel)[0] == 3 else None
            self.picked.emit((int(point[0]), int(point[1]), int(point[2])) if seen is None else seen[1])
            return
        if self.points and self.points[-1] == point:
            return  # a second click on the same place measures nothing
        self.points = (*self.points, point)
        if len(self.points) == POINTS[self.tool]:
            points, self.points, self._pointer = self.points, (), None
            self.made.emit(self.tool, points)
        self.draw()

    def _point(self, pixel: Any) -> Point | None:
        """The place in the volume under a pixel of the canvas, or None beside it."""
        view = self._view
        found = view.scene.place(pixel)
        if found is None:
            return None
        plane, (right, below) = found
        if plane == 3:
            seen: tuple[Point, Triple] | None = view.in_3d.seen(pixel)
            return None if seen is None else seen[0]
        from app.widgets.slice_panes import PLANES

        _, down, across = PLANES[plane]
        place = [at + 0.5 for at in view.cursor_at]
        place[down], place[across] = below / view.scale[down], right / view.scale[across]
        if not all(0 <= at < side for at, side in zip(place, view.shape, strict=True)):
            return None
        return place[0], place[1], place[2]
