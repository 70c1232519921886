"""Widgets below each other without a gap, of which one takes all the room that is left."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget


def column_of(*parts: QWidget, growing: QWidget) -> QWidget:
    """A widget that holds ``parts`` from top to bottom; ``growing`` is one of them."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for part in parts:
        column.addWidget(part, 1 if part is growing else 0)
    return holder
