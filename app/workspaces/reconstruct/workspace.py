"""Step 4: preflight, run, watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QPushButton, QStackedWidget

from app.context import Context, Issue
from app.jobs import Latest
from app.session import Result, Series, State, differing
from app.widgets.block_cube import BlockCube
from app.widgets.job_strip import format_seconds
from app.widgets.panel import card
from app.widgets.volume_view import VolumeView
from app.workspaces.reconstruct.besides import Besides
from app.workspaces.reconstruct.earlier import (
    anchors_of,
    needs_its_model,
    planes_of,
    reusable,
    same_exemplars,
    settings_of,
)
from app.workspaces.reconstruct.engines import Engines
from app.workspaces.reconstruct.exemplar_card import ExemplarCard
from app.workspaces.reconstruct.file_choice import FileChoice
from app.workspaces.reconstruct.findings import CHECKING, UNCHECKED, Findings
from app.workspaces.reconstruct.given_planes import GivenPlanes
from app.workspaces.reconstruct.plan_form import PlanForm
from app.workspaces.reconstruct.plane_exemplars import PlaneExemplars
from app.workspaces.reconstruct.preflight import Checked, keeps_planes, preflight
from app.workspaces.reconstruct.queue import Entry, RunQueue
from app.workspaces.reconstruct.queue_view import QueueView
from app.workspaces.reconstruct.run import Run, preview_caption, preview_phases
from app.workspaces.reconstruct.sample_strip import SampleStrip
from app.workspaces.reconstruct.series_form import SeriesForm, entries_of
from app.workspaces.reconstruct.staleness import stale_reason as stale_reason
from app.workspaces.workspace import Workspace
from core.reconstruction.anchors import same_planes

PREVIEW_EDGE = 64
"""Previews of at least so many voxels a side are all shown; smaller ones only until a larger one has come."""


class ReconstructWorkspace(Workspace):
    """Turns the exemplar into a volume.

    Signals
    -------
    finished()
        A result was added to the session.
    watched(progress)
        A report of the running job, for the curves.
    written(path)
        A volume was written to the disk, and the queue is done.
    """

    key = "reconstruct"
    title = "Reconstruct"
    icon_name = "reconstruct"

    finished = Signal()
    watched = Signal(object)
    written = Signal(object)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.view = VolumeView()
        self.view.failed.connect(lambda error: context.messages.failed("Drawing the surface", error))
        self.cube = BlockCube()
        self._stack, self.strip = QStackedWidget(), SampleStrip(self.view)
        self.canvas = self.strip.under(self._stack)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.cube)
        self.queue = RunQueue(context.jobs, self)
        self.queue_view = QueueView(self.queue, context.jobs)
        self._snapshot: Any = None
        self._kept: Entry | None = None
        self._again: Result | None = None
        self._largest = 0
        self._found, self._begins = UNCHECKED, False
        self._engines = Engines(context, self)
        self._engines.ready.connect(self._warmed)
        self._check = Latest(self)
        self._check.answered.connect(self._checked)
        self._check.failed.connect(self._unchecked)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(30)
        self._soon.timeout.connect(self._refresh)
        self._build_panel()
        self.queue.progressed.connect(self._progressed)
        self.queue.returned.connect(self._returned)
        self.queue.failed.connect(self._failed)
        self.queue.cancelled.connect(self._cancelled)
        self.queue.changed.connect(self._show_state)
        context.jobs.idle.connect(self._refresh)
        self.session.changed.connect(self._changed)
        self.session.derived.connect(lambda _names: self._soon.start())
        self._show_state()

    def _build_panel(self) -> None:
        self.exemplar = ExemplarCard()
        self.panel.inputs.add(self.exemplar)
        self.planes = PlaneExemplars(self.context)
        self.panel.inputs.add(self.planes)
        self.given = GivenPlanes(self.context)
        self.panel.inputs.add(self.given)
        self.form = PlanForm(self.session, self.commands)
        self.panel.settings.add(self.form)
        self.form.setEnabled(False)
        self._engines.devices.connect(self.form.show_devices)
        self.series = SeriesForm()
        self.series.changed.connect(self._series_typed)
        self.series.setEnabled(False)
        self.file = FileChoice()
        self.file.changed.connect(lambda: self.commands.do("file for the volume", output=self.file.path))
        self.file.changed.connect(self._soon.start)
        self.file.setEnabled(False)
        self.panel.settings.add(self.file)
        self.panel.settings.add(self.series)
        self.preflight = Findings()
        self.estimate = self.preflight.estimate
        self.result_text = QLabel()
        self.result_text.setWordWrap(True)
        self.result_text.linkActivated.connect(lambda _link: self.build_kept())
        self.add_button = QPushButton("Add to the queue")
        self.add_button.setToolTip("Run this too, after what is running and waiting")
        self.add_button.clicked.connect(self.run)
        self.add_button.hide()
        self.panel.output.add(card(self.preflight, self.estimate, self.result_text, self.add_button))
        self.panel.primary.clicked.connect(self._primary)
        self.stop_action = QAction("Stop training and keep what it has reached")
        self.stop_action.setEnabled(False)
        self.stop_action.triggered.connect(self.stop_and_keep)
        self.besides = Besides(self.context, self.panel)
        self.besides.written.connect(self.written)
        self.strip.watch_besides(self.besides)
        self.besides.grey.begun.connect(lambda: self.wants_step.emit(self.key))
        self.besides.grey.told.connect(self.result_text.setText)

    def actions(self) -> list[QAction]:
        """Stop and keep; a volume without a training."""
        return [self.stop_action, *self.besides.actions]

    # --- torch in the background ---------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Import the engines, then torch, off the GUI thread."""
        self._engines.warm_up()

    def _warmed(self) -> None:
        for part in (self.form, self.series, self.file):
            part.setEnabled(True)
        self._refresh()

    def entered(self) -> None:
        """Make sure that the engines are there."""
        self.warm_up()
        self._soon.start()

    def _start_anew(self, state: State) -> None:
        """Another picture or project: what the last run left belongs to the one before."""
        self._snapshot = self._kept = self._again = None
        self._found, self._begins = UNCHECKED, False
        self.queue.forget()
        self.strip.clear()
        self._stack.setCurrentWidget(self.view)
        self.result_text.clear()
        result = state.result
        if result is None:
            self.view.clear()
        else:
            self.view.set_volume(result.volume.labels, result.volume.phases, result.volume.voxel_size)
            self.view.set_phase(result.volume_phase)

    # --- preflight -----------------------------------------------------------------------------------------------

    def _changed(self, old: State, new: State) -> None:
        anew = old.opened is not new.opened
        if anew:
            self._start_anew(new)
        if anew or old.series != new.series:
            self.series.show_wanted(new.series)
        self.file.show_path(new.output)
        if differing(old, new) & {"plan", "opened", "results", "mask", "planes", "anchors", "series", "output"}:
            self._soon.start()

    def _series_typed(self) -> None:
        wanted = self.series.wanted
        if wanted is not None:
            self.commands.do("series of runs", merge="series", series=wanted)
        self._soon.start()

    def _refresh(self) -> None:
        image, phase, state = self.session.phase_image, self.session.phase_of_interest, self.session.state
        self.exemplar.show_image(image, self._missing())
        self.planes.show_planes(state.planes, image is not None)
        ready = self._engines.are_ready
        self.given.show_planes(state.anchors, image is not None, ready and keeps_planes(state.plan))
        if ready:
            self.form.show_plan(state.plan)
        self._show_state()
        if image is None or phase is None or not ready:
            self._begins = self._begins and not self.session.phase_image_problem
            return
        run = self._wanted(image, phase)
        series = self.series.series(run)
        self.series.show_seed(run.plan.seed)
        self.series.show_series(series)
        self.file.proposed = f"{Path(image.name).stem}_{'x'.join(map(str, run.plan.size))}_seed{run.plan.seed}"
        self.file.refresh()
        fractions = list(dict.fromkeys(member.fraction for member in series))
        leading = [entry.run for entry in entries_of(run, series) if entry.leader is None]
        results = self.session.state.results

        def check() -> Checked:
            trainings = sum(reusable(one, results) is None for one in leading)
            return preflight(run, fractions, len(series), trainings)

        self._check.ask(check)

    def _wanted(self, image: Any, phase: int) -> Run:
        state = self.session.state
        file, anew = self.file.path, self.file.anew.isChecked()
        return Run(
            image, phase, state.plan, self.session.band, state.mask.snapshot(), file, anew, planes=state.planes,
            anchors=state.anchors,
        )  # fmt: skip

    def _unchecked(self, error: Exception) -> None:
        """The check itself failed: that stops nobody."""
        self.context.messages.failed("Preflight", error)
        self._checked(Checked([], None, 1))

    def _checked(self, answer: Checked) -> None:
        self._found = answer
        self.preflight.show_found(answer, self.queue.busy)
        issues = [Issue("reconstruct", item.severity, item.message, item.remedy) for item in answer.problems]
        self.context.messages.set_issues("reconstruct", issues)
        self.estimate.setText(
            "Made by the model of the earlier run, as then: no training." if self._as_then else answer.estimate
        )
        self._show_state()
        if self._begins and not self._check.busy:
            self._begins = False
            self.run()

    @property
    def _stops(self) -> str:
        """What must be mended before anything can run, or empty."""
        if self._found.errors:
            return f"{self._found.errors[0].message} {self._found.errors[0].remedy}".strip()
        if self.series.fractions.text().strip() and self.session.state.mask.used:
            return "A mask says the volume fraction at each place. Leave the fractions of the series empty."
        held = {entry.run.file for entry in self.queue.entries if not entry.over}
        if self.file.path is not None and self.file.path in held:
            return f"{self.file.path.name} is being written already. Choose another file."
        return self.file.problem or self.series.problem

    # --- running -------------------------------------------------------------------------------------------------

    def _primary(self) -> None:
        if self.queue.busy:
            self.queue.cancel_all()
        else:
            self.run()

    def run(self) -> None:
        """Start the reconstruction, or add it to the queue; or say what is missing and go there."""
        image, phase = self.session.phase_image, self.session.phase_of_interest
        if image is None or phase is None:
            missing = "micrograph" if self.session.state.opened is None else "phases"
            self.context.messages.say(self._missing(), "warning")
            self.wants_step.emit(missing)
            return
        if self._found is UNCHECKED:
            self.context.messages.say("The run begins as soon as its settings are checked.")
            self._begins = True
            return
        if self._stops:
            self.context.messages.say(self._stops, "error")
            return
        run = self._wanted(image, phase)
        entries = entries_of(run, self.series.series(run))
        for entry in entries:
            if entry.leader is None:
                entry.model = reusable(entry.run, self.session.state.results)
        if len(entries) == 1 and self._again is not None and self._as_then:
            entries[0].model = self._again.model
        self._enqueue(entries)

    def run_when_ready(self) -> None:
        """Start the reconstruction as soon as the engines and the phases are there."""
        under_way = self._found is UNCHECKED or self._check.busy or self._soon.isActive()
        if self.session.phase_image is None or under_way:
            self._begins = not self.session.phase_image_problem
        else:
            self.run()

    def _enqueue(self, entries: list[Entry]) -> None:
        self.result_text.clear()
        busy = self.context.jobs.busy
        self.queue.add(entries)
        if busy:
            what = entries[0].run.title if len(entries) == 1 else f"{len(entries)} runs"
            self.context.messages.say(f"Added to the queue: {what}.")
            self.result_text.setText(f"Added to the queue: {what}.")

    def take_over(self, result: Result) -> None:
        """Fill the form with exactly what a run was asked for; undo brings back what was there."""
        self.wants_step.emit(self.key)
        plan, design = settings_of(result, self.session)
        self.commands.do(
            "settings of an earlier run", plan=plan, mask=design, planes=planes_of(result), series=Series(),
            anchors=anchors_of(result),
        )  # fmt: skip
        self._again = result if needs_its_model(result) else None
        if not same_exemplars((self.session.phase_image,), (result.exemplar,)):
            self.context.messages.say(
                f"The settings of {result.title} are in the form, but its phases were others than today's.", "warning"
            )
        else:
            self.context.messages.say(f"The settings of {result.title} are in the form. Run makes the same volume.")
        self._soon.start()

    @property
    def _as_then(self) -> bool:
        """Whether all is still as taken over from a run that was made by the model of another."""
        then, state = self._again, self.session.state
        if then is None or self.session.phase_of_interest != then.phase:
            return False
        same = same_exemplars((then.exemplar, *planes_of(then)), (self.session.phase_image, *state.planes))
        same = same and same_planes(anchors_of(then), state.anchors)
        return same and replace(then.plan, phase=state.plan.phase) == state.plan

    def stop_and_keep(self) -> None:
        """End the training now and build the volume from what it has reached."""
        self.queue.keep()

    def _progressed(self, entry: Entry, progress: Any) -> None:
        if progress is None:
            return
        if entry.snapshot is not self._snapshot:
            self._snapshot = entry.snapshot
            self.stop_action.setEnabled(entry.snapshot is not None and entry.trains)
        preview = getattr(progress, "preview", None)
        if isinstance(preview, np.ndarray) and min(preview.shape) >= min(self._largest, PREVIEW_EDGE):
            # blocks of the training are shown until the first model is there, which makes larger ones
            self._largest = min(preview.shape)
            self._show_preview(entry.run, preview)
            self.view.set_caption(preview_caption(preview, progress))
        self.strip.watch(entry.run, progress)
        blocks = getattr(progress, "finished", None)
        if blocks is not None:
            size = " × ".join(map(str, reversed(entry.run.plan.size)))
            self.cube.show_blocks(blocks, f"{size} voxels in {entry.run.file}")
            self._stack.setCurrentWidget(self.cube)
        self.watched.emit(progress)

    def _show_preview(self, run: Run, labels: np.ndarray) -> None:
        size, phases = run.exemplar.pixel_size, preview_phases(run)
        self.view.set_preview(labels, phases, None if size is None else (size, size, size))

    def _returned(self, entry: Entry, made: Any) -> None:
        self._ended()
        result = entry.run.result(made)
        state = self.session.state
        # who looks at an earlier result while the queue runs goes on looking at it
        earlier = 0 <= state.shown < len(state.results) - 1 and bool(self.queue.waiting)
        self.session.replace(results=(*state.results, result), shown=state.shown if earlier else -1)
        self.view.set_volume(result.volume.labels, result.volume.phases, result.volume.voxel_size)
        self.view.set_phase(result.volume_phase)
        total = format_seconds(entry.seconds)
        self.result_text.setText(f"Done in {total}: {entry.run.title}.")
        self.context.messages.say(f"Done in {total}: {entry.run.title}.", "good")
        if self.file.path is not None and self.file.path == entry.run.file:
            self.file.forget_agreement()
            self.session.replace(output=None)  # so that the next run does not replace it
        if not self.queue.waiting:
            self.finished.emit()
            if result.stored is not None:
                self.written.emit(result.stored)

    def _failed(self, entry: Entry, error: Exception) -> None:
        self._ended()
        self.context.messages.failed(f"Reconstructing {entry.run.title}", error)
        self.result_text.setText(str(error))

    def _cancelled(self, entry: Entry) -> None:
        """Cancel keeps the last good model: one click builds its volume after all."""
        self._ended()
        if entry.run.file is not None and entry.snapshot is not None:
            self._kept = entry
            self.file.refresh()
            self.context.messages.say(
                f"Cancelled: {entry.run.title}. What is finished is kept; step 4 offers to go on."
            )
            self.result_text.setText(f'Cancelled. {entry.run.file.name} is kept as it is. <a href="build">Go on</a>')
            return
        if entry.snapshot is None:
            self.result_text.setText("Cancelled.")
            self.context.messages.say(f"Cancelled: {entry.run.title}.")
            return
        self._kept = entry
        self.context.messages.say(
            f"Cancelled: {entry.run.title}. The model as trained so far is kept; step 4 offers to build its volume."
        )
        self.result_text.setText('Cancelled. The model as trained so far is kept. <a href="build">Build its volume</a>')

    def _ended(self) -> None:
        self._largest = 0
        self._stack.setCurrentWidget(self.view)
        self.stop_action.setEnabled(False)

    def build_kept(self) -> None:
        """Generate from the model that a cancelled training left."""
        entry, self._kept = self._kept, None
        if entry is not None:
            self._enqueue([Entry(replace(entry.run, anew=False), model=entry.snapshot)])

    def build_again(self, result: Result, changes: Mapping[str, Any]) -> None:
        """Make a volume with another fraction, or towards another seed, from a model that is there."""
        plan = replace(result.plan, **changes)
        asked, planes, given = result.asked or result.plan, planes_of(result), anchors_of(result)
        run = Run(result.exemplar, result.phase, plan, result.band, asked=asked, planes=planes, anchors=given)
        self._enqueue([Entry(run, model=result.model)])

    # --- showing -------------------------------------------------------------------------------------------------

    def _missing(self) -> str:
        if self.session.state.opened is None:
            return "Open a micrograph first (step 1)."
        if self.session.phase_image is None:
            return self.session.phase_image_problem or "The phases are not there yet (step 2)."
        if len(self.session.phase_image.phases) < 2:
            return "One phase only: set a threshold that splits the picture (step 2)."
        return ""

    def _show_state(self) -> None:
        missing, now = self._missing(), self.queue.now
        if not missing and self._found is not UNCHECKED:
            self.preflight.show_found(self._found, self.queue.busy)
        self.add_button.setVisible(self.queue.busy and not missing)
        if self.queue.busy:
            several = bool(self.queue.waiting)
            self.panel.set_primary(
                "Cancel all" if several else "Cancel",
                tip="Cancel what runs and all that waits" if several else
                "Cancel the running job (Esc); the last good model is kept",
            )  # fmt: skip
            self.add_button.setEnabled(self._engines.are_ready and not self._stops)
            more = f" {self.queue.counted()}." if len(self.queue.entries) > 1 else ""
            self.set_status("running", f"{'A run' if now is None else now.run.title} is running.{more}")
            return
        count = self._found.runs
        what = "Run" if count == 1 else f"Run {count} times"
        if missing:
            self.panel.set_primary("Run", missing=missing)
            self.preflight.show_instead(missing)
            self.set_status("empty", missing)
        elif self._found is UNCHECKED:
            self.panel.set_primary("Run", missing=CHECKING)
            self.preflight.show_instead(CHECKING)
            mark, sentence = self._result_state()
            self.set_status(mark, CHECKING if mark == "empty" else sentence)
        elif self._stops:
            self.panel.set_primary(what, missing=self._stops)
            self.set_status("issue", self._stops)
        else:
            self.panel.set_primary(what, tip="Run the reconstruction (Ctrl+R)")
            self.set_status(*self._result_state())

    def _result_state(self) -> Any:
        result = self.session.state.result
        if result is None:
            return "empty", "Ready to run."
        stale = stale_reason(self.session)
        return ("stale", stale) if stale else ("ready", f"Done: {result.title}.")

    def theme_changed(self) -> None:
        """Draw the queue's icons again."""
        self.queue_view.theme_changed()

    def fit(self) -> None:
        """Show everything."""
        self.view.fit()

    def close(self) -> None:
        """The window closes."""
        close = getattr(self.view, "stop_turntable", None)
        if close is not None:
            close()
