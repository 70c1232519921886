"""What a session holds goes to disk whole: a field that is added without a place in the project is found here."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from app.context import Context
from app.project_state import project_of, state_of
from app.session import Session, State, differing
from core.projects.plan import Plan, Series
from core.projects.project import Project
from core.reconstruction.engine import Target
from core.reconstruction.pipeline import Reconstruction
from tests.core.projects.projects import line, project
from tests.core.projects.test_round_trip import assert_same


def names(cls: type) -> set[str]:
    return {item.name for item in fields(cls)}


def test_every_field_has_its_place_in_the_file() -> None:
    assert names(State) == names(Project) - {"micrograph", "phase_image", "belongs_to", "versions"} | {"opened"}
    # these are written field by field in core/projects: whoever adds one adds it there, and here
    assert names(Plan) == {
        "engine", "preset", "phase", "volume_fraction", "size", "seed", "device", "max_seconds", "periodic",
        "all_phases", "changed_settings", "patience",
        "volume_fractions", "towards", "exact",
    }  # fmt: skip
    assert names(Series) == {"seeds", "fractions", "train_once"}
    assert names(Target) == {
        "exemplar", "phase", "volume_fraction", "size", "seed", "mask", "periodic", "all_phases", "exemplar_xz",
        "exemplar_yz", "volume_fractions", "region_of", "anchors", "towards", "exact",
    }  # fmt: skip
    assert names(Reconstruction) == {
        "model", "volume", "target", "volume_phase", "comparison", "band", "engine", "preset", "device", "settings",
        "seconds", "fraction_before", "fraction_after",
    }  # fmt: skip


def test_a_session_becomes_a_project_and_back() -> None:
    before = project()
    state = state_of(before)
    assert state.result is not None and state.result.title == "result 2"
    assert np.array_equal(state.result.volume.labels, before.results[1].made.volume.labels)
    assert_same(before, project_of(state, before.phase_image))


def test_unsaved_is_what_differs_and_not_what_is_looked_at() -> None:
    session = Session()
    session.restore(state_of(project()))
    session.saved_state = session.state
    session.replace(shown=0)
    assert not session.unsaved
    session.replace(pixel_size=1e-6)
    assert session.unsaved and differing(session.saved_state, session.state) == {"pixel_size", "shown"}
    session.replace(pixel_size=session.saved_state.pixel_size)
    assert not session.unsaved, "undone by hand or by undo, it is the same again"


def test_what_is_measured_of_a_result_is_unsaved_until_it_is_saved(qapp: object) -> None:
    context = Context()
    context.commands.start_anew(state_of(project()))
    session = context.session
    session.saved_state = session.state
    told: list[bool] = []
    session.measured.connect(lambda: told.append(session.unsaved))
    context.measurements.keep_statistics(np.zeros((2, 2, 2), np.uint8), ())
    assert not session.unsaved and not told, "a volume that is only looked at is in no project"
    context.measurements.keep_statistics(session.state.results[0].volume.labels, ())
    assert session.unsaved and told == [True]
    before = session.now
    session.saved_findings = session.findings
    assert not session.unsaved
    context.measurements.keep_true_volumes([(session.state.true_volumes[1], line())])
    assert session.unsaved and session.now != before
    assert project_of(session.state, None, "", context.measurements).true_volumes[1].known == line()
