"""Between what is open (`State`) and what goes to disk (`Project`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.measurements import Measurements
from app.session import Result, State
from core.images.values import PhaseImage
from core.painting.sheet import Painted, Sheet
from core.projects.fields import MOST_BYTES, bytes_of, within
from core.projects.project import Project, SavedResult
from core.segmentation.stack import Stack, volume_again

if TYPE_CHECKING:
    from core.properties import Properties


def project_of(
    state: State,
    phase_image: PhaseImage | None,
    belongs_to: str = "",
    measurements: Measurements | None = None,
    fields: int = MOST_BYTES,
) -> Project:
    """What to save of a session. Results that a test made without a reconstruction behind them are left out.

    ``fields``: how many bytes of temperatures and velocities are saved at most.
    """
    book = Measurements() if measurements is None else measurements
    results = [result for result in state.results if result.report is not None]
    found = within([book.properties(result.volume.labels) for result in results], fields)
    return Project(
        micrograph=state.opened,
        source="" if state.source is None else str(state.source),
        crop=state.crop,
        pixel_size=state.pixel_size,
        segmentation=state.segmentation,
        take_labels=state.take_labels,
        phases=state.phases,
        # copies: painting goes on while the project is written
        corrections=None if state.corrections is None else state.corrections.values(),
        stack=None if state.stack is None else _values(state.stack),
        classifier=state.classifier,
        mask=state.mask.snapshot(),
        phase_image=phase_image,
        kept=state.kept,
        compared=state.compared,
        plan=state.plan,
        planes=state.planes,
        anchors=state.anchors,
        series=state.series,
        output="" if state.output is None else str(state.output),
        results=tuple(_saved(result, book, one) for result, one in zip(results, found, strict=True)),
        shown=state.shown,
        marks=state.marks,
        true_volumes=tuple(replace(one, known=book.true_volume(one)) for one in state.true_volumes),
        cuts=state.cuts,
        key_views=state.key_views,
        belongs_to=belongs_to,
    )


def state_of(project: Project) -> State:
    """The session that a project holds."""
    return State(
        opened=project.micrograph,
        source=Path(project.source) if project.source else None,
        crop=project.crop,
        pixel_size=project.pixel_size,
        segmentation=project.segmentation,
        take_labels=project.take_labels,
        phases=project.phases,
        corrections=None if project.corrections is None else Painted(Sheet(project.corrections)),
        stack=None if project.stack is None else _sheets(project.stack, project),
        classifier=project.classifier,
        mask=project.mask.snapshot(),
        kept=project.kept,
        compared=project.compared,
        plan=project.plan,
        planes=project.planes,
        anchors=project.anchors,
        series=project.series,
        output=Path(project.output) if project.output else None,
        results=tuple(map(_result, project.results)),
        shown=project.shown,
        marks=project.marks,
        true_volumes=project.true_volumes,
        cuts=project.cuts,
        key_views=project.key_views,
    )


def keep_measurements(project: Project, measurements: Measurements) -> None:
    """Enter into the book what a project knows of its volumes."""
    for saved in project.results:
        labels = saved.made.volume.labels
        if saved.statistics:
            measurements.keep_statistics(labels, saved.statistics)
        if saved.properties is not None:
            measurements.keep_properties(labels, saved.properties)


def _values(stack: Stack[Painted]) -> Stack[np.ndarray]:
    painted = {place: sheet.values() for place, sheet in stack.painted.items()}
    return Stack(stack.count, stack.place, stack.ends, stack.contrast, None, painted, stack.in_3d, stack.taken)


def _sheets(stack: Stack[np.ndarray], project: Project) -> Stack[Painted]:
    """With its volume, where that still lies where it was."""
    picture, volume = project.micrograph, None
    if picture is not None and project.source:
        volume = volume_again(Path(project.source), stack.count, picture.shape, stack.taken)
    painted = {place: Painted(Sheet(values)) for place, values in stack.painted.items()}
    return Stack(stack.count, stack.place, stack.ends, stack.contrast, volume, painted, stack.in_3d, stack.taken)


def fields_left_out(project: Project, measurements: Measurements) -> int:
    """Bytes of the temperatures and velocities that a session knows and ``project`` does not hold."""
    return sum(
        bytes_of(measurements.properties(saved.made.volume.labels)) - bytes_of(saved.properties)
        for saved in project.results
    )


def _saved(result: Result, book: Measurements, found: Properties | None) -> SavedResult:
    stored, labels = "" if result.stored is None else str(result.stored), result.volume.labels
    return SavedResult(
        result.title, result.plan, result.band, result.report, stored, book.statistics(labels), found, result.asked,
        result.design,
    )  # fmt: skip


def _result(saved: SavedResult) -> Result:
    made = saved.made
    return Result(
        title=saved.title,
        volume=made.volume,
        exemplar=made.target.exemplar,
        phase=made.target.phase,
        volume_phase=made.volume_phase,
        plan=saved.plan,
        comparison=made.comparison,
        band=saved.band,
        seconds=dict(made.seconds),
        fraction_before=made.fraction_before,
        fraction_after=made.fraction_after,
        model=made.model,
        report=made,
        stored=Path(saved.stored) if saved.stored else None,
        asked=saved.asked,
        design=saved.design,
    )
