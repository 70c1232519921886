"""The volume view on a real screen: what is drawn, and what the mouse and the keys do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.widgets import volume_surface
from app.widgets.volume_view import VolumeView
from tests.app.widgets.volume_views import PHASES, block, view_of

pytestmark = pytest.mark.gl


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[VolumeView]:
    made = view_of(block(), (700, 700))
    qtbot.addWidget(made)
    yield made
    made.stop_turntable()


def pixels(view: VolumeView) -> np.ndarray:
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    whole = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return whole[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def like(picture: np.ndarray, color: str, within: int = 12) -> int:
    """Pixels of nearly this colour."""
    wanted = QColor(color)
    rgb = np.array([wanted.red(), wanted.green(), wanted.blue()])
    return int((np.abs(picture.astype(int) - rgb).max(axis=-1) <= within).sum())


def orange(picture: np.ndarray) -> int:
    """Pixels of the metal's hue, however lit."""
    r, g, b = (picture[..., channel].astype(int) for channel in range(3))
    return int(((r > 60) & (r > g + 20) & (g > b + 20)).sum())


def quarter(picture: np.ndarray) -> np.ndarray:
    """The 3-D view: bottom right."""
    return picture[picture.shape[0] // 2 :, picture.shape[1] // 2 :]


def test_slices_show_the_phases_in_their_colours_and_the_surface_appears(view: VolumeView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") > 3000, timeout=60_000)
    picture = pixels(view)
    # the cube fills a quarter of each section
    ratio = like(picture, "#8A9099") / like(picture[: picture.shape[0] // 2], "#E69F00")
    assert ratio > 2
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) > 2000, timeout=60_000)


def test_a_click_in_a_slice_moves_the_linked_cursor(view: VolumeView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") > 3000, timeout=60_000)
    before = pixels(view)
    heard: list[tuple[int, ...]] = []
    view.cursorMoved.connect(heard.append)
    target = view.scene.canvas.native
    place = QPoint(target.width() // 4 + 100, target.height() // 4 + 60)
    QTest.mouseClick(target, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert heard, "the click is heard"
    z, y, x = heard[-1]
    assert (y, x) != (12, 12) and z == view.cursor_at[0]
    qtbot.waitUntil(lambda: not np.array_equal(pixels(view), before), timeout=20_000)


def test_keys_step_through_the_slices(view: VolumeView) -> None:
    z, y, x = view.cursor_at
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.cursor_at != (z, y, x)
    assert abs(view.cursor_at[0] - z) == 1 and view.cursor_at[2] == x + 1


def test_clipping_and_modes_change_what_is_drawn(view: VolumeView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) > 2000, timeout=60_000)
    whole = orange(quarter(pixels(view)))
    view.set_clip(((0, 24), (0, 24), (0, 10)))
    qtbot.waitUntil(lambda: 0 < orange(quarter(pixels(view))) < 0.8 * whole, timeout=60_000)
    view.set_clip(((0, 24), (0, 24), (0, 24)))
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) > 0.95 * whole, timeout=60_000)
    surface = quarter(pixels(view))
    view.set_mode("translucent")
    qtbot.waitUntil(lambda: not np.array_equal(quarter(pixels(view)), surface), timeout=60_000)
    translucent = quarter(pixels(view))
    view.set_mode("maximum")
    qtbot.waitUntil(lambda: not np.array_equal(quarter(pixels(view)), translucent), timeout=60_000)


def test_the_turntable_turns_and_a_snapshot_is_as_large_as_the_view(view: VolumeView, qtbot: QtBot) -> None:
    azimuth = view.scene.view.camera.azimuth
    view.start_turntable()
    qtbot.waitUntil(lambda: view.scene.view.camera.azimuth != azimuth, timeout=20_000)
    view.stop_turntable()
    assert not view.turning
    picture = view.snapshot()
    assert picture.width() >= 600 and picture.height() >= 600


def test_a_preview_keeps_the_camera(view: VolumeView, qtbot: QtBot) -> None:
    view.scene.view.camera.azimuth = 77
    view.set_preview(np.ones((24, 24, 24), np.uint8), PHASES, (1e-9,) * 3)
    assert view.scene.view.camera.azimuth == 77
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") > 30_000, timeout=60_000)


def test_a_grey_volume_is_a_solid_block_with_grey_sections(view: VolumeView, qtbot: QtBot) -> None:
    levels = np.full((24, 24, 24), 90, np.uint8)
    levels[:12] = 200
    view.set_grey(levels)
    view.set_cursor((3, 12, 12))
    assert view.grey and view.phase_name(view.label_at((3, 0, 0))) == "grey 200 of 255"

    def there() -> bool:
        picture = pixels(view)
        section = picture[: picture.shape[0] // 2, : picture.shape[1] // 2]
        # across z one grey (but for letters); the block shows both
        both = all(like(quarter(picture), color) > 2000 for color in ("#5a5a5a", "#c8c8c8"))
        return like(section, "#c8c8c8") > 20_000 and like(section, "#5a5a5a") < 1000 and both

    qtbot.waitUntil(there, timeout=60_000)
    # no surface of the phases before stands in it
    assert not any(mesh.visible for mesh in view.scene.meshes)
    # the phases come back, whatever they are called
    view.set_preview(np.ones((24, 24, 24), np.uint8))
    assert not view.grey and len(view.phases) == 2
    qtbot.waitUntil(lambda: like(pixels(view), view.phases[1].color) > 30_000, timeout=60_000)


def test_clearing_shows_nothing(view: VolumeView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") > 3000, timeout=60_000)
    assert not view.scene.nothing.visible
    view.clear()
    assert view.scene.nothing.visible
    assert tuple(view.scene.nothing.pos[0][:2]) == pytest.approx([edge / 2 for edge in view.scene.canvas.size])
    qtbot.waitUntil(lambda: like(pixels(view), "#E69F00") < 100, timeout=60_000)


def in_3d(view: VolumeView, across: float = 0.5, down: float = 0.5) -> QPoint:
    """A place in the 3-D view, as shares of its width and height."""
    native = view.scene.canvas.native
    return QPoint(round(native.width() * (0.5 + across / 2)), round(native.height() * (0.5 + down / 2)))


def drag(
    view: VolumeView, button: Qt.MouseButton, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """Drag the middle of the 3-D view to the right and down."""
    native = view.scene.canvas.native
    QTest.mousePress(native, button, modifier, in_3d(view))
    for step in (10, 25, 40):
        place = in_3d(view) + QPoint(step, step)
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(place), QPointF(native.mapToGlobal(place)), Qt.MouseButton.NoButton, button,
            modifier,
        )  # fmt: skip
        QApplication.sendEvent(native, event)
    QTest.mouseRelease(native, button, modifier, in_3d(view) + QPoint(40, 40))


@pytest.mark.parametrize(
    ("button", "modifier"),
    [
        (Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier),
        (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier),
    ],
)
def test_right_and_shift_drag_pan(view: VolumeView, button: Qt.MouseButton, modifier: Qt.KeyboardModifier) -> None:
    camera = view.scene.view.camera
    before = np.array(camera.center), camera.azimuth, camera.elevation, camera.scale_factor
    on_screen = view.scene.view.scene.transform.map([12, 12, 12, 1])
    drag(view, button, modifier)
    assert (camera.azimuth, camera.elevation, camera.scale_factor) == before[1:]
    assert not np.allclose(camera.center, before[0])
    moved = view.scene.view.scene.transform.map([12, 12, 12, 1])
    shift = moved[:2] / moved[3] - on_screen[:2] / on_screen[3]
    assert shift[0] > 10 and shift[1] > 10  # what is held follows the pointer, right and down


def test_left_drag_rotates(view: VolumeView) -> None:
    camera = view.scene.view.camera
    center, azimuth = camera.center, camera.azimuth
    drag(view, Qt.MouseButton.LeftButton)
    assert camera.azimuth != azimuth
    assert camera.center == center


def test_a_double_click_on_a_voxel_centres_there_and_moves_the_slices(view: VolumeView) -> None:
    view.set_cursor((3, 4, 5))
    native = view.scene.canvas.native
    QTest.mouseDClick(native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, in_3d(view))
    z, y, x = view.cursor_at
    assert view.labels is not None and view.labels[view.cursor_at] == 1
    # the line of sight through the middle of the box enters the metal cube at one of the faces towards the viewer
    assert z == 17 or y == 6 or x == 17
    assert np.allclose(view.scene.view.camera.center, (x + 0.5, y + 0.5, z + 0.5))
    QTest.mouseDClick(native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, in_3d(view, 0.02, 0.02))
    assert view.cursor_at == (z, y, x)  # beside the volume there is no voxel


def test_the_voxel_seen_is_where_the_axes_say(view: VolumeView) -> None:
    # looking down z, the pixel over the middle of a voxel's top shows that voxel
    view.scene.view.camera.elevation, view.scene.view.camera.azimuth = 90, 0
    scene = view.scene.view
    for y, x in ((7, 8), (16, 6), (12, 17)):
        local = scene.scene.transform.map([x + 0.5, y + 0.5, 18, 1])
        pixel = scene.transforms.get_transform("visual", "canvas").map(local / local[3])[:2]
        assert view.in_3d.voxel_seen(pixel) == (17, y, x)


def test_every_phase_that_is_switched_on_has_its_surface(view: VolumeView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) > 2000, timeout=60_000)
    alone = orange(quarter(pixels(view)))
    view.set_phase_style(0, "#0072B2", 1.0, True)  # it surrounds the metal, and hides it
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) == 0, timeout=60_000)
    view.set_phase_style(0, "#0072B2", 0.1, True)  # it can be seen through
    qtbot.waitUntil(lambda: blue(quarter(pixels(view))) > 2000, timeout=60_000)
    view.set_phase_style(0, "#0072B2", 0.1, False)
    qtbot.waitUntil(lambda: orange(quarter(pixels(view))) == alone, timeout=60_000)


def blue(picture: np.ndarray) -> int:
    """Pixels with more blue than red."""
    return int((picture[..., 2].astype(int) > picture[..., 0].astype(int) + 15).sum())


def test_an_error_in_the_surface_is_told(view: VolumeView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(volume_surface, "phase_surface", broken)
    with qtbot.waitSignal(view.failed, timeout=20_000) as caught:
        view.set_clip(((0, 24), (0, 24), (0, 9)))
    assert isinstance(caught.args[0], MemoryError)


@pytest.mark.parametrize(("azimuth", "elevation"), [(35, 25), (-50, 25), (130, 25), (-140, 25), (35, -30)])
def test_ticks_stand_outside_the_volume(view: VolumeView, azimuth: float, elevation: float) -> None:
    from scipy.spatial import ConvexHull, Delaunay

    camera = view.scene.view.camera
    camera.azimuth, camera.elevation = azimuth, elevation
    view.scene.turned()
    transform = view.scene.view.scene.transform

    def on_screen(places: np.ndarray) -> np.ndarray:
        mapped = transform.map(np.column_stack([places, np.ones(len(places))]))
        return np.asarray(mapped[:, :2] / mapped[:, 3:])

    corners = on_screen(np.array([[x, y, z] for x in (0, 24) for y in (0, 24) for z in (0, 24)], float))
    outline = Delaunay(corners[ConvexHull(corners).vertices])
    assert (outline.find_simplex(on_screen(view.scene.ticks.pos)) == -1).all()
