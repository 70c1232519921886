"""Pictures of the volume view at any size, on a real screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from app.context import Context
from app.widgets.picture_dialog import PictureDialog
from app.widgets.stage import ViewStage
from app.widgets.volume_picture import Shot, draw, region, size_of, width_on_screen
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect.picturing import Picturing
from core.errors import InputError
from tests.app.widgets.test_volume_view import drag, like, orange, pixels, quarter
from tests.app.widgets.volume_views import block, view_of

pytestmark = pytest.mark.gl


@pytest.fixture(scope="module")
def shown(qapp: object) -> Iterator[VolumeView]:
    """One view for all pictures: it is only looked at."""
    made = view_of(block(), (500, 400))
    yield made
    made.hide()
    made.deleteLater()


@pytest.fixture
def view(shown: VolumeView, qtbot: QtBot) -> VolumeView:
    qtbot.waitUntil(lambda: orange(quarter(pixels(shown))) > 500, timeout=60_000)
    return shown


def halved(picture: np.ndarray) -> np.ndarray:
    """Means of 2 × 2 pixels."""
    height, width = picture.shape[:2]
    return picture.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))


def test_a_larger_picture_shows_what_the_screen_shows(view: VolumeView) -> None:
    screen = draw(view, Shot("all", width_on_screen(view, "all")))
    twice = draw(view, Shot("all", 2 * screen.shape[1]))
    assert twice.shape == (2 * screen.shape[0], 2 * screen.shape[1], 3)
    assert np.abs(halved(twice) - screen).mean() < 4  # edges of letters and lines are finer, nothing has moved
    assert np.array_equal(
        draw(view, Shot("all", screen.shape[1])), screen
    )  # and one picture leaves no trace in the next


def test_a_part_alone_is_that_part(view: VolumeView) -> None:
    whole = draw(view, Shot("all", width_on_screen(view, "all")))
    for part in ("3d", "xy", "zy", "xz"):
        left, top, width, height = (round(number) for number in region(view, part))
        alone = draw(view, Shot(part, width_on_screen(view, part)))
        assert alone.shape[:2] == (height, width)
        assert np.abs(alone.astype(int) - whole[top : top + height, left : left + width]).mean() < 2


def extent(picture: np.ndarray) -> tuple[int, int]:
    """Width and height of what is orange."""
    inside = (picture[..., 0].astype(int) > 150) & (picture[..., 2] < 60)
    return int(inside.any(axis=0).sum()), int(inside.any(axis=1).sum())


@pytest.mark.parametrize(("shape", "ratio"), [("16:9", 16 / 9), ("1:1", 1.0)])
def test_another_shape_is_laid_out_anew_and_stretches_nothing(view: VolumeView, shape: str, ratio: float) -> None:
    before = draw(view, Shot("all", width_on_screen(view, "all")))
    for part in ("xy", "3d", "all"):
        picture = draw(view, Shot(part, 480, shape=shape))
        assert picture.shape == (round(480 / ratio), 480, 3)
        if part == "xy":  # a square of 12 voxels
            wide, high = extent(picture)
            assert wide > 60 and abs(wide - high) <= 2
        assert orange(picture) > 300
    assert np.array_equal(draw(view, Shot("all", before.shape[1])), before)


def test_numbers_at_the_axes_are_where_the_voxels_are(view: VolumeView) -> None:
    axes = view.scene.panes._across
    slices = zip(view.scene.slices, axes, strict=True)
    for box, axis in slices:
        ends = axis.node_transform(box.scene).map(axis.axis.pos)[:, 0]
        assert np.allclose(axis.axis.domain, ends, atol=0.05) and np.allclose(ends, (0, 24), atol=0.05)


def test_a_white_ground_has_dark_letters_and_the_screen_keeps_its_own(view: VolumeView) -> None:
    before = draw(view, Shot("xy", 400))
    white = draw(view, Shot("xy", 400, "white"))
    assert like(white, "#FFFFFF") > 0.2 * white.shape[0] * white.shape[1]
    assert like(white, "#202427", 60) > 300 and like(white, "#1B1D20", 3) < 300
    assert like(white, "#E69F00") == like(before, "#E69F00")
    assert np.array_equal(draw(view, Shot("xy", 400)), before)


def test_a_transparent_ground_lets_through_and_phases_do_not(view: VolumeView) -> None:
    picture = draw(view, Shot("3d", 300, "transparent"))
    assert picture.shape[2] == 4
    assert (picture[:10, :10] == 0).all()
    metal = picture[picture[..., 3] == 255][:, :3].astype(int)
    assert ((metal[:, 0] > 60) & (metal[:, 0] > metal[:, 1] + 20)).sum() > 300


def test_what_cannot_be_drawn_is_told_with_the_limit(view: VolumeView) -> None:
    with pytest.raises(InputError, match=r"draws \d+ along a side|million pixels"):
        draw(view, Shot("all", 40_000))
    assert view.scene.canvas.transforms.pixel_scale == pytest.approx(view.scene.canvas.pixel_scale)


def test_the_dialog_follows_the_choice(view: VolumeView, qtbot: QtBot) -> None:
    dialog = PictureDialog(ViewStage(view))
    qtbot.addWidget(dialog)
    wide = width_on_screen(view, "all")
    assert dialog.shot == Shot("all", 2 * wide, "screen") and not dialog.pixels.isEnabled()
    dialog.part.setCurrentIndex(dialog.part.findData("3d"))
    assert dialog.shot.width == 2 * width_on_screen(view, "3d") < wide + 2
    dialog.times.setCurrentIndex(dialog.times.findData(0))
    dialog.pixels.setValue(1234)
    width, height = size_of(view, dialog.shot)
    assert width == 1234 and dialog.told.text().startswith(f"1234 × {height} pixels")


def test_the_picture_that_is_written_has_the_width_that_was_typed(
    view: VolumeView, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imageio.v3 import imread

    part = Picturing(Context(), view, view, lambda: (str(tmp_path), "gold"))
    asked: list[str] = []

    def chosen(_parent: object, _title: str, name: str, _kinds: str) -> tuple[str, str]:
        asked.append(name)
        return str(tmp_path / "own"), ""

    def fill(self: PictureDialog) -> int:
        self.show()
        self.times.setCurrentIndex(self.times.findData(0))
        self.pixels.selectAll()
        QTest.keyClicks(self.pixels, "901")
        self.ground.setCurrentIndex(self.ground.findData("transparent"))
        save = self.buttons.button(QDialogButtonBox.StandardButton.Save)
        QTest.mouseClick(save, Qt.MouseButton.LeftButton)
        return self.result()

    monkeypatch.setattr("app.workspaces.inspect.picturing.QFileDialog.getSaveFileName", chosen)
    monkeypatch.setattr(PictureDialog, "exec", fill)
    with qtbot.waitSignal(part.wished) as caught:
        part.picture_action.trigger()
    caught.args[0].write()
    assert asked == [str(tmp_path / "gold.png")]
    picture = imread(tmp_path / "own.png")
    height = size_of(view, Shot("all", 901))[1]
    assert picture.shape == (height, 901, 4)
    assert picture[..., 3].min() == 0 and picture[..., 3].max() == 255


def test_a_picture_is_as_fine_as_when_still(view: VolumeView) -> None:
    drag(view, Qt.MouseButton.LeftButton)  # which leaves rays coarse for a moment
    coarse = view.scene.volume.relative_step_size
    draw(view, Shot("3d", 100))
    assert view.scene.volume.relative_step_size == coarse
