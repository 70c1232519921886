"""The book of what was measured: added to, told of, let go of with the volume."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np

from app.measurements import WITH_FIELDS, Measurements
from app.project_state import fields_left_out, keep_measurements, project_of, state_of
from core.job import finish
from core.projects.fields import bytes_of
from core.projects.reading import read_project
from core.projects.writing import write_project
from core.properties import Properties, PropertyPlan, properties
from core.report.properties import properties_json
from core.report.statistics import statistics_json
from core.statistics.describing import Described, describing
from core.statistics.descriptors import chosen
from core.statistics.measured import Sample
from tests.core.projects.projects import PHASES, project


def labels() -> np.ndarray:
    made = np.zeros((6, 6, 6), np.uint8)
    made[2:4] = 1
    return made


def described(names: str) -> tuple[Described, ...]:
    return finish(describing(Sample(labels(), ("a", "b"), 1, 2), chosen(names)))


def computed(of: np.ndarray | None = None, **wanted: Any) -> Properties:
    return finish(properties(labels() if of is None else of, None, PropertyPlan(axes=(1,), **wanted)))


def test_statistics_are_added_in_the_order_of_the_table() -> None:
    book, own, seen = Measurements(), labels(), []
    book.changed.connect(seen.append)
    assert book.statistics(own) == () and book.properties(own) is None
    book.keep_statistics(own, described("euler"))
    book.keep_statistics(own, first := described("chord-length"))
    book.keep_statistics(own, newer := described("euler"))
    assert book.statistics(own) == (*first, *newer)
    # equal labels of another volume are another volume
    assert book.statistics(labels()) == ()
    assert len(seen) == 3 and all(one is own for one in seen)


def test_properties_stand_beside_each_other() -> None:
    book, own = Measurements(), labels()
    heat, flow = computed(conductivity={0: 1.0, 1: 2.0}), computed(pore_phase=1)
    book.keep_properties(own, heat)
    book.keep_properties(own, flow)
    both = book.properties(own)
    assert both is not None
    assert both.conductivity is heat.conductivity and both.permeability is flow.permeability
    assert both.plan.conductivity == {0: 1.0, 1: 2.0} and both.plan.pore_phase == 1
    book.keep_properties(own, again := computed(conductivity={0: 3.0, 1: 2.0}))
    now = book.properties(own)
    assert now is not None and now.conductivity is again.conductivity and now.permeability is flow.permeability


def test_only_the_last_volumes_keep_their_fields() -> None:
    book, volumes = Measurements(), [labels() for _ in range(WITH_FIELDS + 1)]
    found = computed(conductivity={0: 1.0, 1: 2.0}, pore_phase=1)
    for volume in volumes:
        book.keep_properties(volume, found)
    oldest, newest = book.properties(volumes[0]), book.properties(volumes[-1])
    assert oldest is not None and oldest.conductivity is not None and oldest.permeability is not None
    assert oldest.conductivity.along[0].field.size == 0 and oldest.permeability.along[0].velocity.size == 0
    assert found.conductivity is not None
    assert oldest.conductivity.along[0].value == found.conductivity.along[0].value
    assert newest is found


def test_a_volume_that_is_gone_is_forgotten() -> None:
    book, own = Measurements(), labels()
    book.keep_statistics(own, described("euler"))
    book.keep_properties(own, computed(pore_phase=1))
    del own
    gc.collect()
    assert not book._statistics and not book._properties and not book._alive and not book._recent


def test_a_project_keeps_them(tmp_path: Path) -> None:
    state, book = state_of(project()), Measurements()
    first, _, third = (result.volume.labels for result in state.results)
    statistics, found = described("euler,chord-length"), computed(third, conductivity={0: 1.0, 1: 2.0}, pore_phase=1)
    book.keep_statistics(first, statistics)
    book.keep_properties(third, found)
    path = write_project(project_of(state, None, measurements=book), tmp_path / "p.microloom")
    again = Measurements()
    opened = read_project(path)
    keep_measurements(opened, again)
    one, two, three = (result.volume.labels for result in state_of(opened).results)
    # as texts, since NaN is equal to nothing
    assert str(statistics_json(again.statistics(one))) == str(statistics_json(book.statistics(first)))
    assert again.statistics(two) == () and again.properties(one) is None
    kept = again.properties(three)
    assert properties_json(kept, PHASES) == properties_json(found, PHASES)
    assert kept is not None and kept.conductivity is not None and found.conductivity is not None
    assert np.array_equal(kept.conductivity.along[0].field, found.conductivity.along[0].field)
    assert fields_left_out(project_of(state, None, measurements=book), book) == 0
    small = project_of(state, None, measurements=book, fields=0)
    assert fields_left_out(small, book) == bytes_of(found) > 0 == bytes_of(small.results[2].properties)
    # a project without any is one from before
    assert not read_project(write_project(project(), tmp_path / "q.microloom")).results[0].statistics
