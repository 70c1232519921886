"""Packings of spheres and of parallel fibres by random sequential addition (Widom 1966), periodic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from core.errors import InputError
from core.images.values import Phase, Volume
from core.provenance import Provenance
from core.settings import setting, to_json, validate

_TRIES = 400_000


@dataclass(frozen=True)
class SphereSettings:
    """Spheres of a spread of radii that do not overlap."""

    fraction: float = setting(0.30, "Fraction", "Share of the spheres.", minimum=0.01, maximum=0.36)
    radius: float = setting(11.0, "Radius", "Mean radius.", unit="px", minimum=2.0, maximum=200.0)
    spread: float = setting(0.25, "Spread", "Standard deviation of the radius over its mean.", minimum=0.0, maximum=0.6)
    voxel_size: float = setting(80e-9, "Voxel size", "Edge of a voxel.", unit="m", minimum=1e-12, maximum=1e-2)


@dataclass(frozen=True)
class FibreSettings:
    """Parallel fibres along z."""

    fraction: float = setting(0.35, "Fraction", "Share of the fibres.", minimum=0.01, maximum=0.48)
    radius: float = setting(14.0, "Radius", "Radius of each fibre.", unit="px", minimum=2.0, maximum=200.0)
    gap: float = setting(1.0, "Gap", "Least distance between two fibres.", unit="px", minimum=0.0, maximum=50.0)
    voxel_size: float = setting(250e-9, "Voxel size", "Edge of a voxel.", unit="m", minimum=1e-12, maximum=1e-2)


def sequential_addition(
    box: tuple[int, ...], radii: np.ndarray, gap: float, generator: np.random.Generator
) -> np.ndarray:
    """Centres for ``radii`` (largest first) in a periodic box so that no two come nearer than ``gap``.

    Returns
    -------
    ndarray
        Shape (len(radii), len(box)), float64.

    Raises
    ------
    InputError
        Where no place is found: the fraction is above what random addition reaches.
    """
    sides = np.asarray(box, dtype=np.float64)
    centres = np.empty((len(radii), len(box)))
    tries = 0
    for number, radius in enumerate(radii):
        while True:
            tries += 1
            if tries > _TRIES:
                raise InputError(
                    f"Only {number} of {len(radii)} found a place in a box of {' × '.join(map(str, box))}.",
                    "Ask for a lower fraction or a larger box.",
                )
            place = generator.random(len(box)) * sides
            apart = np.abs(centres[:number] - place)
            apart = np.minimum(apart, sides - apart)
            if (np.square(apart).sum(axis=1) >= np.square(radii[:number] + radius + gap)).all():
                centres[number] = place
                break
    return centres


def fill_balls(box: tuple[int, ...], centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """uint8 array of shape ``box``: 1 where the voxel's middle lies in a ball, periodic. Non-overlapping balls only."""
    axes = np.meshgrid(*(np.arange(side) + 0.5 for side in box), indexing="ij")
    points = np.stack([axis.reshape(-1) for axis in axes], axis=1)
    tree = cKDTree(np.mod(centres, box), boxsize=box)
    inside = np.zeros(len(points), dtype=bool)
    # the ball that holds a point is among those whose centre lies within the largest radius
    largest = float(radii.max())
    step = 1 << 18
    for start in range(0, len(points), step):
        part = points[start : start + step]
        near = min(8, len(radii))
        distance, index = tree.query(part, k=near, distance_upper_bound=largest + 1e-9)
        distance, index = distance.reshape(len(part), -1), index.reshape(len(part), -1)
        reach = np.append(radii, -1.0)[index]
        inside[start : start + step] = (distance <= reach).any(axis=1)
    return inside.reshape(box).astype(np.uint8)


def sphere_packing(size: tuple[int, int, int], seed: int, settings: SphereSettings | None = None) -> Volume:
    """Spheres in a matrix; the fraction is met within one sphere's volume.

    Raises
    ------
    InputError
        For settings out of range, or a fraction that finds no room.
    """
    chosen = validate(settings or SphereSettings())
    generator = np.random.default_rng(seed)
    wanted = chosen.fraction * float(np.prod(size))
    radii: list[float] = []
    while sum(4 / 3 * np.pi * r**3 for r in radii) < wanted:
        radii.append(max(2.0, chosen.radius * (1 + chosen.spread * generator.standard_normal())))
    ordered = np.sort(np.asarray(radii))[::-1]
    centres = sequential_addition(size, ordered, 0.0, generator)
    return Volume(
        labels=fill_balls(size, centres, ordered),
        phases=(Phase("Matrix", "#8A9099"), Phase("Spheres", "#0072B2")),
        voxel_size=(chosen.voxel_size,) * 3,
        name="Sphere packing",
        provenance=Provenance("sphere packing", settings=to_json(chosen), seed=seed),
    )


def fibre_composite(size: tuple[int, int, int], seed: int, settings: FibreSettings | None = None) -> Volume:
    """Parallel fibres along z in a matrix: every section across z is the same.

    Raises
    ------
    InputError
        For settings out of range, or a fraction that finds no room.
    """
    chosen = validate(settings or FibreSettings())
    generator = np.random.default_rng(seed)
    box = size[1:]
    count = max(1, round(chosen.fraction * box[0] * box[1] / (np.pi * chosen.radius**2)))
    # the last few parts in a thousand are met by the radius, so that the fraction is the wanted one
    radius = float(np.sqrt(chosen.fraction * box[0] * box[1] / (np.pi * count)))
    radii = np.full(count, radius)
    centres = sequential_addition(box, radii, chosen.gap, generator)
    section = fill_balls(box, centres, radii)
    return Volume(
        labels=np.ascontiguousarray(np.broadcast_to(section, size)),
        phases=(Phase("Matrix", "#8A9099"), Phase("Fibres", "#009E73")),
        voxel_size=(chosen.voxel_size,) * 3,
        name="Fibre composite",
        provenance=Provenance("fibre composite", settings=to_json(chosen), seed=seed),
    )
