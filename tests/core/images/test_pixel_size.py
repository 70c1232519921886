"""Lengths as people write them."""

from __future__ import annotations

import pytest

from core.errors import InputError
from core.images.pixel_size import format_length, parse_length, unit_for, unit_metres


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("0.543 nm", 0.543e-9),
        ("12.5nm", 12.5e-9),
        (" 0.8 µm ", 0.8e-6),  # micro sign
        ("0.8 μm", 0.8e-6),  # Greek mu
        ("0.8 um", 0.8e-6),
        ("3 micron", 3e-6),
        ("0,01 mm", 1e-5),
        ("5 Å", 5e-10),
        ("250 pm", 250e-12),
        ("1e-3 m", 1e-3),
        ("2 NM", 2e-9),
    ],
)
def test_lengths_are_understood(text: str, metres: float) -> None:
    assert parse_length(text) == pytest.approx(metres, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["", "nm", "12", "0 nm", "-3 nm", "1.2.3 nm", "5 px", "12 nm wide", "nan nm", "1e999 m", "."]
)
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_length(text)
    assert "12.5 nm" in refused.value.remedy


@pytest.mark.parametrize(
    ("metres", "text"),
    [
        (0.543e-9, "0.543 nm"),
        (0.1e-9, "0.1 nm"),
        (99.96e-12, "0.1 nm"),
        (99.9e-12, "99.9 pm"),
        (0.9999e-9, "1 nm"),
        (53e-12, "53 pm"),
        (1.2e-6, "1.2 µm"),
        (1e-9, "1 nm"),
        (999.4e-9, "999 nm"),
        (999.6e-9, "1 µm"),
        (12.345e-9, "12.3 nm"),
        (2.2314e-6, "2.23 µm"),
        (3.25e-3, "3.25 mm"),
        (100e-9, "100 nm"),
        (0.0, "0 nm"),
        (5.0, "5 m"),
    ],
)
def test_lengths_are_shown_with_three_digits(metres: float, text: str) -> None:
    assert format_length(metres) == text


@pytest.mark.parametrize(
    ("metres", "unit"), [(1e-13, "pm"), (1e-10, "nm"), (0.999e-6, "nm"), (1e-6, "µm"), (0.9994e-3, "µm"), (1e-3, "mm")]
)
def test_one_rule_says_the_unit(metres: float, unit: str) -> None:
    assert unit_for(metres)[1] == unit_for(-metres)[1] == unit
    assert format_length(metres).split()[1] == unit


@pytest.mark.parametrize("metres", [0.543e-9, 1.2e-6, 7.77e-4, 3.0e-2])
def test_what_is_shown_can_be_typed(metres: float) -> None:
    assert parse_length(format_length(metres)) == pytest.approx(metres, rel=5e-3)


def test_what_imagej_writes_for_micrometres() -> None:
    assert unit_metres("\\u00B5m") == unit_metres("micron") == 1e-6
    assert unit_metres("pixel") is None
