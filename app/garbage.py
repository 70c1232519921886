"""Deletes what is no longer used in the GUI thread, and there between two events.

A closed panel or a curve drawn anew is a ring of references, so Python's collector deletes it: in whichever thread
happens to allocate, and in the middle of whatever that thread does. But Qt's objects must be deleted by their own
thread, and a canvas not while another one is painted: both end the process.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL = 500
"""Milliseconds between two looks."""


class GarbageCollector(QObject):
    """Takes the place of Python's own collector, by the same thresholds, for as long as it lives."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self, interval=INTERVAL)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that is due."""
        due = [g for g, (n, most) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)) if n > most]
        if due:
            gc.collect(due[-1])

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.enable()
