"""Movies made of a real view: what is in the file, that the view is given back, and that a cancelled one is gone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from app.context import Context
from app.widgets.filming import Film
from app.widgets.movie_dialog import MovieDialog
from app.widgets.volume_picture import Shot, draw, size_of
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect.exporting import Wish
from app.workspaces.inspect.picturing import Picturing
from tests.app.widgets.test_volume_view import orange, pixels, quarter
from tests.app.widgets.volume_views import PHASES, view_of

pytestmark = pytest.mark.gl
Make = Callable[[Film, str], Path]


@pytest.fixture(scope="module")
def shown(qapp: object) -> Iterator[VolumeView]:
    labels = np.zeros((16, 16, 16), np.uint8)
    labels[:, 4:12, 4:12] = 1  # a column along z, and a plate
    labels[6:9, 2:14, 4:12] = 1
    made = view_of(labels, (360, 320))
    yield made
    made.hide()
    made.deleteLater()


@pytest.fixture
def view(shown: VolumeView, qtbot: QtBot) -> VolumeView:
    qtbot.waitUntil(lambda: orange(quarter(pixels(shown))) > 300, timeout=60_000)
    return shown


@pytest.fixture
def context(qapp: object) -> Iterator[Context]:
    made = Context()
    yield made
    made.jobs.finish()


@pytest.fixture
def part(view: VolumeView, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Picturing:
    made = Picturing(context, view, view, lambda: (str(tmp_path), "gold"))

    def start(wish: Wish) -> None:
        assert wish.job is not None
        context.jobs.start(wish.path.name, wish.job, kind="export")

    made.wished.connect(start)
    monkeypatch.setattr(
        "app.workspaces.inspect.picturing.QFileDialog.getSaveFileName", lambda _parent, _title, name, _kinds: (name, "")
    )
    return made


@pytest.fixture
def make(part: Picturing, context: Context, tmp_path: Path, qtbot: QtBot) -> Make:
    def made(film: Film, suffix: str = ".gif") -> Path:
        failures: list[object] = []
        context.jobs.failed.connect(failures.append)
        with qtbot.waitSignal(context.jobs.idle, timeout=60_000):
            part.make_movie(film, suffix)
        assert not failures
        return tmp_path / f"gold{suffix}"

    return made


def read(path: Path) -> list[np.ndarray]:
    with Image.open(path) as movie:
        found = []
        for number in range(movie.n_frames):
            movie.seek(number)
            found.append(np.asarray(movie.convert("RGB")))
        return found


def differing(frames: list[np.ndarray]) -> int:
    """How many frames differ from the one before."""
    return sum(not np.array_equal(a, b) for a, b in itertools.pairwise(frames))


def test_a_turntable_turns_keeps_its_height_and_gives_the_view_back(view: VolumeView, make: Make) -> None:
    camera = view.scene.view.camera
    before = camera.azimuth, camera.elevation, tuple(camera.center)
    still = draw(view, Shot("3d", 160), size_of(view, Shot("3d", 160), even=True))
    film = Film("turntable", Shot("3d", 160), seconds=0.8, fps=10)
    frames = read(make(film))
    assert len(frames) == 8 and differing(frames) == 7
    assert frames[0].shape[:2] == size_of(view, film.shot, even=True)[::-1]
    assert np.abs(frames[0].astype(int) - still).mean() < 3  # it begins with what was seen
    assert (camera.azimuth, camera.elevation, tuple(camera.center)) == before and view.isEnabled()


def test_the_frames_are_the_views_that_the_camera_would_have(view: VolumeView, make: Make) -> None:
    film = Film("turntable", Shot("3d", 160, "white"), seconds=0.4, fps=10)
    frames = read(make(film, ".png"))
    azimuth = view.scene.view.camera.azimuth
    view.scene.view.camera.azimuth = azimuth + 90
    view.scene.turned()
    expected = draw(view, film.shot, size_of(view, film.shot, even=True))
    view.scene.view.camera.azimuth = azimuth
    view.scene.turned()
    assert np.array_equal(frames[1], expected)


def test_a_way_through_the_slices_shows_each_of_them(view: VolumeView, make: Make) -> None:
    place = view.cursor_at
    film = Film("slices", Shot("xy", 160), seconds=0.8, fps=10, axis=0)
    frames = read(make(film))
    assert len(frames) == 8
    # at slices 0, 2, 4, 6, 9, 11, 13 and 15; the plate is in 6 to 8
    assert [n for n, (a, b) in enumerate(itertools.pairwise(frames)) if not np.array_equal(a, b)] == [2, 3]
    assert view.cursor_at == place


def test_a_cut_takes_the_volume_away_from_the_viewer_on(view: VolumeView, make: Make) -> None:
    clip = view.clip
    frames = read(make(Film("cut", Shot("3d", 160), seconds=0.6, fps=10, axis=0)))
    left = [orange(frame) for frame in frames]
    assert left[0] > left[3] > left[-1] > 0
    assert view.clip == clip


def test_a_cancelled_movie_is_gone_and_the_view_is_free(
    view: VolumeView, part: Picturing, context: Context, tmp_path: Path, qtbot: QtBot
) -> None:
    azimuth = view.scene.view.camera.azimuth
    part.make_movie(Film("turntable", Shot("3d", 120), seconds=600, fps=50), ".gif")
    assert not view.isEnabled()
    qtbot.waitUntil(lambda: context.jobs.last is not None and context.jobs.last.step >= 2, timeout=20_000)
    assert context.jobs.last is not None and context.jobs.last.of == 30_000
    with qtbot.waitSignal(context.jobs.cancelled, timeout=20_000):
        context.jobs.cancel()
    assert view.isEnabled() and view.scene.view.camera.azimuth == azimuth
    assert not list(tmp_path.iterdir())


def test_another_volume_ends_the_movie_with_a_reason(
    view: VolumeView, part: Picturing, context: Context, tmp_path: Path, qtbot: QtBot
) -> None:
    labels = view.labels
    assert labels is not None
    part.make_movie(Film("turntable", Shot("3d", 120), seconds=600, fps=50), ".gif")
    with qtbot.waitSignal(context.jobs.failed, timeout=20_000) as caught:
        view.set_volume(labels.copy(), PHASES, (1e-9, 1e-9, 1e-9))
    assert "Another volume" in str(caught.args[0]) and view.isEnabled()
    assert not list(tmp_path.iterdir())


def test_the_dialog_says_what_comes_and_what_mp4_needs(
    view: VolumeView, part: Picturing, context: Context, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []

    def fill(self: MovieDialog) -> int:
        from PySide6.QtWidgets import QLabel

        self.show()
        said.extend(label.text() for label in self.findChildren(QLabel))
        assert self.format.findData(".mp4") < 0
        self.kind.setCurrentIndex(self.kind.findData("slices"))
        self.axis.setCurrentIndex(2)
        assert self.film.shot.part == "zy" and not self.turns.isVisible()
        for box, text in ((self.seconds, "0.5"), (self.fps, "6"), (self.pixels, "100")):
            box.selectAll()
            QTest.keyClicks(box, text)
            QTest.keyClick(box, Qt.Key.Key_Return)
        assert self.told.text().startswith("3 frames of 100 × ")
        QTest.mouseClick(self.buttons.button(QDialogButtonBox.StandardButton.Save), Qt.MouseButton.LeftButton)
        return self.result()

    monkeypatch.setattr(MovieDialog, "exec", fill)
    with qtbot.waitSignal(context.jobs.idle, timeout=60_000):
        part.movie_action.trigger()
    assert any("needs the program ffmpeg" in text for text in said)
    assert len(read(tmp_path / "gold.gif")) == 3
