"""Runs one after the other through the window's one job runner; one that fails does not stop the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs import JobRunner
from app.workspaces.reconstruct.run import Run

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"

_SHARES = {"Training": (0.0, 0.85), "Calibrating": (0.85, 0.9), "Generating": (0.9, 0.97), "Measuring": (0.97, 1.0)}
_WRITING = 0.3
_SHARES_WITHOUT_TRAINING = {"Calibrating": (0.0, 0.4), "Generating": (0.0, 0.8), "Measuring": (0.8, 1.0)}


@dataclass(eq=False)
class Entry:
    """One run and how far it is.

    Attributes
    ----------
    leader
        The entry whose model it uses, once that has one; None: it trains, or has ``model`` already.
    model
        What it uses or has trained.
    snapshot
        The model as trained so far, while it trains.
    share
        Of its work, 0 to 1.
    said
        What it does now, or why it failed.
    seconds
        Time worked on it.
    """

    run: Run
    leader: Entry | None = None
    model: Any = None
    snapshot: Any = None
    state: str = WAITING
    share: float = 0.0
    said: str = ""
    seconds: float = 0.0
    trains: bool = True

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in (DONE, FAILED, CANCELLED)


class RunQueue(QObject):
    """Holds entries in the order in which they run.

    Signals
    -------
    changed()
        Entries came, went or changed their state.
    moved(entry)
        The running entry made progress.
    progressed(entry, progress), returned(entry, result), failed(entry, error), cancelled(entry)
        What the job runner says, for the entry it works on.
    """

    changed = Signal()
    moved = Signal(object)
    progressed = Signal(object, object)
    returned = Signal(object, object)
    failed = Signal(object, object)
    cancelled = Signal(object)

    def __init__(self, jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.entries: list[Entry] = []
        self.now: Entry | None = None
        self._keep = False
        self.checkpoints: Callable[[], Any] = lambda: None
        """Asked before a training begins: where it keeps its state, so that a crash does not cost it."""
        jobs.progressed.connect(self._progressed)
        jobs.returned.connect(self._returned)
        jobs.failed.connect(self._failed)
        jobs.cancelled.connect(self._cancelled)
        jobs.idle.connect(self._soon)
        jobs.finishing.connect(self.cancel_waiting)

    # --- what is in it -------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> list[Entry]:
        """Entries that have not begun."""
        return [entry for entry in self.entries if entry.state == WAITING]

    @property
    def busy(self) -> bool:
        """Whether something runs or waits."""
        return self.now is not None or bool(self.waiting)

    @property
    def share(self) -> float:
        """How far all of it is, 0 to 1; every entry counts alike."""
        return sum(1.0 if entry.over else entry.share for entry in self.entries) / max(1, len(self.entries))

    @property
    def seconds_left(self) -> float | None:
        """From what finished entries took, or None while there is none to go by."""
        spent = {
            trains: [entry.seconds for entry in self.entries if entry.state == DONE and entry.trains is trains]
            for trains in (True, False)
        }
        left = 0.0
        for entry in self.entries:
            if entry.over:
                continue
            known = spent[entry.trains]
            if not known:
                return None
            left += sum(known) / len(known) * (1 - entry.share)
        return left

    @property
    def summary(self) -> str:
        """For the line at the foot: "2 of 6", or empty where there are no two."""
        if not self.busy or len(self.entries) < 2:
            return ""
        return f"Run {sum(entry.over for entry in self.entries) + 1} of {len(self.entries)}"

    def counted(self) -> str:
        """ "2 of 6 done, 1 failed"."""
        done = sum(entry.state == DONE for entry in self.entries)
        parts = [f"{done} of {len(self.entries)} done"]
        for state in (FAILED, CANCELLED):
            count = sum(entry.state == state for entry in self.entries)
            parts += [f"{count} {state}"] if count else []
        return ", ".join(parts)

    # --- gestures ------------------------------------------------------------------------------------------------

    def add(self, entries: Sequence[Entry]) -> None:
        """Append entries and begin with the first, where nothing runs. What is over is put away first."""
        if not self.busy:
            self.entries = []
        for entry in entries:
            entry.trains = entry.model is None and entry.leader is None
        self.entries = [*self.entries, *entries]
        self.changed.emit()
        self._next()

    def cancel(self, entry: Entry) -> None:
        """Take an entry out: a waiting one at once, the running one at its next report."""
        if entry is self.now:
            self._keep = False
            self._jobs.cancel()
        elif entry.state == WAITING:
            entry.state = CANCELLED
            self.changed.emit()

    def cancel_waiting(self) -> None:
        """Begin nothing more."""
        waiting = self.waiting
        for entry in waiting:
            entry.state = CANCELLED
        if waiting:
            self.changed.emit()

    def cancel_all(self) -> None:
        """Cancel what runs and all that waits."""
        self.cancel_waiting()
        self._keep = False
        if self.now is not None:
            self._jobs.cancel()

    def keep(self) -> None:
        """End the running entry's training and build its volume from what it has reached."""
        if self.now is not None:
            self._keep = True
            self._jobs.cancel()

    def clear_over(self) -> None:
        """Put away what is over."""
        self.entries = [entry for entry in self.entries if not entry.over]
        self.changed.emit()

    def forget(self) -> None:
        """Another picture was opened."""
        self.cancel_waiting()
        self.clear_over()

    # --- the runner ----------------------------------------------------------------------------------------------

    def _soon(self) -> None:
        # the runner is still closing the old job when it says so
        QTimer.singleShot(0, self, self._next)

    def _next(self) -> None:
        if self.now is not None or self._jobs.busy or not self.waiting:
            return
        entry = self.waiting[0]
        self._begin(entry, entry.model if entry.leader is None else self._of_leader(entry))

    def _of_leader(self, entry: Entry) -> Any:
        """The leader's model; where it came to none, this entry trains and leads those after it."""
        leader = entry.leader
        if leader is None or leader.state == DONE:
            return None if leader is None else leader.model
        entry.leader = None
        for other in self.waiting:
            if other.leader is leader:
                other.leader = entry
        return None

    def _begin(self, entry: Entry, model: Any) -> None:
        run = entry.run
        entry.state, entry.said, entry.share, entry.model = RUNNING, "starting", 0.0, model
        entry.trains = model is None
        self.now = entry
        kept = self.checkpoints() if entry.trains and run.file is None else None
        begin = run.job if kept is None else partial(run.job, kept)
        self._jobs.start(run.title, begin if model is None else partial(run.generate, model))
        self.changed.emit()

    def _progressed(self, progress: Any) -> None:
        entry = self.now
        if entry is None:
            return
        snapshot = getattr(progress, "snapshot", None)
        if snapshot is not None:
            entry.snapshot = snapshot
        entry.said, entry.seconds = progress.what, self._jobs.seconds
        shares = _SHARES if entry.trains else _SHARES_WITHOUT_TRAINING
        low, high = shares.get(progress.what, (entry.share, entry.share))
        if entry.run.file is not None:
            # what goes onto the disk is large: making it is most of the work
            low, high = (_WRITING, 1.0) if hasattr(progress, "finished") else (low * _WRITING, high * _WRITING)
        # a model for a range is calibrated in several rounds: never backwards
        entry.share = max(entry.share, low + (high - low) * (progress.fraction or 0.0))
        self.moved.emit(entry)
        self.progressed.emit(entry, progress)

    def _over(self, state: str, said: str) -> Entry | None:
        entry, self.now = self.now, None
        if entry is not None:
            entry.state, entry.said = state, said
        return entry

    def _returned(self, made: Any) -> None:
        entry = self._over(DONE, "")
        self._keep = False  # it was done before it could be ended early
        if entry is None:
            return
        entry.share, entry.model = 1.0, made.model
        self.returned.emit(entry, made)
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        entry = self._over(FAILED, str(error))
        self._keep = False
        if entry is not None:
            self.failed.emit(entry, error)
            self.changed.emit()

    def _cancelled(self) -> None:
        entry = self._over(CANCELLED, "")
        keep, self._keep = self._keep, False
        if entry is None:
            return
        if keep and entry.snapshot is not None:
            # before all others; it begins when the runner is idle
            entry.state, entry.model, entry.leader = WAITING, entry.snapshot, None
            self.entries.remove(entry)
            first = next((place for place, other in enumerate(self.entries) if not other.over), len(self.entries))
            self.entries.insert(first, entry)
        else:
            self.cancelled.emit(entry)
        self.changed.emit()
