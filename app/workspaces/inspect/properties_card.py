"""Conductivity, permeability and elastic moduli of the volume on show: values, residual, a table, fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QDoubleValidator, QPixmap
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.context import Context
from app.session import Result
from app.stored_volume import StoredView
from app.widgets.field_colors import bright, color_table, shades
from app.widgets.panel import Fold, hint
from app.workspaces.inspect.lines_choice import LinesChoice
from app.workspaces.inspect.moduli_form import ModuliForm
from app.workspaces.inspect.residual_plot import ResidualPlot
from core.errors import JobError
from core.images.values import Phase

JOB = "properties"
_AXES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("all three axes", (0, 1, 2)), ("z", (0,)), ("y", (1,)), ("x", (2,)),
)  # fmt: skip
_FACES = (("fixed, sides closed", ("fixed", "closed")), ("the volume repeats", ("periodic", "periodic")))


@dataclass(frozen=True, eq=False)
class Subject:
    """What is on show.

    Attributes
    ----------
    labels, phases, voxel_size
        As of a volume.
    phase
        The phase of interest.
    repeats
        Whether the volume was made to repeat along all axes.
    """

    labels: np.ndarray
    phases: tuple[Phase, ...]
    voxel_size: tuple[float, float, float] | None
    phase: int
    repeats: bool = False


def subject_of(result: Result | None, stored: StoredView | None) -> Subject | None:
    """What can be computed of what is on show: a result, or a finished volume that is in memory in full."""
    if stored is not None:
        outline = stored.stored.outline
        if stored.level or stored.stored.complete is False:
            return None
        return Subject(stored.labels, stored.phases, outline.voxel_size, len(stored.phases) - 1)
    if result is None:
        return None
    volume = result.volume
    repeats = all(result.plan.periodic)
    return Subject(volume.labels, volume.phases, volume.voxel_size, result.volume_phase, repeats)


class PropertiesCard(QWidget):
    """A folded part of the panel.

    Signals
    -------
    field_wanted(field, colours, caption)
        What is to be shown on the slices: which colour each voxel has (Z, Y, X; uint8), the 256 colours, and what it
        is; or None, None, "".
    """

    field_wanted = Signal(object, object, str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._subject: Subject | None = None
        self._computing: Subject | None = None
        self.fold = Fold("Properties")
        self._build()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        jobs = context.jobs
        jobs.progressed.connect(self._progressed)
        jobs.returned.connect(self._returned)
        jobs.failed.connect(self._failed)
        jobs.cancelled.connect(self._cancelled)
        for signal in (jobs.started, jobs.idle):
            # the runner is busy, or free, a moment later
            signal.connect(lambda *_: QTimer.singleShot(0, self, self._check))
        self.show_subject(None)

    def _build(self) -> None:
        body = self.fold.column
        self.heat = QCheckBox("Conductivity (W/(m·K))")
        self.heat.setChecked(True)
        self.heat.setToolTip(
            "Effective conductivity of heat, from the phases' values; any other unit, for electricity or\n"
            "diffusion, carries over to the result. 0 insulates; where one phase conducts, its tortuosity is given."
        )
        body.addWidget(self.heat)
        self._values = QGridLayout()
        self._values.setColumnStretch(1, 1)
        body.addLayout(self._values)
        self.inputs: list[QLineEdit] = []
        self.flow = QCheckBox("Permeability (m²) of the pores in")
        self.flow.setToolTip("How easily a fluid flows through one phase: Stokes' equations in its voxels")
        body.addWidget(self.flow)
        self.pores = self._combo("Pore phase", "The phase that the fluid flows in")
        body.addWidget(self.pores)
        self.stiff = QCheckBox("Elastic moduli")
        self.stiff.setToolTip(
            "Effective stiffness from each phase's Young's modulus and Poisson's ratio; the volume counts as one that\n"
            "repeats in all directions, and all axes are computed"
        )
        self.moduli = ModuliForm()
        self.moduli.changed.connect(self._check)
        body.addWidget(self.stiff)
        body.addWidget(self.moduli)
        self.axis = self._combo("Axis", "Along which axis heat or fluid is driven")
        for words, _ in _AXES:
            self.axis.addItem(words)
        self.faces = self._combo(
            "Faces", "Temperature or pressure fixed at two opposite faces, nothing passing at the others;\n"
            "or the volume repeats in all directions and a mean gradient drives the flux",
        )  # fmt: skip
        for words, _ in _FACES:
            self.faces.addItem(words)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for row, (words, combo) in enumerate((("Along", self.axis), ("At the faces", self.faces))):
            grid.addWidget(QLabel(words), row, 0)
            grid.addWidget(combo, row, 1)
        body.addLayout(grid)
        self.missing = hint()
        self.missing.setProperty("role", "warning")
        self.run = QPushButton("Compute")
        self.run.setToolTip("Compute what is ticked; the line at the foot shows how far it is, Esc cancels")
        body.addWidget(self.missing)
        body.addWidget(self.run)
        self.plot = ResidualPlot()
        self.state = hint()
        body.addWidget(self.plot)
        body.addWidget(self.state)
        self.table = QWidget()
        self._rows = QGridLayout(self.table)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setVerticalSpacing(3)
        self._rows.setColumnStretch(0, 1)
        body.addWidget(self.table)
        self.said = hint()
        self.said.setProperty("role", "warning")
        body.addWidget(self.said)
        self.shown = self._combo("Field on the slices", "Show the temperature or the speed of the flow on the slices")
        body.addWidget(self.shown)
        self.lines = LinesChoice()
        self.lines.failed.connect(lambda error: self._context.messages.failed("Following the lines", error))
        body.addWidget(self.lines)
        self.heat.toggled.connect(self._check)
        self.flow.toggled.connect(self._check)
        self.stiff.toggled.connect(self._check)
        self.run.clicked.connect(self._run)
        self.shown.activated.connect(self._show_field)

    @staticmethod
    def _combo(name: str, tip: str) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setToolTip(tip)
        combo.setMinimumContentsLength(8)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return combo

    # --- what is on show -----------------------------------------------------------------------------------------

    def show_subject(self, subject: Subject | None) -> None:
        """Offer the properties of another volume, or of none."""
        before = self._subject
        self.setVisible(subject is not None)
        if subject is not None and before is not None and subject.labels is before.labels:
            return
        self._subject = subject
        if subject is None:
            return
        if before is None or before.phases != subject.phases or before.phase != subject.phase:
            self._ask_values(subject)
        self.faces.setCurrentIndex(int(subject.repeats))
        if self._computing is None:
            self._clear_plot()
        self._show_results()
        self._check()

    def _ask_values(self, subject: Subject) -> None:
        while (item := self._values.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.inputs = []
        self.pores.clear()
        for row, phase in enumerate(subject.phases):
            swatch = QLabel()
            pixmap = QPixmap(14, 14)
            pixmap.fill(QColor(phase.color))
            swatch.setPixmap(pixmap)
            field = QLineEdit("1" if row == subject.phase else "0")
            field.setAccessibleName(f"Conductivity of {phase.name}")
            field.setToolTip(f"Conductivity of {phase.name} in W/(m·K); 0 insulates")
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
            field.setMaximumWidth(field.fontMetrics().averageCharWidth() * 14)
            validator = QDoubleValidator(0, 1e12, 12, field)
            validator.setLocale(validator.locale().c())
            field.setValidator(validator)
            field.textChanged.connect(self._check)
            self.inputs.append(field)
            for column, widget in enumerate((swatch, QLabel(phase.name), field)):
                self._values.addWidget(widget, row, column)
            self.pores.addItem(phase.name)
        self.pores.setCurrentIndex(subject.phase)
        self.moduli.ask(subject.phases, subject.phase)

    def _given(self) -> dict[int, float] | None:
        """The conductivities, or None where one cannot be read."""
        try:
            return {label: float(field.text()) for label, field in enumerate(self.inputs)}
        except ValueError:
            return None

    def _check(self) -> None:
        """Say what is missing."""
        given = self._given()
        missing = ""
        self.moduli.setVisible(self.stiff.isChecked())
        if not (self.heat.isChecked() or self.flow.isChecked() or self.stiff.isChecked()):
            missing = "Tick conductivity, permeability or elastic moduli."
        elif self.heat.isChecked() and given is None:
            missing = "Give each phase a conductivity."
        elif self.heat.isChecked() and given is not None and not any(value > 0 for value in given.values()):
            missing = "Give at least one phase a conductivity above 0."
        elif self.stiff.isChecked() and self.moduli.missing:
            missing = self.moduli.missing
        elif self._context.jobs.busy and self._computing is None:
            missing = f"{self._context.jobs.title} is running: wait for it, or cancel it."
        for field in self.inputs:
            field.setEnabled(self.heat.isChecked())
        self.pores.setEnabled(self.flow.isChecked())
        self.missing.setText(missing)
        self.missing.setVisible(bool(missing))
        self.run.setEnabled(not missing and self._computing is None)

    # --- the job -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        subject, given = self._subject, self._given()
        if subject is None:
            return
        wants_heat, pores = self.heat.isChecked(), self.pores.currentIndex() if self.flow.isChecked() else None
        moduli = self.moduli.given if self.stiff.isChecked() else None
        axes, (ends, sides) = _AXES[self.axis.currentIndex()][1], _FACES[self.faces.currentIndex()][1]

        def make() -> Any:
            from core import devices
            from core.properties import PropertyPlan, properties

            plan = PropertyPlan(
                given if wants_heat else None, pores, axes, ends, sides,  # type: ignore[arg-type]
                device=devices.resolve("auto"), elasticity=moduli,
            )  # fmt: skip
            return properties(subject.labels, subject.voxel_size, plan)

        try:
            self._context.jobs.start("properties", make, kind=JOB)
        except JobError as error:
            self._context.messages.failed("Computing the properties", error)
            return
        self._computing = subject
        self._clear_plot()
        self.plot.show()
        self.state.setText("Starting …")
        self.state.show()
        self._check()

    def _clear_plot(self) -> None:
        self.plot.clear_lines()
        self.plot.hide()
        self.state.hide()

    def _progressed(self, progress: Any) -> None:
        if self._computing is None:
            return
        self.plot.add(progress.what, progress.axis, progress.iteration, progress.residual, progress.tolerance)
        self.state.setText(f"{progress.what}: iteration {progress.iteration}, residual {progress.residual:.1e}")

    def _returned(self, found: Any) -> None:
        from core.properties.elasticity import COMPONENTS

        subject, self._computing = self._computing, None
        if subject is None:
            return
        self._context.measurements.keep_properties(subject.labels, found)
        for what, part in (("Conduction", found.conductivity), ("Flow", found.permeability)):
            for along in () if part is None else part.along:
                self.plot.set_line(f"{what} along {'zyx'[along.axis]}", along.axis, along.residuals)
        for load in () if found.elasticity is None else found.elasticity.loads:
            self.plot.set_line(f"Elasticity {COMPONENTS[load.component]}", load.component, load.residuals)
        self.plot.draw_lines()
        parts = (found.conductivity, found.permeability, found.elasticity)
        seconds = sum(part.seconds for part in parts if part is not None)
        self.state.setText(f"Done in {seconds:.1f} s.")
        self._show_results()
        self._context.messages.say("The properties are computed.", "good")

    def _failed(self, error: Any) -> None:
        if self._computing is not None:
            self._stopped()
            self._context.messages.failed("Computing the properties", error)

    def _cancelled(self) -> None:
        if self._computing is not None:
            self._stopped()
            self._context.messages.say("Cancelled: the properties were not computed.")

    def _stopped(self) -> None:
        self._computing = None
        self._clear_plot()

    # --- what came out -------------------------------------------------------------------------------------------

    @property
    def found(self) -> Any:
        """What is known of the volume on show, `core.properties.Properties`, or None."""
        subject = self._subject
        return None if subject is None else self._context.measurements.properties(subject.labels)

    def _show_results(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        found = self.found
        for widget in (self.table, self.said, self.shown):
            widget.setVisible(found is not None)
        self.shown.clear()
        self.shown.addItem("Slices show the phases")
        subject = self._subject
        if subject is not None:
            self.lines.offer(subject.labels, subject.voxel_size, found)
        if found is None:
            return
        from core.report.properties import property_rows, property_sentences

        for line, (name, value, more, residual) in enumerate(property_rows(found)):
            self._rows.addWidget(hint(name), line, 0)
            text = QLabel(f"{value}\n{more}" if more else value)
            text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            text.setToolTip(f"Relative residual {residual}")
            self._rows.addWidget(text, line, 1)
        said = property_sentences(found)
        self.said.setText("\n".join(said))
        self.said.setVisible(bool(said))
        # those of volumes that were computed long ago are not kept
        for along in () if found.conductivity is None else found.conductivity.along:
            if along.field.size:
                words = f"Slices show the temperature, driven along {'zyx'[along.axis]}"
                self.shown.addItem(words, ("temperature", along))
        for stream in () if found.permeability is None else found.permeability.along:
            if stream.velocity.size:
                self.shown.addItem(f"Slices show the speed, driven along {'zyx'[stream.axis]}", ("speed", stream))
        self.shown.setVisible(self.shown.count() > 1)

    def _show_field(self, index: int) -> None:
        chosen = self.shown.itemData(index)
        if chosen is None:
            self.field_wanted.emit(None, None, "")
            return
        what, along = chosen
        if what == "temperature":
            words = f"Slices: temperature, driven along {'zyx'[along.axis]}: 0 dark … 1 bright"
            self.field_wanted.emit(shades(along.field, 1.0), color_table("magma"), words)
            return
        top = bright(along.speed)
        times = top / along.voxels if along.voxels else 0.0
        words = f"Slices: speed, driven along {'zyx'[along.axis]}: 0 dark … {times:.3g} times the mean bright"
        self.field_wanted.emit(shades(along.speed, top), color_table("viridis"), words)
