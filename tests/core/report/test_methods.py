"""The methods paragraph, its references, and the report as a PDF."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.job import finish
from core.properties import PropertyPlan, properties
from core.report import Findings, measure, write_report
from core.report.figures import PAGE, PAPER, framed, section_pictures
from core.report.methods import _STATISTICS, methods, references
from core.report.pdf import Pages, colors_of
from core.report.printing import report_pdf
from core.report.writing import NAMES
from core.statistics.descriptors import DESCRIPTORS, chosen
from tests.core.report.test_report_statistics import PHASES, exemplar, labels, volume


@pytest.fixture(scope="module")
def found() -> Findings:
    small = replace(volume(), labels=labels((24, 24, 24), 1))
    compared = finish(measure(small, 1, exemplar(), statistics=chosen("euler,chord-length")))
    plan = PropertyPlan({0: 1.4, 1: 0.026}, 1, (0,))
    return replace(compared, properties=finish(properties(small.labels, small.voxel_size, plan)))


def test_every_statistic_has_its_words_and_every_work_its_entry() -> None:
    known = references()
    assert {one.name for one in DESCRIPTORS} - {"s2", "lineal-path"} == set(_STATISTICS)
    assert {key for _, key in _STATISTICS.values()} <= set(known)
    for key, entry in known.items():
        assert re.match(rf"@(article|book|inproceedings)\{{{key},\n", entry)
        assert entry.count("{") == entry.count("}") and "author = {" in entry and "year = {" in entry


def test_what_was_done_is_told(found: Findings) -> None:
    told = methods(found)
    text = told.text
    assert found.comparison is not None and found.properties is not None
    assert "S2 [torquato2002]" in text and "for lags up to 11 voxels" in text
    assert f"{100 * found.comparison.epsilon_s2:.2f} % for S2" in text
    assert "chord-length distributions" in text and "Euler number" in text
    assert "local thickness" not in text and "reconstructed" not in text
    heat, flow = found.properties.conductivity, found.properties.permeability
    assert heat is not None and flow is not None
    assert f"{heat.along[0].value:.4g} along z W/(m·K)" in text and "1.4 W/(m·K) for Solid" in text
    assert "permeability of Pore" in text and "fixed pressures at two opposite faces and impermeable sides" in text
    assert found.versions["microloom"] in told.paragraphs[-1]
    # every work that is cited, once, and no other
    cited = re.findall(r"\[(\w+)\]", text)
    assert list(told.keys) == list(dict.fromkeys(cited))
    assert re.findall(r"@\w+\{(\w+),", told.bibtex) == list(told.keys)


@pytest.mark.parametrize(("engine", "key"), [("swnn", "swnn"), ("diffusion", "micro3diff")])
def test_how_a_volume_was_made(found: Findings, engine: str, key: str) -> None:
    made = replace(
        found, engine=engine, preset="fast", seed=7, training={"iterations": 400}, periodic="zyx", target_fraction=0.25
    )
    first = methods(made).paragraphs[0]
    assert f"[{key}]" in first and "24 × 24 × 24 voxels (20 nm each)" in first and "random seed was 7" in first
    assert "120 × 120 pixels, 20 nm per pixel" in first and "25.00 %" in first and "400 iterations" in first
    assert "with pairs across the periodic faces counted" in methods(made).text


def test_a_picture_alone() -> None:
    told = methods(finish(measure(exemplar(), 1)))
    assert len(told.paragraphs) == 2 and told.paragraphs[0].startswith("The picture has 120 × 120 pixels (20 nm each).")
    assert "pixels and averaged" in told.text and told.keys == ("torquato2002", "lu1992")


def test_the_folder_holds_it_all(found: Findings, tmp_path: Path) -> None:
    write_report(found, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(NAMES)
    told = methods(found)
    assert (tmp_path / "methods.txt").read_text(encoding="utf-8") == told.text
    assert (tmp_path / "references.bib").read_text(encoding="utf-8") == told.bibtex
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "S2 [torquato2002]" in page and "@book{torquato2002," in page
    data = (tmp_path / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF-") and b"/Title (field)" in data and data.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type /Page\b", data)) >= 2
    # letters are letters, not outlines
    assert b"/Subtype /TrueType" in data or b"/CIDFontType2" in data
    assert report_pdf(found) == data


def test_pages_fill_from_the_top_and_break() -> None:
    pages = Pages("t")
    lines: list[tuple[int, str]] = []
    pages._room(1.0)
    own = pages._text

    def seen(left: float, top: float, text: str, size: float, **style: object) -> None:
        assert top < 11.69 - 0.4 and left >= 0.75
        lines.append((pages._number, text))
        own(left, top, text, size, **style)

    pages._text = seen  # type: ignore[method-assign]
    pages.paragraph("word " * 2000)
    pages.heading("End")
    pages.finish()
    words = [text for _, text in lines if text.startswith("word")]
    assert " ".join(words).split() == ["word"] * 2000 and max(map(len, words)) <= 100
    numbers = [number for number, _ in lines]
    assert numbers == sorted(numbers) and numbers[-1] >= 2
    # every page has its number
    assert [text for _, text in lines if text.isdigit()] == [str(number) for number in range(1, numbers[-1] + 1)]


def test_sections_in_the_colours_of_their_phases(found: Findings) -> None:
    picture = section_pictures(found)[1]
    colors = colors_of(picture)
    section = found.subject.labels[12]
    for label, phase in enumerate(PHASES):
        wanted = [int(phase.color[start : start + 2], 16) for start in (1, 3, 5)]
        assert (colors[section == label] == wanted).all()


def test_one_drawing_serves_page_and_paper() -> None:
    from matplotlib.figure import Figure

    for inks in (PAGE, PAPER):
        axes = Figure().add_subplot()
        axes.plot(np.arange(3), color=inks.accent, label="line")
        framed(axes, inks)
        assert axes.get_xaxis().label.get_color() == inks.ink and axes.get_legend() is not None
