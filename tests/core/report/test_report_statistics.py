"""Further statistics in a report: values, bands, verdicts and units, as JSON, tables and page."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from core.images.values import Phase, PhaseImage, Volume
from core.job import finish
from core.provenance import Provenance
from core.report import Findings, curves_csv, measure, report_json
from core.report.statistics import grade_of_number, rows, sentence, shown, table_csv
from core.report.writing import report_html
from core.statistics.chord_length import chord_lengths
from core.statistics.cluster import cluster_axes
from core.statistics.descriptors import DESCRIPTORS, chosen
from core.statistics.measured import Number

PHASES = (Phase("Solid", "#8A9099"), Phase("Pore", "#0072B2"))
EDGE = 2e-8


def labels(shape: tuple[int, ...], seed: int, level: float = 0.3, sigma: float = 2.0) -> np.ndarray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma, mode="wrap")
    return (smooth > level * smooth.std()).astype(np.uint8)


def volume(level: float = 0.3, sigma: float = 2.0) -> Volume:
    return Volume(labels((72, 72, 72), 1, level, sigma), PHASES, (EDGE,) * 3, "field", Provenance("made"))


def exemplar() -> PhaseImage:
    return PhaseImage(labels((120, 120), 3), PHASES, EDGE, "section", Provenance("read"))


@pytest.fixture(scope="module")
def compared() -> Findings:
    return finish(measure(volume(), 1, exemplar(), statistics=DESCRIPTORS))


def test_json_has_every_statistic(compared: Findings) -> None:
    found = json.loads(json.dumps(report_json(compared), allow_nan=False))
    assert list(found["statistics"]) == [one.name for one in DESCRIPTORS]
    cluster = found["statistics"]["cluster"]
    inside = compared.subject.labels == 1
    curve = cluster["curves"]["cluster"]
    assert curve["found"]["mean"] == pytest.approx(cluster_axes(inside, len(curve["x_px"]) - 1).mean(axis=0).tolist())
    assert set(curve) >= {"compared", "exemplar", "band", "x_px", "label"}
    assert cluster["verdict"] in ("inside", "at the edge", "outside")
    chords = found["statistics"]["chord-length"]["numbers"]["mean"]
    assert chords["found"] == pytest.approx(chord_lengths(inside).mean)
    assert chords["unit"] == "px"
    assert chords["band"]["low"] < chords["exemplar"] < chords["band"]["high"]
    assert found["statistics"]["connectivity"]["verdict"] is None
    assert 0 <= found["statistics"]["connectivity"]["numbers"]["connected_z"]["found"] <= 1
    assert found["s2"]["verdict"] in ("inside", "at the edge", "outside")


def test_columns_stand_at_their_lags(compared: Findings) -> None:
    table = list(csv.DictReader(io.StringIO(curves_csv(compared))))
    found = report_json(compared)["statistics"]
    chord = found["chord-length"]["curves"]["chord_length"]
    assert table[0]["chord_length_mean"] == ""
    assert float(table[3]["chord_length_mean"]) == pytest.approx(chord["found"]["mean"][2], rel=1e-6)
    cluster = found["cluster"]["curves"]["cluster"]
    assert float(table[5]["cluster_in_sections"]) == pytest.approx(cluster["compared"]["mean"][5], rel=1e-6)
    assert float(table[5]["cluster_exemplar"]) == pytest.approx(cluster["exemplar"]["mean"][5], rel=1e-6)
    assert float(table[5]["cluster_band_low"]) <= float(table[5]["cluster_exemplar"])
    assert "cross_s2_solid_pore" in table[0]


def test_page_shows_table_curves_and_sentences(compared: Findings) -> None:
    page = report_html(compared)
    assert "Further statistics" in page
    others = [one.own for one in compared.statistics if one.descriptor.name not in ("s2", "lineal-path")]
    assert page.count("<svg") == 2 + sum(len(own.curves) for own in others if own is not None)
    assert "Degree of anisotropy" in page
    plain = page.replace("&#39;", "'").replace("&amp;", "&")
    for one in compared.statistics:
        assert sentence(one).sentence in plain
    assert "Further statistics" not in report_html(replace(compared, statistics=()))


def test_one_material_is_inside_and_a_coarser_one_outside(compared: Findings) -> None:
    """The volume and the picture are of one kind; one with twice the lengths is not."""
    wanted = chosen("chord-length,local-thickness,specific-surface,cluster,autocovariance")
    same = [sentence(one).grade for one in compared.statistics if one.descriptor in wanted]
    assert same == ["good"] * len(wanted)
    coarse = finish(measure(volume(sigma=4.0), 1, exemplar(), statistics=wanted))
    grades = {one.descriptor.name: sentence(one) for one in coarse.statistics}
    assert grades["chord-length"].grade == grades["specific-surface"].grade == "poor"
    assert "outside the scatter" in grades["chord-length"].sentence


def test_grades_of_numbers() -> None:
    reference = Number("k", "l", 10.0, 1)
    for value, grade in ((10.9, "good"), (11.0, "good"), (11.4, "fair"), (11.6, "poor"), (8.4, "poor")):
        assert grade_of_number(replace(reference, value=value), reference, 1.0) == grade
    assert grade_of_number(reference, reference, float("nan")) == ""
    assert grade_of_number(replace(reference, value=float("inf")), reference, 1.0) == ""


def test_numbers_are_shown_in_lengths_too() -> None:
    assert shown(Number("k", "l", 5.0, 1), EDGE) == "5 px (100 nm)"
    assert shown(Number("k", "l", 0.5, -1), 1e-6) == "0.5 px⁻¹ (0.5 µm⁻¹)"
    assert shown(Number("k", "l", 0.25, -1), EDGE) == "0.25 px⁻¹ (12.5 µm⁻¹)"
    assert shown(Number("k", "l", 0.25, share=True), EDGE) == "25.00 %"
    assert shown(Number("k", "l", 5.0, 1), None) == "5 px"


def test_rows_and_table_have_every_number_once(compared: Findings) -> None:
    lines = rows(compared.statistics, compared.edges)
    chord = next(row for row in lines if row.label == "Mean chord length")
    assert "±" in chord.exemplar and chord.verdict in ("inside", "at the edge", "outside")
    surface = [row for row in lines if row.statistic == "Specific surface"]
    assert any(row.label == "… by marching cubes" and "µm⁻¹" in row.found for row in surface)
    assert all(row.compared.endswith(")") for row in surface if row.exemplar)
    brief = [
        row for row in rows(compared.statistics, compared.edges, brief=True) if row.statistic == "Specific surface"
    ]
    assert brief[0].found.endswith("µm⁻¹") and brief[0].exemplar.endswith("µm⁻¹") and "±" in brief[0].exemplar
    table = list(csv.DictReader(io.StringIO(table_csv(compared.statistics))))
    assert len({(row["statistic"], row["quantity"]) for row in table}) == len(table)
    mean = next(row for row in table if (row["statistic"], row["quantity"]) == ("local-thickness", "mean"))
    assert mean["unit"] == "px"
    assert float(mean["in_sections"]) > 0 and float(mean["exemplar_half_band"]) > 0


def test_without_an_exemplar_there_is_no_verdict() -> None:
    found = finish(measure(volume(), 1, statistics=chosen("cluster,euler")))
    plain = report_json(found)["statistics"]
    assert plain["cluster"]["verdict"] is None
    assert "exemplar" not in plain["cluster"]["curves"]["cluster"]
    assert "Euler number per volume" in report_html(found)


def test_phases_of_the_same_names_are_told_apart_by_them() -> None:
    """An exemplar whose labels are in another order gives the same cross-probabilities."""
    kinds = (Phase("a", "#000000"), Phase("b", "#111111"), Phase("c", "#222222"))
    random = np.random.default_rng(3)
    picture = random.choice(3, (60, 60), p=[0.6, 0.3, 0.1]).astype(np.uint8)
    grains = random.choice(3, (24, 24, 24), p=[0.6, 0.3, 0.1]).astype(np.uint8)
    solid = Volume(grains, kinds, None, "v", Provenance("x"))
    same = PhaseImage(picture, kinds, None, "p", Provenance("x"))
    turned = PhaseImage((2 - picture).astype(np.uint8), kinds[::-1], None, "p", Provenance("x"))
    wanted = chosen("cross-s2")
    one = finish(measure(solid, 1, same, 1, wanted)).statistics[0].exemplar
    other = finish(measure(solid, 1, turned, 1, wanted)).statistics[0].exemplar
    assert one is not None and other is not None
    assert list(one.curves[0].rows) == ["a – b", "b – c", "a – c"]
    for name, row in one.curves[0].rows.items():
        np.testing.assert_array_equal(other.curves[0].rows[name], row)
