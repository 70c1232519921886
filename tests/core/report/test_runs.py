"""Many measured things side by side: columns, units, boxes, and the files they are written to."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage
from scipy.integrate import trapezoid

from core.errors import InputError, OutputExistsError
from core.images.values import Phase, PhaseImage
from core.job import Job, Progress, finish
from core.provenance import Provenance
from core.report import Findings, measure, runs_printing
from core.report.batch import measuring_all, runs_csv, runs_html, runs_json, sources_in, write_runs
from core.report.quantities import Quantity, quantities
from core.report.runs import Entry, box_of, columns, entry_of, group_of, groups, seed_of
from core.statistics.descriptors import chosen

PHASES = (Phase("Solid", "#8A9099"), Phase("Pore", "#0072B2"))


def picture(seed: int, shape: tuple[int, int] = (64, 64)) -> PhaseImage:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 2, mode="wrap")
    return PhaseImage((smooth > 0.3 * smooth.std()).astype(np.uint8), PHASES, 1e-7, f"p{seed}", Provenance("read"))


def length(value: float, **more: float) -> tuple[Quantity, ...]:
    return (Quantity("size", "Size", value, power=1, **more),)


def test_names_without_suffix_and_seed_are_groups() -> None:
    names = ["v_f0.1_seed2.tif", "v_f0.1_seed31.ome.zarr", "v_f0.2_seed2.tif", "plain.tif"]
    assert [group_of(name) for name in names] == ["v_f0.1", "v_f0.1", "v_f0.2", "plain"]
    assert [seed_of(name) for name in names] == [2, 31, 2, None]
    entries = [Entry(name, group_of(name)) for name in names] + [Entry("broken", "v_f0.1", problem="why")]
    assert groups(entries) == {"v_f0.1": [0, 1], "v_f0.2": [2], "plain": [3]}


def test_boxes_by_hand() -> None:
    box = box_of(np.array([1.0, 2, 3, 4, 100, math.nan]))
    assert box is not None
    # quartiles of 1 2 3 4 100 are 2, 3, 4; whiskers reach at most to -1 and 7
    assert (box.low, box.first, box.median, box.third, box.high, box.beyond) == (1, 2, 3, 4, 4, (100,))
    single = box_of(np.array([5.0]))
    assert single is not None and single.low == single.median == single.high == 5
    assert box_of(np.array([math.nan, math.inf])) is None
    # the quartile of 0 1 1 1 is 0.75, below the lowest value that is no outlier
    few = box_of(np.array([0.0, 1, 1, 1]))
    assert few is not None and few.low == few.first == 0.75 and few.beyond == (0,)


def test_lengths_in_one_unit_where_all_pixels_are_known() -> None:
    entries = [
        Entry("a", quantities=length(10, reference=12, half=1), edge=1e-7),
        Entry("b", quantities=length(5, reference=12, half=1), edge=2e-7),
        Entry("c", problem="broken"),
    ]
    (column,) = columns(entries)
    assert column.label == "Size (µm)"
    assert column.shown == pytest.approx([1.0, 1.0, math.nan], nan_ok=True)
    assert column.text(0) == "1" and column.text(2) == ""
    # their pixels differ, so 12 px are not one reference
    assert math.isnan(column.reference)
    (unknown,) = columns([entries[0], Entry("d", quantities=length(5, reference=12, half=1))])
    assert unknown.label == "Size (px)" and unknown.shown.tolist() == [10, 5]
    (alike,) = columns([entries[0], Entry("d", quantities=length(5, reference=12, half=1), edge=1e-7)])
    assert (alike.reference, alike.half) == (12, 1)
    assert alike.reference * alike.scale.factor == pytest.approx(1200) and alike.label == "Size (nm)"


def test_quantities_are_those_of_the_report() -> None:
    statistics = chosen("correlation-length,euler,chord-length")
    found = finish(measure(picture(1), 1, picture(2, (96, 96)), statistics=statistics))
    known = {one.key: one for one in quantities(found)}
    assert known["fraction"].value == found.achieved_fraction
    assert known["fraction"].reference == found.target_fraction
    assert found.comparison is not None
    assert known["epsilon_s2"].value == found.comparison.epsilon_s2
    # the statistic takes the place of the plain number
    assert "correlation_length" not in known and known["correlation-length.mean"].leading
    euler = next(one for one in found.statistics if one.descriptor.name == "euler")
    assert euler.own is not None and euler.exemplar is not None
    assert known["euler.density_4"].value == euler.own.numbers[0].value
    assert known["euler.density_4"].reference == euler.exemplar.numbers[0].value
    assert known["euler.density_4"].half == euler.numbers_half[0]
    assert not known["euler.density_8"].leading
    chords = next(one for one in found.statistics if one.descriptor.name == "chord-length")
    assert chords.compared is not None and chords.exemplar is not None
    a, b = chords.compared.curves[0].main, chords.exemplar.curves[0].main
    n = min(len(a), len(b))
    area = trapezoid(np.abs(a[:n] - b[:n])) / trapezoid(b[:n])
    assert known["epsilon_chord_length"].value == pytest.approx(area)
    alone = {one.key for one in quantities(finish(measure(picture(1), 1)))}
    assert alone == {"fraction", "correlation_length"}


def work(path: Path) -> Job[Findings]:
    if path.name == "b.tif":
        raise InputError("It is torn.", "Mend it.")
    if path.name == "c.tif":
        raise MemoryError
    return measure(picture(int(path.stem[-1])), 1, picture(9))


def test_one_that_fails_stops_no_other_and_the_files_say_so(tmp_path: Path) -> None:
    seen: list[Progress] = []
    sources = [Path("v_seed1.tif"), Path("b.tif"), Path("c.tif"), Path("v_seed2.tif"), Path("w_seed1.tif")]
    kept: list[Path] = []
    entries = finish(measuring_all(sources, work, lambda path, _found: kept.append(path)), seen.append)
    assert [entry.name for entry in entries] == [path.name for path in sources]
    assert [bool(entry.problem) for entry in entries] == [False, True, True, False, False]
    assert kept == [sources[0], sources[3], sources[4]]
    assert "It is torn. Mend it." in entries[1].problem and "memory" in entries[2].problem
    assert {one.what for one in seen} == {"Measuring files"} and seen[-1].fraction == 1
    steps = [one.step for one in seen]
    assert steps == sorted(steps) and set(steps) == set(range(6))

    lines = list(csv.DictReader(io.StringIO(runs_csv(entries))))
    assert [line["group"] for line in lines] == ["v", "", "", "v", "w"]
    assert lines[3]["seed"] == "2" and lines[1]["problem"].startswith("It is torn.") and lines[1]["fraction"] == ""
    assert float(lines[0]["fraction"]) == pytest.approx(picture(1).fractions[1], rel=1e-7)
    assert float(lines[0]["correlation_length [px]"]) > 0 and float(lines[0]["pixel_m"]) == 1e-7

    plain = json.loads(json.dumps(runs_json(entries), allow_nan=False))
    assert plain["failed"] == ["b.tif", "c.tif"]
    own = plain["quantities"]["epsilon_s2"]["groups"]
    values = [plain["entries"][place]["quantities"]["epsilon_s2"] for place in (0, 3)]
    assert own["v"]["count"] == 2 and own["v"]["mean"] == pytest.approx(np.mean(values))
    assert own["v"]["standard_deviation"] == pytest.approx(np.std(values, ddof=1))
    assert own["w"]["box"] == [plain["entries"][4]["quantities"]["epsilon_s2"]] * 5
    assert plain["quantities"]["fraction"]["exemplar"] == picture(9).fractions[1]

    write_runs(entries, tmp_path / "out", "Series", "p9")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "methods.txt", "references.bib", "report.html", "report.json", "report.pdf", "runs.csv",
    ]  # fmt: skip
    pdf = (tmp_path / "out" / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF") and pdf.rstrip().endswith(b"%%EOF")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 6 and "It is torn." in page and "over seeds" in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    with pytest.raises(OutputExistsError):
        write_runs(entries, tmp_path / "out", "Series")


def test_a_note_stands_beside_the_numbers_in_every_file(tmp_path: Path) -> None:
    told = replace(entry_of(finish(measure(picture(1), 1)), "v.tif"), note="Its <file> is gone.")
    entries = (told, Entry("w.tif", problem="torn"))
    lines = list(csv.DictReader(io.StringIO(runs_csv(entries))))
    assert [line["note"] for line in lines] == ["Its <file> is gone.", ""] and lines[0]["fraction"]
    assert [one["note"] for one in runs_json(entries)["entries"]] == ["Its <file> is gone.", None]
    assert runs_html(entries, "Series").count("<p>v.tif: Its &lt;file&gt; is gone.</p>") == 1
    said: list[str] = []
    pages = SimpleNamespace(**dict.fromkeys(("heading", "table", "drawings", "methods"), lambda *_, **__: None))
    pages.paragraph = lambda text, *_, **__: said.append(text)
    runs_printing._fill(pages, entries, "Series", "")
    assert said[1:3] == ["v.tif: Its <file> is gone.", "w.tif: torn"]


def test_a_folder_gives_its_volumes_and_pictures(tmp_path: Path) -> None:
    for name in ("b.tif", "a.PNG", "notes.txt", ".hidden.tif"):
        (tmp_path / name).write_bytes(b"x")
    for name in ("v.ome.zarr", "w.part.ome.zarr"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "zarr.json").write_text("{}", encoding="utf-8")
    (tmp_path / "other").mkdir()
    assert [path.name for path in sources_in(tmp_path)] == ["a.PNG", "b.tif", "v.ome.zarr"]
    with pytest.raises(InputError, match="no volume or picture"):
        sources_in(tmp_path / "other")
    with pytest.raises(InputError, match="cannot be read"):
        sources_in(tmp_path / "missing")


def test_an_entry_keeps_what_it_was_measured_from() -> None:
    entry = entry_of(finish(measure(picture(3), 1)), "v_seed3.tif", "Said.")
    assert (entry.group, entry.seed, entry.shape, entry.edge, entry.sentence) == ("v", 3, (64, 64), 1e-7, "Said.")
