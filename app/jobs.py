"""Runs core's generators in threads: progress, pause, cancel, error. The window never waits for them."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThread, QThreadPool, QTimer, Signal
from shiboken6 import isValid

from core.errors import JobError, MicroloomError
from core.job import Job, Progress

PATIENCE = 700
"""Milliseconds that a cancelled job has to reach its next report before the window goes on without it."""
_QUIET = 0.05  # seconds between two plain reports; those that carry something (a preview, a snapshot) always pass


class _Worker(QThread):
    progressed = Signal(object)
    returned = Signal(object)
    failed = Signal(object)
    cancelled = Signal()

    def __init__(
        self, make: Callable[[], Job[Any]], after: tuple[threading.Event, ...] = (), parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._make, self._after = make, after
        self.over = threading.Event()
        """Outlives this object, which may be deleted while a later worker still waits for the end of its job."""
        self._go = threading.Event()
        self._go.set()
        self._stop = threading.Event()

    def run(self) -> None:
        job: Job[Any] | None = None
        last = 0.0
        try:
            for earlier in self._after:
                earlier.wait()
            self._after = ()
            if not self._stop.is_set():
                job = self._make()
            while job is not None and not self._stop.is_set():
                progress = next(job)
                now = time.monotonic()
                if now - last >= _QUIET or _carries(progress):
                    last = now
                    self.progressed.emit(progress)
                self._go.wait()
            if job is not None:
                job.close()
            self.cancelled.emit()
        except StopIteration as end:
            self.returned.emit(end.value)
        except MicroloomError as error:
            self.failed.emit(error)
        except MemoryError:
            self.failed.emit(JobError("The computer's memory was not enough.", "Choose a smaller size or preset."))
        except BaseException as error:  # the window must learn of every end
            wrapped = JobError(f"An unexpected error stopped the job: {error!r}.", "The log has the details.")
            wrapped.__cause__ = error
            wrapped.add_note("".join(traceback.format_exception(error)))
            self.failed.emit(wrapped)
        finally:
            self.over.set()

    def pause(self, paused: bool) -> None:
        if paused:
            self._go.clear()
        else:
            self._go.set()

    def stop(self) -> None:
        self._stop.set()
        self._go.set()


def _carries(progress: object) -> bool:
    names = ("preview", "snapshot", "block", "curves", "finished")
    return any(getattr(progress, name, None) is not None for name in names)


class JobRunner(QObject):
    """One long job at a time, in a thread of its own.

    A cancelled job ends at its next report. Where that is long in coming (a step of a large network, a library that is
    being imported), the window is told after `PATIENCE` that it was cancelled, what it may still say is not heard, and
    the next job begins only when it is gone.

    Signals
    -------
    started(title), progressed(progress), returned(result), failed(error), cancelled(), idle()
        ``idle`` follows each of the three ends.
    finishing()
        The window is about to close: nothing more should be begun.
    """

    started = Signal(str)
    progressed = Signal(object)
    returned = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    paused = Signal(bool)
    idle = Signal()
    finishing = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: _Worker | None = None
        self._leaving: list[_Worker] = []
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._leave)
        self.title, self.kind = "", ""
        self.is_paused = False
        self.last: Progress | None = None
        self._began = 0.0
        self._held = 0.0
        self._paused_at = 0.0

    @property
    def busy(self) -> bool:
        """Whether a job runs (or is paused)."""
        return self._worker is not None

    @property
    def seconds(self) -> float:
        """Time worked on the current job, pauses left out."""
        now = self._paused_at if self.is_paused else time.monotonic()
        return now - self._began - self._held if self.busy else 0.0

    def start(self, title: str, make: Callable[[], Job[Any]], kind: str = "reconstruction") -> None:
        """Run the generator that ``make`` returns; ``make`` itself is called in the thread.

        ``kind`` tells those who watch what it works on ("reconstruction", "export").

        Raises
        ------
        JobError
            Where a job already runs.
        """
        if self.busy:
            raise JobError(f"{self.title} is still running.", "Wait for it, or cancel it first.")
        worker = _Worker(make, tuple(leaving.over for leaving in self._leaving))
        self._worker, self.title, self.is_paused, self.last = worker, title, False, None
        self.kind = kind
        self._began, self._held = time.monotonic(), 0.0
        queued = Qt.ConnectionType.QueuedConnection
        worker.progressed.connect(lambda progress: self._progress(worker, progress), queued)
        worker.returned.connect(lambda result: self._end(worker, "returned", result), queued)
        worker.failed.connect(lambda error: self._end(worker, "failed", error), queued)
        worker.cancelled.connect(lambda: self._end(worker, "cancelled"), queued)
        self.started.emit(title)
        worker.start()

    def pause(self, paused: bool) -> None:
        """Hold the job at its next report, or let it go on."""
        if self._worker is None or paused == self.is_paused:
            return
        if paused:
            self._paused_at = time.monotonic()
        else:
            self._held += time.monotonic() - self._paused_at
        self.is_paused = paused
        self._worker.pause(paused)
        self.paused.emit(paused)

    def cancel(self) -> None:
        """Close the job at its next report; `cancelled` follows, after `PATIENCE` at the latest."""
        if self._worker is not None and not self._patience.isActive():
            self._worker.stop()
            self._patience.start(PATIENCE)

    def finish(self, milliseconds: int = 5000) -> bool:
        """Cancel and wait, for closing the window; False where a job did not answer in time."""
        self.finishing.emit()
        end = time.monotonic() + milliseconds / 1000
        if self._worker is not None:
            self._worker.stop()
        workers = [*self._leaving, *([] if self._worker is None else [self._worker])]
        return all(worker.wait(max(0, round(1000 * (end - time.monotonic())))) for worker in workers)

    def _progress(self, worker: _Worker, progress: Progress) -> None:
        # what a worker said last may come when the dialog that owns this is closed and gone
        if isValid(self) and worker is self._worker:
            self.last = progress
            self.progressed.emit(progress)

    def _leave(self) -> None:
        """Go on without a cancelled job that does not come to its next report."""
        worker = self._worker
        if worker is not None:
            self._leaving.append(worker)
            self._end(worker, "cancelled")

    def _end(self, worker: _Worker, how: str, *arguments: Any) -> None:
        if not isValid(self):
            worker.wait()
            return
        if worker is not self._worker:  # cancelled long ago
            if worker in self._leaving:
                self._leaving.remove(worker)
                worker.wait()
                worker.deleteLater()
            return
        self._worker = None
        self._patience.stop()
        if worker not in self._leaving:
            worker.wait()
            worker.deleteLater()
        self.is_paused = False
        getattr(self, how).emit(*arguments)
        self.idle.emit()


class _Answer(QObject):
    ready = Signal(int, object, object)


class _Task(QRunnable):
    def __init__(self, number: int, work: Callable[[], Any], answer: _Answer) -> None:
        super().__init__()
        self._number, self._work, self._answer = number, work, answer

    def run(self) -> None:
        result: Any = None
        problem: Exception | None = None
        try:
            result = self._work()
        except Exception as error:
            problem = error
        try:
            self._answer.ready.emit(self._number, result, problem)
        except RuntimeError:  # the window closed meanwhile
            return


class Latest(QObject):
    """Runs short work in the background, one piece at a time.

    Of the questions that pile up meanwhile only the newest is worked on: a slider dragged quickly costs one computation
    at a time, answers come in the order of the questions, and the last position is always answered. `forget` drops what
    is under way (another picture was opened).
    """

    answered = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._epoch = 0
        self._working = False
        self._waiting: Callable[[], Any] | None = None
        self._answer = _Answer()
        self._answer.ready.connect(self._heard, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._working

    def ask(self, work: Callable[[], Any]) -> None:
        """Compute ``work()`` off the GUI thread."""
        if self._working:
            self._waiting = work
        else:
            self._launch(work)

    def forget(self) -> None:
        """Drop whatever is under way or waiting."""
        self._epoch += 1
        self._waiting = None

    def _launch(self, work: Callable[[], Any]) -> None:
        self._working = True
        QThreadPool.globalInstance().start(_Task(self._epoch, work, self._answer))

    def _heard(self, epoch: int, result: Any, problem: Exception | None) -> None:
        self._working = False
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._launch(waiting)
        if epoch != self._epoch:
            return
        if problem is None:
            self.answered.emit(result)
        else:
            self.failed.emit(problem)
