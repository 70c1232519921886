"""Alloy-like polycrystals: a Laguerre (power) tessellation, some of whose grains are a second phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from core.images.values import Phase, Volume
from core.provenance import Provenance
from core.settings import setting, to_json, validate


@dataclass(frozen=True)
class GrainSettings:
    """A polycrystal of two kinds of grains."""

    fraction: float = setting(0.32, "Fraction", "Share of the second phase's grains.", minimum=0.02, maximum=0.98)
    grain: float = setting(24.0, "Grain size", "Mean diameter of a grain.", unit="px", minimum=4.0, maximum=400.0)
    spread: float = setting(0.3, "Spread", "Spread of the grain sizes.", minimum=0.0, maximum=0.8)
    voxel_size: float = setting(0.5e-6, "Voxel size", "Edge of a voxel.", unit="m", minimum=1e-12, maximum=1e-2)


def laguerre_cells(size: tuple[int, ...], centres: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Index of the cell of each voxel: the centre with the least |x − c|² − w, in a periodic box.

    Parameters
    ----------
    centres
        Shape (n, ndim), pixels.
    weights
        Shape (n,), squared pixels (≥ 0).

    Returns
    -------
    ndarray
        Shape ``size``, int32. With weights all equal, the Voronoi tessellation.
    """
    top = float(weights.max())
    # lifting: |x − c|² + (top − w) is a squared distance in one more dimension, so a tree finds the least of it
    lifted = np.column_stack([np.mod(centres, size), np.sqrt(top - weights)])
    sides = np.asarray(size, dtype=np.float64)
    tree = cKDTree(lifted, boxsize=[*size, 0.0])
    cells = np.empty(int(np.prod(size)), dtype=np.int32)
    step = 1 << 18
    shape = np.asarray(size)
    for start in range(0, len(cells), step):
        flat = np.arange(start, min(start + step, len(cells)))
        points = np.stack(np.unravel_index(flat, tuple(shape)), axis=1) + 0.5
        points = np.mod(points, sides)
        cells[flat] = tree.query(np.column_stack([points, np.zeros(len(points))]))[1]
    return cells.reshape(size)


def polycrystal(size: tuple[int, int, int], seed: int, settings: GrainSettings | None = None) -> Volume:
    """A polycrystal; the second phase's grains are chosen at random until the fraction is met within one grain.

    Raises
    ------
    InputError
        For settings out of range.
    """
    chosen = validate(settings or GrainSettings())
    generator = np.random.default_rng(seed)
    count = max(2, round(float(np.prod(size)) / (np.pi / 6 * chosen.grain**3)))
    centres = generator.random((count, 3)) * np.asarray(size)
    radii = 0.5 * chosen.grain * np.clip(1 + chosen.spread * generator.standard_normal(count), 0.2, 2.0)
    cells = laguerre_cells(size, centres, np.square(radii))
    volumes = np.bincount(cells.reshape(-1), minlength=count)
    order = generator.permutation(count)
    below = np.cumsum(volumes[order]) <= chosen.fraction * cells.size
    second = np.zeros(count, dtype=np.uint8)
    second[order[below]] = 1
    return Volume(
        labels=second[cells],
        phases=(Phase("Alpha", "#8A9099"), Phase("Beta", "#CC79A7")),
        voxel_size=(chosen.voxel_size,) * 3,
        name="Two-phase alloy",
        provenance=Provenance("polycrystal", settings=to_json(chosen), seed=seed),
    )
