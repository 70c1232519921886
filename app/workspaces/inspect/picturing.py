"""Pictures of what Inspect shows, at any size: the gesture, the question, and what is to be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from app.context import Context
from app.widgets import volume_picture
from app.widgets.picture_dialog import PictureDialog
from app.widgets.picture_file import save_picture
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect.exporting import Wish
from core.errors import InputError, MicroloomError

NO_VIEW = InputError("There is nothing to draw without OpenGL.", "Save it on a computer that shows the 3-D view.")


class Picturing(QObject):
    """What can be saved of one view.

    Signals
    -------
    wished(wish)
        A file is to be written.

    Parameters
    ----------
    place
        The folder to begin in, and a file's name without its suffix.
    """

    wished = Signal(object)

    def __init__(
        self, context: Context, view: VolumeView, parent: QWidget, place: Callable[[], tuple[str, str]]
    ) -> None:
        super().__init__(parent)
        self._context, self._view, self._parent, self._place = context, view, parent, place
        self.picture_action = QAction("Save a picture of any size …")
        self.picture_action.setToolTip("Choose what a picture shows, its width in pixels and its ground")
        self.picture_action.triggered.connect(self.ask_picture)

    def actions(self) -> list[QAction]:
        """For the menu and the command palette."""
        return [self.picture_action]

    def set_possible(self, there: bool) -> None:
        """Whether a volume is shown."""
        for action in self.actions():
            action.setEnabled(there)

    def ask_picture(self) -> None:
        """Ask what a picture shows and where it goes, draw it, and have it written."""
        if not self._ready("Saving a picture"):
            return
        dialog = PictureDialog(self._view, self._parent)
        wanted = dialog.exec() == QDialog.DialogCode.Accepted
        shot = dialog.shot
        dialog.deleteLater()
        if wanted:
            self.save_picture(shot)

    def save_picture(self, shot: volume_picture.Shot) -> None:
        """Ask where a picture goes, draw it, and have it written."""
        path = self._ask("Save a picture", "png", "Picture (*.png)")
        if path is None:
            return
        try:
            image = volume_picture.as_image(volume_picture.draw(self._view, shot))
        except MicroloomError as error:
            self._context.messages.failed("Saving a picture", error)
            return
        what = f"the picture, {image.width()} × {image.height()} pixels"
        self.wished.emit(Wish(what, path, lambda: save_picture(image, path)))

    def _ready(self, doing: str) -> bool:
        if self._view.scene is None:
            self._context.messages.failed(doing, NO_VIEW)
            return False
        return self._view.labels is not None

    def _ask(self, title: str, suffix: str, kinds: str) -> Path | None:
        folder, stem = self._place()
        # the dialog itself asks before an existing file is replaced
        chosen, _ = QFileDialog.getSaveFileName(self._parent, title, str(Path(folder) / f"{stem}.{suffix}"), kinds)
        if not chosen:
            return None
        path = Path(chosen)
        return path if path.suffix else path.with_name(f"{path.name}.{suffix}")
