"""Planes that cut: added, chosen, moved, taken back; and what of a face the others leave. Without a screen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.widgets.cut_controls import CutControls
from app.widgets.oblique_cut import MOST, Cut, cut_face
from app.widgets.volume_parts import Part
from app.widgets.volume_view import VolumeView

SIZE = np.array([30.0, 20.0, 10.0])  # x, y, z
RGBA = np.array([[0, 0, 0, 1.0], [1, 0, 0, 1.0], [9, 9, 9, 0]])


def test_a_face_is_where_no_other_plane_cuts() -> None:
    labels = np.random.default_rng(1).integers(0, 2, (5, 10, 15)).astype(np.uint8)
    planes = [cut.plane(SIZE) for cut in (Cut(35, 25, 0.4), Cut(300, -10, 0.5), Cut(0, 90, 0.3))]
    clip = tuple((0, side) for side in labels.shape)
    for place, plane in enumerate(planes):
        others = planes[:place] + planes[place + 1 :]
        alone, matrix = cut_face(Part(labels), clip, plane, SIZE, (2.0,) * 3, RGBA)  # type: ignore[arg-type]
        left, same = cut_face(Part(labels), clip, plane, SIZE, (2.0,) * 3, RGBA, others)  # type: ignore[arg-type]
        assert np.array_equal(matrix, same)
        rows, columns = np.mgrid[: len(alone), : len(alone)] + 0.5
        points = np.stack([columns, rows, 0 * rows, 0 * rows + 1], axis=-1) @ matrix
        kept = np.all([(points[..., :3] - point) @ normal >= 0 for point, normal in others], axis=0)
        assert np.array_equal(left, np.where(kept[..., None], alone, 0)) and left.any() and (left != alone).any()


@pytest.fixture
def view(qtbot: QtBot) -> VolumeView:
    made = VolumeView()
    qtbot.addWidget(made)
    made.labels, made.shape, made.scale = np.zeros((10, 20, 30), np.uint8), (10, 20, 30), (1.0, 1.0, 1.0)
    return made


def test_places_are_kept_that_no_plane_cuts_away(view: VolumeView) -> None:
    cuts = (Cut(0, 0, 0.25), Cut(90, 0, 0.5))
    view.oblique.set_all(cuts)
    places = np.random.default_rng(2).random((200, 3)) * (10, 20, 30)
    # seen along y, a quarter of it is gone; seen from the right, along −x, one half is
    wanted = (places[:, 1] >= 5) & (places[:, 2] <= 15)
    assert np.array_equal(view.oblique.keeps(places), wanted)
    view.oblique.set(None)
    assert view.oblique.keeps(places).all() and view.oblique.cut is None


def test_planes_are_listed_chosen_moved_and_taken_back(
    view: VolumeView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    controls = CutControls(view)
    qtbot.addWidget(controls)
    seen: dict[str, Any] = {"azimuth": 35.0, "elevation": 25.0}
    monkeypatch.setattr(type(view.oblique), "as_seen", lambda _self: Cut(seen["azimuth"], seen["elevation"]))
    controls.setEnabled(True)
    controls.show()
    view.oblique.add(view.oblique.as_seen())
    assert controls.on.isChecked() and controls.part.isVisible() and controls.list.count() == 1
    seen.update(azimuth=120.0, elevation=-30.0)
    controls.add.click()
    assert view.oblique.cuts == (Cut(35, 25), Cut(120, -30)) and controls.list.currentRow() == 1
    assert controls.sliders["Direction"].value() == 120
    controls.sliders["Depth"].setValue(30)
    assert view.oblique.cuts == (Cut(35, 25), Cut(120, -30, 0.3))
    assert controls.list.item(1).text() == "2. 120°, tilt -30°, depth 30 %"
    # the sliders are those of the plane that is chosen
    controls.list.setCurrentRow(0)
    assert controls.sliders["Tilt"].value() == 25
    controls.over.click()
    assert view.oblique.cuts == (Cut(35, 25).turned_over, Cut(120, -30, 0.3))
    controls.remove.click()
    assert view.oblique.cuts == (Cut(120, -30, 0.3),) and controls.list.count() == 1
    for _ in range(MOST + 3):
        controls.add.click()
    assert len(view.oblique.cuts) == MOST and not controls.add.isEnabled()
    assert len(set(view.oblique.cuts)) == MOST, "no two are the same"
    assert view.oblique.cuts[1:4] == (Cut(120, -30), Cut(210, -30), Cut(300, -30))
    controls.on.click()
    assert view.oblique.cuts == () and not controls.part.isVisible()
