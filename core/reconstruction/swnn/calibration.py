"""Where the threshold, or the offsets of several phases, lie, so that a calibration volume has the wanted fractions."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

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

TELLINGS = 3
"""How often at most what the network is told is tried, so that it makes what is wanted."""
CLOSE = 0.004
"""Nearer than this a share need not be: volumes of other seeds scatter about it as much."""

Found = TypeVar("Found")

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

    def looked(field: np.ndarray, fraction: float) -> tuple[float, float]:
        return threshold_of(field, fraction)

    fractions = nodes(*served, own)
    told, found, shares = yield from _told_well(field_of, fractions, looked)
    thresholds = Thresholds(tuple(fractions), tuple(found), shares, told)
    before = float(np.interp(own, fractions, shares))
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

    def looked(field: np.ndarray, fraction: float) -> tuple[tuple[float, ...], float]:
        part = field[::THINNED, ::THINNED, ::THINNED]
        there = tuple(offsets_for(part, shared(base, label, fraction)).tolist())
        return there, float(shares_of(part, nothing)[label])

    fractions = nodes(*served, own)
    told, there, made = yield from _told_well(field_of, fractions, looked)
    offsets_served = ServedOffsets(tuple(fractions), tuple(there), made, told)
    before_own = float(np.interp(own, fractions, made))
    return {"served_offsets": offsets_served.to_json(), "fraction_before": before_own, "fraction_after": own}


def _told_well(
    field_of: FieldOf, fractions: Sequence[float], looked: Callable[[np.ndarray, float], tuple[Found, float]]
) -> Generator[Progress, None, tuple[tuple[float, ...], list[Found], tuple[float, ...]]]:
    """What the network is to be told, so that by itself it makes each of ``fractions``.

    ``looked`` finds of a field and the wanted fraction what makes it exact, and the share without that. Returned are
    what is told, what was found with it, and these shares.
    """
    told, best, nearest = [float(fraction) for fraction in fractions], None, math.inf
    for _ in range(TELLINGS):
        found, shares = [], []
        for number, (fraction, said) in enumerate(zip(fractions, told, strict=True)):
            field = yield from field_of(said, number, len(fractions))
            one, share = looked(field, fraction)
            found.append(one)
            shares.append(share)
        off = float(np.abs(np.subtract(shares, fractions)).max())
        # what does not rise with what is told cannot be turned round
        rises = bool((np.diff(shares) > 0).all() and (np.diff(told) > 0).all())
        if best is None or (rises and off < nearest):
            best, nearest = (tuple(told), found, tuple(shares)), off
        if nearest <= CLOSE or not rises:
            break
        told = [_turned_round(fraction, told, shares) for fraction in fractions]
    assert best is not None
    return best


def _turned_round(fraction: float, told: Sequence[float], shares: Sequence[float]) -> float:
    """What to tell for ``fraction``, if ``shares`` came of ``told``; beyond the ends by the outermost slope."""
    at = min(max(int(np.searchsorted(shares, fraction)), 1), len(shares) - 1)
    slope = (told[at] - told[at - 1]) / (shares[at] - shares[at - 1])
    # the network never learned what lies far beyond its range
    room = (told[-1] - told[0]) / (len(told) - 1)
    return float(min(max(told[at] + slope * (fraction - shares[at]), told[0] - room), told[-1] + room))


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
