"""The runs of the session as lines of one table, and the job that measures what is still missing of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.measurements import Measurements
from app.session import Result
from app.widgets.choice_words import words_of
from core.job import Job, Progress, reported

if TYPE_CHECKING:
    from core.report.runs import Entry
    from core.statistics.describing import Described
    from core.statistics.descriptors import Descriptor


def usual() -> tuple[Descriptor, ...]:
    """The statistics of a comparison."""
    from core.report.quantities import USUAL
    from core.statistics.descriptors import descriptor

    return tuple(descriptor(name) for name in USUAL)


def entries_of(results: Sequence[Result], book: Measurements) -> tuple[Entry, ...]:
    """A line for each run: what is known of it without any further work."""
    from core.report.quantities import core_quantities, property_quantities, statistics_quantities
    from core.report.runs import Entry

    found = []
    for number, result in enumerate(results, 1):
        labels, edges = result.volume.labels, result.volume.voxel_size
        known = core_quantities(
            result.volume.phases[result.volume_phase].name, result.fraction_after, wanted_fraction(result),
            result.comparison,
        )  # fmt: skip
        known += statistics_quantities(book.statistics(labels)) + property_quantities(book.properties(labels))
        found.append(
            Entry(
                f"{number}. seed {result.plan.seed}",
                group_of(result),
                known,
                result.volume.shape,
                edges[0] if edges and len(set(edges)) == 1 else None,
                result.plan.seed,
            )
        )
    return tuple(found)


def with_accounts(
    entries: Sequence[Entry], results: Sequence[Result], book: Measurements
) -> Callable[[], tuple[Entry, ...]]:
    """What gives the entries, of which the first are those of ``results``, all that a report tells of runs.

    It takes a moment for large volumes, whose hashes are found, and may be called in any thread.
    """
    known = [(one.report, book.statistics(one.volume.labels), book.properties(one.volume.labels)) for one in results]

    def told() -> tuple[Entry, ...]:
        from core.report.account import account_of
        from core.report.findings import from_reconstruction

        found = list(entries)
        for place, (made, statistics, properties) in enumerate(known):
            if made is not None:
                all_of_it = replace(from_reconstruction(made, brief=True), statistics=statistics, properties=properties)
                found[place] = replace(found[place], account=account_of(all_of_it, hashed=True))
        return tuple(found)

    return told


def wanted_fraction(result: Result) -> float:
    """The volume fraction that a run was asked for: the mask's mean, the plan's, or the exemplar's own."""
    mask = getattr(getattr(result.report, "target", None), "mask", None)
    if mask is not None:
        return float(mask.mean)
    own = result.exemplar.fractions[result.phase]
    return own if result.plan.volume_fraction is None else result.plan.volume_fraction


def group_of(result: Result) -> str:
    """What a run shares with those that differ from it by their seed alone, in words."""
    plan = result.plan
    changed = "*" if plan.changed_settings else ""
    z, y, x = result.volume.shape
    size = f"{z}³" if z == y == x else f"{x} × {y} × {z}"
    share = f"{100 * wanted_fraction(result):.1f} %"
    return f"{result.exemplar.name}, {words_of(plan.engine)} {plan.preset}{changed}, {share}, {size}"


Missing = tuple[Result, "tuple[Descriptor, ...]"]
"""A run, and those of the usual statistics that are not known of it."""


def missing(results: Sequence[Result], book: Measurements) -> tuple[Missing, ...]:
    """What is still to be measured."""
    found = []
    for result in results:
        known = {one.descriptor.name for one in book.statistics(result.volume.labels)}
        wanted = tuple(one for one in usual() if one.name not in known)
        if wanted:
            found.append((result, wanted))
    return tuple(found)


def measuring_runs(wanted: Sequence[Missing], done: list[tuple[Result, tuple[Described, ...]]]) -> Job[int]:
    """A job that measures ``wanted``; each run goes into ``done`` as soon as it is measured, cancelled or not.

    Returns how many were measured.
    """
    from core.report.findings import exemplar_sample, sample_of
    from core.statistics.describing import describing
    from core.statistics.indicator import default_max_lag

    steps, before = sum(len(descriptors) for _, descriptors in wanted), 0
    for number, (result, descriptors) in enumerate(wanted, 1):
        volume, exemplar = result.volume, result.exemplar
        lag = default_max_lag(volume.labels.shape, exemplar.labels.shape)
        reference = exemplar_sample(exemplar, result.phase, volume, result.volume_phase, lag)
        job = describing(sample_of(volume, result.volume_phase, lag), descriptors, reference, result.band)
        words = f"Run {number} of {len(wanted)}"

        def told(progress: Progress, words: str = words, before: int = before) -> Progress:
            return Progress(before + progress.step, steps, f"{words}: {progress.what}")

        done.append((result, (yield from reported(job, told))))
        before += len(descriptors)
    return len(done)
