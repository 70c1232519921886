"""The connected piece that was clicked at, in words: size, share of its phase, which faces it touches."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from app.context import Context
from app.widgets.closer_look import resolution
from app.widgets.flow import Flow
from app.widgets.panel import Fold, hint
from app.widgets.volume_marks import PIECE
from app.widgets.volume_piece import Found
from app.widgets.volume_view import VolumeView
from core.images.pixel_size import format_volume


class PieceCard(QWidget):
    """A folded part of the panel; it opens when there is something to tell."""

    def __init__(self, context: Context, view: VolumeView) -> None:
        super().__init__()
        self._view = view
        self.fold = Fold("Connected piece")
        row = Flow(4)
        self.tool = QToolButton()
        self.tool.setText("Choose a piece")
        self.tool.setCheckable(True)
        self.tool.setProperty("role", "tool")
        self.tool.setToolTip("Click a voxel: what hangs together with it stands out. Ctrl+click does so with any tool")
        self.none = QToolButton()
        self.none.setText("Show all alike")
        self.none.setToolTip("Let no piece stand out")
        for button in (self.tool, self.none):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.what = hint("Click a voxel in a slice or in 3-D, or Ctrl+click at any time.")
        self.fold.column.addLayout(row)
        self.fold.column.addWidget(self.what)
        self.fold.column.addWidget(self.text)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        self.tool.toggled.connect(self._toggled)
        self.none.clicked.connect(view.piece.clear)
        view.marks.tool_changed.connect(lambda tool: self.tool.setChecked(tool == PIECE))
        view.piece.changed.connect(self._show)
        view.piece.failed.connect(lambda error: context.messages.failed("Looking for the piece", error))
        view.changed.connect(self._show)
        self._show()

    def _toggled(self, on: bool) -> None:
        marks = self._view.marks
        if on:
            marks.take(PIECE)
        elif marks.tool == PIECE:
            marks.take("")

    def _show(self) -> None:
        found = self._view.piece.found
        self.tool.setEnabled(self._view.labels is not None and self._view.scene is not None)
        self.none.setEnabled(found is not None)
        self.what.setVisible(found is None)
        self.text.setVisible(found is not None)
        if found is not None:
            self.text.setText(self.words(found))
            self.fold.set_open(True)

    def words(self, found: Found) -> str:
        """What is told of a piece, a line each."""
        piece, size = found.piece, self._view.voxel_size
        name = self._view.phase_name(piece.phase)
        amount = f"{found.voxels:,} voxel{'s' if found.voxels > 1 else ''}"
        if size is not None:
            amount += f", {format_volume(found.voxels * math.prod(size))}"
        place = "the largest" if piece.rank == 1 else f"the {_ordinal(piece.rank)} largest"
        of = f"{place} of {piece.pieces} pieces" if piece.pieces > 1 else "all of it is one piece"
        lines = [f"{name}: {amount}", f"{_per_cent(piece.share)} of the phase; {of}", piece.faces.capitalize()]
        if max(found.part.step) > 1:
            lines.append(f"Counted on {resolution(found.part.step)}.")
        return "\n".join(lines)


def _per_cent(share: float) -> str:
    return f"{100 * share:.2f} %" if share >= 0.0001 else f"{100 * share:.2g} %"


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{('th', 'st', 'nd', 'rd')[number % 10] if number % 10 < 4 else 'th'}"
