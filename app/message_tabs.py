"""What lies below the canvas: issues, log, history of gestures, the queue of runs and their history."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget, QUndoView, QWidget

from app.context import Context
from app.widgets.messages_panel import IssuesList, LogView


class MessageTabs(QTabWidget):
    """The tabs; those of the runs are made by the steps that they belong to."""

    def __init__(self, context: Context, queue: QWidget, runs: QWidget) -> None:
        super().__init__()
        self._messages = context.messages
        self.issues, self.log, self.queue, self.runs = IssuesList(context), LogView(), queue, runs
        self.gestures = QUndoView(context.commands.stack)
        self.gestures.setEmptyLabel("As opened")
        for widget, title in (
            (self.issues, "Issues"), (self.log, "Log"), (self.gestures, "History"), (queue, "Queue"), (runs, "Runs"),
        ):  # fmt: skip
            self.addTab(widget, title)

    def show_tab(self, wanted: QWidget | None) -> None:
        """Bring a tab to the front; None: the issues, or the log where there are none."""
        self.setCurrentWidget(wanted or (self.issues if self._messages.issues else self.log))
