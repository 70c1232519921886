"""A copy of the session every few minutes, so that a crash costs minutes; offered at the next start.

Copies lie in the platform's folder for states, each beside a lock that its program holds while it runs. A copy whose
program runs no longer belongs to a session that was never closed. While a training runs, its checkpoints lie beside the
copy, so that it can go on, too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QObject, QTimer

from app.context import Context
from app.jobs import JobRunner
from app.session import State
from core.projects.project import SUFFIX, Project

if TYPE_CHECKING:
    from core.reconstruction.checkpoints import Checkpoints

EVERY_MS = 3 * 60_000


class Recovery(QObject):
    """Keeps the copy of this session, and finds those that others left behind."""

    def __init__(
        self, context: Context, snapshot: Callable[[str], Project], folder: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._messages = context.session, context.messages
        self._snapshot, self._folder = snapshot, folder
        self._path = folder / f"session-{os.getpid()}-{uuid.uuid4().hex[:8]}{SUFFIX}"
        self._lock: QLockFile | None = None
        self._kept: tuple[State, int] | None = None
        self._next: tuple[State, int] | None = None
        self._told = False
        self._trains = self._goes_on = False
        self.runner = JobRunner(self)
        self.runner.returned.connect(self._written)
        self.runner.failed.connect(self._failed)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.keep)
        self._timer.start()

    @property
    def path(self) -> Path:
        """Where the copy of this session is kept."""
        return self._path

    def keep(self) -> None:
        """Write the copy where the session has changed since the last one; remove it where all is saved.

        While a training runs it stays, saved or not: the training is saved nowhere else.
        """
        if not self._session.unsaved and not self._trains:
            self.drop()
            return
        if self._session.now == self._kept or self.runner.busy or not self._locked():
            return
        from core.projects.writing import saving

        self._next = self._session.now
        belongs_to = "" if self._session.path is None else str(self._session.path)
        project, path = self._snapshot(belongs_to), self._path
        self.runner.start("Keeping a copy", lambda: saving(project, path, overwrite=True))

    def drop(self) -> None:
        """The session is safe elsewhere, or was given up."""
        self.runner.finish()
        self._kept = self._next = None
        _remove_training(self._path)
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    # --- a training that was interrupted -------------------------------------------------------------------------

    def checkpoints(self) -> Checkpoints | None:
        """Where a training that begins now keeps its state; None where there is no place for it."""
        from core.reconstruction.checkpoints import Checkpoints

        resume, self._goes_on = self._goes_on, False
        if not self._locked():
            return None
        self._trains = True
        self.keep()
        return Checkpoints(_training_of(self._path), resume=resume)

    def training_over(self) -> None:
        """The training came to its end, or was given up."""
        if self._trains:
            self._trains = False
            _remove_training(self._path)

    def training_failed(self) -> None:
        """The training stopped with an error; what it had reached is kept."""
        self._trains = False

    @property
    def steps_kept(self) -> int | None:
        """Steps of the training that was interrupted in the session on show; None where none was."""
        from core.errors import InputError
        from core.reconstruction.checkpoints import Checkpoints, read_checkpoint

        path = Checkpoints(_training_of(self._path)).path
        if self._trains or not path.is_file():
            return None
        try:
            return len(read_checkpoint(path)[1].get("losses", ()))
        except InputError:
            return None

    def go_on(self) -> None:
        """The training that begins next goes on from what was kept."""
        self._goes_on = True

    def discard_training(self) -> None:
        """Give up the training that was interrupted."""
        _remove_training(self._path)

    def close(self) -> None:
        """The window closes as it should."""
        self._timer.stop()
        self.drop()

    def left_behind(self) -> list[Path]:
        """Copies of sessions that were never closed, newest first."""
        found = []
        try:
            there = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: -path.stat().st_mtime)
        except OSError:
            return []
        for path in there:
            lock = _lock_of(path)
            if path != self._path and lock.tryLock(0):
                lock.unlock()
                found.append(path)
        return found

    def adopt(self, path: Path) -> None:
        """Go on with a copy that was left behind, now that it is open: it stays until the session is safe."""
        self._trains = False
        self.drop()
        self._path, self._kept = path, self._session.now
        self._locked()

    def discard(self, path: Path) -> None:
        """Remove a copy that was left behind."""
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        _remove_training(path)

    def _locked(self) -> bool:
        if self._lock is None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                self._failed(error)
                return False
            lock = _lock_of(self._path)
            if not lock.tryLock(0):
                return False
            self._lock = lock
        return True

    def _written(self, _path: Path) -> None:
        self._kept = self._next

    def _failed(self, error: Exception) -> None:
        # once: a full disk would be told of every few minutes otherwise
        if not self._told:
            self._told = True
            self._messages.failed("Keeping a copy of the session in case of a crash", error)


def _training_of(path: Path) -> Path:
    return path.with_suffix(".training")


def _remove_training(path: Path) -> None:
    """Remove the checkpoints beside a copy."""
    with contextlib.suppress(OSError):
        shutil.rmtree(_training_of(path))


def _lock_of(path: Path) -> QLockFile:
    lock = QLockFile(str(path.with_suffix(".lock")))
    lock.setStaleLockTime(0)  # only a program that runs no longer gives up its lock
    return lock
