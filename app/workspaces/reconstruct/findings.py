"""What preflight says of the form: its findings, and the estimate below them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app.widgets.panel import hint, set_role
from app.workspaces.reconstruct.preflight import Checked

UNCHECKED = Checked([], None, 1)
"""What is known before the first answer."""
CHECKING = "The settings are being checked. Run may be pressed already: it begins right after."


class Findings(QLabel):
    """The findings; ``estimate`` is another label, for the line below."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.estimate = hint()

    def show_found(self, found: Checked, busy: bool) -> None:
        """What preflight found; with nothing to say, where the next click leads."""
        lines = [f"{item.message} {item.remedy}".strip() for item in found.problems]
        self.setText("\n".join(lines) if lines else "Can be added to what runs." if busy else "Ready to run.")
        set_role(self, "role", "error" if found.errors else "warning" if lines else "good")

    def show_instead(self, sentence: str) -> None:
        """Say why there is nothing to check, or not yet."""
        self.setText(sentence)
        set_role(self, "role", "")
        self.estimate.clear()
