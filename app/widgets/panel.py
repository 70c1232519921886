"""The left panel of a step: Inputs, Settings, Output, and one button at the foot."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

_WIDTH = 300
_LONGEST = 30
"""Letters of a file's name that a card of the narrowest panel holds."""


def section_label(text: str) -> QLabel:
    """A heading inside a panel."""
    label = QLabel(text.upper())
    label.setProperty("role", "section")
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * 0.85)
    label.setFont(font)
    return label


def hint(text: str = "") -> QLabel:
    """A quiet, wrapping sentence."""
    label = QLabel(text)
    label.setProperty("role", "hint")
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def shortened(name: str, most: int = _LONGEST) -> str:
    """A file's name with dots in its middle where no line of the panel holds it: both ends tell files apart."""
    if len(name) <= most:
        return name
    end = most // 2 - 1
    return f"{name[: most - end - 1]}…{name[-end:]}"


def card(*widgets: QWidget) -> QFrame:
    """A framed group of widgets, one below the other."""
    frame = QFrame()
    frame.setProperty("role", "card")
    column = QVBoxLayout(frame)
    column.setContentsMargins(10, 8, 10, 8)
    column.setSpacing(4)
    for widget in widgets:
        column.addWidget(widget)
    return frame


def set_role(widget: QWidget, name: str, value: object) -> None:
    """Set a style property and have the style look again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Fold(QWidget):
    """A part of the panel that opens on a click ("More")."""

    def __init__(self, title: str, opened: bool = False) -> None:
        super().__init__()
        self._button = QToolButton()
        self._button.setText(title)
        self._button.setCheckable(True)
        self._button.setChecked(opened)
        self._button.setAutoRaise(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setToolTip(f"Show or hide: {title}")
        self.body = QWidget()
        self.column = QVBoxLayout(self.body)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._button)
        column.addWidget(self.body)
        self._button.toggled.connect(self._show)
        self._show(opened)

    def set_open(self, opened: bool) -> None:
        """Open or close it."""
        self._button.setChecked(opened)

    def _show(self, opened: bool) -> None:
        self._button.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.body.setVisible(opened)


class Section(QWidget):
    """One of the three parts of a panel."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(8)
        self.column.addWidget(section_label(title))

    def add(self, widget: QWidget) -> None:
        """Append a widget."""
        self.column.addWidget(widget)


class Panel(QWidget):
    """Inputs, Settings and Output, always in this order, scrolled; the primary action at the foot."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs = Section("Inputs")
        self.settings = Section("Settings")
        self.output = Section("Output")
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(16)
        for section in (self.inputs, self.settings, self.output):
            column.addWidget(section)
        column.addStretch(1)
        # no word is so long that it pushes everything else out of sight
        inner.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the control that has the focus
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.primary = QPushButton()
        self.primary.setProperty("primary", True)
        self.primary.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.primary_hint = hint()
        self.primary_hint.hide()
        foot = QFrame()
        foot.setProperty("role", "strip")
        below = QVBoxLayout(foot)
        below.setContentsMargins(12, 8, 12, 10)
        below.setSpacing(6)
        below.addWidget(self.primary_hint)
        below.addWidget(self.primary)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addWidget(foot)
        self.setMinimumWidth(_WIDTH)

    def set_primary(self, text: str, *, missing: str = "", tip: str = "") -> None:
        """What the button says. Where something is ``missing``, the sentence stands above it and it looks closed.

        The button stays clickable all the same: a click then leads to what is missing instead of being silent.
        """
        self.primary.setText(text)
        self.primary.setToolTip(tip or missing or text)
        self.primary.setAccessibleName(text)
        self.primary_hint.setText(missing)
        self.primary_hint.setVisible(bool(missing))
        set_role(self.primary, "blocked", bool(missing))
