"""Settings are data: description, validation, and the way to JSON and back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.errors import InputError
from core.settings import describe, from_json, problems, setting, to_json, validate


@dataclass(frozen=True)
class Oven:
    temperature: float = setting(450.0, "Temperature", "Of the chamber.", unit="K", minimum=0)
    steps: int = setting(10, "Steps", "How many.", minimum=1, maximum=100)
    gas: str = setting("argon", "Gas", "What flows.", choices=("argon", "air"))
    limit: float | None = setting(None, "Limit", "Stop there.", minimum=1)
    quiet: bool = setting(False, "Quiet", "No bell.", advanced=True)


def test_describe_reads_type_unit_range_and_optional() -> None:
    specs = {spec.name: spec for spec in describe(Oven)}
    assert list(specs) == ["temperature", "steps", "gas", "limit", "quiet"]
    assert specs["temperature"].unit == "K" and specs["temperature"].kind is float
    assert specs["limit"].optional and specs["limit"].kind is float
    assert specs["quiet"].advanced and not specs["steps"].advanced


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("temperature", -1.0, "at least 0 K"),
        ("temperature", float("nan"), "finite"),
        ("steps", 101, "at most 100"),
        ("steps", 2.5, "whole number"),
        ("steps", True, "must be a number"),
        ("gas", "helium", "one of argon, air"),
        ("limit", 0.5, "at least 1"),
        ("quiet", 1, "bool"),
    ],
)
def test_a_wrong_value_is_named(field: str, value: object, words: str) -> None:
    oven = Oven(**{field: value})  # type: ignore[arg-type]
    assert list(problems(oven)) == [field]
    with pytest.raises(InputError, match=words):
        validate(oven)


def test_json_round_trip_and_unknown_key() -> None:
    oven = Oven(temperature=300.0, limit=4.0, quiet=True)
    assert from_json(Oven, to_json(oven)) == oven
    assert isinstance(from_json(Oven, {"temperature": 300}).temperature, float)
    with pytest.raises(InputError, match="Unknown setting colour"):
        from_json(Oven, {"colour": "red"})
