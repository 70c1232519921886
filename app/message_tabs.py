"""What lies below the canvas: issues, log, history of gestures, the queue of runs and their history."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QUndoView, QWidget

from app.context import Context
from app.widgets.messages_panel import IssuesList, LogView

_TALL = 290


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
        self.currentChanged.connect(lambda _index: self._make_room())

    def show_tab(self, wanted: QWidget | None) -> None:
        """Bring a tab to the front; None: the issues, or the log where there are none."""
        self.setCurrentWidget(wanted or (self.issues if self._messages.issues else self.log))
        self._make_room()

    def _make_room(self) -> None:
        """Tables and curves need more height than a log; whoever wants less draws the edge down again."""
        window, dock = self.window(), self.parentWidget()
        tall = self.currentWidget() in (self.queue, self.runs)
        if tall and self.height() < _TALL and isinstance(window, QMainWindow) and isinstance(dock, QDockWidget):
            window.resizeDocks([dock], [_TALL], Qt.Orientation.Vertical)
