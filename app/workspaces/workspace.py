"""What every step is: a panel on the left, a canvas in the middle, a status for the rail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.context import Context
from app.widgets.panel import Panel

Mark = Literal["empty", "ready", "running", "stale", "issue"]


@dataclass(frozen=True)
class Status:
    """A step's dot on the rail, and the sentence behind it."""

    mark: Mark
    sentence: str


class Workspace(QObject):
    """Base of the five steps. A subclass fills `panel`, sets `canvas` and keeps `status` true.

    Signals
    -------
    status_changed()
    wants_step(key)
        Asks the window to show another step.
    """

    key = ""
    title = ""
    icon_name = ""

    status_changed = Signal()
    wants_step = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.session = context.session
        self.commands = context.commands
        self.panel = Panel()
        self.canvas: QWidget = QWidget()
        self._status = Status("empty", "")

    @property
    def status(self) -> Status:
        """The step's state."""
        return self._status

    def set_status(self, mark: Mark, sentence: str) -> None:
        """Say what the step's state is now."""
        status = Status(mark, sentence)
        if status != self._status:
            self._status = status
            self.status_changed.emit()

    def actions(self) -> list[QAction]:
        """The step's own actions, for its menu and the command palette. Made once."""
        return []

    def entered(self) -> None:
        """The step is shown now."""

    def theme_changed(self) -> None:
        """Light turned to dark or back: draw icons again."""
