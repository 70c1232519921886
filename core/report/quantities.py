"""The single numbers that set one volume, picture or run beside another: fractions, discrepancies, properties."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import InputError
from core.images.pixel_size import unit_for
from core.report.findings import Findings
from core.report.properties import AXES, HEAT_UNIT
from core.statistics.comparison import Comparison, discrepancy
from core.statistics.describing import Described
from core.statistics.measured import Number, figures, unit_of

if TYPE_CHECKING:
    from core.properties import Properties

USUAL = ("correlation-length", "specific-surface", "connectivity", "euler")
"""The statistics that a comparison measures where none are named."""
_ALL_LEADING = ("connectivity",)
"""Statistics of which more than the first number leads."""


@dataclass(frozen=True)
class Quantity:
    """One number of one volume or picture.

    Attributes
    ----------
    key, label
        Name in files ("euler.density_6"), and in words.
    value
        NaN where it is not defined.
    unit
        Of ``value``; empty for a ratio and for what is measured in pixels.
    power
        Power of a pixel's edge that ``value`` is measured in, 0 for none.
    share
        Whether it is a share, shown in per cent.
    reference, half
        The exemplar's (or the target's) value, and half the width of its 95 % band; NaN where unknown.
    leading
        Whether it belongs into a short table.
    """

    key: str
    label: str
    value: float
    unit: str = ""
    power: int = 0
    share: bool = False
    reference: float = math.nan
    half: float = math.nan
    leading: bool = True

    @property
    def unit_in_files(self) -> str:
        """The unit in plain letters: "px^-3", "W/(m·K)", or empty for a ratio."""
        if self.power:
            return "px" if self.power == 1 else f"px^{self.power}"
        return self.unit


@dataclass(frozen=True)
class Scale:
    """How the values of a quantity are shown: multiplied, and in which unit."""

    factor: float
    unit: str

    def text(self, value: float) -> str:
        """The value in figures, with its unit."""
        if math.isnan(value):
            return ""
        if math.isinf(value):
            return "unlimited"
        shown = f"{self.factor * value:.2f}" if self.unit == "%" else figures(self.factor * value)
        return f"{shown} {self.unit}".strip()


def scale_of(quantity: Quantity, edge: float | None = None, typical: float = math.nan) -> Scale:
    """How a quantity is shown: in per cent, in its unit, in pixels, or in lengths where the pixel's ``edge`` is known.

    ``typical`` is a value by which the length's unit is chosen, by default the quantity's own.
    """
    if quantity.share:
        return Scale(100.0, "%")
    if quantity.power == 0:
        return Scale(1.0, quantity.unit)
    if edge is None:
        return Scale(1.0, unit_of(quantity.power))
    value = abs(quantity.value if math.isnan(typical) else typical)
    usable = math.isfinite(value) and value > 0
    if quantity.power == 1 and usable:
        metres, unit = unit_for(value * edge)
        return Scale(edge / metres, unit)
    choices = {"nm": 1e-9, "µm": 1e-6, "mm": 1e-3}
    factors = {unit: (edge / size) ** quantity.power for unit, size in choices.items()}
    # areas, densities and such: the unit that leaves the handiest number, nearest to 10
    unit = min(factors, key=lambda name: abs(math.log10(value * factors[name]) - 1)) if usable else "µm"
    return Scale(factors[unit], unit_of(quantity.power, unit))


def quantities(found: Findings) -> tuple[Quantity, ...]:
    """Everything about one measured volume or picture that is a single number."""
    made = core_quantities(
        found.interest.name, found.achieved_fraction, found.target_fraction, found.comparison, found.correlation
    )
    if any(one.descriptor.name == "correlation-length" and one.own is not None for one in found.statistics):
        made = tuple(one for one in made if one.key != "correlation_length")
    return made + statistics_quantities(found.statistics) + property_quantities(found.properties)


def core_quantities(
    name: str, fraction: float, target: float | None, comparison: Comparison | None, correlation: float | None = None
) -> tuple[Quantity, ...]:
    """Fraction of the phase ``name``, ε of S2 and L where there is an exemplar, correlation length where known."""
    made = [
        Quantity(
            "fraction", f"Fraction of {name}", fraction, share=True, reference=math.nan if target is None else target
        )
    ]
    if comparison is not None:
        made.append(Quantity("epsilon_s2", "ε of S₂", comparison.epsilon_s2, share=True))
        made.append(Quantity("epsilon_lineal_path", "ε of L", comparison.epsilon_lineal_path, share=True))
    if correlation is not None:
        made.append(Quantity("correlation_length", "Correlation length", correlation, power=1))
    return tuple(made)


def statistics_quantities(found: tuple[Described, ...]) -> tuple[Quantity, ...]:
    """The numbers of the statistics; those of a volume's sections beside the exemplar's, where only these compare.

    Of a curve the discrepancy ε from the exemplar's, where there is one; S2 and L are left out, whose ε is known.
    """
    return tuple(quantity for one in found for quantity in _of_one(one))


def _of_one(one: Described) -> list[Quantity]:
    name, own = one.descriptor.name, one.own
    if own is None:
        return []
    through = one.compared is not None and one.compared is not own
    exemplar = {} if one.exemplar is None else {number.key: number.value for number in one.exemplar.numbers}
    halves = dict(zip(exemplar, one.numbers_half, strict=False))
    made = []
    for place, number in enumerate(own.numbers):
        leading = place == 0 or (name in _ALL_LEADING and number.share)
        against = exemplar if one.compared is own else {}
        made.append(_quantity(name, number, number.label, leading, against, halves))
    if through and one.compared is not None:
        for place, number in enumerate(one.compared.numbers):
            words = f"{number.label}, in sections"
            made.append(_quantity(f"{name}.sections", number, words, place == 0, exemplar, halves))
    if name not in ("s2", "lineal-path") and (epsilon := _epsilon(one)) is not None:
        curve = own.curves[0]
        made.append(Quantity(f"epsilon_{curve.key}", f"ε of {curve.label}", epsilon, share=True, leading=not made))
    return made


def _quantity(
    name: str, number: Number, words: str, leading: bool, exemplar: dict[str, float], halves: dict[str, float]
) -> Quantity:
    return Quantity(
        f"{name}.{number.key}", words, number.value, power=number.power, share=number.share,
        reference=exemplar.get(number.key, math.nan), half=halves.get(number.key, math.nan) if exemplar else math.nan,
        leading=leading,
    )  # fmt: skip


def _epsilon(one: Described) -> float | None:
    """Area between the first curve and the exemplar's over that of the exemplar's, or None."""
    if one.compared is None or one.exemplar is None or not (one.compared.curves and one.exemplar.curves):
        return None
    curve, reference = one.compared.curves[0].main, one.exemplar.curves[0].main
    n = min(len(curve), len(reference))
    if not (np.isfinite(curve[:n]).all() and np.isfinite(reference[:n]).all()):
        return None
    try:
        return discrepancy(curve[:n], reference[:n])
    except InputError:  # a curve of nothing
        return None


def property_quantities(found: Properties | None) -> tuple[Quantity, ...]:
    """Conductivity, permeability and elastic moduli, along each axis that was computed."""
    if found is None:
        return ()
    made = []
    for along in () if found.conductivity is None else found.conductivity.along:
        axis = AXES[along.axis]
        made.append(Quantity(f"conductivity.{axis}", f"Conductivity along {axis}", along.value, HEAT_UNIT))
    for stream in () if found.permeability is None else found.permeability.along:
        axis, metres = AXES[stream.axis], stream.metres
        value, unit = (stream.voxels, "voxel²") if metres is None else (metres, "m²")
        made.append(Quantity(f"permeability.{axis}", f"Permeability along {axis}", value, unit))
    if found.elasticity is not None:
        for axis, young in zip(AXES, found.elasticity.youngs, strict=True):
            made.append(Quantity(f"elasticity.{axis}", f"Young's modulus along {axis}", young / 1e9, "GPa"))
        whole = found.elasticity.isotropic
        made.append(Quantity("elasticity.young", "Young's modulus, mean", whole.young / 1e9, "GPa"))
        made.append(Quantity("elasticity.poisson", "Poisson's ratio, mean", whole.poisson, leading=False))
    return tuple(made)
