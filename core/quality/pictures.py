"""Two sets brought to pictures of one size: sections of volumes, tiles of what is larger than the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError

Bools = npt.NDArray[np.bool_]

SECTIONS_AN_AXIS = 8
MOST = 4000
"""Pictures of one set; of more, so many are taken, spread evenly."""
SMALLEST = 16


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures of one size.

    Attributes
    ----------
    names
        Where each comes from.
    pictures
        Shape (n, Y, X), True in the phase.
    """

    names: tuple[str, ...]
    pictures: Bools


def common_side(shapes: Iterable[tuple[int, ...]], most: int | None = None) -> tuple[int, int]:
    """The largest size, rows and columns, that fits into every picture, and every section of every volume.

    ``most``: no side is longer, px, so that one large picture becomes a set of several.

    Raises
    ------
    InputError
        Where that is below `SMALLEST`.
    """
    rows, columns = [], []
    for shape in shapes:
        # sections of a volume are (y, x), (z, x) and (z, y)
        rows.append(min(shape[:2]) if len(shape) == 3 else shape[0])
        columns.append(min(shape[1:]) if len(shape) == 3 else shape[1])
    side = min(rows), min(columns)
    if most is not None:
        side = min(side[0], most), min(side[1], most)
    if min(side) < SMALLEST:
        raise InputError(
            f"The smallest picture has {side[0]} × {side[1]} pixels.", f"At least {SMALLEST} a side are needed."
        )
    return side


def picture_set(names: Sequence[str], indicators: Sequence[Bools], side: tuple[int, int]) -> PictureSet:
    """Cut every picture, and sections of every volume, into whole tiles of ``side``.

    Parameters
    ----------
    names, indicators
        One a file; shapes (Y, X) or (Z, Y, X).
    """
    found: list[tuple[str, Bools]] = []
    for name, indicator in zip(names, indicators, strict=True):
        for words, picture in _sections(name, indicator):
            found += _tiles(words, picture, side)
    if len(found) > MOST:
        found = [found[place] for place in np.linspace(0, len(found) - 1, MOST).round().astype(int)]
    return PictureSet(tuple(name for name, _ in found), np.stack([picture for _, picture in found]))


def _sections(name: str, indicator: Bools) -> list[tuple[str, Bools]]:
    if indicator.ndim == 2:
        return [(name, indicator)]
    found = []
    for axis, letter in enumerate("zyx"):
        length = indicator.shape[axis]
        count = min(SECTIONS_AN_AXIS, length)
        for place in np.unique(np.linspace(0, length - 1, count + 2)[1:-1].round().astype(int)):
            found.append((f"{name}, {letter} = {place}", np.take(indicator, place, axis)))
    return found


def _tiles(name: str, picture: Bools, side: tuple[int, int]) -> list[tuple[str, Bools]]:
    down, across = (length // edge for length, edge in zip(picture.shape, side, strict=True))
    if picture.shape == side:
        return [(name, picture)]
    # what does not fill a tile is left over on both sides
    top, left = (
        (length - number * edge) // 2 for length, number, edge in zip(picture.shape, (down, across), side, strict=True)
    )
    found = []
    for row in range(down):
        for column in range(across):
            y, x = top + row * side[0], left + column * side[1]
            words = f"{name} [{y}:{y + side[0]}, {x}:{x + side[1]}]"
            found.append((words, picture[y : y + side[0], x : x + side[1]]))
    return found
