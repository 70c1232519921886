"""Many measured things side by side: a line for each, a column for each quantity, and the scatter within groups."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from core.report.account import Account, account_of
from core.report.findings import Findings
from core.report.quantities import Quantity, Scale, quantities, scale_of

Floats = npt.NDArray[np.float64]

_SUFFIX = re.compile(r"(\.ome)?\.[A-Za-z0-9]+$")
_SEED = re.compile(r"_seed\d+$")


@dataclass(frozen=True)
class Entry:
    """One line: a volume, a picture, or a run.

    Attributes
    ----------
    name, group
        What it is called, and what it belongs to: entries of a group differ by their seed alone.
    quantities
        What is known of it.
    shape
        Pixels along (z), y and x.
    edge
        Metres per pixel where that is known and the same along all axes, else None.
    seed
        Or None.
    sentence
        Its verdict in words.
    problem
        Why nothing is known of it, or empty.
    account
        What a report tells besides its numbers, or None.
    note
        What a reader has to know of its numbers, or empty.
    """

    name: str
    group: str = ""
    quantities: tuple[Quantity, ...] = ()
    shape: tuple[int, ...] = ()
    edge: float | None = None
    seed: int | None = None
    sentence: str = ""
    problem: str = ""
    account: Account | None = field(default=None, compare=False)
    note: str = field(default="", compare=False)


@dataclass(frozen=True)
class Box:
    """The five numbers of a box plot, and what lies beyond its whiskers.

    The box reaches from the first to the third quartile (linear between values), the whiskers to the farthest values
    within one and a half times its height (Tukey, *Exploratory Data Analysis*, 1977).
    """

    low: float
    first: float
    median: float
    third: float
    high: float
    beyond: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Column:
    """One quantity of all entries.

    Attributes
    ----------
    quantity
        One of them, for its names and unit.
    values
        Shape (n,), one an entry, NaN where it has none; in the quantity's own unit.
    edges
        Metres per pixel for each entry where lengths are shown in metres; None where they are shown in pixels.
    reference, half
        The exemplar's value and half of its band, where it is the same for all; else NaN.
    """

    quantity: Quantity
    values: Floats
    edges: Floats | None
    reference: float
    half: float

    @property
    def scale(self) -> Scale:
        """How its values are shown, in pixels of the first entry where they differ; the middle one decides the unit."""
        known = np.abs(self._in_first_pixels[np.isfinite(self.values)])
        typical = float(np.median(known)) if known.size else math.nan
        return scale_of(self.quantity, None if self.edges is None else float(self.edges[0]), typical)

    @property
    def shown(self) -> Floats:
        """The values in the unit of `scale`."""
        return self._in_first_pixels * self.scale.factor

    @property
    def _in_first_pixels(self) -> Floats:
        """The values as if all pixels were as large as the first entry's."""
        if self.edges is None or self.quantity.power == 0:
            return self.values
        return np.asarray(self.values * (self.edges / self.edges[0]) ** self.quantity.power)

    @property
    def label(self) -> str:
        """In words, with the unit."""
        unit = self.scale.unit
        return f"{self.quantity.label} ({unit})" if unit else self.quantity.label

    def text(self, line: int) -> str:
        """The value of an entry without its unit; empty where it has none."""
        value = float(self.shown[line])
        return Scale(1.0, self.scale.unit).text(value).removesuffix(self.scale.unit).strip()


def entry_of(found: Findings, name: str, sentence: str = "") -> Entry:
    """A line for what was measured, grouped by its name without the seed."""
    edges = found.edges
    edge = edges[0] if edges and len(set(edges)) == 1 else None
    shape = tuple(int(side) for side in found.subject.labels.shape)
    account = account_of(found, hashed=True)
    return Entry(name, group_of(name), quantities(found), shape, edge, seed_of(name), sentence, account=account)


def group_of(name: str) -> str:
    """The name of a file without its suffix and seed: "v_f0.1_seed2.tif" belongs to "v_f0.1"."""
    return _SEED.sub("", _stem(name))


def seed_of(name: str) -> int | None:
    """The seed that a file's name ends in, or None."""
    found = _SEED.search(_stem(name))
    return None if found is None else int(found.group().removeprefix("_seed"))


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name)


def columns(entries: Sequence[Entry], everything: bool = False) -> tuple[Column, ...]:
    """The quantities that any of the entries has, in the order in which they first occur.

    ``everything``: those too that do not lead.
    """
    known: dict[str, Quantity] = {}
    for entry in entries:
        for one in entry.quantities:
            if everything or one.leading:
                known.setdefault(one.key, one)
    return tuple(_column(entries, one) for one in known.values())


def _column(entries: Sequence[Entry], quantity: Quantity) -> Column:
    own = [next((one for one in entry.quantities if one.key == quantity.key), None) for entry in entries]
    values = np.array([math.nan if one is None else one.value for one in own])
    there = [(one, entry) for one, entry in zip(own, entries, strict=True) if one is not None]
    metric = quantity.power != 0 and all(entry.edge is not None for _, entry in there)
    edges = np.array([entry.edge or math.nan for entry in entries]) if metric else None
    if edges is not None:
        # a line without a value has no part in the choice of the unit
        edges = np.where(np.isnan(edges), np.nanmin(edges), edges)
    # a true volume stands beside the exemplar and is compared with nothing; None stands for NaN, equal to nothing
    compared = [(one, entry) for one, entry in there if not math.isnan(one.reference)]
    same = {(one.reference, None if math.isnan(one.half) else one.half) for one, _ in compared}
    one_size = not quantity.power or len({entry.edge for _, entry in there}) == 1
    alike = len(same) == 1 and one_size
    reference, half = same.pop() if alike else (math.nan, None)
    return Column(quantity, values, edges, reference, math.nan if half is None else half)


def box_of(values: Floats) -> Box | None:
    """The box of those values that are finite; None where there are none."""
    known = np.sort(values[np.isfinite(values)])
    if not known.size:
        return None
    first, median, third = (float(value) for value in np.quantile(known, (0.25, 0.5, 0.75)))
    reach = 1.5 * (third - first)
    inside = known[(known >= first - reach) & (known <= third + reach)]
    beyond = known[(known < first - reach) | (known > third + reach)]
    # between few values a quartile may lie outside of what is left
    low, high = min(float(inside[0]), first), max(float(inside[-1]), third)
    return Box(low, first, median, third, high, tuple(float(value) for value in beyond))


def groups(entries: Sequence[Entry]) -> dict[str, list[int]]:
    """Places of the entries of each group, problems left out."""
    found: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        if not entry.problem:
            found.setdefault(entry.group, []).append(place)
    return found


def reference_text(column: Column) -> str:
    """The exemplar's value and half of its band in the column's unit; empty where unknown."""
    if math.isnan(column.reference):
        return ""
    scale = column.scale
    middle = scale.text(column.reference).removesuffix(scale.unit).strip()
    if math.isnan(column.half):
        return middle
    return f"{middle} ± {scale.text(column.half).removesuffix(scale.unit).strip()}"
