"""The command measure: what a volume or picture is like, alone or against a phase image, as a report."""

from __future__ import annotations

import argparse
from dataclasses import replace as replaced
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.property_options import add_options as add_property_options
from app.property_options import property_plan
from app.terminal import ProgressDisplay, may_report, note
from core.job import finish

if TYPE_CHECKING:
    from core.images.values import Phase, PhaseImage


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
    command.add_argument("image", type=Path, help="a volume, a phase image, or a micrograph (which is segmented first)")
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
    command.add_argument("--list-statistics", action=_ListStatistics, help="list the statistics and stop")
    add_property_options(command)


def measure(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from app.inputs import phase_label, subject
    from core.report import measure as measuring
    from core.report import write_report
    from core.report.properties import property_rows, property_sentences
    from core.report.statistics import sentence
    from core.report.verdict import verdict
    from core.statistics.descriptors import chosen

    statistics = () if options.statistics is None else chosen(options.statistics)
    replace = may_report(options.output, options.force)
    thing = subject(options, options.image)
    phase = phase_label(thing, options.phase)
    plan = property_plan(options, thing, phase)
    against, other = _reference(options, thing.phases[phase], phase)
    with ProgressDisplay(options.quiet) as display:
        found = finish(measuring(thing, phase, against, other, statistics), display)
        if plan is not None:
            from core.properties import properties

            found = replaced(found, properties=finish(properties(thing.labels, found.edges, plan), display))
    write_report(found, options.output, overwrite=replace)
    print(verdict(found).sentence)
    if against is not None:
        for one in found.statistics:
            print(sentence(one).sentence)
    for label, value, *_ in property_rows(found.properties):
        print(f"{label}: {value}")
    for said in property_sentences(found.properties):
        note(said)
    print(options.output)
    return 0


def _reference(options: argparse.Namespace, interest: Phase, label: int) -> tuple[PhaseImage | None, int | None]:
    """The phase image to compare with and the phase in it, or None."""
    from app.inputs import phase_image, phase_label

    if options.against is None:
        return None, None
    against = phase_image(options, options.against)
    names = [item.name for item in against.phases]
    if options.against_phase is not None:
        return against, phase_label(against, options.against_phase)
    if interest.name in names:
        return against, names.index(interest.name)
    return against, phase_label(against, str(label))
