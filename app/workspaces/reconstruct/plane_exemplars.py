"""Exemplars of the planes xz and yz, for materials with directions: a row for each, with a file to choose."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QGridLayout, QLabel, QPushButton, QToolButton

from app.context import Context
from app.jobs import Latest
from app.widgets.panel import Fold, hint, shortened
from core.images.values import PhaseImage
from core.segmentation.settings import SegmentationSettings

PLANES = ("xz", "yz")
FILTER = "Pictures (*.tif *.tiff *.png *.jpg *.jpeg *.bmp *.npy);;All files (*)"
_NOTE = (
    "Without these, the exemplar above stands for all three planes. With one it is the plane xy, and the other stands "
    "for both upright planes. Rows run along z."
)


class PlaneExemplars(Fold):
    """Shows which pictures stand for the upright planes, and changes them through undoable commands."""

    def __init__(self, context: Context) -> None:
        super().__init__("Other planes")
        self._session, self._commands, self._messages = context.session, context.commands, context.messages
        self._shown: tuple[PhaseImage | None, PhaseImage | None] = (None, None)
        self._reader = Latest(self)
        self._reader.answered.connect(self._read)
        self._reader.failed.connect(lambda error: self._messages.failed("Opening the exemplar of a plane", error))
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        self.names: list[QLabel] = []
        self.choose: list[QPushButton] = []
        self.remove: list[QToolButton] = []
        for row, plane in enumerate(PLANES):
            label, name = QLabel(f"Plane {plane}"), QLabel()
            name.setWordWrap(True)
            button, clear = QPushButton("Choose …"), QToolButton()
            button.setToolTip(f"A phase image of the plane {plane}, or a micrograph: it is segmented as in step 2")
            button.setAccessibleName(f"Choose the exemplar of the plane {plane}")
            button.clicked.connect(partial(self._choose, row))
            clear.setText("×")
            clear.setAutoRaise(True)
            clear.setToolTip(f"The plane {plane} has no exemplar of its own")
            clear.setAccessibleName(f"Remove the exemplar of the plane {plane}")
            clear.clicked.connect(partial(self._put, row, None))
            for column, widget in enumerate((label, name, button, clear)):
                grid.addWidget(widget, row, column)
            self.names.append(name)
            self.choose.append(button)
            self.remove.append(clear)
        self.column.addLayout(grid)
        note = hint()
        note.setText(_NOTE)
        self.column.addWidget(note)

    def show_planes(self, planes: tuple[PhaseImage | None, PhaseImage | None], possible: bool) -> None:
        """Show ``planes``; without an exemplar of the plane xy there is nothing to choose."""
        for row, image in enumerate(planes):
            if image is None:
                self.names[row].setText("the same" if planes[1 - row] is None else f"as {PLANES[1 - row]}")
                self.names[row].setToolTip("")
            else:
                share = ", ".join(
                    f"{phase.name} {100 * part:.1f} %"
                    for phase, part in zip(image.phases, image.fractions, strict=True)
                )
                self.names[row].setText(shortened(image.name))
                self.names[row].setToolTip(f"{image.name}: {image.shape[1]} × {image.shape[0]} pixels: {share}")
            self.choose[row].setEnabled(possible)
            self.remove[row].setVisible(image is not None)
        if any(planes) and planes != self._shown:
            self.set_open(True)
        self._shown = planes

    def _choose(self, row: int) -> None:
        found, _ = QFileDialog.getOpenFileName(self, f"Exemplar of the plane {PLANES[row]}", "", FILTER)
        if found:
            self.read(row, Path(found))

    def read(self, row: int, path: Path) -> None:
        """Take the picture at ``path`` for the plane xz (0) or yz (1), off the GUI thread."""
        settings, reference = self._session.state.segmentation, self._session.phase_image
        self._reader.ask(lambda: (row, phase_image(path, settings, reference)))

    def _read(self, answer: tuple[int, PhaseImage]) -> None:
        row, image = answer
        self._put(row, image)
        self._messages.say(f"{image.name} stands for the plane {PLANES[row]}.", "good")

    def _put(self, row: int, image: PhaseImage | None) -> None:
        xz, yz = self._session.state.planes
        planes = (image, yz) if row == 0 else (xz, image)
        self._commands.do(f"exemplar of the plane {PLANES[row]}", planes=planes)


def phase_image(path: Path, settings: SegmentationSettings, reference: PhaseImage | None) -> PhaseImage:
    """The phases in a picture, named and coloured as those of ``reference``.

    A picture of a few grey levels is taken as it is; any other is segmented with ``settings``.

    Raises
    ------
    InputError
        Where it cannot be read or segmented.
    """
    from dataclasses import replace

    from core.errors import InputError
    from core.images.info_bar import propose_info_bar_row
    from core.images.labelled import looks_segmented
    from core.images.reading import read_labels, read_micrograph
    from core.segmentation import segment

    picture = read_micrograph(path)
    if looks_segmented(picture.grey) is not None:
        found = read_labels(path)
        if not isinstance(found, PhaseImage):
            raise InputError(f"{path.name} is a volume.", "Choose a single picture.")
    else:
        end = propose_info_bar_row(picture)
        found = segment(picture if end is None else picture.cropped(slice(0, end), slice(None)), settings)
    if reference is not None and len(found.phases) == len(reference.phases):
        found = replace(found, phases=reference.phases)
        if found.pixel_size is None:
            found = replace(found, pixel_size=reference.pixel_size)
    return found
