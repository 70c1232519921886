"""The chosen statistics of a report: as JSON, as columns and rows of tables, and each with its verdict."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.images.atomic import replacing
from core.images.pixel_size import format_length, unit_for
from core.report.verdict import Verdict, grade_of_share, word
from core.statistics.describing import Described
from core.statistics.measured import Curve, Number, figures, unit_of

Floats = npt.NDArray[np.float64]
Edges = tuple[float, ...] | None

_NEAR = 1.5
"""Up to so many half widths of its band a number lies at the edge."""


@dataclass(frozen=True)
class Row:
    """A line of the table: what, the value, the exemplar's with its band, and where the value lies; texts."""

    statistic: str
    label: str
    found: str
    compared: str
    exemplar: str
    verdict: str
    grade: str


def grade_of(described: Described) -> tuple[str, str]:
    """How a descriptor compares ("good", "fair", "poor", or "" where nothing can be said), and in which words.

    A descriptor with numbers is judged by the first of them; one that is a curve by the share of lengths at which it
    lies within the exemplar's band, those left out at which nothing scatters (S2 of two phases at r = 0).
    """
    compared, exemplar = described.compared, described.exemplar
    if compared is None or exemplar is None:
        return "", ""
    if compared.numbers and described.numbers_half:
        number, reference, half = compared.numbers[0], exemplar.numbers[0], described.numbers_half[0]
        grade = grade_of_number(number, reference, half)
        if not grade:
            return "", ""
        return grade, f"{number.label} {number.text}, the exemplar's {_with_half(reference, half)}"
    if described.band is None or not compared.curves:
        return "", ""
    low, high = described.band
    curve = compared.curves[0].main
    n = min(len(curve), len(low))
    curve, low, high = curve[:n], low[:n], high[:n]
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(curve)
    known &= high > low
    if not known.any():
        return "", ""
    share = float(((curve >= low) & (curve <= high))[known].mean())
    return grade_of_share(share), f"within the exemplar's band at {100 * share:.0f} % of the lengths"


def grade_of_number(number: Number, reference: Number, half: float) -> str:
    """Where a number lies in a band of ``half`` its width about ``reference``."""
    if not (math.isfinite(number.value) and math.isfinite(reference.value) and math.isfinite(half)):
        return ""
    away = abs(number.value - reference.value)
    return "good" if away <= half + 1e-12 else "fair" if away <= _NEAR * half else "poor"


def sentence(described: Described) -> Verdict:
    """One descriptor in a plain sentence."""
    title = described.descriptor.title
    if described.problem and described.own is None:
        return Verdict(f"{title} was not measured: {described.problem}", "")
    if described.compared is None:
        return Verdict(f"{title}: a picture says nothing about it in a volume, so there is nothing to compare.", "")
    grade, reason = grade_of(described)
    if not grade:
        return Verdict(f"{title}: the exemplar is too small to say how far samples of its size scatter.", "")
    where = {
        "good": "inside the scatter of samples of the exemplar's size",
        "fair": "at the edge of the scatter of samples of the exemplar's size",
        "poor": "outside the scatter of samples of the exemplar's size",
    }[grade]
    through = " (the volume's sections)" if described.compared is not described.own else ""
    return Verdict(f"{title}{through}: {where}; {reason}.", grade)


def rows(found: tuple[Described, ...], edges: Edges, brief: bool = False) -> list[Row]:
    """All numbers as lines of a table, and one line for each curve; ``brief``: in metres alone where they are known."""
    edge = edges[0] if edges and len(set(edges)) == 1 else None
    return [row for one in found for row in _rows_of(one, edge, brief)]


def _rows_of(one: Described, edge: float | None, brief: bool) -> list[Row]:
    title = one.descriptor.title
    if one.own is None:
        return [Row(title, one.problem, "", "", "", "", "")]
    lines = []
    for curve in one.own.curves:
        grade, reason = ("", "") if one.own.numbers else grade_of(one)
        lines.append(Row(title, f"curve {curve.label}", "", reason, "", word(grade), grade))
    compared = {} if one.compared is None else {number.key: number for number in one.compared.numbers}
    exemplar = {} if one.exemplar is None else {number.key: number for number in one.exemplar.numbers}
    half = dict(zip(exemplar, one.numbers_half, strict=False))
    through = one.compared is not None and one.compared is not one.own
    own = {number.key for number in one.own.numbers}
    numbers = list(one.own.numbers)
    # what only the sections have (a length of boundary, say) follows
    numbers += [number for key, number in compared.items() if through and key not in own]
    for number in numbers:
        same, reference = compared.get(number.key), exemplar.get(number.key)
        reach = half.get(number.key, float("nan"))
        grade = "" if same is None or reference is None else grade_of_number(same, reference, reach)
        lines.append(
            Row(
                title,
                number.label,
                shown(number, edge, brief) if number.key in own else "",
                "" if same is None or not through else shown(same, edge, brief),
                "" if reference is None else _with_half(reference, reach, edge if brief else None),
                word(grade),
                grade,
            )
        )
    lines += [Row(title, label, text, "", "", "", "") for label, text in one.own.notes]
    return lines


def shown(number: Number, edge: float | None, brief: bool = False) -> str:
    """A number with its unit, in metres too (``brief``: alone) where the pixel's edge (m) is known."""
    if edge is None or number.power == 0 or not math.isfinite(number.value):
        return number.text
    value, unit = _in_length(number.value, number.power, edge)
    length = f"{figures(value)} {unit}" if number.power != 1 else format_length(number.value * edge)
    return length if brief else f"{number.text} ({length})"


def _in_length(value: float, power: int, edge: float) -> tuple[float, str]:
    """A value per pixel to some power; a length in its usual unit, else per nm, µm or mm, whichever is handiest."""
    if power == 1:
        metres, unit = unit_for(value * edge)
        return value * edge / metres, unit
    choices = {"nm": 1e-9, "µm": 1e-6, "mm": 1e-3}
    found = {unit: value * (edge / size) ** power for unit, size in choices.items()}
    unit = min(found, key=lambda name: abs(math.log10(abs(found[name])) - 1) if found[name] else 0.0)
    return found[unit], unit_of(power, unit)


def _with_half(number: Number, half: float, edge: float | None = None) -> str:
    if not math.isfinite(half) or not math.isfinite(number.value):
        return shown(number, edge, brief=True)
    scale, unit = (100.0 if number.share else 1.0), number.unit
    if edge is not None and number.power and number.value:
        value, unit = _in_length(number.value, number.power, edge)
        scale = value / number.value
    return f"{figures(scale * number.value, 3)} ± {figures(scale * half, 2)} {unit}".strip()


def statistics_json(found: tuple[Described, ...]) -> dict[str, Any]:
    """By descriptor: numbers, curves, band, verdict. Lengths in pixels, units beside the values."""
    return {one.descriptor.name: _json_of(one) for one in found}


def _json_of(one: Described) -> dict[str, Any]:
    said = sentence(one)
    plain: dict[str, Any] = {
        "title": one.descriptor.title,
        "unit": one.descriptor.unit,
        "help": one.descriptor.help,
        "compares": one.descriptor.compares,
        "problem": one.problem or None,
        "verdict": word(said.grade) or None,
        "sentence": said.sentence,
        "numbers": {},
        "notes": {} if one.own is None else dict(one.own.notes),
        "curves": {},
    }
    for role, measured in (("found", one.own), ("compared", one.compared), ("exemplar", one.exemplar)):
        if measured is None or (role == "compared" and measured is one.own):
            continue
        for place, number in enumerate(measured.numbers):
            entry = plain["numbers"].setdefault(number.key, {"label": number.label, "unit": unit_json(number)})
            entry[role] = number.value
            if role == "exemplar" and place < len(one.numbers_half):
                half = one.numbers_half[place]
                entry["band"] = {"low": number.value - half, "high": number.value + half}
        for curve in measured.curves:
            held = plain["curves"].setdefault(
                curve.key, {"label": curve.label, "x_label": curve.x_label, "x_px": _list(curve.x)}
            )
            held[role] = {name: _list(values) for name, values in curve.rows.items()}
    if one.band is not None and one.exemplar is not None and one.exemplar.curves:
        held = plain["curves"][one.exemplar.curves[0].key]
        held["band"] = {"low": _list(one.band[0]), "high": _list(one.band[1])}
    return plain


def unit_json(number: Number) -> str:
    """A share is a ratio in files."""
    return "" if number.share else number.unit


def columns(found: tuple[Described, ...], lags: Floats, everything: bool = False) -> dict[str, Floats]:
    """Curves as columns over ``lags`` (px), NaN where a curve has no value.

    S2 and L are left to the report's own columns unless ``everything`` is asked for.
    """
    made: dict[str, Floats] = {}
    for one in found:
        if one.own is None or (not everything and one.descriptor.name in ("s2", "lineal-path")):
            continue
        for curve in one.own.curves:
            for name, values in curve.rows.items():
                made[f"{curve.key}_{_plain_name(name)}"] = _at(curve, values, lags)
        if one.compared is not None and one.compared is not one.own:
            for curve in one.compared.curves:
                made[f"{curve.key}_in_sections"] = _at(curve, curve.main, lags)
        if one.exemplar is not None:
            for curve in one.exemplar.curves:
                made[f"{curve.key}_exemplar"] = _at(curve, curve.main, lags)
                if one.band is not None and curve is one.exemplar.curves[0]:
                    made[f"{curve.key}_band_low"] = _at(curve, one.band[0], lags)
                    made[f"{curve.key}_band_high"] = _at(curve, one.band[1], lags)
    return made


def table_csv(found: tuple[Described, ...]) -> str:
    """The numbers, one a line: statistic, quantity, unit, found, in sections, exemplar, half of its band, verdict."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("statistic", "quantity", "unit", "found", "in_sections", "exemplar", "exemplar_half_band", "verdict")
    )
    for name, item in statistics_json(found).items():
        described = next(one for one in found if one.descriptor.name == name)
        for key, entry in item["numbers"].items():
            band = entry.get("band")
            half = "" if band is None else f"{(band['high'] - band['low']) / 2:.8g}"
            values = [f"{entry[role]:.8g}" if role in entry else "" for role in ("found", "compared", "exemplar")]
            writer.writerow((name, key, entry["unit"], *values, half, _verdict_of(described, key)))
        if not item["numbers"]:
            writer.writerow((name, item["problem"] or "curve", "", "", "", "", "", item["verdict"] or ""))
    return out.getvalue()


def curve_table_csv(found: tuple[Described, ...], edges: Edges) -> str:
    """All curves, one line a length: pixels, metres where known, then a column for each curve."""
    longest = [curve.x[-1] for one in found if one.own is not None for curve in one.own.curves]
    lags = np.arange(max(longest, default=0.0) + 1)
    held = {"r_px": lags}
    if edges and len(set(edges)) == 1:
        held["r_m"] = lags * edges[0]
    held |= columns(found, lags, everything=True)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(held)
    for line in zip(*held.values(), strict=True):
        writer.writerow(["" if math.isnan(value) else f"{value:.8g}" for value in line])
    return out.getvalue()


def write_tables(found: tuple[Described, ...], edges: Edges, path: Path, overwrite: bool = False) -> tuple[Path, Path]:
    """Write the numbers to ``path`` and the curves beside it (…_curves.csv); errors as for any file."""
    curves = path.with_name(f"{path.stem}_curves{path.suffix}")
    for place, text in ((path, table_csv(found)), (curves, curve_table_csv(found, edges))):
        with replacing(place, overwrite) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return path, curves


def _verdict_of(one: Described, key: str) -> str:
    if one.compared is None or one.exemplar is None:
        return ""
    for place, reference in enumerate(one.exemplar.numbers):
        same = next((number for number in one.compared.numbers if number.key == reference.key), None)
        if reference.key == key and same is not None and place < len(one.numbers_half):
            return word(grade_of_number(same, reference, one.numbers_half[place]))
    return ""


def _at(curve: Curve, values: Floats, lags: Floats) -> Floats:
    found = np.full(len(lags), np.nan)
    place = np.rint(curve.x).astype(int)
    fits = place < len(lags)
    found[place[fits]] = values[: len(place)][fits]
    return found


def _plain_name(name: str) -> str:
    kept = "".join(letter if letter.isalnum() else "_" for letter in name.lower())
    while "__" in kept:
        kept = kept.replace("__", "_")
    return kept.strip("_")


def _list(values: Floats) -> list[float]:
    return [float(value) for value in values]
