"""Has written what is to be taken away, off the GUI thread, and knows which volumes are safe in a file."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from app.context import Context
from app.jobs import Latest
from app.preferences import Preferences
from app.session import Result
from app.workspaces.inspect.exporting import Wish
from core.errors import JobError


class Exports(QObject):
    """One wish after the other: short ones in the background, long ones as a job in the strip.

    Signals
    -------
    written(wish)
        What was wished for is in its file.
    """

    written = Signal(object)
    _ended = Signal(object, object)

    def __init__(self, context: Context, preferences: Preferences, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._preferences = context, preferences
        self._safe: list[Result] = []
        self._running: Wish | None = None
        self._waiting: deque[Wish] = deque()
        self._writer = Latest(self)
        self._ended.connect(self._short_ended, Qt.ConnectionType.QueuedConnection)
        context.jobs.returned.connect(lambda _result: self._job_ended("returned"))
        context.jobs.failed.connect(lambda error: self._job_ended("failed", error))
        context.jobs.cancelled.connect(lambda: self._job_ended("cancelled"))

    @property
    def unexported(self) -> int:
        """Results of the session whose volume was never written to a file."""
        return sum(all(result is not safe for safe in self._safe) for result in self._context.session.state.results)

    def write(self, wish: Wish | None) -> None:
        """Have ``wish`` written; nothing where the question was cancelled."""
        if wish is None:
            return
        self._preferences.folder = str(wish.path if wish.path.is_dir() else wish.path.parent)
        if wish.job is not None:
            self._start_job(wish, wish.job)
            return
        self._context.messages.say(f"Writing {wish.what} …")
        self._waiting.append(wish)
        self._writer.ask(self._write_waiting)

    def _write_waiting(self) -> None:
        """Write all that waits, in the writer's thread: of work that piles up, that does only the newest."""
        while self._waiting:
            wish, problem = self._waiting.popleft(), None
            try:
                assert wish.write is not None
                wish.write()
            except Exception as error:
                problem = error
            with contextlib.suppress(RuntimeError):  # the window closed meanwhile
                self._ended.emit(wish, problem)

    def _short_ended(self, wish: Wish, problem: Exception | None) -> None:
        if problem is None:
            self._written(wish)
        else:
            self._context.messages.failed("Exporting", problem)

    def _start_job(self, wish: Wish, job: Any) -> None:
        """Write with progress in the strip, where it can be cancelled."""
        try:
            self._context.jobs.start(wish.path.name, job, kind="export")
        except JobError as error:
            self._context.messages.failed("Exporting", error)
            return
        self._running = wish

    def _job_ended(self, what: str, error: Any = None) -> None:
        wish, self._running = self._running, None
        if wish is None:
            return
        if what == "returned":
            self._written(wish)
        elif what == "failed":
            self._context.messages.failed("Exporting", error)
        else:
            self._context.messages.say(f"Cancelled: {wish.what} was not written.")

    def _written(self, wish: Wish) -> None:
        if wish.volume_of is not None:
            self._safe.append(wish.volume_of)
        self._context.messages.say(f"Wrote {wish.what}: {wish.path}", "good")
        self.written.emit(wish)
