"""The end of a stroke of a large soft brush: what is left to paint is painted off the GUI thread, then committed.

A stroke of thousands of pixels may take a second to end. Whatever a person does next finds it ended: the first press of
a key or button, and every command, waits for it. So the order of undo is that of the gestures.
"""

from __future__ import annotations

from threading import Thread

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal

from core.painting.patch import Patch
from core.painting.stroke import Stroke

_ACTS = {
    QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride, QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonDblClick, QEvent.Type.TabletPress, QEvent.Type.ContextMenu, QEvent.Type.Drop,
    QEvent.Type.Close,
}  # fmt: skip


class Settling(QObject):
    """Ends one stroke at a time.

    Signals
    -------
    settled(stroke, patch, name)
        It is ended; the patch is None where nothing was changed.
    """

    settled = Signal(object, object, str)
    _done = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._stroke: Stroke | None = None
        self._name = ""
        self._patch: Patch | None = None
        self._thread: Thread | None = None
        self._problem: BaseException | None = None
        self._done.connect(self.finish, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether a stroke is being ended."""
        return self._stroke is not None

    def begin(self, stroke: Stroke, name: str) -> None:
        """End ``stroke``, which nobody else may touch until `settled`."""
        self.finish()
        self._stroke, self._name, self._patch, self._problem = stroke, name, None, None
        self._thread = Thread(target=self._work, args=(stroke,), name="settling")
        application = QCoreApplication.instance()
        if application is not None:
            application.installEventFilter(self)
        self._thread.start()

    def _work(self, stroke: Stroke) -> None:
        try:
            self._patch = stroke.commit()
        except BaseException as error:  # raised again where somebody hears it
            self._problem = error
        try:
            self._done.emit()
        except RuntimeError:  # the window closed meanwhile
            return

    def finish(self) -> None:
        """Wait until the stroke is ended, if there is one, and say so."""
        stroke, thread = self._stroke, self._thread
        if stroke is None or thread is None:
            return
        thread.join()
        application = QCoreApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        self._stroke = self._thread = None
        if self._problem is not None:
            raise self._problem
        self.settled.emit(stroke, self._patch, self._name)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What a person does comes after the stroke."""
        if event.type() in _ACTS:
            self.finish()
        return False
