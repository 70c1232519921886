"""A volume in blocks on the disk, as the window shows it: the finest level that it can take at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.images.pixel_size import format_length
from core.images.values import Volume
from core.images.zarr_volume import ZarrVolume, open_zarr

SHOWN = 400**3
"""A level of more voxels is not drawn: the next coarser one is."""


@dataclass(frozen=True, eq=False)
class StoredView:
    """A stored volume and the level of it that is in memory."""

    stored: ZarrVolume
    level: int
    volume: Volume

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.stored.path

    @property
    def caption(self) -> str:
        """What the picture shows, where it is not all of the volume."""
        parts = []
        if self.level:
            full, shown = (_sides(shape) for shape in (self.stored.shapes[0], self.volume.shape))
            parts.append(f"Coarse level: {shown} of {full} voxels, each stands for {2**self.level}³")
        if self.stored.complete is False:
            parts.append("not finished: blocks that are still to be made are empty")
        return "; ".join(parts)

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


def read_stored(path: Path) -> StoredView:
    """Open a volume in blocks and read as fine a level as can be drawn.

    Raises
    ------
    InputError
        Where it is none, or damaged.
    """
    stored = open_zarr(path)
    level = stored.finest_within(SHOWN)
    return StoredView(stored, level, stored.volume(level))


def _sides(shape: tuple[int, int, int]) -> str:
    z, y, x = shape
    return f"{x} × {y} × {z}"
