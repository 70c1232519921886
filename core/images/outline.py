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
    phases
        None of a grey volume.
    dtype
        Of the values: "uint8" of labels, "uint8", "uint16" or "float32" of grey ones.
    """

    shape: tuple[int, int, int]
    phases: tuple[Phase, ...]
    voxel_size: tuple[float, float, float] | None
    name: str
    provenance: Provenance
    dtype: str = "uint8"

    @property
    def grey(self) -> bool:
        """Whether it holds grey values instead of labels."""
        return not self.phases

    def card(self) -> dict[str, Any]:
        """As `core.images.description.card` of the volume; of a grey one "grey", its type, in place of the phases."""
        phases = [{"name": phase.name, "color": phase.color} for phase in self.phases]
        return {
            "shape": list(self.shape),
            **({"grey": self.dtype} if self.grey else {"phases": phases}),
            "provenance": self.provenance.to_json(),
            "voxel_size_m": None if self.voxel_size is None else list(self.voxel_size),
            "name": self.name,
        }
