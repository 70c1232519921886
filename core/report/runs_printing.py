"""The comparison of many runs as a PDF: every quantity of every run, and box plots over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from core.provenance import versions
from core.report.boxes import MOST, draw_boxes
from core.report.figures import Drawing
from core.report.pdf import Pages
from core.report.runs import Column, Entry, columns, groups, reference_text
from core.report.runs_accounts import LEGEND, methods_of_runs, records, runs_drawings

RUNS_ACROSS = 5
"""Runs beside each other in a table; more go into another one below."""
_QUIET = "#56606a"


def runs_pdf(entries: Sequence[Entry], title: str, against: str = "") -> bytes:
    """What the page of a comparison tells, on A4: a PDF file; ``against``: the exemplar's name, or empty."""
    from matplotlib import rc_context

    with rc_context({"pdf.fonttype": 42, "font.family": "sans-serif", "font.size": 7.5}):
        pages = Pages(title)
        _fill(pages, entries, title, against)
        return pages.finish()


def _fill(pages: Pages, entries: Sequence[Entry], title: str, against: str) -> None:
    shown, members = columns(entries), groups(entries)
    pages.heading(title, 16)
    beside = f", beside the exemplar {against}" if against else ""
    pages.paragraph(f"Microloom comparison of {len(entries)} volumes or pictures{beside}", color=_QUIET)
    if len(members) > 1:
        for name, places in members.items():
            pages.paragraph(f"{name}: {', '.join(entries[place].name for place in places)}", 8)
    pages.heading("Numbers")
    reference = ("Exemplar ± 95 %",) if against else ()
    known = [place for place, entry in enumerate(entries) if not entry.problem]
    for start in range(0, len(known), RUNS_ACROSS):
        chosen = known[start : start + RUNS_ACROSS]
        head = ("Quantity", *reference, *(entries[place].name for place in chosen))
        rows = [
            (one.label, *((reference_text(one),) if against else ()), *(one.text(place) for place in chosen))
            for one in shown
        ]
        widths = (0.26, *((0.19,) if against else ()))
        each = (1 - sum(widths)) / RUNS_ACROSS
        pages.table([head, *rows], (*widths, *[each] * len(chosen)), head=True, size=7)
    for entry in entries:
        for said in filter(None, (entry.problem, entry.note)):
            pages.paragraph(f"{entry.name}: {said}", 8)
    drawings = [drawing for one in shown if (drawing := _boxes(one, members)) is not None]
    if drawings:
        pages.heading("Box plots")
        pages.paragraph(
            "Each dot is one of the group; boxes reach from the first to the third quartile, with the median; whiskers "
            "to the farthest within one and a half times the box. Dashed: the exemplar; shaded: where 95 % of samples "
            "of its size lie.",
            8, _QUIET,
        )  # fmt: skip
        pages.drawings(drawings)
    curves = runs_drawings(entries)
    if curves:
        pages.heading("Curves")
        pages.drawings(curves)
        pages.paragraph(LEGEND, 8, _QUIET)
    told = methods_of_runs(entries)
    if told is not None:
        pages.methods(told.paragraphs, told.bibtex)
    shared, own = records(entries)
    if shared:
        pages.heading("The same for all")
        pages.table(shared, (0.35, 0.65), size=7.5)
    for record in own:
        if record.rows:
            pages.heading(record.name, 9)
            pages.table(record.rows, (0.35, 0.65), size=7.5)
    pages.heading("Versions of what wrote this")
    pages.table(list(versions().items()), (0.35, 0.65), size=7.5)


def _boxes(column: Column, members: dict[str, list[int]]) -> Drawing | None:
    held = {name: column.shown[list(places)] for name, places in members.items()}
    held = {name: row[np.isfinite(row)] for name, row in held.items() if np.isfinite(row).any()}
    if not held or len(held) > MOST:
        return None
    return column.label, partial(draw_boxes, column, held), column.quantity.key, column.label
