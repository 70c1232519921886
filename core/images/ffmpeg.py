"""MP4 by the program ffmpeg, where the computer has it. It is no part of this program: its usual builds are GPL."""

from __future__ import annotations

import contextlib
import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from core.errors import JobError

NEEDED = "MP4 needs the program ffmpeg, which was not found on this computer (in no folder of the PATH)."
REMEDY = "Install ffmpeg, or choose GIF or animated PNG."
_HIDDEN = 0x08000000 if sys.platform == "win32" else 0
"""Windows: without a console."""


def program() -> str | None:
    """Where ffmpeg lies, or None."""
    return shutil.which("ffmpeg")


@functools.cache
def encoder(path: str) -> tuple[str, ...]:
    """The arguments that choose the best encoder of the ffmpeg at ``path`` that makes what every player shows.

    Raises
    ------
    JobError
        Where it has none, or does not run.
    """
    try:
        listed = subprocess.run(
            [path, "-hide_banner", "-encoders"], capture_output=True, text=True, timeout=60, creationflags=_HIDDEN
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise JobError(f"{path} does not run: {error}.", REMEDY) from None
    known = {words[1] for line in listed.splitlines() if len(words := line.split()) > 1 and words[0].startswith("V")}
    for name, quality in (
        ("libx264", ("-preset", "medium", "-crf", "18")),
        ("libopenh264", ("-b:v", "12M")),
        ("h264_videotoolbox", ("-b:v", "12M")),
        ("h264_mf", ("-b:v", "12M")),
        ("mpeg4", ("-q:v", "3")),
    ):
        if name in known:
            return ("-c:v", name, *quality)
    raise JobError(f"{path} has no encoder for MP4 (H.264 or MPEG-4).", REMEDY)


class Mp4Writer:
    """Hands frames to ffmpeg; parameters as of `core.images.animated.GifWriter`, both sides even.

    Raises
    ------
    JobError
        Where there is no ffmpeg, or it fails; with its own last words.
    """

    MOST_FPS = 60

    def __init__(self, path: Path, size: tuple[int, int], count: int, fps: int) -> None:
        del count
        found = program()
        if found is None:
            raise JobError(NEEDED, REMEDY)
        command = [
            found, "-hide_banner", "-loglevel", "error", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(fps), "-i", "-",
            "-an", "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            *encoder(found), "-movflags", "+faststart", "-f", "mp4", str(path),
        ]  # fmt: skip
        # a pipe that nobody reads would stop it
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said, creationflags=_HIDDEN
        )

    def add(self, frame: np.ndarray) -> None:
        """Append a frame: red, green, blue; shape (height, width, 3), uint8."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(np.ascontiguousarray(frame).data)
        except OSError:
            raise self._failure() from None

    def finish(self) -> None:
        """All frames are there: wait for the end of the file."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        if self._process.wait() != 0:
            raise self._failure()
        self._said.close()

    def abort(self) -> None:
        """End ffmpeg."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._said.close()

    def _failure(self) -> JobError:
        self._process.wait()
        self._said.seek(0)
        words = self._said.read().decode(errors="replace").strip().splitlines()
        return JobError(f"ffmpeg failed: {words[-1] if words else 'it says no reason'}.", "Choose GIF or animated PNG.")
