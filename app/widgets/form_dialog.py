"""A dialog of numbers and lists, in which Return takes a number and does no more."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog


class FormDialog(QDialog):
    """Qt makes the first button that accepts the default one, and would press it at Return in any number."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Everything but Return."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)
