"""Settings are data: one frozen dataclass per engine or filter, each field with unit, range, default and help.

The form in the window, the command-line options, the project file and the report are all made from `describe`, and
every value is checked by `validate`. Standard library only, so that the numeric rooms import anywhere.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.errors import InputError

S = TypeVar("S")
_KEY = "microloom"


@dataclass(frozen=True)
class Setting:
    """What the program knows about one field of a settings dataclass.

    Attributes
    ----------
    name, kind, default
        The field's name, its Python type (bool, int, float or str; ``int | None`` counts as int with ``optional``),
        and default value.
    label, help, unit
        Words for the form; ``unit`` is empty for a pure number.
    minimum, maximum
        Inclusive range, or None where open.
    choices
        Allowed values, in the order in which they are offered, or empty.
    optional
        Whether None ("choose for me") is allowed.
    advanced
        Whether the field is folded under "More".
    """

    name: str
    kind: type
    default: Any
    label: str
    help: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    optional: bool = False
    advanced: bool = False


def setting(
    default: Any,
    label: str,
    help: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[Any] = (),
    advanced: bool = False,
) -> Any:
    """A dataclass field that carries its description (see `Setting`)."""
    return field(
        default=default,
        metadata={
            _KEY: {
                "label": label,
                "help": help,
                "unit": unit,
                "minimum": minimum,
                "maximum": maximum,
                "choices": tuple(choices),
                "advanced": advanced,
            }
        },
    )


def describe(settings: Any) -> tuple[Setting, ...]:
    """The settings of a dataclass (type or instance) in declaration order; other fields are left out."""
    cls = settings if isinstance(settings, type) else type(settings)
    hints = typing.get_type_hints(cls)
    found = []
    for item in dataclasses.fields(cls):
        if _KEY not in item.metadata:
            continue
        kind, optional = _plain_type(hints[item.name])
        found.append(Setting(item.name, kind, item.default, optional=optional, **item.metadata[_KEY]))
    return tuple(found)


def _plain_type(hint: Any) -> tuple[type, bool]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        kinds = [part for part in typing.get_args(hint) if part is not type(None)]
        if len(kinds) == 1:
            return kinds[0], True
    if isinstance(hint, type):
        return hint, False
    raise TypeError(f"a setting must be bool, int, float or str, possibly | None, not {hint}")


def problems(settings: Any) -> dict[str, str]:
    """What is wrong with each field, by name; empty when all is well."""
    return {spec.name: wrong for spec in describe(settings) if (wrong := _wrong(spec, getattr(settings, spec.name)))}


def _wrong(spec: Setting, value: Any) -> str:
    if value is None:
        return "" if spec.optional else f"{spec.label} is missing."
    number = spec.kind in (int, float)
    if number and (isinstance(value, bool) or not isinstance(value, (int, float))):
        return f"{spec.label} must be a number, not {value!r}."
    if spec.kind is int and not isinstance(value, int):
        return f"{spec.label} must be a whole number, not {value!r}."
    if not number and not isinstance(value, spec.kind):
        return f"{spec.label} must be {spec.kind.__name__}, not {value!r}."
    if spec.choices and value not in spec.choices:
        return f"{spec.label} must be one of {', '.join(map(str, spec.choices))}, not {value!r}."
    if number:
        unit = f" {spec.unit}" if spec.unit else ""
        if not math.isfinite(value):
            return f"{spec.label} must be a finite number."
        if spec.minimum is not None and value < spec.minimum:
            return f"{spec.label} must be at least {spec.minimum:g}{unit}, not {value:g}."
        if spec.maximum is not None and value > spec.maximum:
            return f"{spec.label} must be at most {spec.maximum:g}{unit}, not {value:g}."
    return ""


def validate(settings: S) -> S:
    """Return ``settings`` unchanged, or raise `InputError` naming every field that is wrong."""
    wrong = problems(settings)
    if wrong:
        raise InputError(" ".join(wrong.values()), "Change the setting and try again.")
    return settings


def to_json(settings: Any) -> dict[str, Any]:
    """Plain dictionary of the described fields."""
    return {spec.name: getattr(settings, spec.name) for spec in describe(settings)}


def from_json(cls: type[S], data: Mapping[str, Any]) -> S:
    """Settings from a dictionary, validated; a key that ``cls`` does not know is an `InputError`."""
    known = {spec.name: spec for spec in describe(cls)}
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise InputError(f"Unknown setting {', '.join(unknown)}.", f"Known are: {', '.join(known)}.")
    # JSON has one kind of number: 1 is a fine value of a float
    values = {
        name: float(value) if known[name].kind is float and type(value) is int else value
        for name, value in data.items()
    }
    return validate(cls(**values))
