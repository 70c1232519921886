"""Saves the session as a project, off the GUI thread, and asks before changes would be lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from app.context import Context
from app.exemplar import LiveExemplar
from app.jobs import JobRunner
from app.preferences import Preferences
from app.project_state import fields_left_out, project_of
from app.session import State
from core.projects.fields import MOST_BYTES
from core.projects.project import SUFFIX, Project

KIND = f"Microloom project (*{SUFFIX})"

Then = Callable[[], object]


class Saver(QObject):
    """Writes projects. Its jobs run beside the reconstruction's: what is saved is the state at the moment of asking.

    Signals
    -------
    saved(path)
        The file is whole, and the session knows its place.
    """

    saved = Signal(object)

    def __init__(self, context: Context, preferences: Preferences, exemplar: LiveExemplar, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._messages, self._exemplar = context.session, context.messages, exemplar
        self._preferences, self._window, self._measurements = preferences, window, context.measurements
        self.runner = JobRunner(self)
        self.runner.returned.connect(self._written)
        self.runner.failed.connect(self._failed)
        self._state, self._findings = State(), 0
        self._left_out = 0
        self._then: Then | None = None
        self._waiting: tuple[Path, Then | None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a project is being written."""
        return self.runner.busy

    def snapshot(self, belongs_to: str = "", fields: int = 0) -> Project:
        """The session as it is now; ``fields``: how many bytes of temperatures and velocities it holds at most."""
        image = None if self._exemplar.segmenting else self._session.phase_image
        return project_of(self._session.state, image, belongs_to, self._measurements, fields)

    def save(self, then: Then | None = None) -> None:
        """Write to where the project was opened from or last saved, else ask where; ``then`` follows a success."""
        if self._session.path is None:
            self.save_as(then)
        else:
            self._write(self._session.path, then)

    def save_as(self, then: Then | None = None) -> None:
        """Ask for a place and write there."""
        picture = self._session.state.opened
        if picture is None:
            self._messages.say("There is nothing to save yet: open a micrograph first.", "warning")
            return
        old = self._session.path
        proposed = Path(self._preferences.folder) / f"{Path(picture.name).stem}{SUFFIX}" if old is None else old
        name, _ = QFileDialog.getSaveFileName(self._window, "Save the project", str(proposed), KIND)
        if not name:
            return
        path = Path(name)
        if path.suffix.lower() != SUFFIX:
            path = path.with_name(path.name + SUFFIX)
            # the dialog asked about the name without its suffix
            if path.exists() and not self._may_replace(path):
                return
        self._write(path, then)

    def guard(self, then: Then) -> None:
        """Do ``then`` at once where nothing would be lost, else as the user says: after saving, as it is, or not."""
        if not self._session.unsaved or not self._window.isVisible():
            then()
            return
        answer = self.ask("Opening another file closes it.")
        if answer == QMessageBox.StandardButton.Save:
            # writing takes a while, and what is changed meanwhile is not in the file
            self.save(lambda: self.guard(then))
        elif answer == QMessageBox.StandardButton.Discard:
            then()

    def ask(self, why: str) -> QMessageBox.StandardButton:
        """Save, Discard or Cancel; where there is no micrograph, and so no project, no Save."""
        picture, path = self._session.state.opened, self._session.path
        buttons = QMessageBox.StandardButton
        if picture is None and path is None:
            return QMessageBox.question(
                self._window, "Discard what is marked?",
                f"Distances, angles and notes are kept with a project, and there is none without a micrograph. "
                f"“Save CSV …” in step 5 writes them to a file. {why}".strip(),
                buttons.Discard | buttons.Cancel, buttons.Cancel,
            )  # fmt: skip
        name = path.name if path is not None else "" if picture is None else picture.name
        return QMessageBox.question(
            self._window, "Save the project?", f"{name} has changes that are not saved. {why}".strip(),
            buttons.Save | buttons.Discard | buttons.Cancel, buttons.Save,
        )  # fmt: skip

    def may_close(self, jobs: JobRunner, unexported: int) -> bool:
        """Whether nothing is lost or the user says so; False also where the window will close itself after saving."""
        buttons = QMessageBox.StandardButton
        if jobs.busy:
            text = f"{jobs.title} is still running. Stop it and quit?"
            answer = QMessageBox.question(self._window, "Quit Microloom", text, buttons.Yes | buttons.No, buttons.No)
            if answer != buttons.Yes:
                return False
            jobs.finish()
        if self.busy:
            self._then = self._window.close
            return False
        if not self._session.unsaved:
            return True
        volumes = "A volume was" if unexported == 1 else f"{unexported} volumes were"
        answer = self.ask(f"{volumes} never exported." if unexported else "")
        if answer == buttons.Save:
            self.save(then=self._window.close)
        return bool(answer == buttons.Discard)

    def _may_replace(self, path: Path) -> bool:
        text = f"{path.name} exists already. Replace it?"
        return QMessageBox.question(self._window, "Save the project", text) == QMessageBox.StandardButton.Yes

    def _write(self, path: Path, then: Then | None) -> None:
        if self.runner.busy:
            self._waiting = (path, then)
            return
        from core.projects.writing import saving

        project = self.snapshot(fields=MOST_BYTES)
        self._left_out = fields_left_out(project, self._measurements)
        self._state, self._findings, self._then = self._session.state, self._session.findings, then
        self.runner.start(f"Saving {path.name}", lambda: saving(project, path, overwrite=True))

    def _written(self, path: Path) -> None:
        then, self._then = self._then, None
        # another picture may have been opened meanwhile: the file is that of the one before
        if self._session.state.opened is self._state.opened:
            self._session.saved_state, self._session.path = self._state, path
            self._session.saved_findings = self._findings
        self._preferences.remember(path)
        self._preferences.folder = str(path.parent)
        if self._left_out:
            size = f"{self._left_out / (1 << 20):,.1f} MB of temperatures and velocities"
            self._messages.say(
                f"Saved {path.name} without {size}: a project keeps {MOST_BYTES >> 20} MB of them, the newest first. "
                "All values are in it.",
                "warning",
            )
        else:
            self._messages.say(f"Saved {path.name}.", "good")
        self.saved.emit(path)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._write(*waiting)
        if then is not None:
            then()

    def _failed(self, error: Exception) -> None:
        self._then = self._waiting = None
        self._messages.failed("Saving", error)
