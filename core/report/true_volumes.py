"""True volumes as lines beside the runs: read, put in the runs' order of phases, and measured as these are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import InputError
from core.images.reading import read_volume
from core.images.true_volume import TrueVolume, cut
from core.images.values import Phase, PhaseImage, Volume
from core.job import Job, Progress
from core.report.batch import measuring_all
from core.report.findings import Findings, measure
from core.report.runs import Entry
from core.statistics.descriptors import Descriptor

if TYPE_CHECKING:
    from core.properties import PropertyPlan


@dataclass(frozen=True, eq=False)
class AsTheRuns:
    """How the runs are measured, so that true volumes are measured alike.

    Attributes
    ----------
    exemplar, exemplar_phase
        What the runs are compared with, and the label of the phase of interest in it.
    phases, phase
        The runs' phases, and the label of the phase of interest among them.
    statistics
        The descriptors of the comparison.
    plan
        How properties of the runs were computed, labels being the runs'; None: none were.
    """

    exemplar: PhaseImage
    exemplar_phase: int
    phases: tuple[Phase, ...]
    phase: int
    statistics: tuple[Descriptor, ...]
    plan: PropertyPlan | None = None


def measuring_true(wanted: Sequence[TrueVolume], how: AsTheRuns, entries: list[tuple[TrueVolume, Entry]]) -> Job[int]:
    """A job that measures ``wanted``; each goes into ``entries`` as soon as it is measured, cancelled or not.

    Returns how many were measured. One that cannot be is told of in its entry and stops no other.
    """
    reader = _Reader()

    def work(one: TrueVolume) -> Job[Findings]:
        yield Progress(0, 1, "Reading")
        volume = in_order(reader.part(one), one.phase, how.phases, how.phase)
        same = volume.phases == how.phases
        return (
            yield from measure(
                volume, how.phase if same else one.phase, how.exemplar, how.exemplar_phase, how.statistics,
                how.plan if same else None,
            )
        )  # fmt: skip

    def done(one: TrueVolume, entry: Entry) -> None:
        # what the exemplar is compared with is the runs' matter: a true volume is beside it
        plain = tuple(replace(each, reference=np.nan, half=np.nan) for each in entry.quantities)
        entries.append((one, replace(entry, group=one.group, seed=None, quantities=plain)))

    yield from measuring_all(wanted, work, told=done)
    return len(entries)


class _Reader:
    """Keeps the file that was read last: parts of one volume follow each other."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._volume: Volume | None = None

    def part(self, one: TrueVolume) -> Volume:
        if self._volume is None or self._path != one.path:
            self._volume = None
            self._volume, self._path = read_volume(one.path), one.path
        whole = self._volume
        if one.part is None:
            return replace(whole, name=one.name)
        return replace(whole, labels=whole.labels[cut(whole.shape, one.part, one.path.name)].copy(), name=one.name)


def in_order(volume: Volume, phase: int, phases: tuple[Phase, ...], interest: int) -> Volume:
    """A volume with its labels in the order of ``phases``, where there are as many.

    Phases of the same names correspond; else those with the same numbers, but ``phase`` to ``interest``, with which it
    changes places. Where the numbers of phases differ, the volume stays as it is.

    Raises
    ------
    InputError
        Where it has no ``phase``.
    """
    count = len(volume.phases)
    if phase >= count:
        raise InputError(f"{volume.name} has no phase {phase}.", f"Choose one of 0 to {count - 1}.")
    if count != len(phases):
        return volume
    names, wanted = [one.name for one in volume.phases], [one.name for one in phases]
    if len(set(names)) == count and sorted(names) == sorted(wanted) and names[phase] == wanted[interest]:
        order = [wanted.index(name) for name in names]
    else:
        order = list(range(count))
        order[phase], order[interest] = interest, phase
    return replace(volume, labels=np.array(order, np.uint8)[volume.labels], phases=phases)
