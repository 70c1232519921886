"""Where a camera is on its way through views: arithmetic, and the list that holds them."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from scipy.spatial.transform import Rotation

from app.widgets import key_view_list
from app.widgets.key_view_list import KeyViewList
from app.widgets.key_views import KeyView, Way, frame, level, moved
from app.widgets.oblique_cut import Cut
from app.widgets.volume_view import VolumeView

KEYS = (
    KeyView(10, 20, (0.5, 0.5, 0.5), 1.0),
    KeyView(80, 20, (0.2, 0.5, 0.5), 0.25),
    KeyView(-60, 60, (0.2, 0.9, 0.5), 0.5),
    KeyView(0, 90, (0.5, 0.5, 0.5), 2.0),
)


@pytest.mark.parametrize(("azimuth", "elevation"), [(0, 0), (35, 25), (-170, -80), (120, 90), (-33, -90), (179.5, 5)])
def test_a_level_view_is_its_own_nearest(azimuth: float, elevation: float) -> None:
    found = level(frame(azimuth, elevation))
    assert found == pytest.approx((azimuth, elevation), abs=1e-4)
    # a little tilt of the horizon changes neither
    tilted = frame(azimuth, elevation) @ Rotation.from_euler("z", 5, degrees=True).as_matrix()
    if abs(elevation) < 60:
        around, height = level(tilted)
        assert (around - azimuth + 180) % 360 - 180 == pytest.approx(0, abs=0.6 + abs(elevation) / 10)
        assert height == pytest.approx(elevation, abs=0.6)


def test_the_way_reaches_every_view_exactly() -> None:
    way = Way(KEYS)
    for place, key in enumerate(KEYS):
        assert way.at(place / 3) == key
    assert way.at(-1) == KEYS[0] and way.at(2) == KEYS[-1]


def test_between_two_views_the_turn_is_the_shortest_at_an_even_speed() -> None:
    # over the meridian where angles begin anew, at one height: by 20 degrees, not by 340
    way = Way((KeyView(170, 30), KeyView(-170, 30)))
    around = [way.at(share).azimuth % 360 for share in (0.25, 0.5, 0.75)]
    assert around == pytest.approx([175, 180, 185], abs=1e-3)
    assert [way.at(share).elevation for share in (0.25, 0.5)] == pytest.approx([30, 30], abs=1e-3)
    up = Way((KeyView(40, -10), KeyView(40, 50)))
    assert [up.at(share).elevation for share in (0.25, 0.5)] == pytest.approx([5, 20], abs=1e-3)
    assert up.at(0.3).azimuth == pytest.approx(40, abs=1e-3)
    # half as wide and half as wide again: the middle of the way is the middle of the zoom
    assert Way((KeyView(0, 0, width=1), KeyView(0, 0, width=0.25))).at(0.5).width == pytest.approx(0.5)


def test_the_way_is_smooth_and_overshoots_nothing() -> None:
    way = Way(KEYS)
    shares = np.linspace(0, 1, 301)
    views = [way.at(share) for share in shares]
    ahead = np.array([-frame(one.azimuth, one.elevation)[:, 2] for one in views])
    speed = np.linalg.norm(np.diff(ahead, axis=0), axis=1)
    # no jump, at a view or between: the speed changes little from one step to the next
    assert speed.max() < 0.04 and np.abs(np.diff(speed)).max() < 0.15 * speed.max()
    places = np.array([one.center for one in views])
    for axis in range(3):
        ends = [key.center[axis] for key in KEYS]
        assert places[:, axis].min() >= min(ends) - 1e-12 and places[:, axis].max() <= max(ends) + 1e-12
    widths = [one.width for one in views]
    assert min(widths) == 0.25 and max(widths) == 2.0
    assert max(b / a for a, b in itertools.pairwise(widths)) < 1.05


def test_one_view_twice_stands_still() -> None:
    way = Way((KEYS[0], KEYS[0], KEYS[1]))
    assert [way.at(share).azimuth for share in (0.1, 0.25, 0.4)] == pytest.approx([10] * 3, abs=1e-4)
    assert way.at(0.25).center == pytest.approx(KEYS[0].center) and way.at(0.6).azimuth < 20 < way.at(0.9).azimuth


def test_cuts_move_along_or_wait() -> None:
    one, other = Cut(350, 0, 0.2), Cut(10, 0, 0.6)
    (half,) = moved((one,), (other,), 0.5)
    assert (half.azimuth + 180) % 360 == pytest.approx(180, abs=1e-3) and half.depth == pytest.approx(0.4)
    assert moved((one,), (one, other), 0.7) == (one,) and moved((one,), (one,), 0.7) == (one,)
    way = Way((KeyView(0, 0, cuts=(one,)), KeyView(0, 0, cuts=(one, other))))
    assert way.at(0.99).cuts == (one,) and way.at(1).cuts == (one, other)


def test_the_list_adds_orders_removes_and_looks(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    view = VolumeView()
    controls = KeyViewList(view)
    for widget in (view, controls):
        qtbot.addWidget(widget)
    assert not controls.isEnabled(), "there is nothing to look at without OpenGL"
    now: dict[str, Any] = {}
    seen: list[KeyView] = []
    monkeypatch.setattr(key_view_list, "view_of_now", lambda _view: now["key"])
    monkeypatch.setattr(key_view_list, "look", lambda _view, key: seen.append(key))
    view.scene, view.labels = SimpleNamespace(), np.zeros((1, 1, 1), np.uint8)
    controls.setEnabled(True)
    controls.fold.set_open(True)
    controls.show()
    for key in KEYS[:3]:
        now["key"] = key
        controls.add.click()
    assert view.key_views == KEYS[:3] and controls.list.count() == 3 and controls.told.isHidden()
    assert controls.list.item(1).text() == "2. 80°, height 20°, zoom 5 ×"
    assert not controls.down.isEnabled()
    controls.up.click()
    controls.up.click()
    assert view.key_views == (KEYS[2], KEYS[0], KEYS[1]) and not controls.up.isEnabled()
    controls.list.setCurrentRow(1)
    controls.show_it.click()
    controls.remove.click()
    assert seen == [KEYS[0]] and view.key_views == (KEYS[2], KEYS[1])
    # a view is added below the one that is chosen
    controls.list.setCurrentRow(0)
    now["key"] = KEYS[3]
    controls.add.click()
    assert view.key_views == (KEYS[2], KEYS[3], KEYS[1]) and controls.list.currentRow() == 1
    for _ in range(3):
        controls.remove.click()
    assert view.key_views == () and controls.list.isHidden()
    view.scene = view.labels = None
