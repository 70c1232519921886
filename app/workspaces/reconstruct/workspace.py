"""Step 4: preflight, run, watch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QImage, QPixmap
from PySide6.QtWidgets import QLabel

from app.context import Context, Issue
from app.jobs import Latest
from app.session import Result, State, differing
from app.widgets.job_strip import format_seconds
from app.widgets.panel import card, hint
from app.widgets.volume_view import VolumeView
from app.workspaces.reconstruct.plan_form import PlanForm
from app.workspaces.reconstruct.run import Run, engine_settings, preview_caption, preview_phases, thumbnail_levels
from app.workspaces.workspace import Workspace

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
    """

    key = "reconstruct"
    title = "Reconstruct"
    icon_name = "reconstruct"

    finished = Signal()
    watched = Signal(object)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.view = VolumeView()
        self.view.failed.connect(lambda error: context.messages.failed("Drawing the surface", error))
        self.canvas = self.view
        self.run_now: Run | None = None
        self._snapshot: Any = None
        self._keep = False
        self._largest = 0
        self._ready = False
        self._problems: list[Any] = []
        self._warm = Latest(self)
        self._warm.answered.connect(self._warmed)
        self._warm.failed.connect(lambda error: context.messages.failed("Loading torch", error))
        self._check = Latest(self)
        self._check.answered.connect(self._checked)
        self._check.failed.connect(lambda error: context.messages.failed("Preflight", error))
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(30)
        self._soon.timeout.connect(self._refresh)
        self._build_panel()
        jobs = context.jobs
        jobs.progressed.connect(self._progressed)
        jobs.returned.connect(self._returned)
        jobs.failed.connect(self._failed)
        jobs.cancelled.connect(self._cancelled)
        jobs.idle.connect(self._refresh)
        self.session.changed.connect(self._changed)
        self.session.derived.connect(lambda _names: self._soon.start())
        self._show_state()

    def _build_panel(self) -> None:
        self.thumbnail = QLabel()
        self.thumbnail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.exemplar_text = QLabel()
        self.exemplar_text.setWordWrap(True)
        self.panel.inputs.add(card(self.thumbnail, self.exemplar_text))
        self.form = PlanForm(self.session, self.commands)
        self.panel.settings.add(self.form)
        self.form.setEnabled(False)
        self.preflight = QLabel()
        self.preflight.setWordWrap(True)
        self.preflight.setTextFormat(Qt.TextFormat.PlainText)
        self.estimate = hint()
        self.result_text = QLabel()
        self.result_text.setWordWrap(True)
        self.result_text.linkActivated.connect(lambda _link: self.build_kept())
        self.panel.output.add(card(self.preflight, self.estimate, self.result_text))
        self.panel.primary.clicked.connect(self._primary)
        self.stop_action = QAction("Stop training and keep what it has reached")
        self.stop_action.setEnabled(False)
        self.stop_action.triggered.connect(self.stop_and_keep)

    def actions(self) -> list[QAction]:
        """Stop and keep."""
        return [self.stop_action]

    # --- torch in the background ---------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Import the engines (and with them torch) off the GUI thread."""
        if not self._ready and not self._warm.busy:
            self._warm.ask(_import_engines)

    def _warmed(self, _answer: object) -> None:
        self._ready = True
        self.form.setEnabled(True)
        self._refresh()

    def entered(self) -> None:
        """Make sure that the engines are there."""
        self.warm_up()
        self._soon.start()

    def _start_anew(self, state: State) -> None:
        """Another picture or project: what the last run left belongs to the one before."""
        self._snapshot = None
        self.__dict__.pop("kept", None)
        self.result_text.clear()
        result = state.result
        if result is None:
            self.view.clear()
        else:
            self.view.set_volume(result.volume.labels, result.volume.phases, result.volume.voxel_size)
            self.view.set_phase(result.volume_phase)

    # --- preflight -----------------------------------------------------------------------------------------------

    def _changed(self, old: State, new: State) -> None:
        if old.opened is not new.opened:
            self._start_anew(new)
        if differing(old, new) & {"plan", "opened", "results", "mask"}:
            self._soon.start()

    def _refresh(self) -> None:
        image, phase = self.session.phase_image, self.session.phase_of_interest
        self._show_exemplar()
        if self._ready:
            self.form.show_plan(self.session.state.plan)
        if image is None or phase is None or not self._ready:
            self._show_state()
            return
        plan = self.session.state.plan
        run = Run(image, phase, plan, self.session.band, self.session.state.mask.snapshot())
        self._check.ask(lambda: _preflight(run))

    def _checked(self, answer: tuple[list[Any], Any]) -> None:
        self._problems, self._estimate = answer
        issues = [Issue("reconstruct", item.severity, item.message, item.remedy) for item in self._problems]
        self.context.messages.set_issues("reconstruct", issues)
        lines = [f"{item.message} {item.remedy}".strip() for item in self._problems]
        errors = any(item.severity == "error" for item in self._problems)
        self.preflight.setText("\n".join(lines) if lines else "Ready to run.")
        self.preflight.setProperty("role", "error" if errors else "warning" if lines else "good")
        self.preflight.style().unpolish(self.preflight)
        self.preflight.style().polish(self.preflight)
        cost = self._estimate
        parts = []
        if cost is not None and cost.train_seconds is not None:
            parts.append(f"training about {format_seconds(cost.train_seconds)}")
        if cost is not None and cost.generate_seconds is not None:
            parts.append(f"generating about {format_seconds(cost.generate_seconds)}")
        if cost is not None and cost.memory_bytes is not None:
            parts.append(f"{cost.memory_bytes / 2**30:.1f} GB of memory")
        self.estimate.setText(("Estimate: " + ", ".join(parts) + ".") if parts else "")
        self._show_state()

    # --- running -------------------------------------------------------------------------------------------------

    def _primary(self) -> None:
        if self.context.jobs.busy and self.run_now is not None:
            self.context.jobs.cancel()
        else:
            self.run()

    def run(self) -> None:
        """Start the reconstruction, or say what is missing and go there."""
        image, phase = self.session.phase_image, self.session.phase_of_interest
        if self.context.jobs.busy:
            self.context.messages.say(f"{self.context.jobs.title} is not finished yet: wait, or cancel it.", "warning")
            return
        if image is None or phase is None:
            missing = "micrograph" if self.session.state.opened is None else "phases"
            self.context.messages.say(self._missing(), "warning")
            self.wants_step.emit(missing)
            return
        errors = [item for item in self._problems if item.severity == "error"]
        if errors:
            self.context.messages.say(f"{errors[0].message} {errors[0].remedy}".strip(), "error")
            return
        state = self.session.state
        run = Run(image, phase, state.plan, self.session.band, state.mask.snapshot())
        self.run_now, self._snapshot, self._keep = run, None, False
        self._largest = 0
        self.result_text.clear()
        self.context.jobs.start(run.title, run.job)
        self._show_state()

    def stop_and_keep(self) -> None:
        """End the training now and build the volume from what it has reached."""
        self._keep = True
        self.context.jobs.cancel()

    def _progressed(self, progress: Any) -> None:
        if self.run_now is None:
            return
        snapshot = getattr(progress, "snapshot", None)
        if snapshot is not None:
            self._snapshot = snapshot
            self.stop_action.setEnabled(True)
        preview = getattr(progress, "preview", None)
        if isinstance(preview, np.ndarray) and min(preview.shape) >= min(self._largest, PREVIEW_EDGE):
            # blocks of the training are shown until the first model is there, which makes larger ones
            self._largest = min(preview.shape)
            self._show_preview(preview)
            self.view.set_caption(preview_caption(preview, progress))
        self.watched.emit(progress)

    def _show_preview(self, labels: np.ndarray) -> None:
        run = self.run_now
        if run is None:
            return
        size = run.exemplar.pixel_size
        phases = preview_phases(run.exemplar, run.phase)
        self.view.set_preview(labels, phases, None if size is None else (size, size, size))

    def _returned(self, made: Any) -> None:
        run = self.run_now
        if run is None:
            return
        self.run_now = None
        result = run.result(made)
        self.session.replace(results=(*self.session.state.results, result), shown=-1)
        self.view.set_volume(result.volume.labels, result.volume.phases, result.volume.voxel_size)
        self.view.set_phase(result.volume_phase)
        total = format_seconds(sum(result.seconds.values()))
        self.result_text.setText(f"Done in {total}: {run.title}.")
        self.context.messages.say(f"Done in {total}: {run.title}.", "good")
        self.stop_action.setEnabled(False)
        self.finished.emit()

    def _failed(self, error: Exception) -> None:
        if self.run_now is None:
            return
        title, self.run_now = self.run_now.title, None
        self.context.messages.failed(f"Reconstructing {title}", error)
        self.result_text.setText(str(error))
        self.stop_action.setEnabled(False)

    def _cancelled(self) -> None:
        run, self.run_now = self.run_now, None
        self.stop_action.setEnabled(False)
        if run is None:
            return
        if self._keep and self._snapshot is not None:
            model = self._snapshot
            self.run_now, self._keep = run, False
            # the runner is still closing the old job when this arrives
            QTimer.singleShot(0, lambda: self.context.jobs.start(run.title, lambda: run.generate(model)))
            return
        kept = " The model as trained so far is kept; step 4 offers to build its volume." if self._snapshot else ""
        self.result_text.setText(f"Cancelled.{kept}")
        self.context.messages.say(f"Cancelled: {run.title}.{kept}")
        if self._snapshot is not None:
            self._offer_kept(run, self._snapshot)

    def _offer_kept(self, run: Run, model: Any) -> None:
        """Cancel keeps the last good model: one click builds its volume after all."""
        self.kept = (run, model)
        self.result_text.setText('Cancelled. The model as trained so far is kept. <a href="build">Build its volume</a>')

    def build_kept(self) -> None:
        """Generate from the model that a cancelled training left."""
        if self.context.jobs.busy or not hasattr(self, "kept"):
            return
        run, model = self.kept
        self.run_now = run
        self.context.jobs.start(run.title, lambda: run.generate(model))
        self._show_state()

    def build_again(self, result: Result, fraction: float) -> None:
        """Make a volume of another fraction from a model that is there, without training."""
        if self.context.jobs.busy:
            title = self.context.jobs.title
            self.context.messages.say(f"{title} is still running: wait for it, or cancel it.", "warning")
            return
        run = Run(result.exemplar, result.phase, replace(result.plan, volume_fraction=fraction), result.band)
        model = result.model
        self.run_now = run
        self.context.jobs.start(run.title, lambda: run.generate(model))
        self._show_state()

    # --- showing -------------------------------------------------------------------------------------------------

    def _missing(self) -> str:
        if self.session.state.opened is None:
            return "Open a micrograph first (step 1)."
        if self.session.phase_image is None:
            return self.session.phase_image_problem or "The phases are not there yet (step 2)."
        if len(self.session.phase_image.phases) < 2:
            return "One phase only: set a threshold that splits the picture (step 2)."
        return ""

    def _show_exemplar(self) -> None:
        image = self.session.phase_image
        if image is None:
            self.thumbnail.clear()
            self.exemplar_text.setText(self._missing())
            return
        colors = thumbnail_levels(image)
        picture = QImage(
            colors.data, colors.shape[1], colors.shape[0], 3 * colors.shape[1], QImage.Format.Format_RGB888
        )
        self.thumbnail.setPixmap(
            QPixmap.fromImage(picture).scaled(
                240, 120, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        )
        shares = ", ".join(f"{p.name} {100 * f:.1f} %" for p, f in zip(image.phases, image.fractions, strict=True))
        rows, columns = image.shape
        self.exemplar_text.setText(f"{image.name}\n{columns} × {rows} pixels: {shares}")

    def _show_state(self) -> None:
        missing = self._missing()
        errors = [item for item in self._problems if item.severity == "error"]
        if self.context.jobs.busy and self.run_now is not None:
            self.panel.set_primary("Cancel", tip="Cancel the running job (Esc); the last good model is kept")
            self.set_status("running", f"{self.run_now.title} is running.")
            return
        if missing:
            self.panel.set_primary("Run", missing=missing)
            self.preflight.setText(missing)
            self.estimate.clear()
            self.set_status("empty", missing)
        elif not self._ready:
            self.panel.set_primary("Run", missing="The engines are still loading.")
            self.preflight.setText("The engines are still loading …")
            self.set_status("empty", "The engines are still loading.")
        elif errors:
            self.panel.set_primary("Run", missing=errors[0].message)
            self.set_status("issue", errors[0].message)
        else:
            self.panel.set_primary("Run", tip="Run the reconstruction (Ctrl+R)")
            mark, sentence = self._result_state()
            self.set_status(mark, sentence)

    def _result_state(self) -> Any:
        result = self.session.state.result
        if result is None:
            return "empty", "Ready to run."
        stale = stale_reason(self.session)
        return ("stale", stale) if stale else ("ready", f"Done: {result.title}.")

    def fit(self) -> None:
        """Show everything."""
        self.view.fit()

    def close(self) -> None:
        """The window closes."""
        close = getattr(self.view, "stop_turntable", None)
        if close is not None:
            close()


def stale_reason(session: Any) -> str:
    """What changed since the newest result was made, in words, or empty."""
    result, image = session.state.result, session.phase_image
    if result is None or image is None:
        return ""
    if result.exemplar.labels is not image.labels and not np.array_equal(result.exemplar.labels, image.labels):
        return "The phase image has changed since. Run again to bring the volume up to date."
    plan = session.state.plan
    named = {"volume_fraction": "volume fraction", "changed_settings": "engine settings", "max_seconds": "time limit",
             "periodic": "periodic axes"}  # fmt: skip
    changed = [
        named.get(name, name)
        for name in PLAN_FIELDS
        if getattr(plan, name) != getattr(result.plan, name) and name != "phase"
    ]
    if session.phase_of_interest != result.phase:
        changed.append("phase")
    return f"Changed since: {', '.join(changed)}. Run again to bring the volume up to date." if changed else ""


PLAN_FIELDS = (
    "engine",
    "preset",
    "volume_fraction",
    "size",
    "periodic",
    "seed",
    "device",
    "max_seconds",
    "changed_settings",
)


def _import_engines() -> bool:
    from core.devices import available
    from core.reconstruction.registry import ENGINES

    available()
    return bool(ENGINES)


def _preflight(run: Run) -> tuple[list[Any], Any]:
    from core.devices import resolve
    from core.errors import MicroloomError
    from core.reconstruction.engine import Problem, mask_problems
    from core.reconstruction.registry import engine

    chosen = engine(run.plan.engine)
    try:
        device = resolve(run.plan.device)
        settings = engine_settings(run.plan)
    except MicroloomError as error:
        return [Problem("error", "device", error.what, error.remedy)], None
    try:
        target = run.target()
    except MicroloomError as error:
        return [Problem("error", "mask", error.what, error.remedy)], None
    found = [*mask_problems(chosen, target), *chosen.preflight(target, settings, device)]
    cost = None if any(item.severity == "error" for item in found) else chosen.estimate(target, settings, device)
    limit = run.plan.max_seconds
    if cost is not None and cost.train_seconds is not None and limit is not None:
        cost = replace(cost, train_seconds=min(cost.train_seconds, limit))
    return found, cost
