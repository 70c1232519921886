"""True volumes beside the runs: which parts, in which order of labels, and measured as a volume of one's own is."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.images.true_volume import TrueVolume, parts_of
from core.images.values import Phase, Volume
from core.images.writing import write_volume
from core.job import finish
from core.projects.true_volume import true_volumes_from_json
from core.provenance import Provenance
from core.report import measure
from core.report.quantities import quantities
from core.report.runs import Entry
from core.report.true_volumes import AsTheRuns, in_order, measuring_true
from core.statistics.descriptors import chosen
from tests.core.report.test_report_statistics import PHASES, exemplar, labels


@pytest.mark.parametrize(
    ("shape", "size", "most", "count"),
    [((10, 10, 10), (4, 4, 4), 100, 8), ((9, 20, 31), (4, 5, 10), 7, 7), ((4, 4, 4), (5, 4, 4), 3, 0)],
)
def test_parts_share_no_voxel_and_reach_from_face_to_face(
    shape: tuple[int, int, int], size: tuple[int, int, int], most: int, count: int
) -> None:
    boxes = parts_of(shape, size, most)
    seen = np.zeros(shape, int)
    for box in boxes:
        own = seen[tuple(slice(low, high) for low, high in box)]
        assert own.shape == size
        own += 1
    assert len(boxes) == count and seen.max(initial=0) <= 1
    if boxes:
        assert seen[0, 0, 0] == 1
        # the two that are taken first lie in opposite corners
        first = parts_of(shape, size, 2)
        assert [tuple(high for _, high in first[1]), tuple(low for low, _ in first[0])] == [shape, (0, 0, 0)]


def test_phases_are_put_in_the_order_of_the_runs() -> None:
    three = (Phase("A", "#000000"), Phase("B", "#000001"), Phase("C", "#000002"))
    values = np.arange(8, dtype=np.uint8).reshape(2, 2, 2) % 3
    volume = Volume(values, (three[2], three[0], three[1]), None, "v", Provenance("made"))
    named = in_order(volume, 0, three, 2)
    assert named.phases == three and np.array_equal(named.labels, np.array([2, 0, 1])[values])
    # of other names, numbers correspond; the phase of interest changes places
    other = in_order(Volume(values, (*PHASES, three[0]), None, "v", Provenance("made")), 0, three, 2)
    assert other.phases == three and np.array_equal(other.labels, np.array([2, 1, 0])[values])
    assert in_order(volume, 0, PHASES, 1) is volume, "three phases do not stand for two"
    with pytest.raises(InputError, match="no phase 3"):
        in_order(volume, 3, three, 0)


def test_they_are_measured_as_any_volume_is_and_one_that_is_gone_stops_no_other(tmp_path: Path) -> None:
    whole = labels((24, 24, 50), 3)
    write_volume(Volume(1 - whole, PHASES[::-1], (2e-8,) * 3, "v", Provenance("made")), tmp_path / "v.tif")
    box = ((0, 24), (0, 24), (26, 50))
    wanted = [
        TrueVolume(tmp_path / "v.tif", "rock", 0, box), TrueVolume(tmp_path / "gone.tif", "rock", 0),
        TrueVolume(tmp_path / "v.tif", "rock", 0, ((0, 24), (0, 24), (30, 54))),
    ]  # fmt: skip
    how = AsTheRuns(exemplar(), 1, PHASES, 1, chosen("euler"))
    entries: list[tuple[TrueVolume, Entry]] = []
    assert finish(measuring_true(wanted, how, entries)) == 3
    assert [one for one, _ in entries] == wanted
    first, gone, beyond = (entry for _, entry in entries)
    assert "gone.tif" in gone.problem and "only 50 × 24 × 24 voxels" in beyond.problem
    own = Volume(np.ascontiguousarray(whole[:, :, 26:]), PHASES, (2e-8,) * 3, "v", Provenance("made"))
    alone = quantities(finish(measure(own, 1, exemplar(), statistics=chosen("euler"))))
    assert [(one.key, one.value) for one in first.quantities] == [(one.key, one.value) for one in alone]
    assert all(math.isnan(one.reference) for one in first.quantities) and first.group == "rock"
    assert (first.name, first.shape, first.edge) == ("v.tif, from 26, 0, 0", (24, 24, 24), 2e-8)


@pytest.mark.parametrize(
    "change", [{"phase": 99}, {"path": ""}, {"part": [0, 0, 0, 1, 0, 1]}, {"part": [1]}, {"known": {"name": "x"}}]
)
def test_what_cannot_be_is_refused(change: dict[str, object]) -> None:
    good = {"path": "/a.tif", "group": "g", "phase": 0, "part": None, "known": None}
    assert true_volumes_from_json({"true_volumes": [good]}) == (TrueVolume(Path("/a.tif"), "g", 0),)
    assert true_volumes_from_json({}) == ()
    with pytest.raises(InputError, match="cannot be used"):
        true_volumes_from_json({"true_volumes": [good | change]})
