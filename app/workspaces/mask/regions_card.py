"""What the mask asks for, region by region, and what a finished volume has there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.context import Context, Issue
from app.jobs import Latest
from app.session import Result
from app.widgets.panel import hint
from app.workspaces.mask import making
from app.workspaces.mask.region_table import RegionTable
from core.masks.mask import REGION_FROM
from core.masks.regions import share_outside


class RegionsCard(QWidget):
    """A sentence and the table of regions; tells the issues list what the exemplar cannot give.

    Signals
    -------
    judged(mark, sentence)
        What the step's dot on the rail is to say.
    """

    judged = Signal(str, str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._session, self._messages = context.session, context.messages
        self.table = RegionTable()
        self.summary = hint()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.summary)
        column.addWidget(self.table)
        self._picture: making.Picture | None = None
        self._reach: tuple[float, float] | None = None
        self._outcome: tuple[Result, Any] | None = None
        self._measuring = Latest(self)
        self._measuring.answered.connect(self._measured)
        self._measuring.failed.connect(lambda error: self._messages.failed("Measuring the regions", error))

    @property
    def busy(self) -> bool:
        """Whether the volume on show is being measured."""
        return self._measuring.busy

    def show_picture(self, picture: making.Picture | None, reach: tuple[float, float] | None) -> None:
        """The regions of ``picture``; ``reach`` are the fractions that the exemplar shows somewhere."""
        self._picture, self._reach = picture, reach
        self._show()

    def measure(self) -> None:
        """Measure what the volume on show has in the regions of the mask that it was made with."""
        result = self._session.state.result
        mask = getattr(getattr(getattr(result, "report", None), "target", None), "mask", None)
        if result is None or mask is None:
            self._measuring.forget()
            self._show()
            return
        chosen: Result = result
        work: Callable[[], Any] = lambda: (chosen, making.outcome(mask, chosen.volume, chosen.volume_phase))  # noqa: E731
        self._measuring.ask(work)

    def _measured(self, answer: tuple[Result, Any]) -> None:
        self._outcome = answer
        self._show()

    @property
    def _achieved(self) -> Any:
        result = self._session.state.result
        return self._outcome[1] if self._outcome is not None and self._outcome[0] is result else ()

    def _show(self) -> None:
        picture, used = self._picture, self._session.state.mask.used
        mask = None if picture is None else picture.mask
        achieved = self._achieved
        self.table.setVisible(mask is not None or bool(achieved))
        self.table.show_rows(() if picture is None else picture.rows, achieved)
        if mask is None:
            self.summary.setText("No mask: the same everywhere.")
            self._messages.set_issues("mask", [])
            self.judged.emit("ready", "No mask: the volume is statistically the same everywhere.")
            return
        region = self._session.state.mask.region_of
        if region is not None:
            self.table.hide()
            text = f"The phase is given in {100 * mask.share_from(REGION_FROM):.1f} % of the volume."
            self.summary.setText(text)
            self._messages.set_issues("mask", [])
            self.judged.emit("ready", text if used else "The mask is off: no phase is given.")
            return
        words = [f"The whole volume: {100 * mask.mean:.1f} % on average."]
        if achieved:
            words.append("The table compares the volume on show with the mask it was made with.")
        beyond = self._beyond(mask)
        self.summary.setText(" ".join([*words, *([beyond] if beyond else [])]))
        remedy = "Keep to that range, or check those regions."
        self._messages.set_issues("mask", [Issue("mask", "warning", beyond, remedy)] if beyond and used else [])
        if used:
            low, high = mask.range
            self.judged.emit("ready", f"Mask: {low:.2f} to {high:.2f}, mean {mask.mean:.3f}.")
        else:
            self.judged.emit("ready", "The mask is off: the volume is statistically the same everywhere.")

    def _beyond(self, mask: Any) -> str:
        """How much of the volume asks for what the exemplar shows nowhere; empty where nothing does."""
        outside = 0.0 if self._reach is None else share_outside(mask, self._reach)
        if self._reach is None or outside <= 0:
            return ""
        low, high = self._reach
        return (
            f"{100 * outside:.0f} % of the volume ask for fractions that the exemplar shows nowhere "
            f"(it shows {low:.2f} to {high:.2f})."
        )
