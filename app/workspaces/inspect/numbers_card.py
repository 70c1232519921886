"""The verdict on a result in one sentence, and its numbers beside the exemplar's."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from app.session import Result
from app.widgets.choice_words import words_of
from app.widgets.copied_pair import CopiedPair
from app.widgets.panel import hint, set_role
from app.workspaces.inspect.verdict import rows, verdict
from core.reconstruction.diffusion.copying import copying_told


class NumbersCard(QWidget):
    """The `sentence`, and below it the `table`, which is hidden where there is nothing to compare with."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.table = QWidget()
        self._grid = QGridLayout(self.table)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.pair = CopiedPair()
        self.pictures = self.pair.pictures
        column.addWidget(self.sentence)
        column.addWidget(self.pair)
        column.addWidget(self.table)

    def say(self, text: str, role: str = "") -> None:
        """Words in place of numbers; ``role`` gives them their colour."""
        self.sentence.setText(text)
        if role:
            set_role(self.sentence, "role", role)
        self.pair.hide()
        self.table.hide()

    def show_result(self, result: Result) -> None:
        """The verdict and the numbers of ``result``."""
        said = verdict(result)
        card = {} if result.model is None else result.model.card
        copied = copying_told(card)
        self.sentence.setText(said.sentence if copied is None else f"{said.sentence} {copied.sentence}")
        self.pair.show_pair(copied, [phase.color for phase in result.volume.phases])
        good = said.good and (copied is None or not card["copying"]["copies"])
        set_role(self.sentence, "role", "good" if good else "warning")
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()  # it goes only when the event loop comes round
                widget.deleteLater()
        for line, (label, value) in enumerate(rows(result)):
            number = QLabel(value)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(hint(label), line, 0)
            self._grid.addWidget(number, line, 1)
        self.table.show()


def facts_of(result: Result) -> str:
    """Size and making of a result's volume, in lines."""
    from core.images.pixel_size import format_length, format_sides

    z, y, x = result.volume.shape
    text = f"{x} × {y} × {z} voxels"
    if result.volume.voxel_size is not None:
        sides = zip((x, y, z), reversed(result.volume.voxel_size), strict=True)
        text += "\n" + format_sides([n * size for n, size in sides])
        text += f", {format_length(result.volume.voxel_size[0])} per voxel"
    return f"{text}\n{words_of(result.plan.engine)}, preset {result.plan.preset}, seed {result.plan.seed}"
