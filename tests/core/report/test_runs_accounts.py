"""What the report of a comparison tells besides its numbers: curves, what made each, one methods section."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.job import finish
from core.properties import PropertyPlan
from core.report import measure, report_json
from core.report.batch import NAMES, write_runs
from core.report.findings import Findings
from core.report.methods import methods
from core.report.runs import Entry, entry_of
from core.report.runs_accounts import methods_of_runs, records, runs_drawings
from core.report.verdict import verdict
from core.statistics.descriptors import chosen
from tests.core.report.test_report_statistics import exemplar, labels, volume


@pytest.fixture(scope="module")
def found() -> list[Findings]:
    """Two runs that differ by their seed, and a true volume."""
    plan = PropertyPlan({0: 1.4, 1: 0.026}, None, (0,))
    made = []
    for seed in (1, 2, 3):
        small = replace(volume(), labels=labels((16, 16, 16), seed))
        made.append(finish(measure(small, 1, exemplar(), statistics=chosen("euler"), plan=plan)))
    runs = [
        replace(one, engine="swnn", preset="fast", seed=seed, settings={"levels": 3, "rate": 0.1 * seed})
        for seed, one in enumerate(made[:2], 1)
    ]
    return [*runs, made[2]]


@pytest.fixture(scope="module")
def entries(found: list[Findings]) -> tuple[Entry, ...]:
    names = ("r_seed1.tif", "r_seed2.tif", "rock.tif")
    return tuple(entry_of(one, name, verdict(one).sentence) for one, name in zip(found, names, strict=True))


def test_an_account_is_light_and_has_the_numbers_of_the_report(
    found: list[Findings], entries: tuple[Entry, ...]
) -> None:
    for one, entry in zip(found, entries, strict=True):
        account, plain = entry.account, report_json(one)
        assert account is not None and account.properties is not None and account.properties.conductivity is not None
        assert account.properties.conductivity.along[0].field.size == 0
        assert account.sha256 == plain["labels_sha256"]
        assert account.exemplar is not None and account.exemplar.sha256 == plain["exemplar"]["labels_sha256"]
        # no array is as large as the volume
        assert max(row.size for row in vars(account.curves).values()) < one.subject.labels.size / 10


def test_one_methods_section_tells_what_is_shared_once(found: list[Findings], entries: tuple[Entry, ...]) -> None:
    told = methods_of_runs(entries)
    assert told is not None
    text = told.text
    assert "2 volumes of 16 × 16 × 16 voxels (20 nm each) were reconstructed" in text
    assert "The random seeds were 1 and 2." in text
    shares = [f"{100 * one.achieved_fraction:.2f}" for one in found[:2]]
    assert f"the achieved ones are {shares[0]} and {shares[1]} %" in text
    for one in found:
        assert one.comparison is not None and f"{100 * one.comparison.epsilon_s2:.2f}" in text
    for once in ("S2 [torquato2002]", "harmonic means", "Euler number", "All was done with", "with SWNN [swnn]"):
        assert text.count(once) == 1
    assert "The volume (rock.tif) has 16 × 16 × 16 voxels (20 nm each). It was measured in the same way" in text
    # the works of a single run are all of them
    assert set(told.keys) == set(methods(found[0]).keys)
    assert methods_of_runs([Entry("only numbers")]) is None


def test_what_made_each_is_told_once_where_it_is_the_same(entries: tuple[Entry, ...]) -> None:
    shared, own = records(entries)
    assert ("Voxel size", "20 nm") in shared and all(name != "Seed" for name, _ in shared)
    assert [record.name for record in own] == ["r_seed1.tif", "r_seed2.tif", "rock.tif"]
    rows = [dict(record.rows) for record in own]
    assert rows[0]["Seed"] == "1" and rows[1]["Setting rate"] == "0.2" and "Setting rate" not in rows[2]
    assert len({row["Labels, SHA-256"] for row in rows}) == 3
    alone, (only,) = records(entries[:1])
    assert alone == () and ("Voxel size", "20 nm") in only.rows


def test_every_curve_is_drawn_over_the_exemplar(found: list[Findings], entries: tuple[Entry, ...]) -> None:
    from matplotlib.figure import Figure

    from core.report.figures import PAPER

    drawings = runs_drawings((*entries, Entry("only numbers")))
    assert [name for _, _, name, _ in drawings] == ["s2-0", "lineal_path-0"]
    axes = Figure().add_subplot()
    drawings[1][1](axes, PAPER)
    lines = [line.get_ydata() for line in axes.lines]
    assert len(lines) == 4
    for line, one in zip(lines, found, strict=False):
        assert np.array_equal(line, one.curves.lineal_path_mean)
    assert found[0].comparison is not None
    assert np.array_equal(lines[3], found[0].comparison.exemplar.lineal_path_mean)
    # two groups: two colours
    assert len({line.get_color() for line in axes.lines[:3]}) == 2 and len(axes.collections) == 1


def test_all_of_it_is_in_the_files(entries: tuple[Entry, ...], tmp_path: Path) -> None:
    write_runs(entries, tmp_path, "Runs compared", "field")
    assert {path.name for path in tmp_path.iterdir()} == set(NAMES)
    page, told = (tmp_path / "report.html").read_text(encoding="utf-8"), methods_of_runs(entries)
    assert told is not None and (tmp_path / "methods.txt").read_text(encoding="utf-8") == told.text
    assert (tmp_path / "references.bib").read_text(encoding="utf-8") == told.bibtex
    assert "@book{torquato2002," in page and "The random seeds were 1 and 2." in page
    sums = [entry.account.sha256 for entry in entries if entry.account is not None]
    assert all(page.count(one) == 1 for one in sums)
    assert page.count("<figcaption>") == 2 and "Setting rate" in page
    plain = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [one["labels_sha256"] for one in plain["entries"]] == sums
    assert plain["entries"][1]["settings"] == {"levels": 3, "rate": 0.2} and len(plain["methods"]) == 5
    first = entries[0].account
    assert first is not None and plain["entries"][0]["s2"]["mean"] == pytest.approx(first.curves.s2_mean)
    data = (tmp_path / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF-") and len(re.findall(rb"/Type /Page\b", data)) >= 3
