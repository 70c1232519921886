"""A report's findings as a PDF."""

from __future__ import annotations

from core.report.figures import copying_pictures, curve_drawings, scale_bar, section_pictures, statistics_drawings
from core.report.findings import Findings
from core.report.methods import methods
from core.report.pdf import Pages
from core.report.properties import property_rows, property_sentences
from core.report.statistics import rows, sentence
from core.report.tables import facts, numbers, per_axis
from core.report.verdict import verdict

_QUIET = "#56606a"


def report_pdf(found: Findings) -> bytes:
    """What the page tells, on A4, and the methods: a PDF file."""
    from matplotlib import rc_context

    # letters as letters, so that they can be searched and copied
    with rc_context({"pdf.fonttype": 42, "font.family": "sans-serif", "font.size": 7.5}):
        pages = Pages(found.subject.name)
        _fill(pages, found)
        return pages.finish()


def _fill(pages: Pages, found: Findings) -> None:
    compared = found.comparison is not None
    pages.heading(found.subject.name, 16)
    pages.paragraph("Microloom report", color=_QUIET)
    pages.paragraph(verdict(found).sentence, 11)
    pages.heading("Sections beside the exemplar" if compared else "Sections")
    pages.pictures(section_pictures(found), scale_bar(found))
    if found.copying is not None:
        pages.heading("Beside the training data")
        pages.paragraph(found.copying.sentence)
        pictures = copying_pictures(found)
        if pictures:
            # as large as two of the sections
            pages.pictures(pictures, None, columns=4)
    pages.heading("Curves")
    pages.drawings(curve_drawings(found))
    if compared:
        pages.paragraph(
            "Dashed: the exemplar; shaded: where samples of its size lie; bold: mean of the axes.", 8, _QUIET
        )
    pages.heading("Numbers")
    head = ("Measure", "Exemplar or target" if compared else "", "Found")
    pages.table([head, *numbers(found)], (0.5, 0.25, 0.25), head=True)
    if compared:
        along = [
            (f"Discrepancy, {'along ' if len(axis) == 1 else ''}{axis}", s2, path) for axis, s2, path in per_axis(found)
        ]
        pages.table([("", "ε of S₂", "ε of L"), *along], (0.5, 0.25, 0.25), head=True)
    phases = [
        (phase.name, f"{100 * share:.2f} %")
        for phase, share in zip(found.subject.phases, found.subject.fractions, strict=True)
    ]
    pages.table([*facts(found), *phases], (0.35, 0.65))
    if found.statistics:
        _statistics(pages, found)
    if found.properties is not None:
        pages.heading("Properties")
        pages.table(
            [("Property", "Value", "", "Relative residual"), *property_rows(found.properties)],
            (0.35, 0.3, 0.2, 0.15), head=True,
        )  # fmt: skip
        for said in property_sentences(found.properties):
            pages.paragraph(said, 8, _QUIET)
    told = methods(found)
    pages.methods(told.paragraphs, told.bibtex)
    if found.settings:
        pages.heading("Settings")
        pages.table([(name, str(value)) for name, value in found.settings.items()], (0.35, 0.65), size=7.5)
    pages.heading("Versions")
    pages.table(list(found.versions.items()), (0.35, 0.65), size=7.5)


def _statistics(pages: Pages, found: Findings) -> None:
    compared = found.comparison is not None
    pages.heading("Further statistics")
    pages.drawings(statistics_drawings(found))
    table = []
    for row in rows(found.statistics, found.edges, brief=True):
        first = (row.statistic, row.label, row.found)
        table.append((*first, row.compared, row.exemplar, row.verdict) if compared else first)
    if compared:
        head: tuple[str, ...] = ("Statistic", "Quantity", "Found", "In its sections", "Exemplar ± 95 %", "Verdict")
        pages.table([head, *table], (0.18, 0.26, 0.15, 0.15, 0.15, 0.11), head=True, size=7)
        for one in found.statistics:
            pages.paragraph(sentence(one).sentence, 8)
    else:
        pages.table([("Statistic", "Quantity", "Found"), *table], (0.3, 0.45, 0.25), head=True, size=7.5)
