"""Reads boxes of a volume on the disk off the GUI thread; answers that come too late are dropped."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

from app.widgets.volume_parts import Clip, Levels, Part, read_part


class PartReader(QObject):
    """Answers the last question about each of several views.

    Signals
    -------
    arrived(view, level, part)
        The `Part` asked for.
    failed(error)
        It could not be read.
    """

    arrived = Signal(int, int, object)
    failed = Signal(object)

    _answered = Signal(int, int, int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._generations: dict[int, int] = {}
        self._asked: dict[int, Any] = {}
        self._answered.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def ask(self, view: int, levels: Levels, level: int, clip: Clip) -> None:
        """Start reading a box for ``view``; `arrived` or `failed` follows, unless another question does."""
        question = (levels, level, clip)
        if self._asked.get(view) == question:
            return  # it is on its way
        self._asked[view] = question
        self._generations[view] = self._generations.get(view, 0) + 1
        QThreadPool.globalInstance().start(_Task(self, view, self._generations[view], question))

    def forget(self, *views: int) -> None:
        """Drop what is on its way for ``views``, or for all."""
        for view in views or tuple(self._generations):
            self._generations[view] = self._generations.get(view, 0) + 1
            self._asked.pop(view, None)

    def is_wanted(self, view: int, generation: int) -> bool:
        """Whether this is still the last question about ``view``."""
        return self._generations.get(view) == generation

    def _take(self, view: int, generation: int, level: int, part: Part | None, problem: Exception | None) -> None:
        if not self.is_wanted(view, generation):
            return
        self._asked.pop(view, None)
        if part is None:
            self.failed.emit(problem)
        else:
            self.arrived.emit(view, level, part)


class _Task(QRunnable):
    def __init__(self, reader: PartReader, view: int, generation: int, question: tuple[Levels, int, Clip]) -> None:
        super().__init__()
        self._reader, self._view, self._generation, self._question = reader, view, generation, question

    def run(self) -> None:
        part: Part | None = None
        problem: Exception | None = None
        try:
            if not self._reader.is_wanted(self._view, self._generation):
                return
            part = read_part(*self._question)
        except Exception as error:  # told to whoever asked: a thread of the pool would lose it
            problem = error
        try:
            self._reader._answered.emit(self._view, self._generation, self._question[1], part, problem)
        except RuntimeError:  # the view was closed meanwhile
            return
