"""Shows a volume on the disk in the view, and follows one that is still being made."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs import Latest
from app.stored_volume import StoredView, read_stored
from app.widgets.volume_view import VolumeView
from core.generation.periods import made_to_repeat

EVERY_MS = 2000
"""How often a volume that is still being made is looked at again."""


class StoredWatcher(QObject):
    """Reads an unfinished volume anew whenever blocks were added, until it is finished or something else is shown.

    Signals
    -------
    renewed(stored)
        There is more of it, or all.
    """

    renewed = Signal(object)

    def __init__(self, view: VolumeView) -> None:
        super().__init__(view)
        self._view = view
        self._shown: StoredView | None = None
        self._state: tuple[int, int] | None = None
        self._reader = Latest(self)
        self._reader.answered.connect(self._answered)
        # a look between two files of the same block finds nothing that fits: the next one will
        self._reader.failed.connect(lambda _error: None)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.look_again)

    def show(self, stored: StoredView) -> None:
        """Show ``stored``; where it is the one already shown, place, clip and phases stay."""
        view, before = self._view, self._shown
        same = before is not None and _final(before.path) == _final(stored.path)
        outline = stored.stored.outline
        view.set_volume(stored.labels, stored.phases, outline.voxel_size, stored.levels, stored.level)
        view.periodic = made_to_repeat(outline.provenance, outline.shape)
        if not same:
            view.look_at_all()
            view.fit()
            view.set_cursor(stored.middle)
            view.set_phase(len(stored.phases) - 1)
        view.set_rest(stored.rest)
        view.set_caption(stored.caption)
        self._shown = stored
        if stored.stored.complete is False:
            self._state = _state(stored.path)
            self._timer.start()
        else:
            self._timer.stop()

    def leave(self) -> None:
        """Something else is shown."""
        self._timer.stop()
        self._reader.forget()
        self._shown = None

    def look_again(self) -> None:
        """Read the volume anew where its journal has changed, or where it has got its final name."""
        shown = self._shown
        if shown is None or self._reader.busy:
            return
        state = _state(shown.path)
        if state == self._state and shown.path.exists():
            return
        path = shown.path if shown.path.exists() else _final(shown.path)
        if path.exists():
            self._reader.ask(lambda: read_stored(path))

    def _answered(self, stored: StoredView) -> None:
        if self._shown is not None:
            self.renewed.emit(stored)


def _state(part: Path) -> tuple[int, int] | None:
    """What changes with every block; None where the journal is gone."""
    from core.generation.block_writing import journal_of

    try:
        found = journal_of(part).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _final(path: Path) -> Path:
    """The name that an unfinished volume is going to have; a finished one's own."""
    from core.generation.block_writing import part_path, suffix_of

    suffix = suffix_of(path)
    final = path.with_name(f"{path.name.removesuffix(suffix).removesuffix('.part')}{suffix}")
    return final if part_path(final) == path else path
