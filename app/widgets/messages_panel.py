"""The issues list and the log."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPlainTextEdit

from app import icons
from app.context import Context


class IssuesList(QListWidget):
    """What stops or warns; a click goes to the step where it can be mended."""

    step_chosen = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setAccessibleName("Issues")
        self.setWordWrap(True)
        self._messages = context.messages
        self._messages.issues_changed.connect(self._fill)
        self.itemActivated.connect(self._choose)
        self.itemClicked.connect(self._choose)
        self._fill()

    def _choose(self, item: QListWidgetItem) -> None:
        step = item.data(Qt.ItemDataRole.UserRole)
        if step:
            self.step_chosen.emit(step)

    def _fill(self) -> None:
        self.clear()
        for issue in self._messages.issues:
            item = QListWidgetItem(icons.icon("error" if issue.severity == "error" else "warning"), "")
            item.setText(f"{issue.step.capitalize()}: {issue.message} {issue.remedy}".strip())
            item.setData(Qt.ItemDataRole.UserRole, issue.step)
            self.addItem(item)
        if not self.count():
            item = QListWidgetItem("No issues.")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addItem(item)


class _Bridge(QObject):
    line = Signal(str)


class _Handler(logging.Handler):
    def __init__(self, bridge: _Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._bridge.line.emit(self.format(record))
        except RuntimeError:  # the window is gone
            return


class LogView(QPlainTextEdit):
    """Everything that was said, with the time and, for what was unexpected, the traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setMaximumBlockCount(5000)
        self.setAccessibleName("Log")
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._bridge = _Bridge()
        self._bridge.line.connect(self.appendPlainText)
        handler = _Handler(self._bridge)
        logger = logging.getLogger("microloom")
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        self.destroyed.connect(lambda: logger.removeHandler(handler))
