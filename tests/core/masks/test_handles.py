"""Handles: dragging one to where it is changes nothing; elsewhere, it is there afterwards."""

from __future__ import annotations

import pytest

from core.masks.handles import dragged, handles
from core.masks.sources import Blobs, Linear, Radial, Solid, Source, Uniform

SIZE = (40, 80, 60)
SOURCES: list[Source] = [
    Linear(), Radial(), Radial(radius_y=0.0), Solid("sphere"), Solid("box"), Solid("cylinder", axis="y"),
    Solid("half-space"),
]  # fmt: skip


@pytest.mark.parametrize("across", [0, 1, 2])
@pytest.mark.parametrize("source", SOURCES)
def test_a_handle_goes_where_it_is_dragged(source: Source, across: int) -> None:
    for name, place in handles(source, across, SIZE).items():
        again = handles(dragged(source, name, place, across, SIZE), across, SIZE)[name]
        assert again == pytest.approx(place, abs=2e-3), "it did not move"
        there = [0.6 if axis != across else part for axis, part in enumerate(place)]
        moved = handles(dragged(source, name, tuple(there), across, SIZE), across, SIZE)[name]  # type: ignore[arg-type]
        assert moved[across] == place[across], "nothing moves across the plane"
        if name in ("start", "end", "centre"):
            assert moved == pytest.approx(there)


def test_what_has_no_place_has_no_handles() -> None:
    assert handles(Uniform(), 0, SIZE) == {} and handles(Blobs(), 0, SIZE) == {}
    assert set(handles(Solid("box"), 0, SIZE)) == {"centre", "width y", "width x"}
    assert set(handles(Radial(radius_y=0.0), 0, SIZE)) == {"centre", "radius x"}


def test_a_handle_outside_is_kept_at_the_edge() -> None:
    source = dragged(Linear(), "end", (0.2, 7.0, -3.0), 0, SIZE)
    assert isinstance(source, Linear) and (source.end_z, source.end_y, source.end_x) == (1.0, 1.0, 0.0)


def test_a_round_solids_radius_is_measured_in_the_shortest_edge() -> None:
    source = dragged(Solid("sphere"), "radius", (0.5, 0.5, 0.5 + 10 / 60), 0, SIZE)
    assert isinstance(source, Solid) and source.radius == pytest.approx(10 / 40)
