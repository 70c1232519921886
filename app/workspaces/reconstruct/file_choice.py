"""Where the volume goes: kept in memory, or written to a file block by block."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.widgets.panel import hint
from app.workspaces.reconstruct.file_run import checked_place
from core.errors import MicroloomError

KINDS = "OME-Zarr, compressed, with coarse levels (*.ome.zarr);;TIFF, one file (*.ome.tif *.tif)"


def chosen_file(parent: QWidget, proposed: Path) -> Path | None:
    """Ask for a volume's file, and whether one that is there may be replaced; None where nothing is to be written."""
    title = "Write the volume to"
    name, kind = QFileDialog.getSaveFileName(parent, title, str(proposed), KINDS)
    if not name:
        return None
    path = Path(name)
    if not path.suffix and "TIFF" in kind:
        path = path.with_name(path.name + ".ome.tif")
    try:
        path = checked_place(path)
    except MicroloomError as error:
        QMessageBox.warning(parent, title, str(error))
        return None
    # the dialog asks before a file is replaced, but not before a folder is, nor with the suffix added
    if path.exists() and (path.is_dir() or str(path) != name):
        text = f"{path.name} exists already. Replace it when the new volume is finished?"
        if QMessageBox.question(parent, title, text) != QMessageBox.StandardButton.Yes:
            return None
    return path


class FileChoice(QWidget):
    """A box to tick, and the file's name below it.

    Signals
    -------
    changed()
        Another place, or none.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.path: Path | None = None
        self._agreed: Path | None = None
        self.folder = str(Path.home())
        self.proposed = "volume"
        self.box = QCheckBox("Write to a file, block by block")
        self.box.setToolTip(
            "For volumes that memory does not hold, of any size: blocks go straight onto the disk.\n"
            "What is cancelled, or ended by a crash, goes on where it stopped."
        )
        self.box.clicked.connect(self._clicked)
        self.name = QLineEdit()
        self.name.setReadOnly(True)
        self.name.setAccessibleName("File for the volume")
        self.name.setToolTip("Where the volume is written: an .ome.zarr folder, or a .tif")
        self.other = QToolButton()
        self.other.setText("…")
        self.other.setToolTip("Choose another file")
        self.other.setAccessibleName("Choose another file for the volume")
        self.other.clicked.connect(self._choose)
        self.begun = hint()
        self.anew = QPushButton("Begin again")
        self.anew.setCheckable(True)
        self.anew.setToolTip("Give up the blocks that are there instead of going on with them")
        self.anew.toggled.connect(lambda _on: self._show())
        row = QHBoxLayout()
        row.setContentsMargins(22, 0, 0, 0)
        row.addWidget(self.name, 1)
        row.addWidget(self.other)
        below = QHBoxLayout()
        below.setContentsMargins(22, 0, 0, 0)
        below.addWidget(self.begun, 1)
        below.addWidget(self.anew)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.box)
        column.addLayout(row)
        column.addLayout(below)
        self._show()

    def set_path(self, path: Path | None) -> None:
        """Write to ``path``, or keep the volume in memory."""
        self.path = path
        with QSignalBlocker(self.anew):
            self.anew.setChecked(False)
        self.refresh()
        self.changed.emit()

    def show_path(self, path: Path | None) -> None:
        """As `set_path`, where the wish came from elsewhere: a project, or undo. Nothing is emitted."""
        if path != self.path:
            with QSignalBlocker(self):
                self.set_path(path)

    @property
    def problem(self) -> str:
        """What speaks against the file, or empty. None is replaced unless somebody agreed to it here."""
        path = self.path
        if path is None or path == self._agreed or not path.exists():
            return ""
        return f"{path.name} exists already. Choose it again (…) to replace it, or choose another."

    def forget_agreement(self) -> None:
        """The file has been written: it is not to be replaced by the next run."""
        self._agreed = None

    def refresh(self) -> None:
        """Look again at what lies on the disk."""
        self._show()

    def _clicked(self, on: bool) -> None:
        if on:
            self._choose()
        else:
            self.set_path(None)
        self._show()

    def _choose(self) -> None:
        proposed = self.path or Path(self.folder) / f"{self.proposed}.ome.zarr"
        path = chosen_file(self, proposed)
        if path is None:
            return
        self.folder = str(path.parent)
        self._agreed = path
        self.set_path(path)

    def _show(self) -> None:
        path = self.path
        with QSignalBlocker(self.box):
            self.box.setChecked(path is not None)
        for widget in (self.name, self.other):
            widget.setVisible(path is not None)
        share = begun_share(path)
        self.begun.setVisible(share is not None)
        self.anew.setVisible(share is not None)
        if path is None:
            return
        if self.name.text() != path.name:
            self.name.setText(path.name)
            self.name.setCursorPosition(0)
        self.name.setToolTip(str(path))
        if share is not None:
            there = f"{100 * share:.0f} % of it are there already: "
            self.begun.setText(there + ("they are given up." if self.anew.isChecked() else "Run goes on with them."))


def begun_share(path: Path | None) -> float | None:
    """The share of an unfinished volume at ``path``, or None."""
    if path is None:
        return None
    from core.generation.block_writing import unfinished
    from core.reconstruction.to_disk import sampled_share

    written = unfinished(path)
    return sampled_share(path) if written is None else written
