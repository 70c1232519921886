"""One connected piece of a phase: the one that a voxel belongs to, its size, and which faces of the volume it touches.

A piece is a component as `core.statistics.components` defines it, voxels being neighbours where they share a face.
Across the volume's faces nothing connects, unless the volume repeats along that axis: there the last voxels are
neighbours of the first ones, and a piece leads through where it comes back to itself one period further on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse

from core.errors import InputError
from core.statistics.components import Labels, label_components

AXES = "zyx"


@dataclass(frozen=True, eq=False)
class Pieces:
    """All pieces of one phase.

    Attributes
    ----------
    phase
        Its label.
    numbers
        Which piece each voxel belongs to, shape (Z, Y, X), from 1; 0 outside the phase.
    sizes
        Voxels of each piece; of number 0, 0.
    periodic
        Along z, y and x: whether the volume repeats.
    links
        Where pieces go on across those faces, shape (n, 4): the part that ends at the last face, the part that begins
        at the first one, the axis, and the piece that both belong to. A part hangs together within the volume.
    """

    phase: int
    numbers: Labels
    sizes: npt.NDArray[np.int64]
    periodic: tuple[bool, bool, bool] = (False, False, False)
    links: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 4), np.int64))


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece.

    Attributes
    ----------
    phase
        Label of the phase.
    voxels
        How many it has.
    share
        Of the phase's voxels, 0 to 1.
    rank, pieces
        Place among the phase's pieces by size, 1 being the largest (and the same for equal ones), and how many there
        are.
    origin
        First voxel (z, y, x) of the smallest box around it.
    inside
        Which voxels of this box it has, bool.
    touches
        Along z, y and x: whether it touches the first face, and the last.
    periodic
        Along z, y and x: whether the volume repeats.
    endless
        The axes along which it leads on without end, where the volume repeats.
    crosses
        The axes whose faces it goes on across, where the volume repeats.
    """

    phase: int
    voxels: int
    share: float
    rank: int
    pieces: int
    origin: tuple[int, int, int]
    inside: npt.NDArray[np.bool_]
    touches: tuple[tuple[bool, bool], ...]
    periodic: tuple[bool, bool, bool] = (False, False, False)
    endless: tuple[int, ...] = ()
    crosses: tuple[int, ...] = ()

    @property
    def spans(self) -> tuple[int, ...]:
        """The axes along which it leads from face to face, or, where the volume repeats, on without end."""
        return tuple(
            axis
            for axis, (first, last) in enumerate(self.touches)
            if (axis in self.endless if self.periodic[axis] else first and last)
        )

    @property
    def faces(self) -> str:
        """In words, which faces it touches."""
        if not any(first or last for first, last in self.touches):
            return "touches no face"
        parts = []
        if self.spans:
            parts.append(f"leads through along {_listed([AXES[axis] for axis in self.spans])}")
        over = [AXES[axis] for axis in self.crosses if axis not in self.endless]
        if over:
            parts.append(f"goes on across the {_listed(over)} faces, where the volume repeats")
        single = [
            f"the {'first' if first else 'last'} {AXES[axis]} face"
            for axis, (first, last) in enumerate(self.touches)
            if first != last and axis not in self.crosses
        ]
        if single:
            parts.append(f"touches {_listed(single)}")
        return "; ".join(parts)


def pieces_of(
    labels: npt.NDArray[np.uint8], phase: int, periodic: tuple[bool, bool, bool] = (False, False, False)
) -> Pieces:
    """Number the pieces of a phase.

    Parameters
    ----------
    labels
        Shape (Z, Y, X).
    periodic
        Along z, y and x: whether the volume repeats.

    Raises
    ------
    InputError
        Where the phase is absent.
    """
    inside = labels == phase
    if not inside.any():
        raise InputError(f"The phase {phase} is absent, so it has no pieces.", "Choose a phase that is there.")
    numbers, count = label_components(inside)
    links = _links(numbers, periodic)
    if len(links):
        graph = sparse.coo_matrix((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(count + 1,) * 2)
        # nothing is linked with 0, outside the phase, which comes first and stays 0
        joined, group = sparse.csgraph.connected_components(graph, directed=False)
        count = int(joined) - 1
        numbers = group.astype(np.int32)[numbers]
        links = np.column_stack([links, group[links[:, 0]]])
    sizes = np.bincount(numbers.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    return Pieces(phase, numbers, sizes, periodic, links.reshape(-1, 4) if len(links) else np.zeros((0, 4), np.int64))


def _links(numbers: Labels, periodic: tuple[bool, bool, bool]) -> npt.NDArray[np.int64]:
    """Parts that meet across the faces, each pair once an axis: last, first, axis; shape (n, 3)."""
    found = [np.zeros((0, 3), np.int64)]
    for axis in (axis for axis in range(3) if periodic[axis]):
        last, first = np.take(numbers, -1, axis).astype(np.int64), np.take(numbers, 0, axis).astype(np.int64)
        both = (last > 0) & (first > 0)
        pairs = np.unique(np.stack([last[both], first[both]], axis=1), axis=0)
        found.append(np.column_stack([pairs, np.full(len(pairs), axis)]))
    return np.concatenate(found)


def _endless(links: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """The axes along which linked parts come back to themselves in another period.

    Each part gets the period in which it lies when one walks to it from the first one, shape (3,); a link that leads to
    a part by another way closes a loop, and what both ways differ by is how far the loop leads.
    """
    neighbours: dict[int, list[tuple[int, int, int]]] = {}
    for last, first, axis in links[:, :3].tolist():
        neighbours.setdefault(last, []).append((first, axis, 1))
        neighbours.setdefault(first, []).append((last, axis, -1))
    found: set[int] = set()
    periods: dict[int, tuple[int, ...]] = {}
    for start in neighbours:
        if start in periods:
            continue
        periods[start] = (0, 0, 0)
        waiting = [start]
        while waiting:
            here = waiting.pop()
            for there, axis, step in neighbours[here]:
                period = tuple(at + step * (place == axis) for place, at in enumerate(periods[here]))
                if there not in periods:
                    periods[there] = period
                    waiting.append(there)
                else:
                    found |= {place for place in range(3) if period[place] != periods[there][place]}
    return tuple(sorted(found))


def piece_at(pieces: Pieces, voxel: tuple[int, int, int]) -> Piece:
    """The piece that ``voxel`` (z, y, x) belongs to.

    Raises
    ------
    InputError
        Where the voxel is of another phase.
    """
    number = int(pieces.numbers[voxel])
    if not number:
        raise InputError(f"The voxel {voxel} is not of phase {pieces.phase}.", "Choose one that is.")
    box = ndimage.find_objects((pieces.numbers == number).view(np.uint8))[0]
    shape = pieces.numbers.shape
    size = int(pieces.sizes[number])
    links = pieces.links[pieces.links[:, 3] == number]
    z, y, x = (side.start for side in box)
    return Piece(
        phase=pieces.phase,
        voxels=size,
        share=size / int(pieces.sizes.sum()),
        rank=1 + int((pieces.sizes > size).sum()),
        pieces=len(pieces.sizes) - 1,
        origin=(z, y, x),
        inside=pieces.numbers[box] == number,
        touches=tuple((side.start == 0, side.stop == length) for side, length in zip(box, shape, strict=True)),
        periodic=pieces.periodic,
        endless=_endless(links),
        crosses=tuple(sorted({int(axis) for axis in links[:, 2]})),
    )


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
