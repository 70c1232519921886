"""A volume that can be made in no time: its labels tell the place and the tile that they were computed in."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.generation.recipe import Recipe
from core.images.values import default_phases
from core.provenance import Provenance

Triple = tuple[int, int, int]


def place_and_tile(start: Triple, edge: int) -> np.ndarray:
    """Labels 0 to 2 without any pattern that a wrong crop could repeat."""
    z, y, x = (np.arange(first, first + edge, dtype=np.uint64) for first in start)
    tile = np.uint64(edge + start[0] // edge * 7 + start[1] // edge * 11 + start[2] // edge * 13)
    mixed = z[:, None, None] * 73856093 ^ y[:, None] * 19349663 ^ x * 83492791 ^ tile * 2654435761
    mixed = (mixed ^ (mixed >> np.uint64(13))) * np.uint64(1274126177)
    return ((mixed >> np.uint64(9)) % np.uint64(3)).astype(np.uint8)


def fake_recipe(size: Triple = (70, 130, 65), seed: int = 0, **changes: Any) -> Recipe:
    fields: dict[str, Any] = {
        "size": size,
        "periodic": (False, False, False),
        "make_tile": place_and_tile,
        "phases": default_phases(3),
        "voxel_size": (2e-9, 3e-9, 4e-9),
        "name": "fake",
        "provenance": lambda edge: Provenance("fake", settings={"tile_edge": edge}, seed=seed),
        "identity": {"seed": seed, "size": list(size)},
    }
    return Recipe(**{**fields, **changes})
