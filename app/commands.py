"""One user gesture is one undoable command.

Because a state is an immutable value that shares its arrays, a command keeps the two states and nothing else: undo puts
the old one back. Gestures that follow each other on the same control (dragging a slider) melt into one command. A
gesture of painting keeps what it changed of the picture as a patch. The stack is bounded by number and by bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QUndoCommand, QUndoStack

from app.session import Session, State
from core.painting.patch import Patch
from core.painting.sheet import Sheet

_SMALL = 500  # bytes of a change that only puts other values in place: they share their arrays


@dataclass(eq=False)
class Change:
    """Replaces some fields of the session's state; where something was painted, by a patch of its sheet too."""

    session: Session
    before: dict[str, Any]
    after: dict[str, Any]
    merge: str = ""
    sheet: Sheet | None = None
    patch: Patch | None = None
    held: int = 0

    @property
    def nbytes(self) -> int:
        """Memory that only this change holds."""
        return _SMALL + self.held + (0 if self.patch is None else self.patch.nbytes)

    def redo(self) -> None:
        """Put the new values in place."""
        self._turn(self.after)

    def undo(self) -> None:
        """Put the old values back."""
        self._turn(self.before)

    def _turn(self, values: dict[str, Any]) -> None:
        if self.sheet is not None and self.patch is not None:
            self.sheet.apply(self.patch)
        self.session.replace(**values)


@dataclass(eq=False)
class Act:
    """A gesture on something that is not part of the state (a selection)."""

    redo: Callable[[], None]
    undo: Callable[[], None]
    nbytes: int = _SMALL
    merge: str = ""


class Command(QUndoCommand):
    """A change as Qt's stack wants it."""

    def __init__(self, name: str, change: Change | Act, *, done: bool = False) -> None:
        super().__init__(name)
        self.change = change
        self._done = done

    def redo(self) -> None:
        """Do it; a command that only moved to another stack is done already."""
        if self._done:
            self._done = False
        else:
            self.change.redo()

    def undo(self) -> None:
        """Take it back."""
        self.change.undo()

    def id(self) -> int:
        """Commands that may melt share an id; -1 never melts."""
        return -1 if not self.change.merge else hash(self.change.merge) & 0x3FFFFFFF

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over the later command's new values, keeping this one's old ones."""
        mine, later = self.change, other.change if isinstance(other, Command) else None
        if not (isinstance(mine, Change) and isinstance(later, Change)) or mine.sheet or later.sheet:
            return False
        if later.merge != mine.merge or set(later.after) != set(mine.after):
            return False
        mine.after = later.after
        return True


class Commands:
    """The window's one undo stack.

    Attributes
    ----------
    max_bytes
        What all steps together may hold; beyond it the oldest are forgotten.
    """

    LIMIT = 200

    def __init__(self, session: Session) -> None:
        self.session = session
        self.max_bytes = 256 << 20
        self.stack = QUndoStack()
        self.stack.setUndoLimit(self.LIMIT)
        self.before: list[Callable[[], None]] = []
        """Called before each gesture, and each undo and redo: whoever has one that is not ended yet ends it."""

    def keep_within(self, nbytes: int) -> None:
        """Bound what all steps hold to ``nbytes``: at once, or with the next gesture where some are taken back."""
        self.max_bytes = nbytes
        held = self.nbytes
        if held > nbytes and self.stack.index() == self.stack.count():
            self._forget_oldest(held)

    @property
    def nbytes(self) -> int:
        """Memory that the steps hold."""
        return sum(command.change.nbytes for command in self._commands())

    def do(self, name: str, *, merge: str = "", held: int = 0, **changes: Any) -> None:
        """Apply ``changes`` to the state as one gesture called ``name``; ``merge`` melts it with its like before it.

        ``held`` is the memory in bytes that nothing but this gesture's values takes.
        """
        self._end_others()
        state = self.session.state
        if all(getattr(state, key) is value or _equal(getattr(state, key), value) for key, value in changes.items()):
            return
        self._push(name, Change(self.session, self._now(changes), changes, merge, held=held))

    def paint(self, name: str, sheet: Sheet, patch: Patch, **changes: Any) -> None:
        """Apply ``patch`` to ``sheet`` and ``changes`` to the state as one gesture."""
        self._end_others()
        self._push(name, Change(self.session, self._now(changes), changes, "", sheet, patch))

    def act(self, name: str, redo: Callable[[], None], undo: Callable[[], None], nbytes: int = _SMALL) -> None:
        """Do ``redo`` as one gesture that ``undo`` takes back and that keeps ``nbytes`` of memory."""
        self._end_others()
        self._push(name, Act(redo, undo, nbytes))

    def undo(self) -> None:
        """Take the last gesture back."""
        self._end_others()
        self.stack.undo()

    def redo(self) -> None:
        """Do the gesture again that was taken back last."""
        self._end_others()
        self.stack.redo()

    def actions(self, parent: QObject) -> tuple[QAction, QAction]:
        """Undo and redo for a menu, with the names of the gestures."""
        undo, redo = self.stack.createUndoAction(parent, "&Undo"), self.stack.createRedoAction(parent, "&Redo")
        for action, done in ((undo, self.undo), (redo, self.redo)):
            action.triggered.disconnect()
            action.triggered.connect(lambda _checked=False, done=done: done())
        return undo, redo

    def _end_others(self) -> None:
        for end in self.before:
            end()

    def _now(self, changes: dict[str, Any]) -> dict[str, Any]:
        return {key: getattr(self.session.state, key) for key in changes}

    def _push(self, name: str, change: Change | Act) -> None:
        self.stack.push(Command(name, change))
        held = self.nbytes
        if held > self.max_bytes:
            self._forget_oldest(held)

    def _commands(self) -> list[Command]:
        found = [self.stack.command(place) for place in range(self.stack.count())]
        return [command for command in found if isinstance(command, Command)]

    def _forget_oldest(self, held: int) -> None:
        """Drop old steps until three quarters of the bound are held; the newest stays whatever it holds."""
        # Qt's stack gives up its oldest command only for a new one beyond its number, so it is filled anew
        steps = [(command.text(), command.change) for command in self._commands()]
        while len(steps) > 1 and held > 0.75 * self.max_bytes:
            held -= steps.pop(0)[1].nbytes
        self.stack.clear()
        for name, change in steps:
            self.stack.push(Command(name, change, done=True))

    def end_gesture(self) -> None:
        """Close the current gesture: the next change of the same control is a step of its own."""
        last = self.stack.command(self.stack.count() - 1)
        if isinstance(last, Command):
            last.change.merge = ""

    def plan(self, name: str, *, merge: str = "", **changes: Any) -> None:
        """Change the plan of the next reconstruction."""
        self.do(name, merge=merge, plan=replace(self.session.state.plan, **changes))

    def start_anew(self, state: State) -> None:
        """Another micrograph or project was opened: nothing before it can be undone."""
        self.stack.clear()
        self.session.restore(state)


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except ValueError:  # arrays have no single truth
        return False
