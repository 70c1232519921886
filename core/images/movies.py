"""Movies: frames in, one file out, as a job. A cancelled or failed one leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.errors import InputError, JobError
from core.images.animated import GifWriter, PngWriter
from core.images.atomic import replacing
from core.images.ffmpeg import Mp4Writer
from core.job import Job, Progress

FORMATS: dict[str, tuple[str, type[GifWriter] | type[PngWriter] | type[Mp4Writer]]] = {
    ".mp4": ("MP4 video", Mp4Writer),
    ".gif": ("GIF", GifWriter),
    ".png": ("Animated PNG", PngWriter),
}
"""Title and writer by suffix."""


def writing_movie(frames: Iterator[np.ndarray | None], path: Path, count: int, fps: int) -> Job[Path]:
    """Write ``count`` frames to ``path``, in place of what is there.

    Parameters
    ----------
    frames
        Red, green, blue, each of shape (height, width, 3), uint8, all of one size, both sides even for MP4; None where
        the next one is not there yet.
    fps
        Frames in a second.

    Raises
    ------
    InputError
        Where the suffix is none of `FORMATS`, or ``fps`` more than the format can.
    JobError
        Where the file cannot be written, or frames are missing.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path.name} is no movie.", f"Choose a name that ends in {', '.join(FORMATS)}.")
    title, kind = FORMATS[path.suffix.lower()]
    if not 1 <= fps <= kind.MOST_FPS:
        raise InputError(f"{fps} frames a second are not possible: {title} has 1 to {kind.MOST_FPS}.")
    what, done, writer = "Making the movie", 0, None
    with replacing(path, True) as temporary:
        try:
            yield Progress(0, count, what)
            for frame in frames:
                if frame is not None:
                    height, width = frame.shape[:2]
                    writer = writer or kind(temporary, (width, height), count, fps)
                    writer.add(frame)
                    done += 1
                yield Progress(done, count, what)
            if writer is None or done != count:
                raise JobError(f"The movie has {done} frames instead of {count}.", "Make it again.")
            writer.finish()
        finally:
            if writer is not None:
                writer.abort()
    return path
