"""Pictures and movies of what Inspect shows: the gesture, the question, and what is to be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from app.context import Context
from app.widgets import volume_picture
from app.widgets.filming import Film, Filming
from app.widgets.movie_dialog import MovieDialog
from app.widgets.picture_dialog import PictureDialog
from app.widgets.picture_file import save_picture
from app.widgets.stage import Stage, ViewStage
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect.exporting import Wish
from core.errors import InputError, MicroloomError
from core.job import Job

NO_VIEW = InputError("There is nothing to draw without OpenGL.", "Save it on a computer that shows the 3-D view.")


class Picturing(QObject):
    """What can be saved of one view.

    Signals
    -------
    wished(wish)
        A file is to be written.
    filming(on)
        The view is being filmed: nothing else should change it.

    Parameters
    ----------
    place
        The folder to begin in, and a file's name without its suffix.
    beside
        What stands in the view's place, where something does.
    """

    wished = Signal(object)
    filming = Signal(bool)

    def __init__(
        self,
        context: Context,
        view: VolumeView,
        parent: QWidget,
        place: Callable[[], tuple[str, str]],
        beside: Callable[[], Stage | None] = lambda: None,
    ) -> None:
        super().__init__(parent)
        self._context, self._parent, self._place = context, parent, place
        self._view, self._beside = ViewStage(view), beside
        self.picture_action = QAction("Save a picture of any size …")
        self.picture_action.setToolTip("Choose what a picture shows, its width in pixels and its ground")
        self.picture_action.triggered.connect(self.ask_picture)
        self.movie_action = QAction("Make a movie …")
        self.movie_action.setToolTip(
            "The volume on a turntable, a flight through views, or a way through it, as MP4, GIF or animated PNG"
        )
        self.movie_action.triggered.connect(self.ask_movie)
        self._filming: Filming | None = None
        for signal in (context.jobs.idle, context.jobs.finishing):
            signal.connect(self._stop)

    @property
    def stage(self) -> Stage:
        """What pictures and movies are made of now."""
        return self._beside() or self._view

    def actions(self) -> list[QAction]:
        """For the menu and the command palette."""
        return [self.picture_action, self.movie_action]

    def set_possible(self, there: bool) -> None:
        """Whether a volume is shown."""
        for action in self.actions():
            action.setEnabled(there)

    def ask_picture(self) -> None:
        """Ask what a picture shows and where it goes, draw it, and have it written."""
        if not self._ready("Saving a picture"):
            return
        dialog = PictureDialog(self.stage, self._parent)
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
            image = volume_picture.as_image(self.stage.draw(shot))
        except MicroloomError as error:
            self._context.messages.failed("Saving a picture", error)
            return
        what = f"the picture, {image.width()} × {image.height()} pixels"
        self.wished.emit(Wish(what, path, lambda: save_picture(image, path)))

    def ask_movie(self) -> None:
        """Ask for a movie and where it goes, and have it made."""
        jobs = self._context.jobs
        if jobs.busy:
            self._context.messages.say(f"{jobs.title} is still running: wait for it, or cancel it first.", "warning")
            return
        if not self._ready("Making a movie"):
            return
        dialog = MovieDialog(self.stage, self._parent, self._view.views[0].key_views)
        wanted = dialog.exec() == QDialog.DialogCode.Accepted
        film, suffix = dialog.film, dialog.suffix
        dialog.deleteLater()
        if wanted:
            self.make_movie(film, suffix)

    def make_movie(self, film: Film, suffix: str) -> None:
        """Ask where a movie goes and have it made."""
        from core.images.movies import FORMATS, writing_movie

        path = self._ask("Make a movie", suffix[1:], f"{FORMATS[suffix][0]} (*{suffix})")
        if path is None:
            return
        from app.widgets import off_screen

        try:
            off_screen.check_size(self.stage.views[0].scene.canvas, self.stage.size_of(film.shot, even=True))
        except MicroloomError as error:
            self._context.messages.failed("Making a movie", error)
            return
        filming = Filming(self.stage, film, self)

        def write() -> Job[object]:
            return writing_movie(filming.frames(), path, film.count, film.fps)

        self.wished.emit(Wish(f"the movie, {film.count} frames", path, job=write))
        if self._context.jobs.busy and self._context.jobs.title == path.name:
            self._filming = filming
            filming.ended.connect(lambda: self.filming.emit(False))
            self.filming.emit(True)
            filming.start()

    def _stop(self) -> None:
        filming, self._filming = self._filming, None
        if filming is not None:
            filming.stop()
            filming.deleteLater()

    def _ready(self, doing: str) -> bool:
        stage = self.stage
        if any(view.scene is None for view in stage.views):
            self._context.messages.failed(doing, NO_VIEW)
            return False
        if not stage.widget.isVisible():
            self._context.messages.say("Show the volume in Inspect first: what is saved is what it shows.", "warning")
            return False
        return all(view.labels is not None for view in stage.views)

    def _ask(self, title: str, suffix: str, kinds: str) -> Path | None:
        folder, stem = self._place()
        # the dialog itself asks before an existing file is replaced
        chosen, _ = QFileDialog.getSaveFileName(self._parent, title, str(Path(folder) / f"{stem}.{suffix}"), kinds)
        if not chosen:
            return None
        path = Path(chosen)
        return path if path.suffix else path.with_name(f"{path.name}.{suffix}")
