"""One user gesture is one undoable command.

Because a state is an immutable value that shares its arrays, a command keeps the two states and nothing else: undo puts
the old one back. Gestures that follow each other on the same control (dragging a slider) melt into one command.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtGui import QUndoCommand, QUndoStack

from app.session import Session, State


class Change(QUndoCommand):
    """Replaces some fields of the session's state."""

    def __init__(self, session: Session, name: str, changes: dict[str, Any], merge: str = "") -> None:
        super().__init__(name)
        self._session = session
        self._before = {key: getattr(session.state, key) for key in changes}
        self._after = changes
        self._merge = merge

    def redo(self) -> None:
        """Put the new values in place."""
        self._session.replace(**self._after)

    def undo(self) -> None:
        """Put the old values back."""
        self._session.replace(**self._before)

    def id(self) -> int:
        """Commands that may melt share an id; -1 never melts."""
        return -1 if not self._merge else hash(self._merge) & 0x3FFFFFFF

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over the later command's new values, keeping this one's old ones."""
        if not isinstance(other, Change) or other._merge != self._merge or set(other._after) != set(self._after):
            return False
        self._after = other._after
        return True


class Commands:
    """The window's one undo stack."""

    LIMIT = 200

    def __init__(self, session: Session) -> None:
        self.session = session
        self.stack = QUndoStack()
        self.stack.setUndoLimit(self.LIMIT)

    def do(self, name: str, *, merge: str = "", **changes: Any) -> None:
        """Apply ``changes`` to the state as one gesture called ``name``; ``merge`` melts it with its like before it."""
        state = self.session.state
        if all(getattr(state, key) is value or _equal(getattr(state, key), value) for key, value in changes.items()):
            return
        self.stack.push(Change(self.session, name, changes, merge))

    def end_gesture(self) -> None:
        """Close the current gesture: the next change of the same control is a step of its own."""
        last = self.stack.command(self.stack.count() - 1)
        if isinstance(last, Change):
            last._merge = ""

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
