"""The quality of a set of pictures: the gesture, the job, and its numbers on the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.context import Context
from app.set_quality import Wanted, comparing
from app.widgets.panel import hint, set_role
from app.workspaces.inspect.exporting import Wish
from app.workspaces.inspect.sets_dialog import SetsDialog
from core.errors import MicroloomError
from core.job import Job

if TYPE_CHECKING:
    from core.quality import Quality

_HEAD = ("What", "Value", "What it says")


class SetsQuality(QObject):
    """Asks for two sets and has them compared.

    Signals
    -------
    wished(wish)
        A report is to be written.

    Parameters
    ----------
    folder
        Where files are looked for first.
    """

    wished = Signal(object)

    def __init__(self, context: Context, parent: QWidget, folder: Callable[[], str]) -> None:
        super().__init__(parent)
        self._context, self._parent, self._folder = context, parent, folder
        self._found: dict[Path, tuple[Quality, list[str]]] = {}
        self.shown: QualityDialog | None = None
        self.action = QAction("Quality of a set …")
        self.action.setToolTip(
            "Many generated pictures or volumes against many real ones: distances, precision and recall, copies"
        )
        self.action.triggered.connect(self.ask)

    def ask(self) -> None:
        """Ask what is compared with what and where the report goes, and have it made."""
        jobs = self._context.jobs
        if jobs.busy:
            self._context.messages.say(f"{jobs.title} is still running: wait for it, or cancel it first.", "warning")
            return
        dialog = SetsDialog(self._context.session.state, self._folder(), self._parent)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        try:
            wanted = dialog.wanted if accepted else None
        except MicroloomError as error:
            self._context.messages.failed("Comparing the sets", error)
            return
        finally:
            dialog.deleteLater()
        if wanted is not None:
            self.compare(wanted)

    def compare(self, wanted: Wanted) -> None:
        """Ask for a folder and have the sets compared there."""
        name = QFileDialog.getExistingDirectory(self._parent, "Folder for the report", self._folder())
        if not name:
            return
        path = Path(name)

        def job() -> Job[object]:
            from core.images.reading import read_labels
            from core.report.quality import write_quality

            left_out: list[str] = []

            def unreadable(file: str, error: MicroloomError) -> None:
                left_out.append(f"{file} was left out: {error}")

            found = yield from comparing(wanted, read_labels, unreadable)
            write_quality(found, path, wanted.generated.name, wanted.real.name, overwrite=True)
            self._found[path] = found, left_out
            return found

        self.wished.emit(Wish("the quality of the set", path, job=job))

    def written(self, wish: Wish) -> None:
        """A report was written: show the numbers, where it is one of these."""
        if wish.path not in self._found:
            return
        found, left_out = self._found.pop(wish.path)
        for words in left_out:
            self._context.messages.say(words, "warning")
        if self.shown is not None:
            self.shown.close()
        self.shown = QualityDialog(found, wish.path / "report.html", self._parent)
        self.shown.show()


class QualityDialog(QDialog):
    """The numbers of one comparison; the window can be worked in meanwhile."""

    def __init__(self, found: Quality, page: Path, parent: QWidget | None = None) -> None:
        from core.report.quality import quality_rows, quality_sentence

        super().__init__(parent)
        self.setWindowTitle("Quality of the set")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        rows, columns = found.generated.pictures.shape[1:]
        title = QLabel(
            f"{len(found.generated.names)} generated pictures against {len(found.real.names)}, "
            f"{columns} × {rows} pixels each"
        )
        title.setProperty("role", "title")
        title.setWordWrap(True)
        said = QLabel(quality_sentence(found))
        said.setWordWrap(True)
        said.setVisible(bool(said.text()))
        set_role(said, "role", "warning" if found.nearest.suspects else "good")
        lines = quality_rows(found)
        self.table = QTableWidget(len(lines), len(_HEAD))
        self.table.setHorizontalHeaderLabels(_HEAD)
        self.table.setAccessibleName("Numbers of the comparison")
        self.table.setToolTip("All of it, with curves and the nearest pairs, is in the report")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAlternatingRowColors(True)
        self.table.verticalHeader().hide()
        for row, texts in enumerate(lines):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column == 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.table.setWordWrap(True)
        notes = hint("\n".join(found.notes))
        notes.setVisible(bool(found.notes))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip("Copy the table, for a spreadsheet")
        self.copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines) + "\n")
        )
        self.open_page = buttons.addButton("Open the report", QDialogButtonBox.ButtonRole.ActionRole)
        self.open_page.setToolTip("Open the page with curves and nearest pairs in the browser")
        self.open_page.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(page))))
        buttons.button(QDialogButtonBox.StandardButton.Close).setToolTip("Close this window; the report stays")
        buttons.rejected.connect(self.close)
        column_of = QVBoxLayout(self)
        for widget in (title, said, self.table, notes, buttons):
            column_of.addWidget(widget, 1 if widget is self.table else 0)
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        self.resize(letter * 110, line * 30)
        self.table.resizeRowsToContents()

    def resizeEvent(self, event: object) -> None:
        """Sentences wrap anew."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.table.resizeRowsToContents()
