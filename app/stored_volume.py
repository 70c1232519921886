"""A volume in blocks on the disk, as the window shows it: a coarse level at once, finer where one looks.

One that is still being made is shown as far as it is: its journal says which blocks are there, the rest is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.widgets.volume_outline import region_edges
from core.images.pixel_size import format_length
from core.images.pyramid import CELL
from core.images.tiff_volume import TiffVolume, is_block_tiff, open_block_tiff
from core.images.values import Phase
from core.images.zarr_volume import Triple, ZarrVolume, is_zarr, open_zarr

SHOWN = 400**3
"""A level of more voxels is not read as a whole: the next coarser one is."""


@dataclass(frozen=True, eq=False)
class StoredLevels:
    """A stored volume's levels, with a label beyond its phases where a block is still to be made.

    Attributes
    ----------
    finished
        Which cells of `CELL` voxels are there, bool, or None where all are (or nobody knows).
    """

    stored: ZarrVolume | TiffVolume
    finished: np.ndarray | None

    @property
    def shapes(self) -> tuple[Triple, ...]:
        """Voxels (z, y, x) of each level."""
        return self.stored.shapes

    @property
    def steps(self) -> tuple[Triple, ...]:
        """Voxels of the full level that one of each stands for."""
        return self.stored.steps

    def read(self, level: int, origin: Triple, size: Triple) -> np.ndarray:
        """Labels in a box of a level; errors as of `core.images.zarr_volume.ZarrVolume.read`."""
        return self.without_the_rest(self.stored.read(level, origin, size), level, origin)

    def without_the_rest(self, labels: np.ndarray, level: int, origin: Triple) -> np.ndarray:
        """Labels of a box of a level, with the label beyond the phases where nothing is made yet."""
        if self.finished is None:
            return labels
        cells = [
            np.arange(first, first + count) * step // CELL
            for first, count, step in zip(origin, labels.shape, self.steps[level], strict=True)
        ]
        there = self.finished[np.ix_(*cells)]
        return np.where(there, labels, len(self.stored.outline.phases)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class StoredView:
    """A stored volume and the level of it that is in memory.

    Attributes
    ----------
    labels
        Of ``level``, shape (Z, Y, X), uint8; the number of phases stands for what is not made yet.
    """

    levels: StoredLevels
    level: int
    labels: np.ndarray
    phases: tuple[Phase, ...]

    @property
    def stored(self) -> ZarrVolume | TiffVolume:
        """What lies on the disk."""
        return self.levels.stored

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.stored.path

    @property
    def rest(self) -> np.ndarray | None:
        """The edges of what is still to be made, shape (n, 2, 3): z, y, x in voxels; None where nothing is."""
        finished = self.levels.finished
        if finished is None or finished.all():
            return None
        edges: np.ndarray = np.minimum(region_edges(~finished) * CELL, np.array(self.stored.shapes[0], float))
        return edges

    @property
    def middle(self) -> Triple:
        """Where to look first: the middle, or, of what is still being made, a place that is there."""
        z, y, x = (side // 2 for side in self.stored.shapes[0])
        finished = self.levels.finished
        if finished is None or not finished.any() or finished[z // CELL, y // CELL, x // CELL]:
            return z, y, x
        there = np.argwhere(finished)
        at = there[np.abs(there - there.mean(axis=0)).sum(axis=1).argmin()] * CELL + CELL // 2
        z, y, x = (int(min(place, side - 1)) for place, side in zip(at, self.stored.shapes[0], strict=True))
        return z, y, x

    @property
    def caption(self) -> str:
        """What is missing in the picture, in few words."""
        if self.stored.complete is not False:
            return ""
        done = self.levels.finished
        return "Not finished" if done is None else f"Not finished: {100 * done.mean():.0f} % are there"

    @property
    def sentence(self) -> str:
        """What is shown, where it is not all of the volume."""
        parts = []
        if self.level:
            full, shown = (_sides(shape) for shape in (self.stored.shapes[0], self.stored.shapes[self.level]))
            parts.append(f"{full} voxels, in memory as {shown}, read finer where you look")
        if self.stored.complete is False:
            parts.append("blocks that are still to be made are outlined")
        text = "; ".join(parts)
        return f"{self.caption}; {text}." if self.caption else f"{text}." if text else ""

    @property
    def facts(self) -> str:
        """Size, voxel size and fractions, one a line."""
        outline = self.stored.outline
        lines = [f"{_sides(outline.shape)} voxels"]
        if outline.voxel_size is not None:
            edges = [side * size for side, size in zip(outline.shape, outline.voxel_size, strict=True)]
            lines.append(" × ".join(map(format_length, reversed(edges))))
        if self.stored.fractions is not None and self.stored.complete is not False:
            shares = zip(outline.phases, self.stored.fractions, strict=True)
            lines.append(", ".join(f"{phase.name} {100 * share:.2f} %" for phase, share in shares))
        return "\n".join(lines)


def is_stored(path: Path) -> bool:
    """Whether ``path`` is a volume in blocks."""
    return is_zarr(path) or is_block_tiff(path)


def read_stored(path: Path) -> StoredView:
    """Open a volume in blocks and read as fine a level as is read at once.

    Raises
    ------
    InputError
        Where it is none, or damaged.
    """
    stored = open_block_tiff(path) if is_block_tiff(path) else open_zarr(path)
    finished = None if stored.complete is not False else _finished(stored)
    levels = StoredLevels(stored, finished)
    level = stored.finest_within(SHOWN)
    volume = stored.volume(level)
    return StoredView(levels, level, levels.without_the_rest(volume.labels, level, (0, 0, 0)), volume.phases)


def _finished(stored: ZarrVolume | TiffVolume) -> np.ndarray | None:
    """Which cells are there, as the journal beside the volume says; None where there is none that fits."""
    from core.errors import InputError
    from core.generation.block_writing import journal_of
    from core.generation.journal import Journal

    try:
        journal = Journal.read(journal_of(stored.path))
    except InputError:
        return None
    return journal.finished if journal.size == stored.shapes[0] else None


def _sides(shape: Triple) -> str:
    z, y, x = shape
    return f"{x} × {y} × {z}"
