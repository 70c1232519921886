"""Cuts and views of a movie in a project: old files have none, and what makes no sense in one is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.images.views import MOST_CUTS, Cut, KeyView
from core.projects.reading import read_project
from core.projects.viewed import (
    MOST_VIEWS,
    cuts_from_json,
    cuts_to_json,
    key_views_from_json,
    key_views_to_json,
)
from core.projects.writing import write_project
from tests.core.projects.projects import project
from tests.core.projects.test_bad_files import rewritten

CUT: dict[str, Any] = {"azimuth": 10.0, "elevation": 20.0, "depth": 0.25}
VIEW: dict[str, Any] = {**CUT, "center": [0.5, 0.25, 0.75], "width": 0.5, "cuts": [CUT]}
del VIEW["depth"]


def test_both_come_back() -> None:
    views = (KeyView(1, 2), KeyView(-180.0, 90.0, (0.1, -3.0, 1 / 3), 1e-3, (Cut(), Cut(1 / 3, -1 / 7, 1.0))))
    assert key_views_from_json({"key_views": key_views_to_json(views)}) == views
    assert cuts_from_json({"cuts": cuts_to_json(views[1].cuts)}) == views[1].cuts
    assert cuts_from_json({}) == () and key_views_from_json({}) == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("azimuth", 1e300), ("azimuth", float("inf")), ("azimuth", "10"), ("azimuth", None), ("elevation", 90.5),
        ("elevation", True), ("depth", -0.1), ("depth", 1.5), ("depth", []),
    ],
)  # fmt: skip
def test_a_cut_that_cannot_be_is_left_out(key: str, value: Any) -> None:
    assert cuts_from_json({"cuts": [CUT, {**CUT, key: value}, CUT]}) == (Cut(10, 20, 0.25),) * 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("azimuth", -1e9), ("elevation", None), ("center", [0.5, 0.5]), ("center", 3), ("center", [0, 0, float("inf")]),
        ("center", [0, 0, "0"]), ("width", 0), ("width", -1.0), ("width", 1e9), ("width", {}),
    ],
)  # fmt: skip
def test_a_view_that_cannot_be_is_left_out(key: str, value: Any) -> None:
    wanted = KeyView(10, 20, (0.5, 0.25, 0.75), 0.5, (Cut(10, 20, 0.25),))
    assert key_views_from_json({"key_views": [{**VIEW, key: value}, VIEW]}) == (wanted,)


def test_too_many_and_no_lists() -> None:
    many = {"cuts": [{**CUT, "azimuth": float(n)} for n in range(20)], "key_views": [VIEW] * (MOST_VIEWS + 5)}
    assert [cut.azimuth for cut in cuts_from_json(many)] == list(range(MOST_CUTS))
    assert len(key_views_from_json(many)) == MOST_VIEWS
    assert key_views_from_json({"key_views": [{**VIEW, "cuts": 7}]})[0].cuts == ()
    for odd in (None, 3, "cuts", {"a": 1}, [None, 3, "x", [], {}]):
        assert cuts_from_json({"cuts": odd}) == () and key_views_from_json({"key_views": odd}) == ()


def test_older_and_damaged_projects_open(tmp_path: Path) -> None:
    good = write_project(project(), tmp_path / "good.microloom")

    def older(document: dict[str, Any], _members: dict[str, bytes]) -> None:
        del document["cuts"], document["key_views"]

    def damaged(document: dict[str, Any], _members: dict[str, bytes]) -> None:
        document["cuts"] = [{"azimuth": "north"}, *document["cuts"]]
        document["key_views"] = "none"

    old = read_project(rewritten(good, tmp_path / "old.microloom", older))
    assert old.cuts == () and old.key_views == () and len(old.results) == 3
    mended = read_project(rewritten(good, tmp_path / "damaged.microloom", damaged))
    assert mended.cuts == project().cuts and mended.key_views == ()
