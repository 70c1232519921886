"""Where the offsets of several phases lie, so that a calibration volume has their wanted fractions."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from core.job import Progress
from core.reconstruction.shares import shared
from core.reconstruction.swnn.labelling import offsets_for, shares_of
from core.reconstruction.swnn.serving import ServedOffsets, nodes

THINNED = 2
"""Where offsets are found for a range of fractions, one voxel in so many along each axis is looked at."""

FieldOf = Callable[[float | None, int, int], Generator[Progress, None, np.ndarray]]
"""Makes the field of the calibration volume: told a fraction (or nothing), as the n-th of so many."""


def several_calibrated(
    field_of: FieldOf, base: Sequence[float], label: int, own: float, served: tuple[float, float] | None
) -> Generator[Progress, None, dict[str, Any]]:
    """What a card tells of the calibration of several phases: their offsets, or those over a range.

    Parameters
    ----------
    base
        Fractions of all phases; those besides ``label`` keep their proportions.
    own
        Fraction of ``label`` that the model was trained for.
    served
        Lowest and highest fraction of ``label`` that it serves, or None: ``own`` alone.
    """
    nothing = np.zeros(len(base), dtype=np.float32)
    if served is None:
        field = yield from field_of(None, 0, 1)
        offsets = offsets_for(field, shared(base, label, own))
        before, after = shares_of(field, nothing), shares_of(field, offsets)
        found = {"offsets": offsets.tolist(), "fractions_before": before.tolist()}
        return found | {"fraction_before": float(before[label]), "fraction_after": float(after[label])}
    fractions, there, told = nodes(*served, own), [], []
    for number, fraction in enumerate(fractions):
        field = yield from field_of(fraction, number, len(fractions))
        part = field[::THINNED, ::THINNED, ::THINNED]
        there.append(tuple(offsets_for(part, shared(base, label, fraction)).tolist()))
        told.append(float(shares_of(part, nothing)[label]))
    offsets_served = ServedOffsets(tuple(fractions), tuple(there), tuple(told))
    before_own = float(np.interp(own, fractions, told))
    return {"served_offsets": offsets_served.to_json(), "fraction_before": before_own, "fraction_after": own}
