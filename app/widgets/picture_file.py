"""Writes a picture of the window: whole, or not at all."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QImage

from core.errors import JobError
from core.images.atomic import replacing


def save_picture(image: QImage, path: Path) -> None:
    """Write ``image`` as PNG, in place of what is there.

    Raises
    ------
    JobError
        Where the place cannot be written to; nothing is left behind then.
    """
    with replacing(path, True) as temporary:
        # the stubs know the format as bytes only; Qt itself wants the text
        if not image.save(str(temporary), "PNG"):  # type: ignore[call-overload]
            raise JobError(f"The picture could not be written to {path}.", "Choose another folder.")
