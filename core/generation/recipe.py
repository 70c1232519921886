"""A volume that is not made yet: everything that decides its voxels, so that any part of it can be made alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.generation.periods import Axes, Period, Triple, period_of
from core.generation.tiles import TILE_EDGE, assemble
from core.images.values import Phase, Volume
from core.job import Job
from core.provenance import Provenance


def _nothing() -> None:
    pass


@dataclass(frozen=True, eq=False)
class Recipe:
    """What a model answers when it is asked for a volume.

    Attributes
    ----------
    size
        Voxels along z, y, x.
    periodic
        The axes along which the volume repeats; its size there is its period.
    make_tile
        Called with a tile's first voxel and its edge; returns its labels, shape (edge, edge, edge), uint8. To the bit,
        they depend on both.
    phases, voxel_size, name
        As of the `Volume` that it will be. A grey volume has no phases.
    provenance
        Of that volume, given the edge of the tiles that it was computed with.
    identity
        All that decides the voxels, as plain JSON values: recipes with the same one make the same volume to the bit.
    at_once
        How many tiles may be made at the same time: ``make_tile`` is then called from so many threads.
    dtype
        Of the values: "uint8" of labels, "uint8", "uint16" or "float32" of grey ones.
    written
        Called once the volume is in its place on the disk, and nothing of the recipe is needed any more.
    """

    size: Triple
    periodic: Axes
    make_tile: Callable[[Triple, int], np.ndarray]
    phases: tuple[Phase, ...]
    voxel_size: tuple[float, float, float] | None
    name: str
    provenance: Callable[[int], Provenance]
    identity: Mapping[str, Any]
    at_once: int = 1
    written: Callable[[], None] = _nothing
    dtype: str = "uint8"

    @property
    def period(self) -> Period:
        """After how many voxels along z, y, x the volume repeats, or None."""
        return period_of(self.size, self.periodic)

    def box(self, origin: Triple, size: Triple, edge: int = TILE_EDGE) -> Job[tuple[np.ndarray, int]]:
        """A job that makes the labels in any box, inside the volume or not, and says the edge of its tiles."""
        return assemble(self.make_tile, origin, size, edge=edge, period=self.period, at_once=self.at_once)

    def volume(self) -> Job[Volume]:
        """A job that makes all of it in memory."""
        labels, edge = yield from self.box((0, 0, 0), self.size)
        return Volume(labels, self.phases, self.voxel_size, self.name, self.provenance(edge))
