"""Sections that a volume holds exactly: the user's own picture as one of its planes, and the rest agrees with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def known_in(size: Triple, anchors: Sequence[Anchor], known: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """What anchors say of a volume.

    Parameters
    ----------
    known
        Labels to put in the place of each anchor's own, of the same shapes (as `part_in` gives).

    Returns
    -------
    Labels, shape ``size``, uint8, 0 where nothing is given; and where something is, bool.
    """
    labels, given = np.zeros(size, dtype=np.uint8), np.zeros(size, dtype=bool)
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
        (first, seen), (second, known) = (known_in(size, [item], [item.part_in(size)]) for item in (one, other))
        both = seen & known
        apart = int(np.count_nonzero(first[both] != second[both]))
        if apart:
            where = "are one plane" if one.axis == other.axis else "cross"
            what = f"The planes {one.name} and {other.name} {where}, and say different things of {apart} of "
            yield f"{what}{np.count_nonzero(both)} voxels.", "Leave one of them out, or cut both from one volume."
