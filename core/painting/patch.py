"""What one gesture changed, small enough to keep hundreds of them: a box, a bit for each pixel, and the values."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.painting.pixels import Box

_WORDS: dict[str, type[np.unsignedinteger[Any]]] = {"uint8": np.uint8, "float32": np.uint32}
_LEVEL = 1  # bits shrink a hundredfold at any level
_BAND = 1 << 20  # pixels that are worked on at once: their arrays are used again before they leave the cache
_DENSE = 0.25
"""Where more of a field's box changed than this share, every pixel is kept: cheaper than to pick them out."""


@dataclass(frozen=True)
class Patch:
    """The difference between two states of a picture.

    Kept are the old values, as their exclusive or with the new ones: that way applying a patch to either state gives
    the other, to the bit, and where one value was painted over one phase it is a single number repeated. What did not
    change is nought.

    Attributes
    ----------
    box
        Smallest rectangle around the changed pixels.
    bits
        Which pixels of the box changed, one bit each, compressed; None where `change` has them all.
    change
        Old value xor new value of the changed pixels, or of all in the box; compressed, a band of rows each.
    dtype
        "uint8" or "float32".
    """

    box: Box
    bits: bytes | None
    change: tuple[bytes, ...]
    dtype: str

    @property
    def nbytes(self) -> int:
        """Memory that it takes, in bytes."""
        return sum(map(len, self.change)) + (0 if self.bits is None else len(self.bits)) + 200

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the box."""
        return self.box[1] - self.box[0], self.box[3] - self.box[2]

    @property
    def pixels(self) -> np.ndarray:
        """Bool, shape of the box: what changed."""
        if self.bits is None:
            word = _WORDS[self.dtype]
            return np.concatenate([_decoded(part, word) != 0 for part in self.change]).reshape(self.shape)
        packed = np.frombuffer(zlib.decompress(self.bits), np.uint8)
        return np.unpackbits(packed, count=self.shape[0] * self.shape[1]).astype(bool).reshape(self.shape)

    def apply(self, values: np.ndarray) -> None:
        """Turn one state into the other, in place. ``values`` has the picture's shape and this patch's type."""
        y0, y1, x0, x1 = self.box
        word = _WORDS[self.dtype]
        view = values.view(word)[y0:y1, x0:x1]
        changed = None if self.bits is None else self.pixels
        for rows, part in zip(_bands(*self.shape), self.change, strict=True):
            both = _decoded(part, word)
            if changed is None:
                view[rows] ^= both.reshape(-1, self.shape[1])
            else:
                view[rows] ^= _spread(both, changed[rows])

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
    before, after = old.view(word), new.view(word)
    in_rows, in_columns = np.zeros(touched.shape[0], bool), np.zeros(touched.shape[1], bool)
    count = 0
    for rows in _bands(*touched.shape):
        differ = before[rows] != after[rows]
        differ &= touched[rows]
        in_rows[rows] = differ.any(axis=1)
        in_columns |= differ.any(axis=0)
        count += int(np.count_nonzero(differ))
    if count == 0:
        return None
    along, across = np.flatnonzero(in_rows), np.flatnonzero(in_columns)
    top, bottom, left, right = int(along[0]), int(along[-1]) + 1, int(across[0]), int(across[-1]) + 1
    inside = slice(top, bottom), slice(left, right)
    touched, before, after = touched[inside], before[inside], after[inside]
    # labels are few: which pixels changed says nearly all
    dense = word is not np.uint8 and count > _DENSE * touched.size
    bits, change = [], []
    for rows in _bands(*touched.shape):
        both = before[rows] ^ after[rows]
        if dense:
            both *= touched[rows]
        else:
            differ = (both != 0) & touched[rows]
            bits.append(differ)
            both = both[differ]
        change.append(_encoded(both))
    packed = None if dense else zlib.compress(np.packbits(np.concatenate(bits)).tobytes(), _LEVEL)
    place = (box[0] + top, box[0] + bottom, box[2] + left, box[2] + right)
    return Patch(place, packed, tuple(change), str(old.dtype))


def _spread(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """``values`` one after the other where ``places`` (bool) says, else nought; shape of ``places``."""
    if values.size and values.itemsize == 1 and values.min() == values.max():  # most strokes: one value over one phase
        one: np.ndarray = np.negative(places.view(np.uint8))
        one &= values[0]
        return one
    out = np.zeros(places.shape, values.dtype)
    out[places] = values
    return out


def _bands(rows: int, columns: int) -> Iterator[slice]:
    step = max(1, _BAND // max(1, columns))
    yield from (slice(first, min(first + step, rows)) for first in range(0, rows, step))


def _encoded(values: np.ndarray) -> bytes:
    """Bytes of one rank side by side (neighbours differ least in their high ones), compressed (LZ4 in Blosc)."""
    if values.size == 0:
        return b""
    from imagecodecs import blosc_encode

    shuffle = "noshuffle" if values.itemsize == 1 else "shuffle"
    data: Any = np.ascontiguousarray(values)
    found = blosc_encode(data, level=5, compressor="lz4", typesize=values.itemsize, shuffle=shuffle, numthreads=1)
    return bytes(found)


def _decoded(part: bytes, word: type[np.unsignedinteger[Any]]) -> np.ndarray:
    if not part:
        return np.zeros(0, word)
    from imagecodecs import blosc_decode

    return np.frombuffer(blosc_decode(part, numthreads=1), word)
