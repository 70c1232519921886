"""Where the threshold, or the offsets of several phases, lie, so that a calibration volume has the wanted fractions."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from core.errors import InputError
from core.job import Progress
from core.masks.mask import Mask
from core.provenance import Provenance
from core.reconstruction.shares import shared
from core.reconstruction.swnn.labelling import offsets_for, shares_of
from core.reconstruction.swnn.region import others_of
from core.reconstruction.swnn.serving import ServedOffsets, Thresholds, nodes, threshold_of

QUANTILES = 4097
"""So many quantiles of a field stand for it where another fraction than the trained one is asked for."""
THINNED = 2
"""Where offsets are found for a range of fractions, one voxel in so many along each axis is looked at."""

FieldOf = Callable[[float | Mask | None, int, int], Generator[Progress, None, np.ndarray]]
"""Makes the field of the calibration volume: told a fraction, a region or nothing, as the n-th of so many."""


def one_calibrated(field_of: FieldOf, own: float) -> Generator[Progress, None, tuple[dict[str, Any], np.ndarray]]:
    """What a card tells of the calibration for one fraction ``own``, and the field's quantiles at equal steps."""
    field = yield from field_of(None, 0, 1)
    threshold, before = threshold_of(field, own)
    after = float((field > np.float32(threshold)).mean())
    values = np.sort(field, axis=None)
    places = np.linspace(0, len(values) - 1, QUANTILES)
    quantiles = np.interp(places, np.arange(len(values)), values).astype(np.float32)
    return {"threshold": threshold, "fraction_before": before, "fraction_after": after}, quantiles


def threshold_in(quantiles: np.ndarray, wanted: float, own: float) -> float:
    """The value that a share ``wanted`` of a field with these quantiles is above.

    Raises
    ------
    InputError
        Where many voxels share that value, so that none parts them; ``own`` is what the model was trained for.
    """
    steps = np.linspace(0, 1, len(quantiles))
    value = float(np.float32(np.interp(1 - wanted, steps, quantiles)))
    # where the output is saturated, many voxels share a value and no threshold parts them
    low, high = (float(np.interp(v, quantiles, steps)) for v in (value - 1e-6, value + 1e-6))
    if high - low > 0.01:
        raise InputError(
            f"A volume fraction of {wanted:.3f} is out of reach of this model, which was trained for {own:.3f}.",
            "Train a model with the fraction that you want.",
        )
    return value


def range_calibrated(
    field_of: FieldOf, own: float, served: tuple[float, float]
) -> Generator[Progress, None, dict[str, Any]]:
    """What a card tells of the calibration over a range of fractions, trained for ``own`` first."""
    fractions, found = nodes(*served, own), []
    for number, fraction in enumerate(fractions):
        field = yield from field_of(fraction, number, len(fractions))
        found.append(threshold_of(field, fraction))
    thresholds = Thresholds(tuple(fractions), *(tuple(column) for column in zip(*found, strict=True)))
    before = float(np.interp(own, fractions, thresholds.before))
    entries: dict[str, Any] = {"threshold": float(thresholds.at(np.array(own))), "served": thresholds.to_json()}
    return entries | {"fraction_before": before, "fraction_after": own}


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


def around_calibrated(
    field_of: FieldOf, given: np.ndarray, fractions: Sequence[float], label: int
) -> Generator[Progress, None, dict[str, Any]]:
    """What a card tells of the calibration around a given phase: offsets with which the others share the rest.

    Parameters
    ----------
    given
        Where the phase ``label`` is in the calibration volume, bool; elsewhere the others are to have the same
        proportions as in ``fractions``, one a phase.
    """
    region = Mask(given.astype(np.float32), None, "like the exemplar's", Provenance("shapes like the exemplar's"))
    field = yield from field_of(region, 0, 1)
    rest = field[~given]
    wanted = np.delete(np.asarray(fractions, dtype=np.float64), label)
    wanted /= wanted.sum()
    if rest.ndim == 1:
        offsets = np.array([0.0, -threshold_of(rest, float(wanted[1]))[0]], dtype=np.float32)
    else:
        offsets = offsets_for(rest, wanted.tolist())
    shares = [np.bincount(others_of(rest, each), minlength=len(wanted)) / len(rest) for each in (0 * offsets, offsets)]
    return {"around": offsets.tolist(), "around_before": shares[0].tolist(), "around_after": shares[1].tolist()}
