"""Step 3: says what a spatial-location mask is for, and lets one skip it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app.context import Context
from app.widgets.panel import card, hint
from app.workspaces.workspace import Workspace


class MaskWorkspace(Workspace):
    """No mask: the same everywhere."""

    key = "mask"
    title = "Mask"
    icon_name = "mask"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.panel.inputs.add(hint("The phase image of step 2."))
        self.panel.settings.add(hint("None yet: painting, gradients and imported fields are not part of this version."))
        self.panel.output.add(card(QLabel("No mask: the same everywhere.")))
        self.panel.set_primary("Skip to Reconstruct", tip="Go to step 4 (Ctrl+4)")
        self.panel.primary.clicked.connect(lambda: self.wants_step.emit("reconstruct"))
        self.canvas = self._page()
        self.set_status("ready", "No mask: the volume is statistically the same everywhere.")

    def _page(self) -> QWidget:
        page = QWidget()
        title = QLabel("The same everywhere")
        title.setProperty("role", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text = hint(
            "A spatial-location mask says how much of a phase there is at each place of the volume: bands, gradients, "
            "painted regions. This version builds volumes without one: the volume fraction that you ask for in step 4 "
            "holds everywhere."
        )
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setMaximumWidth(520)
        button = QPushButton("Skip to Reconstruct")
        button.setToolTip("Go to step 4 (Ctrl+4)")
        button.clicked.connect(lambda: self.wants_step.emit("reconstruct"))
        column = QVBoxLayout(page)
        column.setSpacing(12)
        column.addStretch(2)
        column.addWidget(title)
        column.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        return page
