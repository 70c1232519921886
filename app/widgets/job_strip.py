"""The line at the foot of the window: what runs, how far, how long still, pause and cancel; else the last notice."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QToolButton

from app import icons
from app.context import Context
from app.jobs import JobRunner
from app.widgets.panel import set_role
from core.job import Progress


def format_seconds(seconds: float) -> str:
    """ "42 s", "3 min 5 s", "1 h 20 min"; a dash for NaN, where nobody measured it."""
    if seconds != seconds:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def resident_bytes() -> int | None:
    """Memory this process holds now, or None where the system does not say cheaply."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - not a real path
            return int(file.read().split()[1]) * 4096
    except OSError:
        return None


class TimeLeft:
    """An honest estimate: the rate over the current phase of work, and "measuring…" until there is one."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget what was measured."""
        self._what, self._began, self._first = "", 0.0, 0

    def read(self, progress: Progress, now: float | None = None) -> float | None:
        """Seconds left of the phase that ``progress`` belongs to, or None while it is too early to say."""
        now = time.monotonic() if now is None else now
        if progress.what != self._what:
            self._what, self._began, self._first = progress.what, now, progress.step
            return None
        done, elapsed = progress.step - self._first, now - self._began
        if progress.of <= 0 or done < 2 or elapsed < 2.0:
            return None
        return elapsed / done * max(0, progress.of - progress.step)


class Sentence(QLabel):
    """A line that ends in dots where there is no room for all of it; its text stays whole, and the tooltip says it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what there is room for."""
        room = self.contentsRect()
        short = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        if short == self.text() or self.hasSelectedText():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, short)
        painter.end()


class JobStrip(QFrame):
    """Progress of the running job, or the newest notice."""

    details_wanted = Signal()
    queue_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setProperty("role", "strip")
        self._jobs = context.jobs
        self._left = TimeLeft()
        self._left_seconds: float | None = None
        self.text = Sentence("Ready")
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setFixedWidth(220)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the running job")
        self.pause = QToolButton()
        self.cancel = QToolButton()
        for button, tip in ((self.pause, "Pause the running job"), (self.cancel, "Cancel the running job (Esc)")):
            button.setAutoRaise(True)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setIconSize(QSize(18, 18))
        self.queue = QToolButton()
        self.queue.setAutoRaise(True)
        self.queue.setToolTip("Show the queue of runs")
        self.queue.hide()
        self.queue.clicked.connect(self.queue_wanted)
        for part in (self.text, self.bar):
            part.setCursor(Qt.CursorShape.PointingHandCursor)
            part.installEventFilter(self)
        self.saving = QLabel()
        self.saving.hide()
        self.memory = QLabel()
        self.memory.setToolTip("Memory that Microloom holds now")
        self.issues = QToolButton()
        self.issues.setAutoRaise(True)
        self.issues.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        for widget in (self.queue, self.bar, self.pause, self.cancel, self.saving, self.issues, self.memory):
            row.addWidget(widget)
        self.pause.clicked.connect(lambda: self._jobs.pause(not self._jobs.is_paused))
        self.cancel.clicked.connect(self._jobs.cancel)
        self.issues.clicked.connect(self.details_wanted)
        jobs = self._jobs
        jobs.started.connect(self._started)
        jobs.progressed.connect(self._progressed)
        jobs.paused.connect(self._paused)
        jobs.idle.connect(self._idle)
        context.messages.notice.connect(self.show_notice)
        context.messages.issues_changed.connect(lambda: self._count_issues(context))
        self._tick = QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._show)
        self._tick.start()
        self._count_issues(context)
        self.theme_changed()
        self._idle()
        self._show()

    def watch_saving(self, runner: JobRunner) -> None:
        """Show what ``runner`` writes beside the running job: a save may happen in the middle of a reconstruction."""

        def progressed(progress: Progress) -> None:
            share = progress.fraction or 0.0
            self.saving.setText(f"{runner.title} · {100 * share:.0f} %")

        def started(title: str) -> None:
            self.saving.setText(title)
            self.saving.show()

        runner.started.connect(started)
        runner.progressed.connect(progressed)
        runner.idle.connect(self.saving.hide)

    def show_queue(self, text: str) -> None:
        """How far the queue of runs is, where there is more than one; empty for none."""
        self.queue.setText(text)
        self.queue.setAccessibleName(f"Queue of runs: {text}")
        self.queue.setVisible(bool(text))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A click opens the queue while a job runs, the issues and the log otherwise."""
        if event.type() == QEvent.Type.MouseButtonRelease and not self.text.hasSelectedText():
            (self.queue_wanted if self._jobs.busy else self.details_wanted).emit()
        return super().eventFilter(watched, event)

    def show_notice(self, text: str, severity: str = "info") -> None:
        """Show a sentence where no job's progress stands."""
        set_role(self.text, "role", severity if severity in ("error", "warning", "good") else "")
        self.text.setToolTip(text)
        if not self._jobs.busy or severity == "error":
            self.text.setText(text)

    def theme_changed(self) -> None:
        """Draw the icons in the new text colour."""
        self.pause.setIcon(icons.icon("run" if self._jobs.is_paused else "pause"))
        self.cancel.setIcon(icons.icon("cancel"))
        self.issues.setIcon(icons.icon("warning"))

    def _count_issues(self, context: Context) -> None:
        count = len(context.messages.issues)
        self.issues.setVisible(count > 0)
        self.issues.setText(f"{count} issue{'s' if count != 1 else ''}")
        self.issues.setToolTip("Show the issues and the log")

    def _started(self, title: str) -> None:
        self._left.restart()
        self._left_seconds = None
        set_role(self.text, "role", "")
        self.text.setText(f"{title} · starting")
        self.bar.setRange(0, 0)
        for widget in (self.bar, self.pause, self.cancel):
            widget.show()

    def _progressed(self, progress: Progress) -> None:
        self._left_seconds = self._left.read(progress)
        self._show()

    def _paused(self, paused: bool) -> None:
        self._left.restart()
        self.pause.setToolTip("Go on with the job" if paused else "Pause the running job")
        self.theme_changed()
        self._show()

    def _idle(self) -> None:
        for widget in (self.bar, self.pause, self.cancel):
            widget.hide()
        if self.text.text().startswith(f"{self._jobs.title} ·") or not self.text.text():
            self.text.setText("Ready")

    @property
    def _of_what(self) -> str:
        """Whose end the time left leads to: a reconstruction calibrates, generates and measures after its training."""
        what = "" if self._jobs.last is None else self._jobs.last.what
        return f" of {what[:1].lower()}{what[1:]}" if what and self._jobs.kind == "reconstruction" else ""

    def _show(self) -> None:
        held = resident_bytes()
        self.memory.setText("" if held is None else f"Memory {held / 2**30:.1f} GB")
        progress = self._jobs.last
        if not self._jobs.busy or progress is None:
            return
        parts = [f"{progress.what} · {self._jobs.title}"]
        if progress.of:
            parts.append(f"{progress.step} of {progress.of}")
            self.bar.setRange(0, progress.of)
            self.bar.setValue(min(progress.step, progress.of))
        else:
            self.bar.setRange(0, 0)
        if self._jobs.is_paused:
            parts.append("paused")
        elif progress.of:
            left = self._left_seconds
            parts.append("measuring the time left…" if left is None else f"{format_seconds(left)} left{self._of_what}")
        self.text.setText(" · ".join(parts))
