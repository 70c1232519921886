"""The command compare: a set of generated pictures or volumes against a set of real ones."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.terminal import ProgressDisplay, may_report, note, note_problem
from core.errors import InputError, JobError, MicroloomError
from core.job import Progress, finish

if TYPE_CHECKING:
    from core.images.values import PhaseImage, Volume


def add_options(command: argparse.ArgumentParser) -> None:
    """What ``command`` takes besides the segmentation of micrographs."""
    command.add_argument(
        "generated", type=Path, metavar="GENERATED", help="a folder of generated pictures or volumes, or one of them"
    )
    command.add_argument(
        "--against", type=Path, required=True, metavar="REFERENCE",
        help="a folder of real ones, or one; larger ones are cut into tiles, volumes into sections",
    )  # fmt: skip
    command.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the report")
    command.add_argument("--phase", default=None, help="phase of interest: label or name (default: the highest label)")
    command.add_argument(
        "--against-phase", default=None, help="that phase in the references (default: of the same name or label)"
    )


def compare(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from app.inputs import phase_label
    from core.quality import common_side, comparing_sets, picture_set
    from core.report.quality import NAMES, quality_rows, quality_sentence, write_quality

    replace = may_report(options.output, options.force, NAMES)
    with ProgressDisplay(options.quiet) as display:
        generated, failed = _read(options, options.generated, display)
        real, failed_there = _read(options, options.against, display)
        interest = generated[0].phases[phase_label(generated[0], options.phase)].name
        wanted = options.phase if options.against_phase is None else options.against_phase
        if options.against_phase is None and options.phase is None and interest in [one.name for one in real[0].phases]:
            wanted = interest
        inside = [one.labels == phase_label(one, options.phase) for one in generated]
        known = [one.labels == phase_label(one, wanted) for one in real]
        side = common_side(one.shape for one in (*inside, *known))
        sets = (
            picture_set([one.name for one in generated], inside, side),
            picture_set([one.name for one in real], known, side),
        )
        found = finish(comparing_sets(*sets), display)
    write_quality(found, options.output, options.generated.name, options.against.name, overwrite=replace)
    for label, value, _meaning in quality_rows(found):
        print(f"{label}: {value}")
    for said in (quality_sentence(found), *found.notes):
        if said:
            note(said)
    print(options.output)
    if failed or failed_there:
        count = failed + failed_there
        files = "One file" if count == 1 else f"{count} files"
        raise JobError(f"{files} could not be read.", "The lines above say why.")
    return 0


def _read(options: argparse.Namespace, path: Path, display: ProgressDisplay) -> tuple[list[PhaseImage | Volume], int]:
    """What is at ``path``, or in it, and how many of its files could not be read (which is said)."""
    from app.inputs import subject
    from core.images.zarr_volume import is_zarr
    from core.report.batch import sources_in

    if not path.is_dir() or is_zarr(path):
        return [subject(options, path)], 0
    sources = sources_in(path)
    found: list[PhaseImage | Volume] = []
    for number, source in enumerate(sources):
        display(Progress(number, len(sources), f"Reading {path.name}"))
        try:
            found.append(subject(options, source))
        except MicroloomError as error:
            note_problem(source.name, str(error))
    if not found:
        raise InputError(f"None of the files in {path} can be read.", "The lines above say why.")
    return found, len(sources) - len(found)
