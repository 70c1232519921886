"""Writes what the user wants to take away. Off the GUI thread; a failed export leaves no half file behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from app.session import Result
from core.images.marks import Mark, write_marks
from core.images.values import Volume
from core.job import Job
from core.statistics.describing import Described

if TYPE_CHECKING:
    from core.properties import Properties


@dataclass(frozen=True)
class Wish:
    """What is to be written, where, and the function that does it, or the job where that takes long."""

    what: str
    path: Path
    write: Callable[[], object] | None = None
    job: Callable[[], Job[object]] | None = None
    volume_of: Result | None = None
    """The result whose volume this writes, so that it counts as safe from then on."""


def ask_volume(parent: QWidget, result: Result, folder: str) -> Wish | None:
    """Ask where the volume should go; the suffix chooses the format."""
    from core.images.writing import VOLUME_FORMATS, write_volume

    kinds = ";;".join(f"{title} (*{suffix})" for suffix, title in VOLUME_FORMATS.items())
    path = _ask(parent, "Export the volume", folder, f"{file_name(result)}.tif", kinds)
    if path is None:
        return None
    return Wish("the volume", path, lambda: write_volume(result.volume, path, overwrite=True), volume_of=result)


def ask_surface(parent: QWidget, result: Result, phase: int, folder: str) -> Wish | None:
    """Ask where the surface of ``phase`` should go, as STL."""
    from core.images.surfaces import writing_surface

    name = result.volume.phases[phase].name
    path = _ask(parent, f"Export the surface of {name}", folder, f"{file_name(result)}.stl", "STL surface (*.stl)")
    if path is None:
        return None
    return Wish(f"the surface of {name}", path, job=lambda: writing_surface(result.volume, phase, path, overwrite=True))


def ask_report(
    parent: QWidget,
    result: Result,
    folder: str,
    statistics: tuple[Described, ...] = (),
    properties: Properties | None = None,
    marks: tuple[Mark, ...] = (),
) -> Wish | None:
    """Ask for a folder for the report (page, PDF, JSON, CSV, methods); the last three: what else was measured."""
    from core.report import from_reconstruction, write_report

    name = QFileDialog.getExistingDirectory(parent, "Folder for the report", folder)
    if not name:
        return None
    path = Path(name)

    def write() -> object:
        found = replace(from_reconstruction(result.report), statistics=statistics, properties=properties)
        if marks:
            path.mkdir(parents=True, exist_ok=True)
            write_marks(marks, result.volume.voxel_size, path / "distances.csv", overwrite=True)
        return write_report(found, path, overwrite=True)

    return Wish("the report", path, write)


def ask_statistics(
    parent: QWidget, name: str, found: tuple[Described, ...], volume: Volume, folder: str
) -> Wish | None:
    """Ask where the table of statistics should go; their curves get a file beside it."""
    from core.report.statistics import write_tables

    path = _ask(parent, "Save the statistics", folder, name, "Table (*.csv)")
    if path is None:
        return None
    return Wish("the statistics", path, lambda: write_tables(found, volume.voxel_size, path, overwrite=True))


def file_name(result: Result) -> str:
    """A file name that says what the volume is, without characters that a system refuses."""
    stem = Path(result.exemplar.name).stem
    kept = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in stem)
    z, y, x = result.volume.shape
    return f"{kept or 'volume'}_{z}x{y}x{x}_seed{result.plan.seed}"


def _ask(parent: QWidget, title: str, folder: str, name: str, kinds: str) -> Path | None:
    # the dialog itself asks before an existing file is replaced
    chosen, kind = QFileDialog.getSaveFileName(parent, title, str(Path(folder) / name), kinds)
    if not chosen:
        return None
    path = Path(chosen)
    if not path.suffix and "(*" in kind:
        path = path.with_name(path.name + kind.rsplit("(*", 1)[1].rstrip(")"))
    return path
