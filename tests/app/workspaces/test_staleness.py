"""What of the session has to change for a result to be called out of date."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.project_state import state_of
from app.session import Result, Session
from app.workspaces.reconstruct.earlier import anchors_of, planes_of
from app.workspaces.reconstruct.staleness import stale_reason
from core.masks.design import Layer, MaskDesign
from core.masks.fields import constant
from core.masks.sources import Imported, Linear, PaintedPlanes
from tests.core.projects.projects import exemplar, plane, project

DRAWN = MaskDesign(True, (Layer("Grund", Linear(0.1, 1 / 3)), Layer("Painted", PaintedPlanes(1, (plane(0.25, 5),)))))


def session_of(result: Result, **changes: Any) -> Session:
    """A session that would ask for just this result."""
    session = Session()
    fitting = {"mask": MaskDesign() if result.design is None else result.design.snapshot(), "planes": planes_of(result)}
    asked = replace(result.asked or result.plan, phase=1)
    wanted = {"results": (result,), "shown": 0, "anchors": anchors_of(result), "plan": asked} | fitting | changes
    session.restore(replace(state_of(project()), **wanted))
    session.phase_image = result.exemplar
    return session


@pytest.fixture(scope="module")
def masked() -> Result:
    return replace(state_of(project()).results[0], design=DRAWN)


@pytest.fixture(scope="module")
def plain(masked: Result) -> Result:
    target = replace(masked.report.target, mask=None)
    return replace(masked, design=MaskDesign(), report=replace(masked.report, target=target))


def test_nothing_changed(masked: Result, plain: Result) -> None:
    assert stale_reason(session_of(masked)) == "" and stale_reason(session_of(plain)) == ""
    # a mask that is not used, or has no layer, is none; a name says nothing
    assert stale_reason(session_of(plain, mask=replace(DRAWN, used=False))) == ""
    assert stale_reason(session_of(plain, mask=MaskDesign(True))) == ""
    assert stale_reason(session_of(masked, mask=DRAWN.changed(0, name="Ground"))) == ""
    # what "run again" puts in its place
    own = MaskDesign(True, (Layer("Of it", Imported(masked.report.target.mask)),), masked.report.target.region_of)
    assert stale_reason(session_of(masked, mask=own)) == ""
    # a project from before designs were kept
    assert stale_reason(session_of(replace(masked, design=None), mask=DRAWN)) == ""


def test_a_mask_that_was_changed_makes_it_stale(masked: Result, plain: Result) -> None:
    painted = DRAWN.snapshot()
    source = painted.layers[1].source
    assert isinstance(source, PaintedPlanes)
    source.planes[0].painted.sheet.values[3, 4] = 0.75
    for other in (
        MaskDesign(), replace(DRAWN, used=False), replace(DRAWN, region_of=1),
        DRAWN.changed(0, source=Linear(0.1, 0.5)), DRAWN.changed(1, opacity=0.5), DRAWN.changed(0, shown=False),
        painted,
        MaskDesign(True, (Layer("File", Imported(constant(0.31, (1, 2, 3)))),)),
    ):  # fmt: skip
        assert "Changed since: mask." in stale_reason(session_of(masked, mask=other)), other
    assert "Changed since: mask." in stale_reason(session_of(plain, mask=DRAWN))
    assert "Changed since: mask." in stale_reason(session_of(replace(masked, design=None), mask=MaskDesign()))


def test_other_planes_and_another_pixel_size_make_it_stale(plain: Result) -> None:
    assert "exemplars of other planes" in stale_reason(session_of(plain, planes=(exemplar(7), None)))
    session = session_of(plain)
    session.phase_image = replace(plain.exemplar, pixel_size=1e-6)
    assert "pixel size" in stale_reason(session)


def test_one_of_a_series_is_not_stale_after_saving_and_opening() -> None:
    second = state_of(project()).results[1]
    assert second.asked is not None and second.asked != second.plan
    assert stale_reason(session_of(second)) == ""
