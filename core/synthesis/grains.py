"""Alloy-like polycrystals: a Laguerre (power) tessellation, some of whose grains are a second phase.

The grains grow from centres that keep their distance (the Laguerre tessellation of a packing of spheres: Fan, Wu, Zhao
and Lu 2004), so that there are few slivers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from core.images.values import Phase, Volume
from core.provenance import Provenance
from core.settings import setting, to_json, validate
from core.synthesis.addition import add_balls

_BLOCK = 8
"""Edge of the blocks whose voxels are asked for together, pixels."""
_CORE = 0.6
"""Share of a grain's radius that no other grain's share may touch while the centres are set."""


@dataclass(frozen=True)
class GrainSettings:
    """A polycrystal of two kinds of grains."""

    fraction: float = setting(0.32, "Fraction", "Share of the second phase's grains.", minimum=0.02, maximum=0.98)
    grain: float = setting(24.0, "Grain size", "Mean diameter of a grain.", unit="px", minimum=4.0, maximum=400.0)
    spread: float = setting(0.3, "Spread", "Spread of the grain sizes.", minimum=0.0, maximum=0.5)
    voxel_size: float = setting(0.5e-6, "Voxel size", "Edge of a voxel.", unit="m", minimum=1e-12, maximum=1e-2)


def laguerre_cells(
    size: tuple[int, ...], centres: np.ndarray, weights: np.ndarray, first: int = 0, end: int | None = None
) -> np.ndarray:
    """Index of the cell of each voxel: the centre with the least |x − c|² − w, in a periodic box.

    Parameters
    ----------
    size
        Sides of the box, pixels; x is the middle of a voxel, half a pixel from its faces.
    centres
        Shape (n, ndim), pixels.
    weights
        Shape (n,), squared pixels. With weights all equal, the Voronoi tessellation.
    first, end
        Range along the first axis that is computed; all of it by default.

    Returns
    -------
    ndarray
        Shape ``(end - first, *size[1:])``, int32.
    """
    # lifting: |x − c|² + (top − w) is a squared distance in one more dimension, so a tree finds the least of it
    lift = np.sqrt(float(weights.max()) - weights)
    sides = np.asarray(size, dtype=np.float64)
    lifted = np.column_stack([np.mod(centres, sides), lift])
    tree = cKDTree(lifted, boxsize=np.asarray([*size, 0.0], dtype=np.float64))
    ends = (size[0] if end is None else end, *size[1:])
    cells = np.empty((ends[0] - first, *size[1:]), dtype=np.int32)
    shift = np.asarray([first, *[0] * (len(size) - 1)])
    lows = np.meshgrid(*(np.arange(low, high, _BLOCK) for low, high in zip(shift, ends, strict=True)), indexing="ij")
    corners = np.stack(lows, axis=-1).reshape(-1, len(size))
    shapes = np.minimum(corners + _BLOCK, ends) - corners
    # whoever is nearest to a voxel at most h from the middle is no further from that than its nearest and 2 h
    half = np.sqrt(np.square(shapes - 1).sum(axis=1)) / 2
    places = np.column_stack([corners + shapes / 2, np.zeros(len(corners))])
    reach = tree.query(places)[0] + 2 * half + 1e-9
    found = tree.query_ball_point(places, reach, return_sorted=True)
    for corner, shape, near in zip(corners, shapes, found, strict=True):
        power: np.ndarray = np.square(lift[near])
        for axis, (low, side) in enumerate(zip(corner, shape, strict=True)):
            apart = np.arange(low, low + side) + 0.5 - lifted[near, axis, None]
            apart -= sides[axis] * np.round(apart / sides[axis])  # to the nearest of its images
            power = power[..., None] + np.square(apart).reshape(len(near), *[1] * axis, side)
        inside = tuple(slice(low, low + side) for low, side in zip(corner - shift, shape, strict=True))
        cells[inside] = np.asarray(near)[power.argmin(axis=0)]
    return cells


def grain_centres(size: tuple[int, int, int], seed: int, settings: GrainSettings) -> tuple[np.ndarray, np.ndarray]:
    """Centres (n, 3) and weights (n,) of the grains; n is the box over the volume of a ball ``grain`` wide.

    Raises
    ------
    InputError
        Where the box is too small for the grains.
    """
    generator = np.random.default_rng(seed)
    count = max(2, round(float(np.prod(size)) / (np.pi / 6 * settings.grain**3)))
    spread = np.clip(1 + settings.spread * generator.standard_normal(count), 0.3, 2.0)
    radii = np.sort(0.5 * settings.grain * spread)[::-1]
    return add_balls(size, _CORE * radii, 0.0, generator), np.square(radii)


def grain_section(
    size: tuple[int, int, int], seed: int, plane: int, settings: GrainSettings | None = None
) -> np.ndarray:
    """Which grain each pixel of the section across z at ``plane`` shows: shape (Y, X), int32.

    The grains are those of ``polycrystal(size, seed, settings)``.
    """
    centres, weights = grain_centres(size, seed, validate(settings or GrainSettings()))
    section: np.ndarray = laguerre_cells(size, centres, weights, plane, plane + 1)[0]
    return section


def polycrystal(size: tuple[int, int, int], seed: int, settings: GrainSettings | None = None) -> Volume:
    """A periodic polycrystal; grains at random become the second phase while they fit into its fraction.

    The fraction is reached to within the smallest grain that no longer fitted.

    Raises
    ------
    InputError
        For settings out of range, or a box too small for the grains.
    """
    chosen = validate(settings or GrainSettings())
    cells = laguerre_cells(size, *grain_centres(size, seed, chosen))
    second = fill_to(np.bincount(cells.reshape(-1)), chosen.fraction * cells.size, np.random.default_rng((seed, 1)))
    return Volume(
        labels=second[cells],
        phases=(Phase("Alpha", "#8A9099"), Phase("Beta", "#CC79A7")),
        voxel_size=(chosen.voxel_size,) * 3,
        name="Two-phase alloy",
        provenance=Provenance("polycrystal", settings=to_json(chosen), seed=seed),
    )


def fill_to(volumes: np.ndarray, wanted: float, generator: np.random.Generator) -> np.ndarray:
    """uint8 per grain: 1 for grains taken in random order, each if it still fits into ``wanted`` voxels."""
    second = np.zeros(len(volumes), dtype=np.uint8)
    filled = 0
    for grain in generator.permutation(len(volumes)):
        if filled + volumes[grain] <= wanted:
            filled += int(volumes[grain])
            second[grain] = 1
    return second
