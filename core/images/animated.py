"""Moving pictures without a video program: GIF and animated PNG, written a frame at a time."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np


class GifWriter:
    """Writes a GIF that repeats for ever; each frame has its own 256 colours.

    Format: CompuServe, "Graphics Interchange Format, Version 89a" (1990). Pillow chooses the colours and packs the
    pixels of each frame; its own writer of several frames keeps all of them in memory.

    Parameters
    ----------
    size
        Width and height in pixels.
    fps
        Frames in a second. The format counts hundredths of a second: frames last by turns a little longer and a little
        shorter, and the whole takes as long as it should.
    """

    MOST_FPS = 50
    """What is faster, browsers show at ten frames a second."""

    def __init__(self, path: Path, size: tuple[int, int], count: int, fps: int) -> None:
        del count
        self._size, self._fps, self._number = size, fps, 0
        self._file: BinaryIO = path.open("wb")
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0x70, 0, 0))
        self._file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")

    def add(self, frame: np.ndarray) -> None:
        """Append a frame: red, green, blue; shape (height, width, 3), uint8."""
        colors, packed = _gif_picture(frame)
        begins, ends = (round(100 * number / self._fps) for number in (self._number, self._number + 1))
        self._number += 1
        keep = 1 << 2  # what was drawn stays where it is
        self._file.write(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, keep, ends - begins, 0, 0))
        bits = (len(colors) // 3).bit_length() - 1
        self._file.write(struct.pack("<BHHHHB", 0x2C, 0, 0, *self._size, 0x80 | (bits - 1)) + colors + packed)

    def finish(self) -> None:
        """All frames are there."""
        self._file.write(b"\x3b")
        self._file.close()

    def abort(self) -> None:
        """Leave it as it is."""
        self._file.close()


def _gif_picture(frame: np.ndarray) -> tuple[bytes, bytes]:
    """The colours (three bytes each, a power of two of them) and the packed pixels of a frame."""
    from PIL import Image

    picture = Image.fromarray(frame).quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    whole = io.BytesIO()
    picture.save(whole, "GIF", interlace=0)
    data = whole.getvalue()
    flags = data[10]
    at, colors = 13, b""
    if flags & 0x80:
        length = 3 * 2 ** ((flags & 7) + 1)
        colors, at = data[at : at + length], at + length
    while data[at] == 0x21:  # a note between the colours and the picture: its kind, then blocks up to an empty one
        at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1
    flags, at = data[at + 9], at + 10
    if flags & 0x80:
        length = 3 * 2 ** ((flags & 7) + 1)
        colors, at = data[at : at + length], at + length
    return colors, data[at : data.rindex(b"\x3b")]


class PngWriter:
    """Writes an animated PNG that repeats for ever: every pixel as it was drawn.

    Format: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", chunks acTL, fcTL and fdAT.
    Parameters as of `GifWriter`; ``count`` frames must follow.
    """

    MOST_FPS = 60

    def __init__(self, path: Path, size: tuple[int, int], count: int, fps: int) -> None:
        self._size, self._fps, self._number, self._first = size, fps, 0, True
        self._file: BinaryIO = path.open("wb")
        self._file.write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
        self._chunk(b"acTL", struct.pack(">II", count, 0))

    def add(self, frame: np.ndarray) -> None:
        """Append a frame: red, green, blue; shape (height, width, 3), uint8."""
        self._chunk(b"fcTL", struct.pack(">IIIIIHHBB", self._next(), *self._size, 0, 0, 1, self._fps, 0, 0))
        height = len(frame)
        rows = np.full((height, 1 + 3 * self._size[0]), 2, np.uint8)  # 2: each row is told by its change from the last
        pixels = frame.reshape(height, -1)
        rows[0, 1:] = pixels[0]
        np.subtract(pixels[1:], pixels[:-1], out=rows[1:, 1:])
        packed = zlib.compress(rows.tobytes(), 6)
        if self._first:
            self._chunk(b"IDAT", packed)
        else:
            self._chunk(b"fdAT", struct.pack(">I", self._next()) + packed)
        self._first = False

    def finish(self) -> None:
        """All frames are there."""
        self._chunk(b"IEND", b"")
        self._file.close()

    def abort(self) -> None:
        """Leave it as it is."""
        self._file.close()

    def _next(self) -> int:
        self._number += 1
        return self._number - 1

    def _chunk(self, kind: bytes, data: bytes) -> None:
        self._file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
