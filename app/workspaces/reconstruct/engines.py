"""The engines, brought in behind the window: first their settings, which is soon done, then torch."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.context import Context
from app.jobs import Latest
from app.workspaces.reconstruct.preflight import import_engines, list_devices


class Engines(QObject):
    """Imports them off the GUI thread.

    Signals
    -------
    ready()
        Engines and settings can be asked for; the form can be filled.
    devices(found)
        torch is there too, and what it computes on is known.
    """

    ready = Signal()
    devices = Signal(object)

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self.are_ready = False
        self._settings, self._torch = Latest(self), Latest(self)
        self._settings.answered.connect(lambda _nothing: self._imported())
        self._settings.failed.connect(lambda error: context.messages.failed("Loading the engines", error))
        self._torch.answered.connect(self.devices)
        self._torch.failed.connect(lambda error: context.messages.failed("Loading torch", error))

    def warm_up(self) -> None:
        """Begin, unless that was done before."""
        if not self.are_ready and not self._settings.busy:
            self._settings.ask(import_engines)

    def _imported(self) -> None:
        self.are_ready = True
        self._torch.ask(list_devices)
        self.ready.emit()
