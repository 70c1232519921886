"""A copy of the session every few minutes, so that a crash costs minutes; offered at the next start.

Copies lie in the platform's folder for states, each beside a lock that its program holds while it runs. A copy whose
program runs no longer belongs to a session that was never closed.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer

from app.context import Context
from app.jobs import JobRunner
from app.session import State
from core.projects.project import SUFFIX, Project

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
        self._kept: State | None = None
        self._next: State | None = None
        self._told = False
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
        """Write the copy where the session has changed since the last one; remove it where all is saved."""
        if not self._session.unsaved:
            self.drop()
            return
        if self._session.state is self._kept or self.runner.busy or not self._locked():
            return
        from core.projects.writing import saving

        self._next = self._session.state
        belongs_to = "" if self._session.path is None else str(self._session.path)
        project, path = self._snapshot(belongs_to), self._path
        self.runner.start("Keeping a copy", lambda: saving(project, path, overwrite=True))

    def drop(self) -> None:
        """The session is safe elsewhere, or was given up."""
        self.runner.finish()
        self._kept = self._next = None
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

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
        self.drop()
        self._path, self._kept = path, self._session.state
        self._locked()

    def discard(self, path: Path) -> None:
        """Remove a copy that was left behind."""
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

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


def _lock_of(path: Path) -> QLockFile:
    lock = QLockFile(str(path.with_suffix(".lock")))
    lock.setStaleLockTime(0)  # only a program that runs no longer gives up its lock
    return lock
