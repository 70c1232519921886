"""Draws the frames of a movie in the window's thread, one a turn of the event loop, for a job that writes them.

What is filmed is seen meanwhile, and takes no gestures; afterwards it is as it was. Several volumes beside each other
move alike: by the same angle, to the same shares of their sides.
"""

from __future__ import annotations

import functools
import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.widgets.key_views import KeyView, Way, look, view_of_now
from app.widgets.stage import Stage
from app.widgets.volume_picture import Shot
from core.errors import JobError

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView

KINDS = {
    "turntable": "Turntable", "views": "Through the views of the list", "slices": "Through the slices",
    "cut": "A cut through the volume",
}  # fmt: skip
AHEAD = 3
"""Frames that may wait for the writer."""
SHOWN_EVERY = 1.0
"""Seconds between two looks at the screen: each frame drawn there, too, would take twice as long."""
ANOTHER = JobError("Another volume was shown while the movie was made.", "Make it again, and wait until it is written.")


@dataclass(frozen=True)
class Film:
    """A movie that is wanted.

    Attributes
    ----------
    kind
        One of `KINDS`.
    shot
        What each frame shows; its ground is not transparent.
    seconds, fps
        Its length, and frames in a second.
    turns
        Full turns of a turntable; the camera keeps its height.
    axis
        0, 1, 2 = z, y, x: along which one goes through the volume, or the cut goes.
    views
        Two or more that a flight goes through.
    """

    kind: str
    shot: Shot
    seconds: float = 8.0
    fps: int = 25
    turns: int = 1
    axis: int = 0
    views: tuple[KeyView, ...] = ()

    @property
    def count(self) -> int:
        """Frames in all."""
        return max(2, round(self.seconds * self.fps))

    def angle(self, number: int) -> float:
        """Degrees that the camera has gone round by at a frame; the one after the last would be the first."""
        return 360.0 * self.turns * number / self.count

    @cached_property
    def way(self) -> Way:
        """Of a flight."""
        return Way(self.views)

    def voxel(self, number: int, low: int, high: int) -> int:
        """The place at a frame on the way from voxel ``low`` to ``high``, both reached."""
        return low + round((high - low) * number / (self.count - 1))


@dataclass(frozen=True)
class _Before:
    """What one view was like."""

    look: KeyView
    cursor: tuple[int, int, int]
    clip: Any
    labels: Any
    room: tuple[float, float]


class Filming(QObject):
    """The frames of one film of one stage. `start` begins; `frames` is what the writing job reads.

    Signals
    -------
    ended()
        All frames are drawn, or it was stopped; the views are as they were.
    """

    ended = Signal()

    def __init__(self, stage: Stage, film: Film, parent: QObject | None = None) -> None:
        super().__init__(parent if parent is not None else stage.widget)
        self._stage, self._film = stage, film
        self._views: tuple[VolumeView, ...] = tuple(stage.views)
        self._labels = [view.labels for view in self._views]
        self._queue: queue.Queue[np.ndarray | Exception] = queue.Queue()
        self._number = 0
        self._placed = False
        self._waiting: set[int] = set()
        """Numbers of the views whose drawing is on its way."""
        self._before: tuple[_Before, ...] = ()
        self._enabled = True
        self._timer = QTimer(self, interval=2)
        self._timer.timeout.connect(self._turn)
        self._links = [
            view.in_3d.drawn.connect(functools.partial(self._waiting.discard, number))
            for number, view in enumerate(self._views)
        ]
        for view in self._views:
            view.in_3d.failed.connect(self._failed)

    @property
    def running(self) -> bool:
        """Whether frames are still to be drawn."""
        return bool(self._before)

    def start(self) -> None:
        """Take the views over and begin to draw."""
        for view in self._views:
            view.stop_turntable()
        self._before = tuple(
            _Before(view_of_now(view), view.cursor_at, view.clip, view.labels, tuple(view.scene.canvas.size))
            for view in self._views
        )
        self._size = self._stage.size_of(self._film.shot, even=True)
        self._shown = time.monotonic()
        self._enabled = self._stage.widget.isEnabled()
        self._stage.widget.setEnabled(False)
        self._stage.hold(True)
        self._timer.start()

    def stop(self) -> None:
        """Draw no more and give the views back."""
        if not self._before:
            return
        before, self._before = self._before, ()
        self._timer.stop()
        for link in self._links:
            QObject.disconnect(link)
        self._stage.widget.setEnabled(self._enabled)
        for view, was in zip(self._views, before, strict=True):
            view.scene.canvas.native.setUpdatesEnabled(True)
            if self._film.kind in ("turntable", "views"):
                look(view, was.look)
            elif view.labels is was.labels:
                view.set_clip(was.clip)
                view.set_cursor(was.cursor)
        self._stage.hold(False)
        self.ended.emit()

    def frames(self) -> Iterator[np.ndarray | None]:
        """The frames, for another thread: None where the next one is not there yet."""
        for _ in range(self._film.count):
            while True:
                try:
                    found = self._queue.get(timeout=0.1)
                except queue.Empty:
                    yield None
                    continue
                break
            if isinstance(found, Exception):
                raise found
            yield found

    # --- in the window's thread ----------------------------------------------------------------------------------

    def _turn(self) -> None:
        if not self._before or self._waiting or self._queue.qsize() >= AHEAD:
            return
        now = time.monotonic()
        look = now - self._shown >= SHOWN_EVERY
        self._shown = now if look else self._shown
        try:
            views = self._stage.views
            if len(views) != len(self._views) or any(
                view.labels is not labels for view, labels in zip(views, self._labels, strict=True)
            ):
                raise ANOTHER
            for view in self._views:
                view.scene.canvas.native.setUpdatesEnabled(look)
            if not self._placed:
                self._placed = True
                for number in range(len(self._views)):
                    self._place(number)
                if self._waiting:
                    return
            self._queue.put(self._stage.draw(self._film.shot, self._size, [was.room for was in self._before]))
        except Exception as error:  # the job tells it
            self._failed(error)
            return
        self._placed = False
        self._number += 1
        if self._number == self._film.count:
            self.stop()

    def _place(self, which: int) -> None:
        """Bring a view to where the next frame is seen; it waits where that takes a while."""
        view, was, film, number = self._views[which], self._before[which], self._film, self._number
        if number == 0:  # a surface may still be on its way
            self._waiting.add(which)
            view.in_3d.show()
        if film.kind == "turntable":
            view.scene.view.camera.azimuth = was.look.azimuth + film.angle(number)
            view.scene.turned()
        elif film.kind == "views":
            look(view, film.way.at(number / (film.count - 1)))
        elif film.kind == "slices":
            place = list(was.cursor)
            place[film.axis] = film.voxel(number, 0, view.shape[film.axis] - 1)
            view.set_cursor((place[0], place[1], place[2]))
        else:
            left = cut_at(film, number, was.clip, towards_viewer(view))
            if left != view.clip:
                self._waiting.add(which)
                view.set_clip(left, at_once=True)

    def _failed(self, error: Exception) -> None:
        if self._before:
            self._queue.put(error)
            self.stop()


def towards_viewer(view: VolumeView) -> tuple[bool, bool, bool]:
    """Along z, y and x: whether the viewer looks at the volume's far end (where the axis grows) first."""
    camera = view.scene.view.camera
    around, up = np.radians(camera.azimuth), np.radians(camera.elevation)
    return bool(np.sin(up) >= 0), bool(np.cos(around) < 0), bool(np.sin(around) > 0)


def cut_at(film: Film, number: int, clip: Any, ends: tuple[bool, bool, bool]) -> Any:
    """What is left of ``clip`` at a frame: the cut goes from the viewer into the volume, so that one sees its face."""
    low, high = clip[film.axis]
    left = list(clip)
    if ends[film.axis]:
        left[film.axis] = (low, film.voxel(number, high, low + 1))
    else:
        left[film.axis] = (film.voxel(number, low, high - 1), high)
    return tuple(left)
