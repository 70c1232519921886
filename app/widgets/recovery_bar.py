"""A line at the head of the window that offers what a crash left behind. It waits; nothing has to be answered."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from app.recovery import Recovery


class RecoveryBar(QFrame):
    """Offers one copy at a time.

    Signals
    -------
    restore_wanted(path)
        The user wants the copy back. "Discard" deletes it; "Not now" only hides the line until the next start.
    training_wanted()
        The user wants the training of the restored session to go on.
    """

    restore_wanted = Signal(Path)
    training_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "strip")
        self._path = Path()
        self._recovery: Recovery | None = None
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.restore = QPushButton("Restore")
        self.restore.setProperty("primary", True)
        self.restore.setToolTip("Open the session as it was kept")
        self.discard = QPushButton("Discard")
        self.discard.setToolTip("Delete the kept copy for good")
        self.later = QPushButton("Not now")
        self.later.setToolTip("Ask again at the next start")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        for button in (self.restore, self.discard, self.later):
            row.addWidget(button)
        self.restore.clicked.connect(self._restore)
        self._training = False
        self.discard.clicked.connect(self._discard)
        self.later.clicked.connect(self.hide)
        self.hide()

    def serve(self, recovery: Recovery) -> None:
        """Offer the newest copy that a crash left behind, or hide where there is none."""
        self._recovery = recovery
        steps = recovery.steps_kept
        self._training = steps is not None
        self.restore.setText("Go on" if self._training else "Restore")
        if steps is not None:
            self.restore.setToolTip("Train on from where it stopped; the result is that of an unbroken training")
            self.discard.setToolTip("Delete the kept training for good")
            self.text.setText(f"A training was interrupted after {steps} steps. Go on with it?")
            self.show()
            return
        self.restore.setToolTip("Open the session as it was kept")
        self.discard.setToolTip("Delete the kept copy for good")
        paths = recovery.left_behind()
        self.setVisible(bool(paths))
        if not paths:
            return
        self._path = paths[0]
        when = datetime.fromtimestamp(paths[0].stat().st_mtime).strftime("%d %B, %H:%M")
        name = _name(paths[0])
        more = f" {len(paths) - 1} more after this one." if len(paths) > 1 else ""
        self.text.setText(f"Microloom closed unexpectedly. Restore {name} as it was on {when}?{more}")

    def _restore(self) -> None:
        if self._training:
            self.hide()
            self.training_wanted.emit()
        else:
            self.restore_wanted.emit(self._path)

    def _discard(self) -> None:
        if self._recovery is None:
            return
        if self._training:
            self._recovery.discard_training()
        else:
            self._recovery.discard(self._path)
        self.serve(self._recovery)


def _name(path: Path) -> str:
    """What the copy is of, in words."""
    from core.errors import InputError
    from core.projects.reading import read_document

    try:
        document = read_document(path)
    except InputError:
        return "the session"
    if document.get("belongs_to"):
        return Path(str(document["belongs_to"])).name
    picture = document.get("micrograph")
    return str(picture.get("name")) if isinstance(picture, dict) else "the session"
