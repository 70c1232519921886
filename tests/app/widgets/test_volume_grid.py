"""Volumes beside each other, on a real screen: what a gesture in one does to all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.widgets.filming import Film, Filming
from app.widgets.stage import GridStage
from app.widgets.volume_grid import VolumeGrid, of_volume
from app.widgets.volume_picture import Shot
from app.widgets.volume_view import VolumeView
from core.images.values import Phase, Volume
from core.provenance import Provenance
from tests.app.widgets.test_volume_view import drag, orange, pixels

pytestmark = pytest.mark.gl
PHASES = (Phase("Matrix", "#8A9099"), Phase("Metal", "#E69F00"))
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def volume(side: int, edge: float = 1e-8) -> Volume:
    labels = np.zeros((side, side, side), np.uint8)
    labels[side // 4 : 3 * side // 4, side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] = 1
    return Volume(labels, PHASES, (edge,) * 3, "cube", Provenance("test"))


@pytest.fixture(scope="module")
def made(qapp: object) -> Iterator[tuple[VolumeView, VolumeGrid]]:
    """The second is twice as long as the first, of voxels half as large again; the leader is hidden, as in Inspect."""
    leader = VolumeView()
    grid = VolumeGrid(leader)
    grid.resize(520, 300)
    grid.show()
    QTest.qWaitForWindowExposed(grid)
    leader.set_volume(volume(12).labels, PHASES, (1e-8,) * 3)
    leader.set_phase(1)
    first, second = volume(12), volume(16, 1.5e-8)
    grid.show_entries((of_volume("one", first, first), of_volume("two", second, second)))
    grid.show_part("all")
    yield leader, grid
    grid.hide()
    grid.deleteLater()
    leader.deleteLater()


@pytest.fixture
def grid(made: tuple[VolumeView, VolumeGrid], qtbot: QtBot) -> VolumeGrid:
    qtbot.waitUntil(lambda: all(view.scene.meshes for view in made[1].views), timeout=60_000)
    return made[1]


@pytest.fixture
def leader(made: tuple[VolumeView, VolumeGrid]) -> VolumeView:
    return made[0]


def cameras(grid: VolumeGrid) -> list[tuple[float, ...]]:
    """Azimuth, elevation, and in metres the distance and where it looks, from the volume's middle."""
    found = []
    for view in grid.views:
        camera = view.scene.view.camera
        assert view.voxel_size is not None
        metres = view.voxel_size[0] / view.scale[0]
        middle = np.array(view.shape[::-1]) * np.array(view.scale[::-1]) / 2
        offset = (np.array(camera.center) - middle) * metres
        found.append((camera.azimuth, camera.elevation, camera.scale_factor * metres, *offset))
    return found


def test_at_first_all_look_alike_and_the_largest_fits(grid: VolumeGrid) -> None:
    one, two = cameras(grid)
    assert one == pytest.approx(two)
    assert one[2] == pytest.approx(1.25 * np.sqrt(3) * 16 * 1.5e-8)
    assert one[3:] == pytest.approx((0, 0, 0), abs=1e-15)


@pytest.mark.parametrize(("button", "which"), [(LEFT, 0), (Qt.MouseButton.RightButton, 1)])
def test_a_drag_in_one_turns_or_moves_all(grid: VolumeGrid, qtbot: QtBot, button: Qt.MouseButton, which: int) -> None:
    before = cameras(grid)
    drag(grid.views[which], button)
    qtbot.waitUntil(lambda: cameras(grid)[1 - which] != before[1 - which], timeout=20_000)
    qtbot.waitUntil(lambda: cameras(grid)[0] == pytest.approx(cameras(grid)[1], rel=1e-6, abs=1e-14), timeout=20_000)
    changed = [a != b for a, b in zip(cameras(grid)[which], before[which], strict=True)]
    assert any(changed[:2]) == (button == LEFT) and any(changed[3:]) != (button == LEFT)


def test_a_click_in_a_slice_moves_the_cursor_of_all_and_of_the_leader(leader: VolumeView, grid: VolumeGrid) -> None:
    one, two = grid.views
    native = one.scene.canvas.native
    box = one.scene.slices[0]
    place = box.transforms.get_transform("visual", "canvas").map((box.size[0] * 0.7, box.size[1] * 0.3))
    QTest.mouseClick(native, LEFT, NONE, QPoint(round(float(place[0])), round(float(place[1]))))
    z, y, x = one.cursor_at
    assert (z, y, x) != (6, 6, 6) and leader.cursor_at == one.cursor_at
    assert two.cursor_at == tuple(int((at + 0.5) / 12 * 16) for at in (z, y, x))


def test_mode_phase_and_clip_are_the_leaders(leader: VolumeView, grid: VolumeGrid, qtbot: QtBot) -> None:
    leader.set_clip(((0, 12), (0, 6), (3, 12)))
    leader.set_mode("translucent")
    leader.set_phase_style(1, "#0072B2", 0.9, True)
    one, two = grid.views
    qtbot.waitUntil(lambda: two.mode == "translucent" and two.styles[1][0] == "#0072B2", timeout=20_000)
    assert one.clip == leader.clip and two.clip == ((0, 16), (0, 8), (4, 16))
    leader.set_clip(((0, 12),) * 3)
    leader.set_mode("surface")
    leader.set_phase_style(1, "#E69F00", 0.5, True)
    qtbot.waitUntil(lambda: two.mode == "surface" and two.clip == ((0, 16),) * 3, timeout=20_000)


def test_one_part_alone_fills_its_canvas_and_takes_the_mouse(grid: VolumeGrid, qtbot: QtBot) -> None:
    view = grid.views[0]
    width, height = view.scene.canvas.size
    grid.show_part("3d")
    qtbot.waitUntil(lambda: orange(pixels(view)) > 500, timeout=60_000)
    assert view.scene.place((width * 0.2, height * 0.2)) == (3, (0.0, 0.0))
    grid.show_part("xy")
    QApplication.processEvents()
    plane, place = view.scene.place((width * 0.9, height * 0.5))
    assert plane == 0 and place[1] > 0
    axis = view.scene.panes._across[0]
    ends = axis.node_transform(view.scene.slices[0].scene).map(axis.axis.pos)[:, 0]
    assert np.allclose(axis.axis.domain, ends, atol=0.1) and np.ptp(axis.axis.pos[:, 0]) > 0.5 * width
    grid.show_part("all")
    QApplication.processEvents()
    places = [view.scene.place((width * a, height * b)) for a, b in ((0.4, 0.2), (0.9, 0.2), (0.4, 0.7), (0.9, 0.7))]
    assert [found and found[0] for found in places] == [0, 1, 2, 3]


def test_one_that_is_taken_away_leaves_its_room(grid: VolumeGrid, qtbot: QtBot) -> None:
    with qtbot.waitSignal(grid.removed) as caught:
        QTest.mouseClick(grid.cells[1].away, LEFT)
    assert caught.args == [1]
    entries = grid.entries
    grid.show_entries(entries[:1])
    assert grid.cells[1].isHidden() and not grid.cells[0].away.isEnabled()
    assert grid.cells[0].title.text() == "<b>one</b> · φ 12.50 %"
    grid.show_entries(entries)
    assert not grid.cells[1].isHidden() and len(grid.views) == 2


def test_pictures_and_movies_show_all_with_their_names(leader: VolumeView, grid: VolumeGrid, qtbot: QtBot) -> None:
    stage = GridStage(grid)
    shot = Shot("all", 400, "transparent", "16:9")
    picture = stage.draw(shot)
    assert picture.shape == (225, 400, 4) and stage.size_of(shot, even=True) == (400, 224)
    halves = picture[:, :197], picture[:, 203:]
    assert all(orange(half[..., :3]) > 200 for half in halves)
    # names in the corners, on nothing
    letters = [(half[:16, :100, :3].max(axis=2) < 100) & (half[:16, :100, 3] > 0) for half in halves]
    assert all(10 < one.sum() < 1000 for one in letters)
    places = [view.cursor_at for view in grid.views]
    filming = Filming(stage, Film("slices", Shot("all", 200), seconds=0.2, fps=10, axis=0))
    frames = []
    filming.start()
    assert not grid.isEnabled()
    for frame in filming.frames():
        if frame is None:
            QApplication.processEvents()
        else:
            frames.append(frame)
    qtbot.waitUntil(lambda: not filming.running, timeout=20_000)
    assert len(frames) == 2 and not np.array_equal(frames[0], frames[1]) and frames[0].shape[1] == 200
    assert grid.isEnabled() and [view.cursor_at for view in grid.views] == places
