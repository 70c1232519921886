"""What one gesture changed, small enough to keep hundreds of them: a box, a bit for each pixel, and the values."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from core.painting.pixels import Box

_WORDS = {"uint8": np.uint8, "float32": np.uint32}
_LEVEL = 1  # bits and labels shrink a hundredfold at any level


@dataclass(frozen=True)
class Patch:
    """The difference between two states of a picture.

    Kept are the old values, as their exclusive or with the new ones: that way applying a patch to either state gives
    the other, to the bit, and where one value was painted over one phase it is a single number repeated.

    Attributes
    ----------
    box
        Smallest rectangle around the changed pixels.
    bits
        Which pixels of the box changed, one bit each, compressed.
    change
        Old value xor new value of each of them: first bytes, second bytes and so on (neighbours differ least in their
        high ones), compressed.
    dtype
        "uint8" or "float32".
    """

    box: Box
    bits: bytes
    change: bytes
    dtype: str

    @property
    def nbytes(self) -> int:
        """Memory that it takes, in bytes."""
        return len(self.bits) + len(self.change) + 200

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the box."""
        return self.box[1] - self.box[0], self.box[3] - self.box[2]

    @property
    def pixels(self) -> np.ndarray:
        """Bool, shape of the box: what changed."""
        packed = np.frombuffer(zlib.decompress(self.bits), np.uint8)
        return np.unpackbits(packed, count=self.shape[0] * self.shape[1]).astype(bool).reshape(self.shape)

    def apply(self, values: np.ndarray) -> None:
        """Turn one state into the other, in place. ``values`` has the picture's shape and this patch's type."""
        y0, y1, x0, x1 = self.box
        view = values[y0:y1, x0:x1]
        changed = self.pixels
        word = _WORDS[self.dtype]
        planes = np.frombuffer(zlib.decompress(self.change), np.uint8).reshape(values.itemsize, -1)
        both = np.ascontiguousarray(planes.T).view(word)[:, 0]
        view[changed] = (view[changed].view(word) ^ both).view(values.dtype)

    def moved(self, rows: int, columns: int) -> Patch:
        """The same patch for a picture whose origin lies ``rows`` and ``columns`` further up and left."""
        y0, y1, x0, x1 = self.box
        return replace(self, box=(y0 + rows, y1 + rows, x0 + columns, x1 + columns))


def patch_of(touched: np.ndarray, old: np.ndarray, new: np.ndarray, box: Box) -> Patch | None:
    """The patch between two states; None where they are equal.

    Parameters
    ----------
    touched
        Bool, shape of ``box``: nothing else may have changed.
    old, new
        The values there, shape of ``box``; those not touched are not looked at.
    """
    word = _WORDS[str(old.dtype)]
    both = old[touched].view(word) ^ new[touched].view(word)
    differ = both != 0
    if not differ.all():
        touched, both = touched.copy(), both[differ]
        touched[touched] = differ
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    if len(rows) == 0:
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return Patch(
        (box[0] + top, box[0] + bottom, box[2] + left, box[2] + right),
        zlib.compress(np.packbits(touched[top:bottom, left:right]).tobytes(), _LEVEL),
        zlib.compress(np.ascontiguousarray(both[:, None].view(np.uint8).T).data, _LEVEL),
        str(old.dtype),
    )
