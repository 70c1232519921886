"""The row of tools above a canvas, and their keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget

from app import icons
from app.widgets.column import column_of
from app.widgets.flow import Flow
from app.widgets.image_canvas import ImageCanvas
from app.widgets.paint_options import PaintOptionsPanel
from app.widgets.painter import Painter

TOOLS = {
    "move": ("Move", "V", "Drag to move the picture; with any tool, hold Space"),
    "brush": ("Brush", "B", "Paint; Shift and a click draws a straight line from where the last stroke ended"),
    "eraser": ("Eraser", "E", "Take painting away"),
    "polygon": ("Polygon", "P", "Click corners; a double click or Return closes, Backspace takes one back"),
    "lasso": ("Lasso", "L", "Draw around what is filled"),
    "rectangle": ("Rectangle", "R", "Drag from corner to corner; Shift makes a square"),
    "ellipse": ("Ellipse", "Shift+R", "Drag from corner to corner; Shift makes a circle"),
    "fill": ("Fill", "K", "Fill what hangs together with the clicked pixel"),
    "wand": ("Magic wand", "W", "Fill what hangs together and has nearly the clicked value"),
    "gradient": ("Linear gradient", "G", "Drag from where it starts to where it ends"),
    "radial": ("Radial gradient", "Shift+G", "Drag from its centre outwards"),
    "picker": ("Picker", "I", "Take the clicked value as the one that is painted"),
}
"""Key → name, shortcut, what it does."""


class ToolRow(QWidget):
    """One button a tool; its actions are the workspace's."""

    def __init__(self, panel: PaintOptionsPanel, painter: Painter, tools: tuple[str, ...]) -> None:
        super().__init__()
        self._panel, self._painter = panel, painter
        row = Flow(2)
        row.setContentsMargins(6, 3, 6, 3)
        self.setLayout(row)
        self.group = QActionGroup(self)
        self.tools: dict[str, QAction] = {}
        self.buttons: dict[str, QToolButton] = {}
        for key in tools:
            title, shortcut, tip = TOOLS[key]
            action = QAction(title, self)
            action.setCheckable(True)
            action.setShortcut(QKeySequence(shortcut))
            action.setToolTip(f"{title} ({shortcut}): {tip}")
            action.triggered.connect(lambda _checked=False, key=key: panel.set(tool=key))
            self.group.addAction(action)
            self.tools[key] = action
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAutoRaise(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setAccessibleName(title)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
            self.buttons[key] = button
        self._others = [
            self._other("Smaller brush", "[", lambda: panel.set(size=panel.options.size / 1.2)),
            self._other("Larger brush", "]", lambda: panel.set(size=panel.options.size * 1.2)),
            self._other("Clear the selection", "Ctrl+D", self._clear),
        ]
        panel.changed.connect(self._show)
        self._show()
        self.theme_changed()

    def _other(self, text: str, shortcut: str, done: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(shortcut))
        action.setToolTip(f"{text} ({shortcut})")
        action.triggered.connect(done)
        return action

    def _clear(self) -> None:
        if self._painter.selection is not None:
            self._painter.selected.emit(self._painter.selection, None)

    def actions_of(self) -> list[QAction]:
        """For the workspace's menu and the command palette."""
        return [*self.tools.values(), *self._others]

    def _show(self) -> None:
        action = self.tools.get(self._panel.options.tool)
        if action is not None:
            action.setChecked(True)

    def theme_changed(self) -> None:
        """Icons in the theme's ink."""
        for key, action in self.tools.items():
            action.setIcon(icons.icon(key))


def with_tools(row: ToolRow, canvas: ImageCanvas) -> QWidget:
    """The row above the canvas."""
    return column_of(row, canvas, growing=canvas)
