"""Sections that a volume holds exactly: the user's own picture as one of its planes, and the rest agrees with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from core.errors import InputError
from core.generation.periods import Triple
from core.images.values import PhaseImage
from core.provenance import array_hash

AXES = "zyx"


@dataclass(frozen=True, eq=False)
class Anchor:
    """One section that is given.

    Attributes
    ----------
    axis
        Across which it lies: 0, 1 or 2 for z, y or x.
    place
        Its voxel along that axis, from 0.
    image
        What it shows. Rows and columns run along the other two axes, in the order z, y, x. What is beyond the volume is
        left out; where it is smaller, the volume's first rows and columns are given.
    """

    axis: int
    place: int
    image: PhaseImage

    @property
    def name(self) -> str:
        """ "z = 32"."""
        return f"{AXES[self.axis]} = {self.place}"

    def part_in(self, size: Triple) -> np.ndarray:
        """Its labels as far as they lie in a volume of ``size``."""
        height, width = (side for axis, side in enumerate(size) if axis != self.axis)
        part: np.ndarray = self.image.labels[:height, :width]
        return part

    def entry(self) -> dict[str, Any]:
        """For provenance."""
        return {"axis": AXES[self.axis], "place": self.place, "name": self.image.name,
                "hash": array_hash(self.image.labels)}  # fmt: skip


def known_in(
    size: Triple,
    anchors: Sequence[Anchor],
    known: Sequence[np.ndarray],
    zeros: Callable[[Triple, type[np.generic]], np.ndarray] = np.zeros,
) -> tuple[np.ndarray, np.ndarray]:
    """What anchors say of a volume.

    Parameters
    ----------
    known
        Labels to put in the place of each anchor's own, of the same shapes (as `part_in` gives).
    zeros
        Makes the arrays, for volumes that memory does not hold. Without anchors none is made.

    Returns
    -------
    Labels, shape ``size``, uint8, 0 where nothing is given; and where something is, bool.
    """
    if not anchors:
        nothing = np.broadcast_to(np.uint8(0), size)
        return nothing, nothing.view(np.bool_)
    labels, given = zeros(size, np.uint8), zeros(size, np.bool_)
    for anchor, part in zip(anchors, known, strict=True):
        for array, value in ((labels, part), (given, True)):
            np.moveaxis(array, anchor.axis, 0)[anchor.place, : part.shape[0], : part.shape[1]] = value
    return labels, given


def same_planes(some: Sequence[Anchor], others: Sequence[Anchor]) -> bool:
    """Whether both say the same of a volume, in whatever order."""
    if len(some) != len(others):
        return False
    ordered = (sorted(anchors, key=lambda anchor: (anchor.axis, anchor.place)) for anchors in (some, others))
    return all(
        (a.axis, a.place) == (b.axis, b.place)
        and (a.image is b.image or np.array_equal(a.image.labels, b.image.labels))
        for a, b in zip(*ordered, strict=True)
    )


def check_anchors(size: Triple, anchors: Sequence[Anchor]) -> None:
    """Refuse anchors that a volume cannot hold.

    Raises
    ------
    InputError
        With the first that lies outside or contradicts another.
    """
    for what, remedy in contradictions(size, anchors):
        raise InputError(what, remedy)


def contradictions(size: Triple, anchors: Sequence[Anchor]) -> Iterator[tuple[str, str]]:
    """What is wrong with the places of anchors, and what to do."""
    for anchor in anchors:
        side = size[anchor.axis]
        if not 0 <= anchor.place < side:
            yield (f"The plane {anchor.name} lies outside the volume, which has {side} voxels along "
                   f"{AXES[anchor.axis]}.", f"Choose a place from 0 to {side - 1}.")  # fmt: skip
            return
    for one, other in combinations(anchors, 2):
        first, second = _shared(one, other, size)
        apart = int(np.count_nonzero(first != second))
        if apart:
            where = "are one plane" if one.axis == other.axis else "cross"
            what = f"The planes {one.name} and {other.name} {where}, and say different things of {apart} of "
            yield f"{what}{first.size} voxels.", "Leave one of them out, or cut both from one volume."


def _shared(one: Anchor, other: Anchor, size: Triple) -> tuple[np.ndarray, np.ndarray]:
    """What two anchors say of the voxels that both give."""
    first, second = one.part_in(size), other.part_in(size)
    if one.axis == other.axis:
        first = first if one.place == other.place else first[:0]
    else:
        first, second = _line(first, one.axis, other), _line(second, other.axis, one)
    common = tuple(slice(min(sides)) for sides in zip(first.shape, second.shape, strict=True))
    return first[common], second[common]


def _line(part: np.ndarray, axis: int, across: Anchor) -> np.ndarray:
    """Where a plane across ``axis``, which shows ``part``, meets another one; empty where it ends before."""
    along = [other for other in range(3) if other != axis].index(across.axis)
    lines = np.moveaxis(part, along, 0)
    found: np.ndarray = lines[across.place] if across.place < len(lines) else lines[:0].reshape(-1)
    return found
