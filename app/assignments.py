"""Settings on the command line: NAME=VALUE applied to a settings dataclass, and the table of what there is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

from core import settings as described
from core.errors import InputError

S = TypeVar("S")


def changed(settings: S, assignments: Sequence[str]) -> S:
    """``settings`` with "NAME=VALUE" applied, validated.

    Raises
    ------
    InputError
        For an unknown name or a value that does not fit.
    """
    known = {spec.name: spec for spec in described.describe(settings)}
    values: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise InputError(f"--set {text}: there is no “=”.", "Write NAME=VALUE.")
        if name not in known:
            raise InputError(f"There is no setting {name}.", "--list-settings shows all.")
        values[name] = _value(known[name], value.strip())
    return described.validate(dataclasses.replace(settings, **values))  # type: ignore[type-var]


def _value(spec: described.Setting, text: str) -> Any:
    if spec.optional and text.lower() in ("none", "auto", ""):
        return None
    if spec.kind is bool:
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        if text.lower() not in words:
            raise InputError(f"{spec.label} is yes or no, not {text!r}.")
        return words[text.lower()]
    try:
        return spec.kind(text)
    except ValueError:
        kind = "a whole number" if spec.kind is int else "a number"
        raise InputError(f"{spec.label} must be {kind}, not {text!r}.") from None


def settings_table(settings: Any) -> str:
    """One line a setting: name, default, range, help."""
    lines = []
    for spec in described.describe(settings):
        value = getattr(settings, spec.name)
        shown = "auto" if value is None else value
        if spec.choices:
            allowed = " | ".join(map(str, spec.choices))
        elif spec.minimum is not None or spec.maximum is not None:
            allowed = f"{spec.minimum:g} … {spec.maximum:g}" if spec.maximum is not None else f"≥ {spec.minimum:g}"
        else:
            allowed = spec.kind.__name__
        unit = f" {spec.unit}" if spec.unit else ""
        lines.append(f"{spec.name}={shown}{unit}  [{allowed}]  {spec.help}")
    return "\n".join(lines)
