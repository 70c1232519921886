"""Many volumes or pictures measured one after the other, and written as one table: CSV, JSON and a page."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from core.errors import InputError, MicroloomError
from core.images.atomic import replacing, write_error
from core.images.zarr_volume import is_zarr
from core.job import Job, Progress, reported
from core.provenance import versions
from core.report.account import account_json
from core.report.boxes import box_figure
from core.report.figures import figure_svg
from core.report.findings import Findings
from core.report.page import rendered
from core.report.runs import Column, Entry, box_of, columns, entry_of, groups, reference_text
from core.report.runs_accounts import LEGEND, methods_of_runs, records, runs_drawings
from core.report.runs_printing import runs_pdf
from core.report.verdict import verdict

NAMES = ("runs.csv", "report.json", "report.html", "report.pdf", "methods.txt", "references.bib")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp")
"""Endings of files that hold a picture, never a volume."""
READABLE = (".tif", ".tiff", ".npy", ".nrrd", ".vti", ".h5", ".hdf5", *PICTURES)
"""Endings of the files of a folder that are measured; OME-Zarr folders are too."""
OWN_FOLDER = ".report"
"""What is added to a file's name for the folder of its own report."""


def sources_in(folder: Path) -> tuple[Path, ...]:
    """The volumes and pictures of ``folder``, by name.

    Raises
    ------
    InputError
        Where it cannot be read, or holds none.
    """
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be read: {error.strerror or error}.", "Choose another."
        ) from error
    # a volume that is still being made has a part of its own name
    kept = tuple(
        path
        for path in found
        if (path.is_file() and path.suffix.lower() in READABLE) or (is_zarr(path) and ".part." not in path.name)
    )
    if not kept:
        raise InputError(
            f"The folder {folder} holds no volume or picture.",
            f"Give one with files that end in {', '.join(READABLE)}.",
        )
    return kept


class Named(Protocol):
    """What can be measured: a path, or what stands for a volume."""

    @property
    def name(self) -> str:
        """What it is called in the table."""
        ...


S = TypeVar("S", bound=Named)


def measuring_all(
    sources: Sequence[S],
    work: Callable[[S], Job[Findings]],
    done: Callable[[S, Findings], None] | None = None,
    told: Callable[[S, Entry], None] | None = None,
) -> Job[tuple[Entry, ...]]:
    """A job that measures each of ``sources``; one that fails is told of and stops no other.

    Parameters
    ----------
    work
        Reads and measures one.
    done
        Called with each result, to write its own report, say; what it raises counts as that source's failure.
    told
        Called with each line as soon as it is known, for whoever cancels the job and keeps what there is by then.

    Returns
    -------
    tuple
        A line for each. Arrays are let go of as soon as their numbers are known.
    """
    found: list[Entry] = []
    for number, source in enumerate(sources):
        # one line for the whole folder: what each file goes through would be hundreds
        progress = Progress(number, len(sources), "Measuring files")
        yield progress
        try:
            one = yield from reported(work(source), progress)
            if done is not None:
                done(source, one)
            entry = entry_of(one, source.name, verdict(one).sentence)
        except MicroloomError as error:
            entry = Entry(source.name, problem=str(error))
        except MemoryError:
            entry = Entry(source.name, problem="The computer's memory was not enough.")
        found.append(entry)
        if told is not None:
            told(source, entry)
    yield Progress(len(sources), len(sources), "Measuring files")
    return tuple(found)


def runs_csv(entries: Sequence[Entry]) -> str:
    """A line for each entry: name, group, seed, shape, pixel size, every quantity with its unit, problem, note.

    Lengths are in pixels, shares are ratios. What an entry does not have stays empty.
    """
    shown = columns(entries, everything=True)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["name", "group", "seed", "shape", "pixel_m"]
    writer.writerow([*head, *(_title(column) for column in shown), "problem", "note"])
    for line, entry in enumerate(entries):
        facts = [
            entry.name, entry.group, "" if entry.seed is None else entry.seed, "x".join(map(str, entry.shape)),
            "" if entry.edge is None else f"{entry.edge:.8g}",
        ]  # fmt: skip
        values = ["" if math.isnan(value) else f"{value:.8g}" for value in (column.values[line] for column in shown)]
        writer.writerow([*facts, *values, entry.problem, entry.note])
    return out.getvalue()


def _title(column: Column) -> str:
    unit = column.quantity.unit_in_files
    return f"{column.quantity.key} [{unit}]" if unit else column.quantity.key


def runs_json(entries: Sequence[Entry], about: dict[str, Any] | None = None) -> dict[str, Any]:
    """Everything as plain JSON values: entries, and for each quantity the box of each group."""
    shown = columns(entries, everything=True)
    members, told = groups(entries), methods_of_runs(entries)
    return {
        **(about or {}),
        "entries": [
            {
                "name": entry.name,
                "group": entry.group,
                "seed": entry.seed,
                "shape": list(entry.shape),
                "pixel_m": entry.edge,
                "verdict": entry.sentence or None,
                "problem": entry.problem or None,
                "note": entry.note or None,
                "quantities": {one.key: _finite(one.value) for one in entry.quantities},
                **({} if entry.account is None else account_json(entry.account)),
            }
            for entry in entries
        ],
        "quantities": {
            column.quantity.key: {
                "label": column.quantity.label,
                "unit": column.quantity.unit_in_files,
                "exemplar": _finite(column.reference),
                "exemplar_half_band": _finite(column.half),
                "groups": {name: _summary(column.values[places]) for name, places in members.items()},
            }
            for column in shown
        },
        "failed": [entry.name for entry in entries if entry.problem],
        "methods": [] if told is None else list(told.paragraphs),
        "versions": dict(versions()),
    }


def _summary(values: np.ndarray) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    box = box_of(known)
    if box is None:
        return {"count": 0}
    return {
        "count": len(known),
        "mean": float(known.mean()),
        "standard_deviation": float(known.std(ddof=1)) if len(known) > 1 else None,
        "box": [box.low, box.first, box.median, box.third, box.high],
        "beyond": list(box.beyond),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def runs_html(entries: Sequence[Entry], title: str, against: str = "", links: bool = False) -> str:
    """One page: the table of the leading quantities, and a box plot of each; ``links``: to each entry's own report."""
    shown, members = columns(entries), groups(entries)
    figures = ((column.quantity.label, box_figure(column, members)) for column in shown)
    shared, own = records(entries)
    return rendered(
        "runs.html",
        title=title,
        against=against,
        columns=shown,
        entries=list(enumerate(entries)),
        several=len(members) > 1,
        failed=sum(bool(entry.problem) for entry in entries),
        reference=[reference_text(column) for column in shown] if against else [],
        figures=[(label, svg) for label, svg in figures if svg is not None],
        curves=[(heading, figure_svg(draw, name, said)) for heading, draw, name, said in runs_drawings(entries)],
        legend=LEGEND,
        methods=methods_of_runs(entries),
        shared=shared,
        records=own,
        links=links,
        own_folder=OWN_FOLDER,
        versions=dict(versions()),
    )


def write_runs(
    entries: Sequence[Entry], folder: Path, title: str, against: str = "", links: bool = False, overwrite: bool = False
) -> Path:
    """Write the files of `NAMES` into ``folder``; errors as `core.report.write_report`.

    methods.txt and references.bib are empty where nothing but numbers is known of the entries.
    """
    from core.report.writing import check_folder

    check_folder(folder, overwrite, NAMES)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    about = {"title": title, "exemplar": against or None}
    told = methods_of_runs(entries)
    texts = (
        runs_csv(entries),
        json.dumps(runs_json(entries, about), indent=1, allow_nan=False),
        runs_html(entries, title, against, links),
    )
    words = ("", "") if told is None else (told.text, told.bibtex)
    files = (
        *(text.encode() for text in texts), runs_pdf(entries, title, against), *(text.encode() for text in words),
    )  # fmt: skip
    for name, data in zip(NAMES, files, strict=True):
        with replacing(folder / name, overwrite) as temporary:
            temporary.write_bytes(data)
    return folder
