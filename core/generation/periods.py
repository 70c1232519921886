"""Volumes that repeat in space: which axes do, and which sizes a network's noise can repeat at."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import InputError
from core.provenance import Provenance

Triple = tuple[int, int, int]
Axes = tuple[bool, bool, bool]
"""For z, y, x: whether a volume continues at its far end as it begins at its near end."""
Period = tuple[int | None, int | None, int | None]
"""For z, y, x: after how many voxels (or cells) everything repeats, or None where it does not."""

NOWHERE: Axes = (False, False, False)
_NAMES = "zyx"


def axes_name(periodic: Axes) -> str:
    """The periodic axes by their letters, "zyx" where all are, empty where none is."""
    return "".join(name for name, yes in zip(_NAMES, periodic, strict=True) if yes)


def axes_from_name(text: str) -> Axes:
    """The inverse of `axes_name`, in any order and case.

    Raises
    ------
    InputError
        For any other letter, or one that comes twice.
    """
    letters = text.strip().lower()
    if not set(letters) <= set(_NAMES) or len(set(letters)) < len(letters):
        raise InputError(f"{text!r} does not name axes.", "Give any of the letters z, y and x, such as zyx or xy.")
    z, y, x = (name in letters for name in _NAMES)
    return z, y, x


def made_to_repeat(provenance: Provenance, shape: Sequence[int]) -> Axes:
    """The axes along which a volume of ``shape`` was made to repeat, as its provenance tells; none for any other."""
    step = provenance
    while step.made_by == "read" and len(step.inputs) == 1:
        step = step.inputs[0]
    told = step.settings.get("periodic", "")
    if list(shape) != step.settings.get("size") or not isinstance(told, str):
        return NOWHERE
    z, y, x = (name in told for name in _NAMES)
    return z, y, x


def period_of(size: Triple, periodic: Axes) -> Period:
    """The period of a volume of ``size`` that repeats along the axes ``periodic``."""
    z, y, x = (side if yes else None for side, yes in zip(size, periodic, strict=True))
    return z, y, x


def in_cells(period: Period, stride: int) -> Period:
    """A period of voxels in cells of ``stride`` voxels, which must divide it."""
    z, y, x = (None if side is None else side // stride for side in period)
    return z, y, x


def nearest_sizes(side: int, coarsest: int) -> tuple[int, ...]:
    """The whole numbers of cells of ``coarsest`` voxels next to ``side``: below (where there is one) and above."""
    below = side // coarsest * coarsest
    return (below, below + coarsest) if below else (coarsest,)


def misfit(size: Triple, periodic: Axes, coarsest: int) -> InputError | None:
    """Why a volume of ``size`` cannot repeat along ``periodic``, or None where it can.

    Noise repeats to the bit only where every level's cells do, so a period is a whole number of the coarsest cells,
    ``coarsest`` voxels wide.
    """
    wrong = [
        (name, side, nearest_sizes(side, coarsest))
        for name, side, yes in zip(_NAMES, size, periodic, strict=True)
        if yes and side % coarsest
    ]
    if not wrong:
        return None
    sides = " and ".join(f"{side} voxels along {name}" for name, side, _ in wrong)
    near = "; ".join(f"{name} = {' or '.join(map(str, sizes))}" for name, _, sizes in wrong)
    return InputError(
        f"A volume of {sides} cannot be periodic there: this network's coarsest noise has cells of {coarsest} voxels, "
        "and a whole number of them must fit.",
        f"Choose {near}.",
    )
