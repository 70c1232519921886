"""What the program remembers between two starts: layout, recent files, colour scheme."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

_RECENT = 10
UNDO_SIZES = (64 << 20, 256 << 20, 1 << 30, 4 << 30)
"""Bytes that the steps of undo may hold together: what there is to choose from."""
_UNDO = UNDO_SIZES[1]


class Preferences:
    """A thin, typed layer over QSettings; a test hands it a file of its own."""

    def __init__(self, settings: QSettings | None = None) -> None:
        self._own = settings is not None
        self._settings = settings if settings is not None else QSettings("Microloom", "Microloom")

    @property
    def state_folder(self) -> Path:
        """Where copies of sessions are kept in case of a crash: the platform's folder, or beside one's own file."""
        if self._own:
            return Path(self._settings.fileName()).parent / "recovery"
        import platformdirs

        return platformdirs.user_state_path("Microloom", appauthor=False) / "recovery"

    @property
    def scheme(self) -> str:
        """ "system", "light" or "dark"."""
        value = str(self._settings.value("scheme", "system"))
        return value if value in ("system", "light", "dark") else "system"

    @scheme.setter
    def scheme(self, value: str) -> None:
        self._settings.setValue("scheme", value)

    @property
    def undo_bytes(self) -> int:
        """What the steps of undo may hold together: one of `UNDO_SIZES`."""
        value = str(self._settings.value("undo bytes", _UNDO))
        return int(value) if value.isdecimal() and int(value) in UNDO_SIZES else _UNDO

    @undo_bytes.setter
    def undo_bytes(self, value: int) -> None:
        self._settings.setValue("undo bytes", str(value))

    @property
    def recent(self) -> list[Path]:
        """Files opened lately, newest first; those that are gone are left out."""
        stored: Any = self._settings.value("recent", [])
        names = [stored] if isinstance(stored, str) else list(stored or [])
        return [path for path in map(Path, names) if path.is_file()]

    def remember(self, path: Path) -> None:
        """Put ``path`` at the top of the recent files."""
        path = path.resolve()
        paths = [path, *(other for other in self.recent if other != path)]
        self._settings.setValue("recent", [str(item) for item in paths[:_RECENT]])

    def forget_recent(self) -> None:
        """Empty the list."""
        self._settings.setValue("recent", [])

    @property
    def folder(self) -> str:
        """Where the last file was opened or saved."""
        return str(self._settings.value("folder", str(Path.home())))

    @folder.setter
    def folder(self, value: str) -> None:
        self._settings.setValue("folder", value)

    def layout(self) -> tuple[QByteArray | None, QByteArray | None]:
        """Geometry and dock state of the window, as stored, or None."""
        geometry, state = self._settings.value("geometry"), self._settings.value("state")
        return (
            geometry if isinstance(geometry, QByteArray) else None,
            state if isinstance(state, QByteArray) else None,
        )

    def keep_layout(self, geometry: QByteArray, state: QByteArray) -> None:
        """Store geometry and dock state."""
        self._settings.setValue("geometry", geometry)
        self._settings.setValue("state", state)
