"""Which runs a series has, which share a model, and what their files are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.series import Member, label, members, named


def test_every_seed_trains_anew_unless_one_training_is_wanted() -> None:
    assert members([3, 4]) == (Member(3), Member(4))
    assert members([3, 4, 3], train_once=True) == (Member(3), Member(4, leader=0))


def test_fractions_share_a_model_only_where_it_serves_a_range() -> None:
    assert members([0], [0.1, 0.2]) == (Member(0, 0.1), Member(0, 0.2))
    assert members([0], [0.1, 0.2, 0.2], served=(0.1, 0.2)) == (Member(0, 0.1), Member(0, 0.2, leader=0))
    # what lies outside trains, and is refused by the preflight
    assert members([0], [0.1, 0.5], served=(0.1, 0.2)) == (Member(0, 0.1), Member(0, 0.5))


def test_runs_that_share_a_model_follow_each_other() -> None:
    assert members([0, 1], [0.1, 0.2], served=(0.0, 1.0)) == (
        Member(0, 0.1), Member(0, 0.2, leader=0), Member(1, 0.1), Member(1, 0.2, leader=2),
    )  # fmt: skip
    assert members([0, 1], [0.1, 0.2], served=(0.0, 1.0), train_once=True) == (
        Member(0, 0.1), Member(0, 0.2, leader=0), Member(1, 0.1, leader=0), Member(1, 0.2, leader=0),
    )  # fmt: skip
    assert members([0, 1], [0.1, 0.2], train_once=True) == (
        Member(0, 0.1), Member(1, 0.1, leader=0), Member(0, 0.2), Member(1, 0.2, leader=2),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "seeds", "fractions", "expected"),
    [
        ("v.tif", [0], [None], ["v.tif"]),
        ("v.tif", [0, 7], [None], ["v_seed0.tif", "v_seed7.tif"]),
        ("v.ome.zarr", [0], [0.1, 0.25], ["v_f0.1.ome.zarr", "v_f0.25.ome.zarr"]),
        ("v.OME.TIF", [0, 1], [0.1, 0.2], ["v_f0.1_seed0.OME.TIF", "v_f0.2_seed0.OME.TIF", "v_f0.1_seed1.OME.TIF",
                                           "v_f0.2_seed1.OME.TIF"]),
        ("report", [1, 2], [0.3], ["report_seed1", "report_seed2"]),
        ("a.b.microloom-model", [1, 2], [0.3], ["a.b_seed1.microloom-model", "a.b_seed2.microloom-model"]),
    ],
)  # fmt: skip
def test_names(path: str, seeds: list[int], fractions: list[float | None], expected: list[str]) -> None:
    series = members(seeds, fractions)
    assert [named(Path("out") / path, member, series) for member in series] == [Path("out") / name for name in expected]


def test_a_run_is_told_apart_by_what_varies() -> None:
    series = members([0, 1], [0.1, 0.2])
    assert label(series[3], series) == "volume fraction 0.2, seed 1"
    series = members([0], [0.1])
    assert label(series[0], series) == ""
