"""Where a plane of any direction cuts, what its face shows, and what is drawn and picked on a real screen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.widgets.cut_controls import CutControls
from app.widgets.oblique_cut import Cut, cut_face
from app.widgets.volume_parts import Part
from app.widgets.volume_view import VolumeView
from core.images.values import Phase
from tests.app.widgets.test_volume_view import blue, orange, pixels, quarter
from tests.app.widgets.volume_views import view_of

PHASES = (Phase("Matrix", "#8A9099"), Phase("Metal", "#E69F00"), Phase("Core", "#0072B2"))
SIZE = np.array([30.0, 20.0, 10.0])  # x, y, z


@pytest.mark.parametrize(("azimuth", "elevation"), [(0, 0), (35, 25), (200, -60), (300, 90)])
def test_a_plane_touches_the_box_first_and_last_at_its_ends(azimuth: float, elevation: float) -> None:
    corners = np.array([[x, y, z] for x in (0, 30) for y in (0, 20) for z in (0, 10)], float)
    for depth, least, most in ((0.0, 0.0, None), (1.0, None, 0.0)):
        point, normal = Cut(azimuth, elevation, depth).plane(SIZE)
        ahead = (corners - point) @ normal
        assert np.linalg.norm(normal) == pytest.approx(1)
        if least is not None:
            assert ahead.min() == pytest.approx(least, abs=1e-9)
        if most is not None:
            assert ahead.max() == pytest.approx(most, abs=1e-9)
    cut = Cut(azimuth, elevation, 0.3)
    (point, normal), (other, opposite) = cut.plane(SIZE), cut.turned_over.plane(SIZE)
    assert opposite == pytest.approx(-normal) and (other - point) @ normal == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("cut", [Cut(0, 0, 0.25), Cut(35, 25, 0.4), Cut(123, -70, 0.6), Cut(10, 90, 0.5)])
def test_every_point_of_the_face_has_the_colour_of_its_voxel(cut: Cut) -> None:
    labels = np.random.default_rng(1).integers(0, 3, (5, 10, 15)).astype(np.uint8)
    scale, rgba = (2.0, 2.0, 2.0), np.array([[0, 0, 0, 1.0], [1, 0, 0, 1.0], [0, 1, 0, 0.5], [9, 9, 9, 0]])
    clip = ((0, 5), (2, 10), (0, 15))
    plane = cut.plane(SIZE)
    picture, matrix = cut_face(Part(labels), clip, plane, SIZE, scale, rgba)
    count, shown = len(picture), 0
    for row, column in np.random.default_rng(2).integers(0, count, (400, 2)):
        x, y, z, one = np.array([column + 0.5, row + 0.5, 0, 1]) @ matrix
        assert one == 1 and (np.array([x, y, z]) - plane[0]) @ plane[1] == pytest.approx(0, abs=1e-9)
        voxel = int(z // 2), int(y // 2), int(x // 2)
        inside = all(low <= at < high for at, (low, high) in zip((z // 2, y // 2, x // 2), clip, strict=True))
        wanted = rgba[labels[voxel]] if inside else np.zeros(4)
        assert picture[row, column] == pytest.approx(wanted)
        shown += inside
    assert shown > 40
    # the square holds all of the section: nothing of it is at the picture's edge
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert not edge.any()


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[VolumeView]:
    labels = np.zeros((24, 24, 24), np.uint8)
    labels[4:20, 4:20, 4:20] = 1
    labels[8:16, 8:16, 8:16] = 2  # hidden in the metal
    made = view_of(labels, (600, 600), phases=PHASES)
    qtbot.addWidget(made)
    made.set_phase_style(2, "#0072B2", 1.0, True)
    yield made


@pytest.mark.gl
def test_a_cut_opens_what_is_hidden(view: VolumeView, qtbot: QtBot) -> None:
    controls = CutControls(view)
    qtbot.addWidget(controls)
    controls.show()
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) > 1500, timeout=60_000)
    closed = blue(quarter(pixels(view)))
    assert not controls.part.isVisibleTo(controls)
    controls.on.click()
    camera = view.scene.view.camera
    assert view.oblique.cut == Cut(camera.azimuth, camera.elevation) and controls.part.isVisibleTo(controls)
    qtbot.waitUntil(lambda: blue(quarter(pixels(view))) > closed + 300, timeout=60_000)
    middle = view.scene.view.scene.transform.map([12, 12, 12, 1])
    pixel = view.scene.view.transforms.get_transform("visual", "canvas").map(middle / middle[3])[:2]
    seen = view.in_3d.seen(pixel)
    # what is picked is what the cut shows: the middle of the core, on the plane
    assert seen is not None and np.abs(np.array(seen[0]) - 12).max() < 0.5 and view.labels is not None
    assert view.labels[seen[1]] == 2
    controls.sliders["Depth"].setValue(100)
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) == 0, timeout=60_000)
    assert view.in_3d.seen(pixel) is None
    controls.over.click()
    assert view.oblique.cut.depth == 0 and controls.sliders["Depth"].value() == 0  # type: ignore[union-attr]
    view.scene.view.camera.azimuth = 100
    controls.camera.click()
    assert controls.sliders["Direction"].value() == 100 and controls.sliders["Depth"].value() == 50
    view.set_mode("translucent")
    qtbot.waitUntil(lambda: view.scene.volume.visible, timeout=60_000)
    assert len(view.scene.volume.clipping_planes) == 1
    controls.on.click()
    assert view.oblique.cut is None and len(view.scene.volume.clipping_planes) == 0


@pytest.mark.gl
def test_it_stays_with_volumes_of_one_shape(view: VolumeView, qtbot: QtBot) -> None:
    view.oblique.set(Cut(10, 20, 0.3))
    assert view.labels is not None
    view.set_volume(view.labels[::-1].copy(), PHASES, (1e-9, 1e-9, 1e-9))
    assert view.oblique.cut == Cut(10, 20, 0.3)
    view.set_volume(np.ones((8, 9, 10), np.uint8), PHASES, (1e-9, 1e-9, 1e-9))
    assert view.oblique.cut is None and not len(view.scene.planes)
