"""Step 2: denoise, thresholds on the live histogram, clean-up, names and colours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QColor, QKeySequence
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QWidget

from app.context import Context
from app.exemplar import LiveExemplar
from app.session import State, differing
from app.slices import Slices, same_volume, show_slice
from app.widgets.choice_words import gesture_words
from app.widgets.image_canvas import ImageCanvas
from app.widgets.panel import Fold, card, hint, shortened
from app.widgets.settings_form import SettingsForm
from app.widgets.slice_bar import SliceBar, with_slices
from app.widgets.tool_row import with_tools
from app.workspaces.phases.cleaning_list import CleaningList
from app.workspaces.phases.comparing import Comparing
from app.workspaces.phases.corrections import Corrections
from app.workspaces.phases.histogram_plot import HistogramPlot
from app.workspaces.phases.phase_table import PhaseTable
from app.workspaces.phases.recipes import Recipes
from app.workspaces.phases.trained import Trained
from app.workspaces.phases.whole_volume import WholeVolume
from app.workspaces.workspace import Workspace
from core.errors import MicroloomError
from core.images.values import Phase, default_phases
from core.segmentation import histogram, thresholds_of_histogram
from core.segmentation.recipe import fields_of
from core.segmentation.settings import CleaningStep, SegmentationSettings

_PATIENCE = 150
"""Milliseconds after which the window says that phases are still being computed."""


class PhasesWorkspace(Workspace):
    """Shows the labels over the picture and what they are made with."""

    key = "phases"
    title = "Phases"
    icon_name = "phases"

    def __init__(self, context: Context, exemplar: LiveExemplar, slices: Slices) -> None:
        super().__init__(context)
        self._exemplar = exemplar
        self._histogram_of: np.ndarray | None = None
        self.image = ImageCanvas()
        exemplar.look_first = self.image.visible_box
        self.corrections = Corrections(context, exemplar, self.image)
        self.slice_bar = SliceBar()
        self.slice_bar.chosen.connect(slices.show)
        self.canvas = with_slices(with_tools(self.corrections.row, self.image), self.slice_bar)
        self.recipes = Recipes(context, exemplar, self.panel)
        self.whole = WholeVolume(context, exemplar, self.panel)
        self.trained = Trained(context, exemplar, self.image, self.panel)
        self.comparing = Comparing(context, self.image, self.panel)
        self._build_panel()
        self._updating = QTimer(self)
        self._updating.timeout.connect(self._say_updating)
        self.session.changed.connect(self._changed)
        self.session.derived.connect(self._derived)
        self._show_state()

    def _build_panel(self) -> None:
        self.source = QLabel()
        self.source.setWordWrap(True)
        self.taken = QCheckBox("The picture is already segmented")
        self.taken.setToolTip("Take its grey levels as labels instead of setting thresholds")
        self.taken.toggled.connect(lambda on: self.commands.do("already segmented", take_labels=on))
        self.taken_note = hint()
        self.panel.inputs.add(card(self.source, self.taken, self.taken_note))
        self.histogram = HistogramPlot()
        self.histogram.dragged.connect(self._dragged)
        self.panel.settings.add(self.histogram)
        self.form = SettingsForm()
        self.form.changed.connect(self._setting_changed)
        self.panel.settings.add(self.form)
        self.panel.settings.add(self.trained.box)
        self.cleaning = CleaningList()
        self.cleaning.changed.connect(self._cleaning_changed)
        self.cleaning_fold = Fold("Clean-up steps")
        self.cleaning_fold.column.addWidget(self.cleaning)
        self.panel.settings.add(self.cleaning_fold)
        self.panel.settings.add(self.recipes.fold)
        self.panel.settings.add(self.whole.fold)
        self.overlay_action = QAction("Overlay of the phases")
        self.overlay_action.setCheckable(True)
        self.overlay_action.setChecked(True)
        self.overlay_action.setShortcut(QKeySequence("O"))
        self.overlay_action.toggled.connect(self._show_overlay)
        self.overlay = QCheckBox("Overlay")
        self.overlay.setChecked(True)
        self.overlay.setToolTip("Lay the phases' colours over the picture (O)")
        self.overlay.toggled.connect(self.overlay_action.setChecked)
        self.overlay_action.toggled.connect(self.overlay.setChecked)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(5, 100)
        self.opacity.setValue(50)
        self.opacity.setAccessibleName("Opacity of the overlay")
        self.opacity.setToolTip("Opacity of the overlay")
        self.opacity.valueChanged.connect(lambda _value: self._show_overlay())
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.overlay)
        row.addWidget(self.opacity, 1)
        self.panel.settings.add(line)
        self.panel.settings.add(self.corrections.fold)
        self.table = PhaseTable()
        self.table.phases_edited.connect(lambda phases, what: self.commands.do(what, phases=phases))
        self.problem = hint()
        self.panel.output.add(self.table)
        self.panel.output.add(self.problem)
        self.panel.output.add(self.comparing.fold)
        self.panel.primary.clicked.connect(self._next)

    def actions(self) -> list[QAction]:
        """Overlay, recipe, comparison and painting."""
        parts = (self.trained, self.recipes, self.whole, self.comparing, self.corrections)
        own = [self.overlay_action, *(action for part in parts for action in part.actions())]
        return [*own, *self.slice_bar.actions_of]

    # --- gestures ------------------------------------------------------------------------------------------------

    def _setting_changed(self, name: str, value: Any) -> None:
        settings = self.session.state.segmentation
        changed = replace(settings, **{name: value})
        if name == "threshold" and value == "manual":
            # the handles start where the automatic thresholds were
            changed = replace(changed, manual_thresholds=self._exemplar.thresholds or self._otsu())
        elif name == "threshold" and value == "hysteresis":
            changed = replace(changed, manual_thresholds=())
        self.commands.do(gesture_words(settings, name), merge=f"segmentation {name}", segmentation=changed)

    def _dragged(self, thresholds: tuple[float, ...], finished: bool) -> None:
        settings = self.session.state.segmentation
        method = "hysteresis" if settings.threshold == "hysteresis" else "manual"
        settings = replace(settings, threshold=method, manual_thresholds=thresholds)
        self.commands.do("threshold", merge="threshold", segmentation=settings)
        if finished:
            self.commands.end_gesture()

    def _otsu(self) -> tuple[float, ...]:
        grey = self._exemplar.denoised
        try:
            return () if grey is None else thresholds_of_histogram(histogram(grey), "otsu")
        except MicroloomError:
            return ()

    def _cleaning_changed(self, steps: tuple[CleaningStep, ...], what: str) -> None:
        merge = f"segmentation {what}" if what.startswith("cleaning step") else ""
        self.commands.do(what, merge=merge, segmentation=replace(self.session.state.segmentation, cleaning=steps))

    def _next(self) -> None:
        if self.session.state.opened is None:
            self.wants_step.emit("micrograph")
        elif self.session.phase_image is not None:
            self.wants_step.emit("mask")

    # --- showing -------------------------------------------------------------------------------------------------

    def _changed(self, old: State, new: State) -> None:
        names = differing(old, new)
        self._updating.start(_PATIENCE)
        if names & {"opened", "crop"}:
            micrograph = new.micrograph
            if micrograph is None:
                self.image.set_picture(None, None)
                self.image.set_labels(None)
            else:
                self.image.set_labels(None)
                same = same_volume(old, new) and "crop" not in names
                self.image.set_picture(micrograph.grey, micrograph.pixel_size, keep_view=same)
                if new.stack is not None:
                    self.image.set_levels(*new.stack.contrast)
            show_slice(self.slice_bar, new)
        if "pixel_size" in names and new.micrograph is not None:
            show_slice(self.slice_bar, new)
            self.image.set_pixel_size(new.micrograph.pixel_size)
        if names & {"opened", "crop", "segmentation", "take_labels", "pixel_size"}:
            self._show_state()

    def _say_updating(self) -> None:
        """The phases on show are the last ones while the next are computed."""
        updating = self._exemplar.segmenting and self.session.phase_image is not None
        self.image.say("Updating …" if updating else "")
        if not updating:
            self._updating.stop()

    def _derived(self, names: frozenset[str]) -> None:
        image = self.session.phase_image
        if "phase_image" in names:
            if image is None:
                self.image.set_labels(None)
            else:
                self.image.set_labels(image.labels, image.phases)
            self.corrections.refresh()
            self._show_histogram()
            self.trained.show()
            self._show_state()
        self.table.show_image(image, self.session.intervals)

    def _show_histogram(self) -> None:
        grey = self._exemplar.denoised
        if grey is None:
            return
        if grey is not self._histogram_of:
            self._histogram_of = grey
            found = histogram(grey)
            self.histogram.show_histogram(found.counts, found.edges)
        image = self.session.phase_image
        phases = () if image is None else image.phases
        if not self.session.state.take_labels:
            settings, levels = self.session.state.segmentation, self._exemplar.thresholds
            if settings.threshold == "hysteresis" and len(phases) > 1:
                phases = (phases[0], Phase("weak", _between(phases[0].color, phases[1].color)), phases[1])
            self.histogram.show_thresholds(levels, phases if levels else ())

    def _show_overlay(self) -> None:
        self.image.set_overlay(self.overlay_action.isChecked(), self.opacity.value() / 100)

    def _show_state(self) -> None:
        state = self.session.state
        micrograph = state.micrograph
        there = micrograph is not None
        self.form.setEnabled(there and not state.take_labels)
        self.form.show_settings(state.segmentation, SegmentationSettings(), fields_of(state.segmentation))
        self._show_steps()
        self.histogram.setVisible(there and not state.take_labels)
        self.taken.blockSignals(True)
        self.taken.setChecked(state.take_labels)
        self.taken.blockSignals(False)
        self.taken.setEnabled(there)
        if micrograph is None:
            self.source.setText("No micrograph yet")
            self.taken_note.clear()
            self.problem.clear()
            self.panel.set_primary("Open a micrograph first", missing="Open a micrograph in step 1.")
            self.set_status("empty", "Open a micrograph first (step 1).")
            return
        rows, columns = micrograph.shape
        self.source.setText(f"{shortened(micrograph.name)}, {columns} × {rows} pixels")
        self.source.setToolTip(micrograph.name)
        self.taken_note.setVisible(state.take_labels)
        self.taken_note.setText("Its grey levels are taken as labels; edges blurred by scaling are cleaned up.")
        problem = self.session.phase_image_problem
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        image = self.session.phase_image
        if problem:
            self.panel.set_primary("Next: Mask", missing=problem)
            self.set_status("issue", problem)
        elif image is None:
            self.panel.set_primary("Next: Mask", missing="Segmenting …")
            self.set_status("running", "Segmenting …")
        else:
            self.panel.set_primary("Next: Mask", tip="Go to step 3 (Ctrl+3)")
            shares = ", ".join(f"{p.name} {100 * f:.1f} %" for p, f in zip(image.phases, image.fractions, strict=True))
            self.set_status("ready", shares + ".")

    def _show_steps(self) -> None:
        settings, image = self.session.state.segmentation, self.session.phase_image
        self.cleaning.setEnabled(self.form.isEnabled())
        names = [phase.name for phase in (image.phases if image is not None else default_phases(settings.phase_count))]
        self.cleaning.show_steps(settings.cleaning, names)
        self.recipes.show_recipe()

    def theme_changed(self) -> None:
        """Ink and surround."""
        self.image.theme_changed()
        self.corrections.theme_changed()
        self.histogram.theme_changed()


def _between(first: str, second: str) -> str:
    """The colour half way."""
    one, other = QColor(first), QColor(second)
    parts = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return QColor(*(sum(pair) // 2 for pair in parts)).name()
