"""What was measured and computed of a volume, as JSON values, and back; its fields are members of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from core.errors import InputError
from core.projects.document import get, length, maybe, plain, whole_numbers, wrong
from core.statistics.describing import Described
from core.statistics.descriptors import descriptor
from core.statistics.measured import Curve, Measured, Number

if TYPE_CHECKING:
    from core.properties import Conductivity, Elasticity, Permeability, Properties
    from core.report.runs import Entry

T = TypeVar("T")
_OWN = "own"
_QUANTITY_NUMBERS = ("value", "reference", "half")
_INFINITE = {"inf": math.inf, "-inf": -math.inf}


def statistics_to_json(found: Sequence[Described]) -> list[dict[str, Any]]:
    """Every statistic with its numbers, curves and bands."""
    return [
        {
            "name": one.descriptor.name,
            "own": _measured(one.own),
            "compared": _OWN if one.compared is one.own and one.own is not None else _measured(one.compared),
            "exemplar": _measured(one.exemplar),
            "numbers_half": _values(one.numbers_half),
            "band": None if one.band is None else [_values(row) for row in one.band],
            "problem": one.problem,
        }
        for one in found
    ]


def statistics_from_json(data: Any) -> tuple[Described, ...]:
    """The inverse of `statistics_to_json`; statistics that this version does not know are left out."""
    found = []
    for item in data or []:
        try:
            known = descriptor(get(item, "name", str))
        except InputError:
            continue
        own = _measured_from(maybe(item, "own", dict))
        same = item.get("compared") == _OWN
        band = maybe(item, "band", list)
        if band is not None and (len(band) != 2 or len(band[0]) != len(band[1])):
            raise wrong("a statistic's band has not two ends")
        found.append(
            Described(
                known,
                own,
                own if same else _measured_from(maybe(item, "compared", dict)),
                _measured_from(maybe(item, "exemplar", dict)),
                tuple(_numbers(get(item, "numbers_half", list))),
                None if band is None else np.array([_numbers(row) for row in band]),
                get(item, "problem", str),
            )
        )
    return tuple(found)


def _measured(found: Measured | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "numbers": [
            {"key": one.key, "label": one.label, "value": _value(one.value), "power": one.power, "share": one.share}
            for one in found.numbers
        ],
        "curves": [
            {
                "key": curve.key,
                "label": curve.label,
                "x_label": curve.x_label,
                "x": _values(curve.x),
                "rows": [{"name": name, "values": _values(row)} for name, row in curve.rows.items()],
            }
            for curve in found.curves
        ],
        "notes": plain(found.notes),
    }


def _measured_from(data: Any) -> Measured | None:
    if data is None:
        return None
    numbers = tuple(
        Number(
            get(one, "key", str), get(one, "label", str), _number(one.get("value")), get(one, "power", int),
            get(one, "share", bool),
        )
        for one in get(data, "numbers", list)
    )  # fmt: skip
    curves = []
    for one in get(data, "curves", list):
        x = np.array(_numbers(get(one, "x", list)))
        rows = {get(row, "name", str): np.array(_numbers(get(row, "values", list))) for row in get(one, "rows", list)}
        if not rows or any(len(row) != len(x) for row in rows.values()):
            raise wrong("a curve has another length than its x axis")
        curves.append(Curve(get(one, "key", str), get(one, "label", str), get(one, "x_label", str), x, rows))
    notes = get(data, "notes", list)
    if not all(isinstance(note, list) and len(note) == 2 for note in notes):
        raise wrong("a statistic's notes are no pairs")
    return Measured(numbers, tuple(curves), tuple((str(label), str(text)) for label, text in notes))


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """A line of a comparison: its numbers and what they were measured of, without its account."""
    return {
        "name": entry.name,
        "group": entry.group,
        "shape": list(entry.shape),
        "edge_m": entry.edge,
        "seed": entry.seed,
        "sentence": entry.sentence,
        "problem": entry.problem,
        "quantities": [
            {**vars(one), **{key: _value(getattr(one, key)) for key in _QUANTITY_NUMBERS}} for one in entry.quantities
        ],
    }


def entry_from_json(data: Any) -> Entry:
    """The inverse of `entry_to_json`."""
    from core.report.quantities import Quantity
    from core.report.runs import Entry

    quantities = tuple(
        Quantity(
            get(one, "key", str), get(one, "label", str), _number(one.get("value")), get(one, "unit", str),
            get(one, "power", int), get(one, "share", bool), _number(one.get("reference")), _number(one.get("half")),
            get(one, "leading", bool),
        )
        for one in get(data, "quantities", list)
    )  # fmt: skip
    shape = whole_numbers(data, "shape", len(get(data, "shape", list)), least=1)
    return Entry(
        get(data, "name", str), get(data, "group", str), quantities, shape, length(data, "edge_m"),
        maybe(data, "seed", int), get(data, "sentence", str), get(data, "problem", str),
    )  # fmt: skip


def properties_to_json(found: Properties | None) -> dict[str, Any] | None:
    """Values, residuals and how they were computed."""
    if found is None:
        return None
    plan, heat, flow, stiff = found.plan, found.conductivity, found.permeability, found.elasticity
    return {
        "axes": list(plan.axes),
        "ends": plan.ends,
        "sides": plan.sides,
        "tolerance": plan.tolerance,
        "device": plan.device,
        "pore_phase": plan.pore_phase,
        "conductivity": None if heat is None else {**_common(heat), "values": _labelled(heat.values, float)},
        "permeability": None if flow is None else {**_common(flow), "porosity": flow.porosity},
        "elasticity": None
        if stiff is None
        else {
            "stiffness": stiff.stiffness.tolist(),
            "asymmetry": stiff.asymmetry,
            "tolerance": stiff.tolerance,
            "moduli": _labelled(stiff.moduli, lambda one: [one.young, one.poisson]),
            "loads": [_along(load) for load in stiff.loads],
        },
    }


def _common(found: Conductivity | Permeability) -> dict[str, Any]:
    plain_values = {"ends": found.ends, "sides": found.sides, "tolerance": found.tolerance}
    if hasattr(found, "fraction"):
        plain_values["fraction"] = found.fraction
    return {**plain_values, "along": [_along(one) for one in found.along]}


def _along(found: Any) -> dict[str, Any]:
    """All but the fields."""
    kept = {key: value for key, value in vars(found).items() if not isinstance(value, np.ndarray)}
    return {key: plain(value) for key, value in kept.items()}


def properties_from_json(data: Any) -> Properties | None:
    """The inverse of `properties_to_json`, without fields."""
    if data is None:
        return None
    from core.properties import Properties, PropertyPlan

    heat, flow, stiff = (maybe(data, key, dict) for key in ("conductivity", "permeability", "elasticity"))
    pores = maybe(data, "pore_phase", int)
    if flow is not None and pores is None:
        raise wrong("a permeability has no phase")
    found_heat = None if heat is None else _conductivity(heat)
    found_stiff = None if stiff is None else _elasticity(stiff)
    plan = PropertyPlan(
        conductivity=None if found_heat is None else found_heat.values,
        pore_phase=pores,
        axes=tuple(_axis(axis) for axis in get(data, "axes", list)),
        ends=_one_of(data, "ends", ("fixed", "periodic")),
        sides=_one_of(data, "sides", ("closed", "periodic")),
        tolerance=maybe(data, "tolerance", float),
        device=get(data, "device", str),
        elasticity=None if found_stiff is None else found_stiff.moduli,
    )
    return Properties(plan, found_heat, None if flow is None else _permeability(flow), found_stiff)


def _conductivity(data: Any) -> Conductivity:
    from core.properties import ConductionAlong, Conductivity

    along = []
    for one in _some(data, "along"):
        z, y, x = _numbers(get(one, "column", list), 3)
        along.append(
            ConductionAlong(
                axis=_axis(one.get("axis")), value=get(one, "value", float), uncertainty=get(one, "uncertainty", float),
                column=(z, y, x), field=np.zeros((0, 0, 0), np.float32), **_ending(one),
            )
        )  # fmt: skip
    return Conductivity(
        tuple(along), _by_label(data, "values", float), get(data, "fraction", float),
        _one_of(data, "ends", ("fixed", "periodic")), _one_of(data, "sides", ("closed", "periodic")),
        get(data, "tolerance", float),
    )  # fmt: skip


def _permeability(data: Any) -> Permeability:
    from core.properties import FlowAlong, Permeability

    along = [
        FlowAlong(
            axis=_axis(one.get("axis")), voxels=get(one, "voxels", float), metres=maybe(one, "metres", float),
            connected=get(one, "connected", float), at_faces=np.zeros((3, 0, 0, 0), np.float32), **_ending(one),
        )
        for one in _some(data, "along")
    ]  # fmt: skip
    return Permeability(
        tuple(along), get(data, "porosity", float), _one_of(data, "ends", ("fixed", "periodic")),
        _one_of(data, "sides", ("closed", "periodic")), get(data, "tolerance", float),
    )  # fmt: skip


def _elasticity(data: Any) -> Elasticity:
    from core.properties import Elasticity, Moduli
    from core.properties.elasticity import Load

    rows = get(data, "stiffness", list)
    if len(rows) != 6:
        raise wrong("a stiffness has not six rows")
    moduli = {label: Moduli(*_numbers(pair, 2)) for label, pair in _by_label(data, "moduli", list).items()}
    if not moduli:
        raise wrong("a stiffness has no phases")
    loads = [Load(component=_within(get(one, "component", int), 6), **_ending(one)) for one in _some(data, "loads")]
    stiffness = np.array([_numbers(row, 6) for row in rows])
    asymmetry, tolerance = get(data, "asymmetry", float), get(data, "tolerance", float)
    return Elasticity(stiffness, asymmetry, moduli, tuple(loads), tolerance)


def _ending(data: Any) -> dict[str, Any]:
    return {
        "relative_residual": get(data, "relative_residual", float),
        "residuals": tuple(_numbers(get(data, "residuals", list))),
        "iterations": get(data, "iterations", int),
        "seconds": get(data, "seconds", float),
        "sentence": get(data, "sentence", str),
    }


def _some(data: Any, key: str) -> list[Any]:
    found = get(data, key, list)
    if not found:
        raise wrong(f"its entry {key!r} is empty")
    return found


def _labelled(values: Any, told: Callable[[Any], Any]) -> dict[str, Any]:
    return {str(label): told(value) for label, value in values.items()}


def _by_label(data: Any, key: str, kind: type[T]) -> dict[int, T]:
    entries = get(data, key, dict)
    if not all(label.isdecimal() for label in entries):
        raise wrong(f"its entry {key!r} has no labels")
    return {int(label): get(entries, label, kind) for label in entries}


def _one_of(data: Any, key: str, allowed: tuple[str, ...]) -> Any:
    value = get(data, key, str)
    if value not in allowed:
        raise wrong(f"its entry {key!r} is {value!r}"[:200])
    return value


def _axis(value: Any) -> int:
    return _within(value, 3)


def _within(value: Any, count: int) -> int:
    if type(value) is not int or not 0 <= value < count:
        raise wrong(f"there is no axis {value!r}"[:200])
    return value


def _value(value: float) -> float | str | None:
    """NaN is null, infinities are words: JSON has neither."""
    if math.isnan(value):
        return None
    if isinstance(value, int):  # a count
        return value
    return float(value) if math.isfinite(value) else "inf" if value > 0 else "-inf"


def _values(values: Any) -> list[float | str | None]:
    return [_value(float(value)) for value in values]


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str) and value in _INFINITE:
        return _INFINITE[value]
    if type(value) is int:
        return value
    return get({"value": value}, "value", float)


def _numbers(values: Any, count: int | None = None) -> list[float]:
    if not isinstance(values, list) or (count is not None and len(values) != count):
        raise wrong(f"there are not {count} numbers in {values!r}"[:200])
    return [_number(value) for value in values]
