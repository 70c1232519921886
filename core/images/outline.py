"""A volume without its labels: what is known before the first voxel is made, or before the last one is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.images.values import Phase
from core.provenance import Provenance


@dataclass(frozen=True, eq=False)
class Outline:
    """See `core.images.values.Volume`, whose attributes these are.

    Attributes
    ----------
    shape
        Voxels along z, y, x.
    """

    shape: tuple[int, int, int]
    phases: tuple[Phase, ...]
    voxel_size: tuple[float, float, float] | None
    name: str
    provenance: Provenance

    def card(self) -> dict[str, Any]:
        """As `core.images.description.card` of the volume."""
        return {
            "shape": list(self.shape),
            "phases": [{"name": phase.name, "color": phase.color} for phase in self.phases],
            "provenance": self.provenance.to_json(),
            "voxel_size_m": None if self.voxel_size is None else list(self.voxel_size),
            "name": self.name,
        }
