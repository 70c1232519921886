"""Movies, read back with Pillow: frames, times, and that a cancelled one leaves nothing."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import InputError, JobError
from core.images import ffmpeg
from core.images.movies import writing_movie
from core.job import finish

COUNT = 7


def frames(count: int = COUNT, width: int = 34, height: int = 20) -> list[np.ndarray]:
    """A bar that moves over grey: 3 colours, so that a GIF can hold them exactly."""
    made = []
    for number in range(count):
        frame = np.full((height, width, 3), 40, np.uint8)
        frame[:, 4 * number : 4 * number + 3] = (230, 159, 0)
        frame[number] = (0, 114, 178)
        made.append(frame)
    return made


def read(path: Path) -> tuple[list[np.ndarray], list[float]]:
    """Frames, and milliseconds that each is shown."""
    pictures, times = [], []
    with Image.open(path) as movie:
        for number in range(movie.n_frames):
            movie.seek(number)
            pictures.append(np.asarray(movie.convert("RGB")))
            times.append(float(movie.info["duration"]))
        assert movie.info.get("loop") == 0
    return pictures, times


@pytest.mark.parametrize("suffix", [".gif", ".png"])
@pytest.mark.parametrize("fps", [30, 25])
def test_every_frame_comes_back_in_its_time(tmp_path: Path, suffix: str, fps: int) -> None:
    path = tmp_path / f"turn{suffix}"
    late = [None, *frames()[:3], None, None, *frames()[3:]]
    assert finish(writing_movie(iter(late), path, COUNT, fps)) == path
    pictures, times = read(path)
    assert len(pictures) == COUNT
    for picture, frame in zip(pictures, frames(), strict=True):
        assert np.array_equal(picture, frame)
    assert abs(sum(times) - 1000 * COUNT / fps) <= 5.001  # half a hundredth of a second
    assert list(tmp_path.iterdir()) == [path]


def test_a_gif_of_more_than_256_colours_is_close(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:60, :80]
    frame = np.stack([3 * columns, 4 * rows, 128 + 0 * rows], axis=-1).astype(np.uint8)
    path = tmp_path / "g.gif"
    finish(writing_movie(iter([frame, frame[:, ::-1]]), path, 2, 10))
    pictures, _ = read(path)
    assert np.abs(pictures[0].astype(int) - frame).mean() < 6
    assert np.abs(pictures[1].astype(int) - frame[:, ::-1]).mean() < 6


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_a_cancelled_movie_leaves_what_was_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"turn{suffix}"
    path.write_bytes(b"earlier")
    job = writing_movie(iter(frames()), path, COUNT, 25)
    for _ in range(4):
        progress = next(job)
    assert (progress.step, progress.of) == (3, COUNT)
    job.close()
    assert path.read_bytes() == b"earlier" and list(tmp_path.iterdir()) == [path]


def test_missing_frames_an_unknown_suffix_and_too_many_a_second_are_told(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="7 frames instead of 9"):
        finish(writing_movie(iter(frames()), tmp_path / "m.gif", 9, 25))
    with pytest.raises(InputError, match=r"\.mp4, \.gif, \.png"):
        finish(writing_movie(iter(frames()), tmp_path / "m.avi", COUNT, 25))
    with pytest.raises(InputError, match="1 to 50"):
        finish(writing_movie(iter(frames()), tmp_path / "m.gif", COUNT, 60))
    assert not list(tmp_path.iterdir())


def test_without_ffmpeg_an_mp4_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(JobError, match="needs the program ffmpeg"):
        finish(writing_movie(iter(frames()), tmp_path / "m.mp4", COUNT, 25))
    assert not list(tmp_path.iterdir())


STAND_IN = """#!{python}
import sys
if "-encoders" in sys.argv:
    print(" V..... = Video\\n ------\\n V....D mpeg4   MPEG-4\\n V....D libopenh264  OpenH264")
    sys.exit(0)
data = sys.stdin.buffer.read()
if {fails}:
    print("no room", file=sys.stderr)
    sys.exit(1)
open(sys.argv[-1], "wb").write(" ".join(sys.argv[1:-1]).encode() + b"|" + data)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program in place of ffmpeg that keeps what it is told and handed."""
    if os.name == "nt":
        pytest.skip("a script is no program there")
    folder = tmp_path / "programs"
    folder.mkdir()
    path = folder / "ffmpeg"

    path.write_text(STAND_IN.format(python=sys.executable, fails=False))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))
    ffmpeg.encoder.cache_clear()
    yield path
    ffmpeg.encoder.cache_clear()


def test_ffmpeg_is_handed_every_pixel_and_its_best_encoder(tmp_path: Path, stand_in: Path) -> None:
    path = tmp_path / "m.mp4"
    finish(writing_movie(iter(frames()), path, COUNT, 24))
    told, _, data = path.read_bytes().partition(b"|")
    assert data == b"".join(frame.tobytes() for frame in frames())
    words = told.decode().split()
    assert words[words.index("-s") + 1] == "34x20" and words[words.index("-r") + 1] == "24"
    assert words[words.index("-c:v") + 1] == "libopenh264"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["m.mp4", "programs"]


def test_what_ffmpeg_complains_of_is_told(tmp_path: Path, stand_in: Path) -> None:
    stand_in.write_text(STAND_IN.format(python=sys.executable, fails=True))
    with pytest.raises(JobError, match="no room"):
        finish(writing_movie(iter(frames()), tmp_path / "m.mp4", COUNT, 24))
    assert [item.name for item in tmp_path.iterdir()] == ["programs"]
