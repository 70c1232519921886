"""One connected piece of a phase: the one that a voxel belongs to, its size, and which faces of the volume it touches.

A piece is a component as `core.statistics.components` defines it, voxels being neighbours where they share a face; the
volume is taken as it is, and nothing connects across its faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

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
    """

    phase: int
    numbers: Labels
    sizes: npt.NDArray[np.int64]


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
    """

    phase: int
    voxels: int
    share: float
    rank: int
    pieces: int
    origin: tuple[int, int, int]
    inside: npt.NDArray[np.bool_]
    touches: tuple[tuple[bool, bool], ...]

    @property
    def spans(self) -> tuple[int, ...]:
        """The axes along which it leads from face to face."""
        return tuple(axis for axis, (first, last) in enumerate(self.touches) if first and last)

    @property
    def faces(self) -> str:
        """In words, which faces it touches."""
        if not any(first or last for first, last in self.touches):
            return "touches no face"
        parts = []
        if self.spans:
            parts.append(f"leads through along {_listed([AXES[axis] for axis in self.spans])}")
        single = [
            f"the {'first' if first else 'last'} {AXES[axis]} face"
            for axis, (first, last) in enumerate(self.touches)
            if first != last
        ]
        if single:
            parts.append(f"touches {_listed(single)}")
        return "; ".join(parts)


def pieces_of(labels: npt.NDArray[np.uint8], phase: int) -> Pieces:
    """Number the pieces of a phase.

    Parameters
    ----------
    labels
        Shape (Z, Y, X).

    Raises
    ------
    InputError
        Where the phase is absent.
    """
    inside = labels == phase
    if not inside.any():
        raise InputError(f"The phase {phase} is absent, so it has no pieces.", "Choose a phase that is there.")
    numbers, count = label_components(inside)
    sizes = np.bincount(numbers.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    return Pieces(phase, numbers, sizes)


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
    )


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
