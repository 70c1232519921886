"""A dialog of numbers and lists, in which Return takes a number and does no more; the buttons at a dialog's foot."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox

Button = QDialogButtonBox.StandardButton


def foot(
    dialog: QDialog,
    text: str,
    tip: str,
    otherwise: str,
    *,
    does: Button = Button.Save,
    leaves: Button = Button.Cancel,
    choose: Callable[[], object] | None = None,
) -> QDialogButtonBox:
    """The two buttons at a dialog's foot.

    Parameters
    ----------
    text, tip
        Name and tooltip of the one that does it.
    otherwise
        Tooltip of the one that leaves the dialog.
    does, leaves
        Which buttons of Qt's they are, which says where they stand.
    choose
        What the first one calls; None: it accepts the dialog.
    """
    buttons = QDialogButtonBox(does | leaves)
    button = buttons.button(does)
    button.setText(text)
    button.setToolTip(tip)
    buttons.button(leaves).setToolTip(otherwise)
    buttons.accepted.connect(choose or dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons


class FormDialog(QDialog):
    """Qt makes the first button that accepts the default one, and would press it at Return in any number."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Everything but Return."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)
