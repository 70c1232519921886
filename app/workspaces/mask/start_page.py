"""What the Mask workspace shows while there is no mask: what one would do, and the way past it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from app.widgets.panel import hint


class StartPage(QWidget):
    """Two buttons, ``skip`` and ``begin`` (with ``menu``), under a sentence."""

    def __init__(self, menu: QMenu) -> None:
        super().__init__()
        title = QLabel("The same everywhere")
        title.setProperty("role", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text = hint(
            "Without a mask the volume fraction that you ask for in step 4 holds everywhere. A mask says how much of "
            "the phase there shall be at each place of the volume: gradients, bands, solids, blobs, or what you paint."
        )
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setMaximumWidth(520)
        self.skip = QPushButton("Skip to Reconstruct")
        self.skip.setToolTip("Go to step 4 (Ctrl+4)")
        self.begin = QPushButton("Make a mask")
        self.begin.setMenu(menu)
        self.begin.setToolTip("Begin with a first layer")
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addStretch(2)
        column.addWidget(title)
        column.addWidget(text)  # without an alignment: only then its height follows its width
        for widget in (self.skip, self.begin):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
