"""Lengths as people write them: "12.5 nm", "0.8 µm", "0.01 mm"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from core.errors import InputError

UNITS = {
    "pm": 1e-12, "nm": 1e-9, "µm": 1e-6, "μm": 1e-6, "um": 1e-6, "micron": 1e-6, "microns": 1e-6, "micrometer": 1e-6,
    "mm": 1e-3, "cm": 1e-2, "m": 1.0, "in": 0.0254, "inch": 0.0254, "å": 1e-10, "a": 1e-10, "angstrom": 1e-10,
    "nanometer": 1e-9, "millimeter": 1e-3, "centimeter": 1e-2, "meter": 1.0, "metre": 1.0, "micrometre": 1e-6,
    "nanometre": 1e-9, "millimetre": 1e-3, "picometer": 1e-12,
}  # fmt: skip
"""Unit (lower case) → metres."""

_SHOWN = ((1e-12, "pm"), (1e-9, "nm"), (1e-6, "µm"), (1e-3, "mm"), (1.0, "m"))
_LEAST_NM = 0.1e-9
"""Pixels of a transmission electron microscope are fractions of a nanometre, and nobody calls them picometres."""


def unit_metres(unit: str) -> float | None:
    """Metres of one ``unit``, or None where it is not a length."""
    return UNITS.get(unit.strip().strip("\x00").replace("\\u00B5", "µ").lower())


def format_sides(sides: Sequence[float]) -> str:
    """Lengths of a box's sides (metres), with their unit once where they share it: "57.6 × 57.6 × 28.8 nm"."""
    lengths = [format_length(side).split(" ") for side in sides]
    if len({unit for _number, unit in lengths}) == 1:
        return " × ".join(number for number, _unit in lengths) + "\u00a0" + lengths[0][1]
    return " × ".join("\u00a0".join(length) for length in lengths)


def parse_length(text: str) -> float:
    """Metres of a positive length with its unit.

    Raises
    ------
    InputError
        Where there is no number, no known unit, or the length is not positive.
    """
    match = re.fullmatch(r"\s*([0-9.,]+(?:[eE][+-]?\d+)?)\s*([^\d\s.,]+)?\s*", text)
    example = "Write it like 12.5 nm, 0.8 µm or 0.01 mm."
    if match is None:
        raise InputError(f"“{text}” is not a length.", example)
    number, unit = match.groups()
    if unit is None:
        raise InputError(f"“{text}” has no unit.", example)
    metres = unit_metres(unit)
    if metres is None:
        raise InputError(f"“{unit}” is not a unit of length.", example)
    try:
        value = float(number.replace(",", ".")) * metres
    except ValueError:
        raise InputError(f"“{number}” is not a number.", example) from None
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"A length must be positive, not {text.strip()}.", example)
    return value


def unit_for(length: float) -> tuple[float, str]:
    """The unit (metres, name) that a length is written in: nm from 0.1 nm up to below 1 µm, then µm, mm, m."""
    size = abs(length)
    # half a unit in the third digit below the next unit would already be written as that
    if size < 0.9995 * _LEAST_NM:
        return _SHOWN[0]
    return next((pair for pair in _SHOWN[1:] if size < 999.5 * pair[0]), _SHOWN[-1])


def format_length(metres: float) -> str:
    """A length with three significant digits in the unit that suits it: "0.543 nm", "1.2 µm", "0 nm"."""
    if metres == 0:
        return "0 nm"
    scale, unit = unit_for(metres)
    value = metres / scale
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {unit}"


def format_volume(cubic_metres: float) -> str:
    """A volume with three significant digits in the unit that suits it: "12.3 µm³", "0.0021 mm³"."""
    # from one unit to the next the number falls by a billion: the smaller one is left where it would have 7 digits
    scale, unit = next((pair for pair in _SHOWN if abs(cubic_metres) < 1e6 * pair[0] ** 3), _SHOWN[-1])
    return f"{float(f'{cubic_metres / scale**3:.3g}'):,.10g} {unit}³"
