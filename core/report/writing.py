"""Writes a report: JSON for programs, CSV for spreadsheets, a page and a PDF for people, methods for a paper."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import JobError, OutputExistsError
from core.images.atomic import replacing, write_error
from core.provenance import array_hash
from core.report.account import curves_json, plain
from core.report.figures import copying_pictures, curve_figures, scale_bar, section_pictures, statistics_figures
from core.report.findings import Findings, from_reconstruction
from core.report.methods import methods
from core.report.page import rendered
from core.report.printing import report_pdf
from core.report.properties import properties_json, property_rows, property_sentences
from core.report.statistics import columns as statistics_columns
from core.report.statistics import rows as statistics_rows
from core.report.statistics import sentence, statistics_json
from core.report.tables import facts, numbers, per_axis
from core.report.verdict import grade_of_share, share_inside, verdict, word
from core.statistics.shapes import SectionShapes

if TYPE_CHECKING:
    from core.reconstruction.pipeline import Reconstruction

NAMES = ("report.json", "curves.csv", "report.html", "report.pdf", "methods.txt", "references.bib")
_AXES = "zyx"


def report_json(found: Findings) -> dict[str, Any]:
    """The findings as plain JSON values. Lags ``r`` are in pixels; ``epsilon_percent`` is None without an exemplar."""
    comparison, band = found.comparison, found.band
    subject = found.subject
    curves = curves_json(found)
    s2, lineal_path = curves["s2"], curves["lineal_path"]
    inside = None if comparison is None or band is None else share_inside(comparison, band)
    if inside is not None:
        s2["verdict"], lineal_path["verdict"] = (word(grade_of_share(share)) for share in inside)
    told = {
        "verdict": verdict(found).sentence,
        "name": subject.name,
        "shape": list(subject.labels.shape),
        "phases": [
            {"label": label, "name": phase.name, "color": phase.color, "fraction": fraction}
            for label, (phase, fraction) in enumerate(zip(subject.phases, subject.fractions, strict=True))
        ],
        "phase": found.phase,
        "volume_fraction": {
            "target": found.target_fraction,
            "achieved": found.achieved_fraction,
            "before_threshold": found.fraction_before,
        },
        "s2": s2,
        "lineal_path": lineal_path,
        "statistics": statistics_json(found.statistics),
        "properties": properties_json(found.properties, subject.phases),
        "lags_inside_band": None if inside is None else {"s2": inside[0], "lineal_path": inside[1]},
        "correlation_length_px": found.correlation,
        "section_shapes": _shapes_json(found.shapes),
        "exemplar_section_shapes": _shapes_json(found.exemplar_shapes),
        "voxel_size_m": None if found.edges is None else list(found.edges),
        "exemplar": None
        if found.exemplar is None
        else {
            "name": found.exemplar.name,
            "shape": list(found.exemplar.shape),
            "phase": found.exemplar_phase,
            "fraction": found.exemplar.fractions[found.exemplar_phase],
            "labels_sha256": array_hash(found.exemplar.labels),
        },
        "periodic": found.periodic,
        "seed": found.seed,
        "engine": found.engine,
        "preset": found.preset,
        "settings": dict(found.settings),
        "seconds": dict(found.seconds),
        "training": {key: value for key, value in found.training.items() if key != "losses"},
        "copying": None if found.copying is None else found.copying.sentence,
        "device": found.device,
        "labels_sha256": array_hash(subject.labels),
        "versions": dict(found.versions),
        "provenance": subject.provenance.to_json(),
    }
    result: dict[str, Any] = plain(told)
    return result


def curves_csv(found: Findings) -> str:
    """One line a lag: pixels, metres where known, S2 and L of exemplar, axes, mean and band; further statistics."""
    edges, band, comparison = found.edges, found.band, found.comparison
    columns: dict[str, np.ndarray] = {"r_px": found.curves.lags}
    if edges and len(set(edges)) == 1:
        columns["r_m"] = found.curves.lags * edges[0]
    for name, rows, reference, limits in (
        (
            "s2",
            found.curves.s2,
            None if comparison is None else comparison.exemplar.s2_mean,
            None if band is None else (band.s2_low, band.s2_high),
        ),
        (
            "lineal_path",
            found.curves.lineal_path,
            None if comparison is None else comparison.exemplar.lineal_path_mean,
            None if band is None else (band.lineal_path_low, band.lineal_path_high),
        ),
    ):
        if reference is not None:
            columns[f"{name}_exemplar"] = reference
        for axis, row in zip(_AXES[-len(rows) :], rows, strict=True):
            columns[f"{name}_{axis}"] = row
        columns[f"{name}_mean"] = rows.mean(axis=0)
        if limits is not None:
            columns[f"{name}_band_low"], columns[f"{name}_band_high"] = limits
    columns |= statistics_columns(found.statistics, found.curves.lags)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for line in zip(*columns.values(), strict=True):
        writer.writerow(["" if math.isnan(value) else f"{value:.8g}" for value in line])
    return out.getvalue()


def report_html(found: Findings) -> str:
    """One page without any outside reference: verdict, numbers, curves, sections, provenance."""
    pictures = section_pictures(found)
    return rendered(
        "page.html",
        title=found.subject.name,
        verdict=verdict(found),
        facts=facts(found),
        numbers=numbers(found),
        per_axis=per_axis(found),
        curves=curve_figures(found),
        pictures=pictures,
        widest=max(picture.width for picture in pictures),
        bar=scale_bar(found),
        phases=list(zip(found.subject.phases, found.subject.fractions, strict=True)),
        settings=dict(found.settings),
        versions=dict(found.versions),
        compared=found.comparison is not None,
        statistics=statistics_rows(found.statistics, found.edges),
        statistics_curves=statistics_figures(found),
        copying=found.copying,
        copying_pictures=copying_pictures(found),
        properties=property_rows(found.properties),
        property_sentences=property_sentences(found.properties),
        sentences=[sentence(one) for one in found.statistics],
        methods=methods(found),
    )


def write_report(what: Findings | Reconstruction, folder: Path, overwrite: bool = False) -> Path:
    """Write a report into ``folder``, which is made where it is missing.

    report.json for programs, curves.csv for spreadsheets, report.html and report.pdf for people, methods.txt and
    references.bib for a paper.

    Raises
    ------
    OutputExistsError
        Where one of them is there and ``overwrite`` is not set; nothing is written then.
    JobError
        Where the disk does not take them.
    """
    found = what if isinstance(what, Findings) else from_reconstruction(what)
    check_folder(folder, overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    told = methods(found)
    contents: tuple[str | bytes, ...] = (
        json.dumps(report_json(found), indent=1, allow_nan=False),
        curves_csv(found),
        report_html(found),
        report_pdf(found),
        told.text,
        told.bibtex,
    )
    for name, content in zip(NAMES, contents, strict=True):
        with replacing(folder / name, overwrite) as temporary:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def check_folder(folder: Path, overwrite: bool, names: tuple[str, ...] = NAMES) -> None:
    """Raise what `write_report` would, before the work is done; ``names`` are the files to be written."""
    if folder.exists() and not folder.is_dir():
        raise JobError(f"{folder} is a file, not a folder.", "Choose a folder for the report.")
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        raise OutputExistsError(
            f"{folder / there[0]} exists already.", "Choose another folder, or allow it to be replaced (--force)."
        )


def write_curves(what: Findings | Reconstruction, path: Path, overwrite: bool = False) -> Path:
    """Write S2 and L as CSV; errors as for `write_report`."""
    found = what if isinstance(what, Findings) else from_reconstruction(what)
    with replacing(path, overwrite) as temporary:
        temporary.write_text(curves_csv(found), encoding="utf-8", newline="\n")
    return path


def _shapes_json(shapes: SectionShapes | None) -> dict[str, float] | None:
    if shapes is None:
        return None
    return {
        "pieces_per_1e4_px2": shapes.pieces_per_area,
        "complement_pieces_per_1e4_px2": shapes.complement_pieces_per_area,
        "boundary_per_px": shapes.boundary_per_area,
    }
