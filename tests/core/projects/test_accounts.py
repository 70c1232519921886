"""The curves of true volumes in a project: to the bit, within bounds, and never what keeps it from opening."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.images.true_volume import TrueVolume
from core.projects import true_volume
from core.projects.accounts import account_from_json, account_to_json, size_of
from core.projects.true_volume import true_volumes_from_json, true_volumes_to_json
from core.properties import Properties
from core.report.runs_accounts import runs_drawings
from core.statistics.describing import Described
from tests.core.projects.projects import account, line
from tests.core.projects.test_measured import computed as computed
from tests.core.projects.test_measured import statistics as statistics
from tests.core.projects.test_measured import through_text
from tests.core.projects.test_round_trip import assert_same


def test_an_account_comes_back_to_the_bit() -> None:
    before = account()
    after = account_from_json(through_text(account_to_json(before)))
    assert after is not None
    assert_same(before, after)
    assert after.comparison is not None and after.curves is after.comparison.volume
    alone = replace(before, comparison=None, exemplar=None, band=None, edges=None, seed=7, target_fraction=0.25)
    assert_same(alone, account_from_json(through_text(account_to_json(alone))))


def test_statistics_and_properties_come_with_it(statistics: tuple[Described, ...], computed: Properties) -> None:
    before = replace(account(), statistics=statistics, properties=computed.without_fields())
    text = json.dumps(account_to_json(before), allow_nan=False)
    after = account_from_json(json.loads(text))
    assert after is not None and json.dumps(account_to_json(after)) == text
    assert [one.descriptor.name for one in after.statistics] == [one.descriptor.name for one in statistics]


def test_a_report_draws_the_curves_again() -> None:
    volume = TrueVolume(Path("/gone/rock.tif"), "rock", 1, known=line())
    (again,) = true_volumes_from_json(through_text({"true_volumes": true_volumes_to_json([volume])}))
    assert again.known == line() and again.known.account.sha256 == "another hash"
    # S2 and L over the exemplar's
    assert [title for title, *_ in runs_drawings([again.known])] == ["Two-point probability S₂(r)", "Lineal path L(r)"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("curves",), None), (("curves",), 3), (("comparison",), None), (("comparison", "volume", "s2"), [[0.1]]),
        (("comparison", "volume", "lags"), "none"), (("band", "s2_low"), [None]), (("shape",), [1, -2, 3]),
        (("shape",), [3]), (("phase",), []), (("phases",), [{"name": 1}]), (("edges_m",), [1e-9]),
        (("edges_m",), [1e-9, 0, 1e-9]), (("exemplar", "shape"), [1]), (("settings",), []), (("seconds",), None),
        (("statistics",), 7), (("statistics",), {}), (("properties",), {"axes": 1}), (("sha256",), 4),
    ],
)  # fmt: skip
def test_one_that_cannot_be_leaves_the_numbers(path: tuple[Any, ...], value: Any) -> None:
    data = through_text({"true_volumes": true_volumes_to_json([TrueVolume(Path("a.tif"), "g", 1, known=line())])})
    wrong = copy.deepcopy(data)
    place = wrong["true_volumes"][0]["account"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (one,) = true_volumes_from_json(wrong)
    assert one.known == line() and one.known.account is None
    for odd in (None, 3, "x", [], {}):
        wrong["true_volumes"][0]["account"] = odd
        assert true_volumes_from_json(wrong)[0].known.account is None
    # a project from before they were kept
    del wrong["true_volumes"][0]["account"]
    assert true_volumes_from_json(wrong)[0].known == line()


def test_many_keep_their_numbers_and_the_first_their_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    size = size_of(account_to_json(account()))
    monkeypatch.setattr(true_volume, "MOST_BYTES", 2 * size + 10)
    volumes = [TrueVolume(Path(f"{number}.tif"), "g", 1, known=line()) for number in range(4)]
    again = true_volumes_from_json(through_text({"true_volumes": true_volumes_to_json(volumes)}))
    assert [one.known.account is not None for one in again] == [True, True, False, False]
    assert all(one.known == line() for one in again) and np.isfinite(size)
