"""What OME-NGFF's metadata say of the levels of a volume: their voxels' edges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.images.pixel_size import unit_metres

Triple = tuple[int, int, int]
_LARGEST = 2.0**20


def voxel_edges(dataset: Mapping[str, Any]) -> list[float]:
    """Edges of a level's voxels along its axes, in whatever unit; empty where nothing is said."""
    for transform in dataset.get("coordinateTransformations", ()):
        if transform["type"] == "scale":
            return [float(edge) for edge in transform["scale"]]
    return []


def step(finest: list[float], edges: list[float], full: Triple, shape: Triple) -> Triple:
    """Voxels of the full level in one of another, from their edges where these fit the shapes, else from the shapes."""
    by_shape = [many / few for many, few in zip(full, shape, strict=True)]
    if len(finest) == len(edges) == 3 and all(math.isfinite(edge) and edge > 0 for edge in (*finest, *edges)):
        ratios = [min(edge / first, _LARGEST) for edge, first in zip(edges, finest, strict=True)]
        if any(abs(few - many / ratio) > 1 for many, few, ratio in zip(full, shape, ratios, strict=True)):
            ratios = by_shape
    else:
        ratios = by_shape
    z, y, x = (max(1, round(ratio)) for ratio in ratios)
    return z, y, x


def voxel_size(multiscale: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Voxel size in metres from OME's metadata, or None where it has no length."""
    axes = multiscale["axes"]
    if [axis["name"] for axis in axes] != ["z", "y", "x"]:
        raise ValueError("its axes are not z, y, x")
    for transform in multiscale["datasets"][0]["coordinateTransformations"]:
        if transform["type"] == "scale" and all("unit" in axis for axis in axes):
            units = [unit_metres(str(axis["unit"])) for axis in axes]
            edges = [float(edge) * (unit or 0.0) for edge, unit in zip(transform["scale"], units, strict=True)]
            if all(math.isfinite(edge) and edge > 0 for edge in edges):
                return edges[0], edges[1], edges[2]
    return None
