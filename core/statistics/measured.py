"""What a descriptor is measured on, and what it gives: numbers with units, and curves."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

AXES = "zyx"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, eq=False)
class Sample:
    """One structure, and how it is to be measured.

    Attributes
    ----------
    labels
        Shape (Y, X) or (Z, Y, X), uint8.
    phases
        Names of the labels.
    phase
        Label of the phase of interest.
    max_lag
        Largest lag of curves, pixels.
    periodic
        Whether the structure repeats along all of its axes. Descriptors without a periodic form leave it aside.
    """

    labels: npt.NDArray[np.uint8]
    phases: tuple[str, ...]
    phase: int
    max_lag: int
    periodic: bool = False

    @cached_property
    def inside(self) -> Bools:
        """True in the phase of interest."""
        return np.asarray(self.labels == self.phase)

    @property
    def axes(self) -> str:
        """Names of the axes, "yx" or "zyx"."""
        return AXES[-self.labels.ndim :]

    def part(self, labels: npt.NDArray[np.uint8]) -> Sample:
        """The same question about a part of the structure, which does not repeat; its lags fit into it."""
        return replace(self, labels=labels, max_lag=min(self.max_lag, min(labels.shape) - 1), periodic=False)


@dataclass(frozen=True)
class Number:
    """One number.

    Attributes
    ----------
    key, label
        Name in files, and in words.
    value
        NaN where it is not defined.
    power
        Its unit is this power of a pixel's edge.
    share
        Whether it is a share, shown in per cent.
    """

    key: str
    label: str
    value: float
    power: int = 0
    share: bool = False

    @property
    def unit(self) -> str:
        """ "px", "px⁻¹", "%" or ""."""
        return "%" if self.share else unit_of(self.power)

    @property
    def text(self) -> str:
        """The value with its unit."""
        if np.isnan(self.value):
            return "not defined"
        if np.isinf(self.value):
            return "unlimited"
        shown = f"{100 * self.value:.2f}" if self.share else figures(self.value)
        return f"{shown} {self.unit}".strip()


def figures(value: float, digits: int = 4) -> str:
    """A value with so many figures, powers of ten as people write them: "12.35", "8.04 · 10⁻⁵"."""
    mantissa, e, power = f"{value:.{digits}g}".partition("e")
    text = mantissa if not e else f"{mantissa} · 10{str(int(power)).translate(_SUPERSCRIPTS)}"
    return text.replace("-", "−")


def unit_of(power: int, of: str = "px") -> str:
    """A power of a unit in words: "px", "px⁻³", or nothing."""
    if power == 0:
        return ""
    return of if power == 1 else of + str(power).translate(_SUPERSCRIPTS)


@dataclass(frozen=True, eq=False)
class Curve:
    """Curves of one quantity over lengths.

    Attributes
    ----------
    key, label, x_label
        Name in files, the quantity in words, and what the lengths are.
    x
        Shape (n,), pixels.
    rows
        Name of each curve (an axis, a pair of phases) and its values, shape (n,). The first is the one to compare.
    """

    key: str
    label: str
    x_label: str
    x: Floats
    rows: Mapping[str, Floats]

    @property
    def main(self) -> Floats:
        """The curve to compare."""
        return next(iter(self.rows.values()))


@dataclass(frozen=True, eq=False)
class Measured:
    """What a descriptor found; ``notes`` are facts in words (label and text)."""

    numbers: tuple[Number, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[tuple[str, str], ...] = field(default=())


Steps = Generator[None, None, Measured]
"""Measures, and yields often enough that a job can be left."""


def by_axis(axes: str, rows: Floats, mean: bool = True) -> dict[str, Floats]:
    """Rows of an array by axis, after their mean."""
    named = {"mean": np.asarray(rows.mean(axis=0))} if mean else {}
    return named | {axis: np.asarray(row) for axis, row in zip(axes, rows, strict=True)}


def mean_of(several: list[Measured]) -> Measured:
    """The mean of what one descriptor found in several samples: number by number, curve by curve (those of all)."""
    first = several[0]
    numbers = []
    for place, number in enumerate(first.numbers):
        values = np.array([one.numbers[place].value for one in several])
        known = values[np.isfinite(values)]
        numbers.append(replace(number, value=float(known.mean()) if len(known) else float("nan")))
    curves = []
    for place, curve in enumerate(first.curves):
        rows = {name: np.mean([one.curves[place].rows[name] for one in several], axis=0) for name in curve.rows}
        curves.append(replace(curve, rows=rows))
    return Measured(tuple(numbers), tuple(curves))
