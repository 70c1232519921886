"""Card and page of the statistics, put together for the Inspect step."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.context import Context
from app.session import Result
from app.stored_volume import StoredView
from app.workspaces.inspect import exporting
from app.workspaces.inspect.statistics_card import Measurable, StatisticsCard
from app.workspaces.inspect.statistics_page import StatisticsPage
from core.images.values import Volume
from core.statistics.describing import Described


class StatisticsPart(QObject):
    """The card goes into the panel; the page takes the place of the view in its stack while it is wanted.

    Signals
    -------
    left()
        The page was left, or is no longer of what is on show.
    """

    left = Signal()

    def __init__(self, context: Context, stack: QStackedWidget, view: QWidget) -> None:
        super().__init__(stack)
        self._stack, self._view = stack, view
        self.card = StatisticsCard(context)
        self.page = StatisticsPage()
        stack.addWidget(self.page)
        self.card.table_wanted.connect(self._turn)
        self.card.measured.connect(self._fill)
        self.page.left.connect(lambda: self.card.table.setChecked(False))

    @property
    def front(self) -> QWidget:
        """The page where it is wanted, else the view."""
        return self.page if self.card.table.isChecked() else self._view

    @property
    def found(self) -> tuple[Described, ...]:
        """What is known of what is on show."""
        return self.card.found

    def show_result(self, result: Result | None) -> None:
        """Offer the statistics of a result, beside its exemplar's."""
        subject = None
        if result is not None:
            subject = Measurable(
                result.title, result.volume, result.volume_phase, result.exemplar, result.phase, result.band
            )
        self._show(subject)

    def show_stored(self, stored: StoredView) -> None:
        """Offer the statistics of a volume from the disk, where it is finished and in memory in full."""
        if stored.level or stored.stored.complete is False:
            self._show(None)
            return
        outline, before = stored.stored.outline, self.card.subject
        if before is not None and before.volume.labels is stored.labels:
            self._show(before)
            return
        volume = Volume(stored.labels, stored.phases, outline.voxel_size, outline.name, outline.provenance)
        self._show(Measurable(stored.path.name, volume, len(stored.phases) - 1))

    def _show(self, subject: Measurable | None) -> None:
        self.card.show_subject(subject)
        if self.found:
            self._fill()

    def _fill(self) -> None:
        subject = self.card.subject
        if subject is not None:
            self.page.show_statistics(subject.name, self.found, subject.volume.voxel_size)

    def _turn(self, wanted: bool) -> None:
        self.card.table.setText("Show the volume" if wanted else "Show the table")
        if self._stack.currentWidget() in (self.page, self._view):
            self._stack.setCurrentWidget(self.front)
        if not wanted:
            self.left.emit()

    def ask(self, parent: QWidget, folder: str) -> exporting.Wish | None:
        """Ask where the numbers should go; the curves are written beside them."""
        subject, found = self.card.subject, self.found
        if subject is None or not found:
            return None
        name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in Path(subject.name).stem)
        return exporting.ask_statistics(parent, f"{name or 'volume'}_statistics.csv", found, subject.volume, folder)
