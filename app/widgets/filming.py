"""Draws the frames of a movie in the window's thread, one a turn of the event loop, for a job that writes them.

The view shows what is being filmed and takes no gestures meanwhile; afterwards it is as it was.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.widgets import volume_picture
from app.widgets.volume_picture import Shot
from app.widgets.volume_view import VolumeView
from core.errors import JobError

KINDS = {"turntable": "Turntable", "slices": "Through the slices", "cut": "A cut through the volume"}
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
    """

    kind: str
    shot: Shot
    seconds: float = 8.0
    fps: int = 25
    turns: int = 1
    axis: int = 0

    @property
    def count(self) -> int:
        """Frames in all."""
        return max(2, round(self.seconds * self.fps))

    def angle(self, number: int) -> float:
        """Degrees that the camera has gone round by at a frame; the one after the last would be the first."""
        return 360.0 * self.turns * number / self.count

    def voxel(self, number: int, low: int, high: int) -> int:
        """The place at a frame on the way from voxel ``low`` to ``high``, both reached."""
        return low + round((high - low) * number / (self.count - 1))


class Filming(QObject):
    """The frames of one film of one view. `start` begins; `frames` is what the writing job reads.

    Signals
    -------
    ended()
        All frames are drawn, or it was stopped; the view is as it was.
    """

    ended = Signal()

    def __init__(self, view: VolumeView, film: Film, parent: QObject | None = None) -> None:
        super().__init__(parent if parent is not None else view)
        self._view, self._film = view, film
        self._queue: queue.Queue[np.ndarray | Exception] = queue.Queue()
        self._number = 0
        self._placed = self._waiting = False
        self._labels = view.labels
        self._before: tuple[Any, ...] | None = None
        self._timer = QTimer(self, interval=2)
        self._timer.timeout.connect(self._turn)
        view.in_3d.drawn.connect(self._drawn)
        view.in_3d.failed.connect(self._failed)

    @property
    def running(self) -> bool:
        """Whether frames are still to be drawn."""
        return self._before is not None

    def start(self) -> None:
        """Take the view over and begin to draw."""
        view = self._view
        view.stop_turntable()
        camera = view.scene.view.camera
        self._before = (view.isEnabled(), camera.azimuth, view.cursor_at, view.clip, tuple(view.scene.canvas.size))
        self._size = volume_picture.size_of(view, self._film.shot, even=True)
        self._shown = time.monotonic()
        view.setEnabled(False)
        self._timer.start()

    def stop(self) -> None:
        """Draw no more and give the view back."""
        if self._before is None:
            return
        enabled, azimuth, cursor, clip, _ = self._before
        self._before = None
        self._timer.stop()
        view = self._view
        view.scene.canvas.native.setUpdatesEnabled(True)
        view.setEnabled(enabled)
        if self._film.kind == "turntable":
            view.scene.view.camera.azimuth = azimuth
            view.scene.turned()
        elif view.labels is self._labels:
            view.set_clip(clip)
            view.set_cursor(cursor)
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
        if self._before is None or self._waiting or self._queue.qsize() >= AHEAD:
            return
        now = time.monotonic()
        look = now - self._shown >= SHOWN_EVERY
        self._shown = now if look else self._shown
        try:
            if self._view.labels is not self._labels:
                raise ANOTHER
            self._view.scene.canvas.native.setUpdatesEnabled(look)
            if not self._placed:
                self._placed = True
                self._place()
                if self._waiting:
                    return
            self._queue.put(self._draw())
        except Exception as error:  # the job tells it
            self._failed(error)
            return
        self._placed = False
        self._number += 1
        if self._number == self._film.count:
            self.stop()

    def _place(self) -> None:
        """Bring the view to where the next frame is seen; `_waiting` where that takes a while."""
        view, film, number = self._view, self._film, self._number
        assert self._before is not None
        _, azimuth, cursor, clip, _ = self._before
        if number == 0:  # a surface may still be on its way
            self._waiting = True
            view.in_3d.show()
        if film.kind == "turntable":
            view.scene.view.camera.azimuth = azimuth + film.angle(number)
            view.scene.turned()
        elif film.kind == "slices":
            place = list(cursor)
            place[film.axis] = film.voxel(number, 0, view.shape[film.axis] - 1)
            view.set_cursor((place[0], place[1], place[2]))
        else:
            left = cut_at(film, number, clip, towards_viewer(view))
            if left != view.clip:
                self._waiting = True
                view.set_clip(left, at_once=True)

    def _draw(self) -> np.ndarray:
        """The frame; the picture keeps its shape where the window was resized meanwhile."""
        assert self._before is not None
        canvas, size = self._view.scene.canvas, self._before[4]
        now = tuple(canvas.central_widget.size)
        if now != size:
            canvas.central_widget.size = size
        try:
            return volume_picture.draw(self._view, self._film.shot, self._size)
        finally:
            if now != size:
                canvas.central_widget.size = now

    def _drawn(self) -> None:
        self._waiting = False

    def _failed(self, error: Exception) -> None:
        if self._before is not None:
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
