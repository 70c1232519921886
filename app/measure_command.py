"""The command measure: what a volume or picture is like, alone or against a phase image, as a report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.property_options import add_options as add_property_options
from app.property_options import property_plan
from app.terminal import ProgressDisplay, may_report, note, note_problem
from core.errors import InputError, JobError
from core.job import Job, finish

if TYPE_CHECKING:
    from core.images.values import Phase, PhaseImage
    from core.report import Findings
    from core.statistics.descriptors import Descriptor


class _ListStatistics(argparse.Action):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(nargs=0, **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_: Any) -> None:
        from core.statistics.descriptors import DESCRIPTORS

        for one in DESCRIPTORS:
            print(f"{one.name:<20}{one.help} [{one.unit}]")
        parser.exit()


def add_options(command: argparse.ArgumentParser) -> None:
    """What ``command`` takes besides the segmentation of a micrograph."""
    command.add_argument(
        "image", type=Path,
        help="a volume, a phase image, or a micrograph (which is segmented first); or a folder of them: one table",
    )  # fmt: skip
    command.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the report")
    command.add_argument("--against", type=Path, metavar="PHASES", help="phase image to compare with")
    command.add_argument("--phase", default=None, help="phase of interest: label or name (default: the highest label)")
    command.add_argument(
        "--against-phase", default=None, help="that phase in PHASES (default: of the same name or label)"
    )
    command.add_argument(
        "--statistics", default=None, metavar="NAME,NAME,…",
        help="further statistics, or “all” (--list-statistics says which)",
    )  # fmt: skip
    command.add_argument(
        "--each", action="store_true", help="of a folder: also write each file's own report, in NAME.report"
    )
    command.add_argument("--list-statistics", action=_ListStatistics, help="list the statistics and stop")
    add_property_options(command)


def measure(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from core.images.zarr_volume import is_zarr

    if options.image.is_dir() and not is_zarr(options.image):
        return _folder(options)
    if options.each:
        raise InputError("--each is for a folder.", "Leave it out: one file has one report.")
    return _one(options)


def _one(options: argparse.Namespace) -> int:
    from core.report import write_report
    from core.report.properties import property_rows, property_sentences
    from core.report.statistics import sentence
    from core.report.verdict import verdict
    from core.statistics.descriptors import chosen

    statistics = () if options.statistics is None else chosen(options.statistics)
    replace = may_report(options.output, options.force)
    with ProgressDisplay(options.quiet) as display:
        found = finish(_measuring(options, options.image, statistics, _against(options)), display)
    write_report(found, options.output, overwrite=replace)
    print(verdict(found).sentence)
    if found.exemplar is not None:
        for one in found.statistics:
            print(sentence(one).sentence)
    for label, value, *_ in property_rows(found.properties):
        print(f"{label}: {value}")
    for said in property_sentences(found.properties):
        note(said)
    print(options.output)
    return 0


def _measuring(
    options: argparse.Namespace, path: Path, statistics: tuple[Descriptor, ...], against: PhaseImage | None
) -> Job[Findings]:
    """Read one file and measure it as the options say."""
    from app.inputs import phase_label, subject
    from core.report import measure as measuring

    thing = subject(options, path)
    phase = phase_label(thing, options.phase)
    plan = property_plan(options, thing, phase)
    other = None if against is None else _phase_in(options, against, thing.phases[phase], phase)
    return (yield from measuring(thing, phase, against, other, statistics, plan))


def _folder(options: argparse.Namespace) -> int:
    """Every file of a folder as a line of one table; the exit code tells whether any failed."""
    from core.report import write_report
    from core.report.batch import NAMES, OWN_FOLDER, measuring_all, sources_in, write_runs
    from core.report.quantities import USUAL
    from core.report.runs import columns
    from core.statistics.descriptors import chosen

    statistics = chosen(",".join(USUAL) if options.statistics is None else options.statistics)
    sources = sources_in(options.image)
    replace = may_report(options.output, options.force, NAMES)
    against = _against(options)

    def own(source: Path, found: Findings) -> None:
        write_report(found, options.output / f"{source.name}{OWN_FOLDER}", overwrite=replace)

    with ProgressDisplay(options.quiet) as display:
        job = measuring_all(
            sources, lambda path: _measuring(options, path, statistics, against), own if options.each else None
        )
        entries = finish(job, display)
    failed = [entry for entry in entries if entry.problem]
    for entry in failed:
        note_problem(entry.name, entry.problem)
    if len(failed) == len(entries):
        raise JobError("None of the files could be measured.", "The lines above say why.")
    compared = "" if against is None else against.name
    write_runs(entries, options.output, options.image.resolve().name, compared, options.each, overwrite=replace)
    shown = columns(entries)
    for line, entry in enumerate(entries):
        if not entry.problem:
            told = ((one.quantity.label, one.text(line), one.scale.unit) for one in shown)
            print(f"{entry.name}: {', '.join(f'{label} {text} {unit}'.strip() for label, text, unit in told if text)}")
    print(options.output)
    if failed:
        raise JobError(f"{len(failed)} of {len(entries)} files could not be measured.", "The lines above say why.")
    return 0


def _against(options: argparse.Namespace) -> PhaseImage | None:
    """The phase image to compare with, or None."""
    from app.inputs import phase_image

    return None if options.against is None else phase_image(options, options.against)


def _phase_in(options: argparse.Namespace, against: PhaseImage, interest: Phase, label: int) -> int:
    """The phase in ``against`` that compares with the phase of interest."""
    from app.inputs import phase_label

    if options.against_phase is not None:
        return phase_label(against, options.against_phase)
    names = [item.name for item in against.phases]
    if interest.name in names:
        return names.index(interest.name)
    return phase_label(against, str(label))
