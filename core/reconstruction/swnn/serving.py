"""One network for a range of volume fractions: what it is told at each place, and where its thresholds lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InputError
from core.generation.periods import Period, Triple
from core.masks.mask import Mask
from core.reconstruction.swnn.settings import Fraction

NODES = 7
"""Volume fractions of the range at which thresholds are set; between them they are interpolated."""
BEYOND = 1e-3
"""How far outside the range a fraction may be asked for: rounding in forms and files."""


@dataclass(frozen=True)
class Thresholds:
    """What the calibration of a range found, at ascending volume fractions.

    Attributes
    ----------
    fractions
        Volume fractions that are wanted.
    thresholds
        The field's values above which that share of the calibration volume lies.
    before
        The shares that lie above 0, the field's own middle.
    told
        What the network was told for each of them; empty: the fractions themselves.
    """

    fractions: tuple[float, ...]
    thresholds: tuple[float, ...]
    before: tuple[float, ...]
    told: tuple[float, ...] = ()

    def at(self, fractions: np.ndarray) -> np.ndarray:
        """Linear between the nodes; float32, shape of ``fractions``."""
        found: np.ndarray = np.interp(fractions, self.fractions, self.thresholds).astype(np.float32)
        return found

    def to_json(self) -> list[dict[str, float]]:
        """One entry a node."""
        columns = zip(self.fractions, self.thresholds, self.before, self.told or self.fractions, strict=True)
        return [dict(zip(("fraction", "threshold", "before", "told"), entry, strict=True)) for entry in columns]

    @classmethod
    def from_json(cls, entries: Any) -> Thresholds:
        """What `to_json` gave.

        Raises
        ------
        InputError
            Where that is something else.
        """
        try:
            columns = [[float(entry[key]) for entry in entries] for key in ("fraction", "threshold", "before")]
            columns.append(_told(entries))
        except (TypeError, KeyError, ValueError) as error:
            raise InputError("The thresholds of a range of volume fractions cannot be read.") from error
        fractions = columns[0]
        if len(fractions) < 2 or not np.isfinite(columns).all() or not (np.diff(fractions) > 0).all():
            raise InputError("The thresholds of a range of volume fractions do not make sense.")
        return cls(*(tuple(column) for column in columns))


@dataclass(frozen=True)
class ServedOffsets:
    """As `Thresholds`, of several phases: what is added to each phase's channel (`labelling.labels_of`).

    Attributes
    ----------
    fractions
        Ascending volume fractions of the phase of interest.
    offsets
        For each of them one number a phase.
    before
        Shares of the phase of interest without offsets.
    told
        As of `Thresholds`.
    """

    fractions: tuple[float, ...]
    offsets: tuple[tuple[float, ...], ...]
    before: tuple[float, ...]
    told: tuple[float, ...] = ()

    def at(self, fractions: np.ndarray) -> np.ndarray:
        """Linear between the nodes; float32, shape of ``fractions`` and one number a phase, last."""
        columns = [np.interp(fractions, self.fractions, column) for column in zip(*self.offsets, strict=True)]
        return np.stack(columns, axis=-1).astype(np.float32)

    def to_json(self) -> list[dict[str, Any]]:
        """One entry a node."""
        columns = zip(self.fractions, self.offsets, self.before, self.told or self.fractions, strict=True)
        return [
            {"fraction": fraction, "offsets": list(offsets), "before": before, "told": told}
            for fraction, offsets, before, told in columns
        ]

    @classmethod
    def from_json(cls, entries: Any, phases: int) -> ServedOffsets:
        """What `to_json` gave, for so many phases.

        Raises
        ------
        InputError
            Where that is something else.
        """
        try:
            fractions, before = ([float(entry[key]) for entry in entries] for key in ("fraction", "before"))
            told = _told(entries)
            offsets = [tuple(float(number) for number in entry["offsets"]) for entry in entries]
        except (TypeError, KeyError, ValueError) as error:
            raise InputError("The offsets of a range of volume fractions cannot be read.") from error
        whole = all(len(one) == phases and np.isfinite(one).all() for one in offsets)
        rises = len(fractions) > 1 and bool((np.diff(fractions) > 0).all())
        if not (whole and rises and np.isfinite([fractions, before, told]).all()):
            raise InputError("The offsets of a range of volume fractions do not make sense.")
        return cls(tuple(fractions), tuple(offsets), tuple(before), tuple(told))


def _told(entries: Any) -> list[float]:
    # models from before this was set were told the fractions themselves
    return [float(entry.get("told", entry["fraction"])) for entry in entries]


def told_for(calibration: Mapping[str, Any], fraction: Fraction) -> Fraction:
    """What a network is told where ``fraction`` is wanted, by its card's calibration: linear between the nodes."""
    entries = calibration.get("served") or calibration.get("served_offsets")
    if entries is None:
        return fraction
    nodes, told = [entry["fraction"] for entry in entries], _told(entries)
    if isinstance(fraction, np.ndarray):
        found: np.ndarray = np.interp(fraction, nodes, told).astype(np.float32)
        return found
    return float(np.interp(fraction, nodes, told))


def nodes(low: float, high: float, exact: float) -> list[float]:
    """`NODES` fractions over the range; the one nearest to ``exact`` becomes that."""
    found = np.linspace(low, high, NODES)
    if low <= exact <= high:
        found[np.abs(found - exact).argmin()] = exact
    return [float(fraction) for fraction in found]


class WantedFractions:
    """The target volume fraction at every place of a volume: one number, or a mask stretched over the volume.

    Parameters
    ----------
    source
        The number, or the mask. Beyond the volume's faces the mask's outermost values go on, or, along axes with a
        period, the mask repeats: what a network reads around the volume is so always defined.
    size
        Voxels of the volume along z, y, x.
    """

    def __init__(self, source: float | Mask, size: Triple, period: Period = (None, None, None)) -> None:
        if isinstance(source, Mask) and any(have > edge for have, edge in zip(source.shape, size, strict=True)):
            z, y, x = (min(have, edge) for have, edge in zip(source.shape, size, strict=True))
            source = source.resampled((z, y, x))
        self._source = source
        self._size = size
        self._period = period

    @property
    def uniform(self) -> float | None:
        """The fraction where it is the same everywhere, else None."""
        if not isinstance(self._source, Mask):
            return self._source
        low, high = self._source.range
        return low if low == high else None

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest fraction."""
        return self._source.range if isinstance(self._source, Mask) else (self._source, self._source)

    def box(self, start: Triple, shape: Triple, stride: int) -> np.ndarray:
        """At the centres of cells of ``stride`` voxels, from cell ``start`` on: shape ``shape``, float32."""
        if not isinstance(self._source, Mask):
            return np.full(shape, self._source, dtype=np.float32)
        values = self._source.fraction
        for axis in range(3):
            have, size, period = values.shape[axis], self._size[axis], self._period[axis]
            voxels = (np.arange(start[axis], start[axis] + shape[axis]) + 0.5) * stride
            if period is not None:
                voxels = voxels % period
            places = voxels * (have / size) - 0.5
            if period is None:
                places = np.clip(places, 0, have - 1)
            left = np.floor(places).astype(int)
            share = (places - left).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
            # along a period, the first element follows the last
            low = np.take(values, left % have, axis=axis)
            values = low + share * (np.take(values, (left + 1) % have, axis=axis) - low)
        return values


def checked_range(low: float, high: float, wanted: tuple[float, float]) -> None:
    """Refuse fractions outside the range that a model serves.

    Raises
    ------
    InputError
        With the range.
    """
    if wanted[0] < low - BEYOND or wanted[1] > high + BEYOND:
        asked = f"{wanted[0]:.3f}" if wanted[0] == wanted[1] else f"{wanted[0]:.3f} to {wanted[1]:.3f}"
        raise InputError(
            f"This model serves volume fractions from {low:.3f} to {high:.3f}; asked for: {asked}.",
            "Choose fractions in that range, or train a model with a wider one.",
        )


def threshold_of(field: np.ndarray, fraction: float) -> tuple[float, float]:
    """The value that exactly so many voxels lie above (as near as whole voxels allow), and the share above 0."""
    flat = field.reshape(-1)
    outside = min(flat.size - 1, max(1, round((1 - fraction) * flat.size)))
    return float(np.partition(flat, outside - 1)[outside - 1]), float((flat > 0).mean())
