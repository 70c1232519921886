"""Asks what of a true volume is set beside the runs: which phase, all of it or parts as large as the runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from app.session import Result
from app.widgets.form_dialog import FormDialog, foot
from app.widgets.panel import hint
from app.widgets.picture_dialog import choice_of, named
from core.images.true_volume import TrueVolume, parts_of

if TYPE_CHECKING:
    from app.workspaces.inspect.true_volumes import Seen

WHOLE, PARTS = "whole", "parts"
USUAL_PARTS, MOST_PARTS = 5, 100


class TrueVolumeDialog(FormDialog):
    """Accepted, `volumes` are what is to be measured."""

    def __init__(self, seen: Seen, result: Result, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add a true volume")
        self._seen, self._size = seen, result.volume.shape
        fits = len(parts_of(seen.shape, self._size, MOST_PARTS))
        self.phase = choice_of(
            {
                str(label): f"{label}: {phase.name}, {100 * share:.1f} %"
                for label, (phase, share) in enumerate(zip(seen.phases, seen.fractions, strict=True))
            },
            "Phase", "Which of its phases is compared with the phase of interest of the runs",
        )  # fmt: skip
        self.phase.setCurrentIndex(_likely(seen, result))
        whole = "All of it" if len(seen.paths) == 1 else f"All of each of the {len(seen.paths)} files"
        ways = {WHOLE: whole}
        if fits > 1:
            ways[PARTS] = f"Parts as large as the run on show, {_sides(self._size)}"
        self.part = choice_of(
            ways, "What is measured",
            "Parts as large as the runs scatter as runs do; each gets a line, and all together one box",
        )  # fmt: skip
        self.count = QSpinBox()
        self.count.setRange(1, max(1, fits))
        self.count.setValue(min(USUAL_PARTS, max(1, fits)))
        named(self.count, "Number of parts", "No two share a voxel; they lie as far apart as can be")
        self.group = QLineEdit(_stem(seen.paths[0]) if len(seen.paths) == 1 else seen.paths[0].parent.name)
        named(self.group, "Group", "What the lines have one box together under")
        self.told = QLabel()
        self.buttons = foot(self, "Add", "Add it to the table, and measure it", "Add nothing")
        self.form = QFormLayout()
        for title, widget in (
            ("Phase", self.phase), ("Measured", self.part), ("Parts", self.count), ("Group", self.group),
        ):  # fmt: skip
            self.form.addRow(title, widget)
        column = QVBoxLayout(self)
        name = seen.paths[0].name if len(seen.paths) == 1 else f"{len(seen.paths)} files, such as {seen.paths[0].name}"
        column.addWidget(QLabel(f"{name}: {_sides(seen.shape)} voxels"))
        column.addLayout(self.form)
        column.addWidget(self.told)
        column.addWidget(hint("It is compared with the exemplar of the run on show, as the runs are."))
        column.addStretch(1)
        column.addWidget(self.buttons)
        self.part.currentIndexChanged.connect(lambda _: self._follow())
        self.count.valueChanged.connect(lambda _: self._follow())
        self._follow()

    @property
    def volumes(self) -> tuple[TrueVolume, ...]:
        """A line of the table each."""
        phase, group = int(self.phase.currentData()), self.group.text().strip() or "true"
        if self.part.currentData() == WHOLE:
            return tuple(TrueVolume(path, group, phase) for path in self._seen.paths)
        boxes = parts_of(self._seen.shape, self._size, self.count.value())
        return tuple(TrueVolume(path, group, phase, box) for path in self._seen.paths for box in boxes)

    def _follow(self) -> None:
        self.form.setRowVisible(self.count, self.part.currentData() == PARTS)
        count = len(self.volumes)
        self.told.setText("One line in the table" if count == 1 else f"{count} lines in the table, one box")


def _likely(seen: Seen, result: Result) -> int:
    """The phase of the same name as that of interest, else that with its number, or the last."""
    names = [phase.name for phase in seen.phases]
    wanted = result.volume.phases[result.volume_phase].name
    return names.index(wanted) if wanted in names else min(result.volume_phase, len(names) - 1)


def _stem(path: Path) -> str:
    return f"{path.name.split('.')[0]} (true)"


def _sides(shape: tuple[int, int, int]) -> str:
    z, y, x = shape
    return f"{x} × {y} × {z}"
