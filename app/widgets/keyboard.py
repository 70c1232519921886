"""Where Tab goes next, and which keys a control keeps to itself.

Tab goes from part to part of the window, in each from top to bottom, in a row from left to right. Qt's own order is
that in which widgets were made; forms and lists are made anew while one works, so it would jump.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QScrollArea, QWidget


def stops(part: QWidget) -> list[QWidget]:
    """The widgets in ``part`` (itself too) that Tab stops at, as one reads; what scrolls counts where its area is."""
    inside = [widget for widget in (part, *part.findChildren(QWidget)) if widget.isVisibleTo(part)]
    areas = [widget for widget in inside if isinstance(widget, QScrollArea) and widget is not part]
    areas = [area for area in areas if not any(other is not area and other.isAncestorOf(area) for other in areas)]
    found = [
        widget for widget in inside
        if widget in areas or (_stops(widget) and not any(area.isAncestorOf(widget) for area in areas))
    ]  # fmt: skip
    rows: list[list[QWidget]] = []
    for widget in sorted(found, key=lambda one: _middle(one, part).y()):
        # of one row: the middle of the new one lies beside the first of it
        first = rows[-1][0] if rows else widget
        apart = abs(_middle(widget, part).y() - _middle(first, part).y())
        if rows and apart < min(widget.height(), first.height()) / 2:
            rows[-1].append(widget)
        else:
            rows.append([widget])
    chain: list[QWidget] = []
    for row in rows:
        for widget in sorted(row, key=lambda one: _middle(one, part).x()):
            page = widget.widget() if isinstance(widget, QScrollArea) and widget in areas else None
            chain += [*([widget] if _stops(widget) else []), *([] if page is None else stops(page))]
    return chain


def _stops(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isEnabled() and widget.focusProxy() is None


def _middle(widget: QWidget, part: QWidget) -> QPoint:
    return widget.mapTo(part, widget.rect().center())


def step(parts: Sequence[QWidget], now: QWidget | None, forwards: bool) -> QWidget | None:
    """The stop after (or before) ``now`` in the visible ``parts`` one after the other; round at the ends."""
    chain = [widget for part in parts if part.isVisible() for widget in stops(part)]
    while now is not None and now not in chain and now.focusProxy() is not None:
        now = now.focusProxy()
    if not chain:
        return None
    if now not in chain:
        return chain[0] if forwards else chain[-1]
    return chain[(chain.index(now) + (1 if forwards else -1)) % len(chain)]


def move(parts: Sequence[QWidget], now: QWidget | None, forwards: bool) -> bool:
    """Give the focus to the next stop and scroll it into view; False where there is none."""
    target = step(parts, now, forwards)
    if target is None:
        return False
    target.setFocus(Qt.FocusReason.TabFocusReason if forwards else Qt.FocusReason.BacktabFocusReason)
    above = target.parentWidget()
    while above is not None:
        if isinstance(above, QScrollArea):
            above.ensureWidgetVisible(target)
        above = above.parentWidget()
    return True


def keeps(widget: QWidget | None, event: QKeyEvent) -> bool:
    """Whether a key belongs to the control with the focus before it is a tool's: a list is searched by typing."""
    plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
    return plain and event.text().isalnum() and isinstance(widget, (QComboBox, QAbstractItemView))
