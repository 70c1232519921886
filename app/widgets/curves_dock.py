"""The dock on the right: S2 and L of the exemplar, of the growing or finished volume, the loss, the fractions."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from app.context import Context
from app.planned_fractions import planned_fractions
from app.session import State
from app.slices import same_volume
from app.widgets.curve_plot import CurvePlot
from app.widgets.panel import hint, section_label
from core.images.values import PhaseImage

EMPTY_NOTE = "S₂ and L appear as soon as there are phases."
EXEMPLAR_NOTE = "Dashed: the exemplar; band: how far a sample of its size scatters (95 %)."


class CurvesDock(QWidget):
    """Always there from step 2 on: it follows the threshold, then the job, then the result on show."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._session = context.session
        self.plot = CurvePlot()
        self.note = hint(EMPTY_NOTE)
        self.fractions = QTableWidget(0, 4)
        self.fractions.setHorizontalHeaderLabels(["Phase", "Exemplar", "Target", "Now"])
        self.fractions.setAccessibleName("Volume fractions")
        self.fractions.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.fractions.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.fractions.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.fractions.verticalHeader().hide()
        self.fractions.verticalHeader().setDefaultSectionSize(self.fractions.fontMetrics().height() + 8)
        self.fractions.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.fractions.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.fractions.setMaximumHeight(130)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.plot, 1)
        column.addWidget(self.note)
        column.addWidget(section_label("Fractions"))
        column.addWidget(self.fractions)
        self.setMinimumWidth(300)
        self._loss: list[tuple[float, float]] = []
        self._held_out: list[tuple[float, float]] = []
        self._now: dict[int, float] = {}
        self._solid = ""
        self._session.derived.connect(self._derived)
        self._session.changed.connect(self._changed)
        context.jobs.started.connect(self._started)
        context.jobs.progressed.connect(self._progressed)

    def _derived(self, names: frozenset[str]) -> None:
        if names & {"curves", "band"}:
            self._show_exemplar()
        if "phase_image" in names:
            image = self._session.phase_image
            self.plot.set_pixel_size(None if image is None else image.pixel_size)
        self._show_fractions()

    def _changed(self, old: State, new: State) -> None:
        if old.result is not new.result and new.result is not None and not self._context.jobs.busy:
            self.show_result()
        elif new.result is None and old.opened is not new.opened:
            # another picture: what is drawn is not its volume
            self._loss, self._held_out, self._now, self._solid = [], [], {}, ""
            self.plot.set_loss([])
            self.plot.set_result(None)
            if not same_volume(old, new):  # its own curves are still to come; those of the one before are another's
                self.plot.set_exemplar(None)
                self.plot.set_band(None)
                self.note.setText(EMPTY_NOTE)
        self._show_fractions()

    def _show_exemplar(self) -> None:
        curves, band = self._session.curves, self._session.band
        self.plot.set_exemplar(curves)
        self.plot.set_band(band)
        image, phase = self._session.phase_image, self._session.phase_of_interest
        self.note.setText(EMPTY_NOTE if curves is None else f"{_curves_of(image, phase)}{self._solid}{EXEMPLAR_NOTE}")

    def _started(self, _title: str) -> None:
        if self._context.jobs.kind != "reconstruction":
            return
        self._loss, self._held_out, self._now, self._solid = [], [], {}, ""
        self.plot.set_loss([])
        self.plot.set_result(None)
        self._show_exemplar()

    def _progressed(self, progress: Any) -> None:
        loss = getattr(progress, "loss", None)
        if loss is not None and np.isfinite(loss):
            self._loss.append((progress.step, float(loss)))
            held_out = getattr(progress, "held_out", float("nan"))
            looked = bool(np.isfinite(held_out))
            if looked:
                self._held_out.append((progress.step, float(held_out)))
            if looked or len(self._loss) % 5 == 1 or progress.step == progress.of:
                self.plot.set_loss(self._loss, self._held_out)
        curves = getattr(progress, "curves", None)
        if curves is not None:
            self.plot.set_result(curves)
            phase = self._session.phase_of_interest
            self._now = {} if phase is None else {phase: float(curves.s2[0, 0])}
            mean = f"mean of the last {progress.previews} previews" if progress.previews > 1 else "the first preview"
            self._solid = f"Solid: {mean}, step {progress.step}. "
            self.note.setText(f"{_curves_of(self._session.phase_image, phase)}{self._solid}{EXEMPLAR_NOTE}")
            self._show_fractions()

    def show_result(self) -> None:
        """Draw the result on show against the exemplar it was made from."""
        result = self._session.state.result
        if result is None:
            return
        self.plot.set_exemplar(result.comparison.exemplar)
        self.plot.set_band(result.band)
        self.plot.set_result(result.comparison.volume)
        several = len(result.volume.phases) > 2
        self._now = dict(enumerate(result.volume.fractions)) if several else {result.phase: result.fraction_after}
        self._solid = "Solid: the volume. "
        self.note.setText(f"{_curves_of(result.exemplar, result.phase)}{self._solid}{EXEMPLAR_NOTE}")
        self._show_fractions()

    def _show_fractions(self) -> None:
        image, phase = self._session.phase_image, self._session.phase_of_interest
        if image is None:
            self.fractions.setRowCount(0)
            return
        plan = self._session.state.plan
        several = plan.all_phases and len(image.phases) > 2
        wanted = planned_fractions(plan, image, phase or 0)
        self.fractions.setRowCount(len(image.phases))
        for label, (item, own) in enumerate(zip(image.phases, image.fractions, strict=True)):
            target = ""
            if label == phase or several:
                target = f"{100 * wanted[label]:.2f} %"
            now = f"{100 * self._now[label]:.2f} %" if label in self._now else ""
            for column, text in enumerate((item.name, f"{100 * own:.2f} %", target, now)):
                cell = QTableWidgetItem(text)
                if column:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                else:
                    cell.setData(Qt.ItemDataRole.DecorationRole, QColor(item.color))
                self.fractions.setItem(label, column, cell)


def _curves_of(image: PhaseImage | None, phase: int | None) -> str:
    """Which phase the curves are of; empty where there is none to name."""
    return "" if image is None or phase is None else f"Curves of {image.phases[phase].name}. "
