"""A page in place of the volume: a title with buttons below it, a table, and what is drawn of it below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from app.widgets.flow import Flow


class TablePage(QWidget):
    """Base of such pages; a subclass makes the parts and lays them out.

    Signals
    -------
    save_wanted(), left()
        The table is to be saved; the volume is to be seen again.
    """

    save_wanted = Signal()
    left = Signal()

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.title = QLabel(title)
        self.title.setProperty("role", "title")
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.back = self.button("Back to the volume", "Show the volume again", self.left.emit)

    @staticmethod
    def button(text: str, tip: str, slot: Callable[[], Any]) -> QPushButton:
        """A button that says what it is for."""
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda _on=False: slot())
        return button

    def lay_out(
        self, buttons: Sequence[QPushButton], told: QLabel, table: QWidget, drawn: QWidget, heights: tuple[int, int]
    ) -> QVBoxLayout:
        """Title, the way back and ``buttons``, what is ``told`` of the table, the table and what is drawn of it.

        ``heights`` are the last two's in pixels, and say how they share more room. Returns the column, for what stands
        below.
        """
        flow = Flow(6)
        for button in (self.back, *buttons):
            flow.addWidget(button)
        splitter = QSplitter(Qt.Orientation.Vertical)
        for place, (part, height) in enumerate(zip((table, drawn), heights, strict=True)):
            splitter.addWidget(part)
            splitter.setStretchFactor(place, height)
        splitter.setSizes(list(heights))
        splitter.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.addWidget(self.title)  # in a row of its own: beside a button it would be cut in a narrow window
        column.addLayout(flow)
        column.addWidget(told)
        column.addWidget(splitter, 1)
        return column
