"""The numbered steps down the left edge, each with its dot."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolButton, QVBoxLayout

from app import icons, theme
from app.workspaces.workspace import Status, Workspace

_WORDS = {"empty": "nothing yet", "ready": "ready", "running": "running", "stale": "out of date", "issue": "needs care"}


class _Step(QToolButton):
    """One step: icon, number and word, and a dot drawn by hand."""

    def __init__(self, number: int, workspace: Workspace) -> None:
        super().__init__()
        self._status = Status("empty", "")
        self._number = number
        self._workspace = workspace
        self.setText(f"{number} {workspace.title}")
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setProperty("role", "step")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setIconSize(QSize(26, 26))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.draw_icon()

    def draw_icon(self) -> None:
        self.setIcon(icons.icon(self._workspace.icon_name))

    def set_status(self, status: Status) -> None:
        self._status = status
        word = _WORDS[status.mark]
        self.setToolTip(
            f"<b>{self._number} {self._workspace.title}</b> · {word}<br>{status.sentence}<br>Ctrl+{self._number}"
        )
        self.setAccessibleName(f"Step {self._number}, {self._workspace.title}, {word}. {status.sentence}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        center, radius = QPointF(self.width() - 16.0, 16.0), 4.5
        accent, text = theme.accent(), self.palette().windowText().color()
        mark = self._status.mark
        if mark == "ready":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawEllipse(center, radius, radius)
        elif mark == "running":
            painter.setPen(QPen(accent, 1.5))
            painter.drawEllipse(center, radius, radius)
            painter.setBrush(accent)
            painter.drawPie(
                QRectF(center.x() - radius, center.y() - radius, 2 * radius, 2 * radius), 90 * 16, -180 * 16
            )
        elif mark == "stale":
            painter.setPen(QPen(QColor("#E69F00"), 1.8, Qt.PenStyle.DotLine))
            painter.drawEllipse(center, radius, radius)
        elif mark == "issue":
            painter.setPen(QPen(QColor("#D55E00")))
            font = painter.font()
            font.setBold(True)
            painter.setFont(font)
            box = QRectF(center.x() - 9, center.y() - 9, 18, 18)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "!")
        else:
            faint = QColor(text)
            faint.setAlpha(110)
            painter.setPen(QPen(faint, 1.3))
            painter.drawEllipse(center, radius, radius)
        painter.end()


class StepRail(QFrame):
    """Five steps; a click goes there, always."""

    chosen = Signal(str)

    def __init__(self, workspaces: list[Workspace]) -> None:
        super().__init__()
        self.setProperty("role", "rail")
        self.setAccessibleName("Steps")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(4)
        self.steps: dict[str, _Step] = {}
        for number, workspace in enumerate(workspaces, 1):
            step = _Step(number, workspace)
            step.clicked.connect(lambda _checked=False, key=workspace.key: self.chosen.emit(key))
            workspace.status_changed.connect(lambda space=workspace, button=step: button.set_status(space.status))
            step.set_status(workspace.status)
            self.steps[workspace.key] = step
            column.addWidget(step)
        column.addStretch(1)
        self.setFixedWidth(104)

    def show_current(self, key: str) -> None:
        """Mark the step that is on show."""
        self.steps[key].setChecked(True)

    def theme_changed(self) -> None:
        """Draw the icons in the new text colour."""
        for step in self.steps.values():
            step.draw_icon()
