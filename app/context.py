"""What every part of the window is handed: the session, its commands, the jobs, the messages, what was measured."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.commands import Commands
from app.jobs import JobRunner
from app.measurements import Measurements
from app.session import Session

log = logging.getLogger("microloom")


@dataclass(frozen=True)
class Issue:
    """One line of the issues list: what stops (error) or warns, and in which step."""

    step: str
    severity: str
    message: str
    remedy: str = ""


class Messages(QObject):
    """Issues by source, and short notices for the status line.

    Signals
    -------
    issues_changed()
    notice(text, severity)
        severity is "info", "good", "warning" or "error".
    """

    issues_changed = Signal()
    notice = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._issues: dict[str, tuple[Issue, ...]] = {}

    def set_issues(self, source: str, issues: list[Issue]) -> None:
        """Replace what ``source`` (a step's key, usually) has to complain about."""
        found = tuple(issues)
        if self._issues.get(source, ()) != found:
            self._issues[source] = found
            self.issues_changed.emit()

    @property
    def issues(self) -> tuple[Issue, ...]:
        """All issues, errors first."""
        everything = [issue for found in self._issues.values() for issue in found]
        return tuple(sorted(everything, key=lambda issue: issue.severity != "error"))

    def say(self, text: str, severity: str = "info") -> None:
        """Show ``text`` to the user and keep it in the log."""
        log.log(logging.ERROR if severity == "error" else logging.INFO, text)
        self.notice.emit(text, severity)

    def failed(self, doing: str, error: BaseException) -> None:
        """Report that ``doing`` did not work; the log keeps the traceback of what was not expected."""
        from core.errors import MicroloomError

        expected = isinstance(error, MicroloomError) and error.__cause__ is None
        log.error("%s: %s", doing, error, exc_info=None if expected else error)
        self.notice.emit(f"{doing}: {error}", "error")


@dataclass
class Context:
    """The parts that workspaces share."""

    session: Session = field(default_factory=Session)
    jobs: JobRunner = field(default_factory=JobRunner)
    messages: Messages = field(default_factory=Messages)
    measurements: Measurements = field(default_factory=Measurements)

    def __post_init__(self) -> None:
        self.commands = Commands(self.session)
        self.measurements.changed.connect(self._measured)

    def _measured(self, labels: np.ndarray | None) -> None:
        """What a project keeps is not saved then; what was measured of a volume that is only looked at, it does not."""
        if labels is None or any(labels is one.volume.labels for one in self.session.state.results):
            self.session.found()
