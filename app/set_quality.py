"""A set of generated pictures or volumes against a set of real ones, from files or from memory, as one job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.inputs import phase_label
from core.errors import InputError, MicroloomError
from core.images.values import PhaseImage, Volume
from core.job import Job, Progress

if TYPE_CHECKING:
    from core.quality import FeatureSpace, Quality


@dataclass(frozen=True)
class Side:
    """One of the sets: what it is called, and its files or values."""

    name: str
    items: tuple[Path | PhaseImage | Volume, ...]


@dataclass(frozen=True)
class Wanted:
    """What is compared.

    Attributes
    ----------
    generated, real
        The sets.
    phase, real_phase
        Label or name of the phase in each; None: the highest label, or in the real set the same phase.
    weights
        File of a network whose features are compared; None: the descriptors of this program.
    device
        For the network, as `core.devices.resolve`.
    tile
        Largest side of the pictures that are compared, px; None: as large as all of them allow.
    """

    generated: Side
    real: Side
    phase: str | None = None
    real_phase: str | None = None
    weights: Path | None = None
    device: str = "auto"
    tile: int | None = None


def side_of(path: Path) -> Side:
    """The files of a folder, a volume in blocks, or one file."""
    from core.images.zarr_volume import is_zarr
    from core.report.batch import sources_in

    return Side(path.name, sources_in(path) if path.is_dir() and not is_zarr(path) else (path,))


def comparing(
    wanted: Wanted, read: Callable[[Path], PhaseImage | Volume], unreadable: Callable[[str, MicroloomError], None]
) -> Job[Quality]:
    """A job that reads both sets and compares them.

    Parameters
    ----------
    read
        Reads one file.
    unreadable
        Is told of each file of a larger set that cannot be read, which is then left out.

    Raises
    ------
    InputError
        Where nothing is left of a set, or the sets cannot be compared.
    """
    from core.quality import common_side, comparing_sets, picture_set, reading_weights

    space: FeatureSpace | None = None
    if wanted.weights is not None:
        space = yield from reading_weights(wanted.weights, wanted.device)
    generated = yield from _read(wanted.generated, read, unreadable)
    real = yield from _read(wanted.real, read, unreadable)
    interest = generated[0].phases[phase_label(generated[0], wanted.phase)].name
    known = wanted.phase if wanted.real_phase is None else wanted.real_phase
    if wanted.real_phase is None and wanted.phase is None and interest in [one.name for one in real[0].phases]:
        known = interest
    sides = [[one.labels == phase_label(one, wanted.phase) for one in generated]]
    sides.append([one.labels == phase_label(one, known) for one in real])
    size = common_side((one.shape for side in sides for one in side), wanted.tile)
    sets = [
        picture_set([one.name for one in items], inside, size)
        for items, inside in zip((generated, real), sides, strict=True)
    ]
    return (yield from comparing_sets(sets[0], sets[1], space))


def _read(
    side: Side, read: Callable[[Path], PhaseImage | Volume], unreadable: Callable[[str, MicroloomError], None]
) -> Job[list[PhaseImage | Volume]]:
    found: list[PhaseImage | Volume] = []
    for number, item in enumerate(side.items):
        yield Progress(number, len(side.items), f"Reading {side.name}")
        if not isinstance(item, Path):
            found.append(item)
            continue
        try:
            found.append(read(item))
        except MicroloomError as error:
            if len(side.items) == 1:
                raise
            unreadable(item.name, error)
    if not found:
        raise InputError(f"None of the files in {side.name} can be read.", "The messages above say why.")
    return found
