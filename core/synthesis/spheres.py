"""A packing of spheres of many sizes that do not overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.images.values import Phase, Volume
from core.provenance import Provenance
from core.settings import setting, to_json, validate
from core.synthesis.addition import add_balls, paint_balls


@dataclass(frozen=True)
class SphereSettings:
    """Spheres of a spread of radii that do not overlap."""

    fraction: float = setting(0.30, "Fraction", "Share of the spheres.", minimum=0.01, maximum=0.36)
    radius: float = setting(11.0, "Radius", "Mean radius.", unit="px", minimum=2.0, maximum=200.0)
    spread: float = setting(0.25, "Spread", "Standard deviation of the radius over its mean.", minimum=0.0, maximum=0.6)
    voxel_size: float = setting(80e-9, "Voxel size", "Edge of a voxel.", unit="m", minimum=1e-12, maximum=1e-2)


def sphere_radii(volume: float, seed: int, settings: SphereSettings) -> np.ndarray:
    """Radii, largest first, of spheres that fill ``fraction`` of ``volume`` (voxels) exactly; shape (n,), float64."""
    generator = np.random.default_rng((seed, 1))
    wanted = settings.fraction * volume
    radii: list[float] = []
    filled = 0.0
    while filled < wanted:
        # below 0.3 of the mean a sphere would be a speck that no picture shows
        radius = settings.radius * max(0.3, 1 + settings.spread * generator.standard_normal())
        radii.append(radius)
        filled += 4 / 3 * np.pi * radius**3
    ordered = np.sort(np.asarray(radii))[::-1]
    # the last sphere went past the mark; all of them shrink a little, so that the fraction is the wanted one
    return np.asarray(ordered * np.cbrt(wanted / filled))


def sphere_packing(size: tuple[int, int, int], seed: int, settings: SphereSettings | None = None) -> Volume:
    """Spheres in a matrix by random sequential addition, periodic.

    The spheres' own volumes make up ``fraction`` exactly; the share of voxels differs by what a grid rounds off.

    Raises
    ------
    InputError
        For settings out of range, or a fraction that finds no room.
    """
    chosen = validate(settings or SphereSettings())
    radii = sphere_radii(float(np.prod(size)), seed, chosen)
    centres = add_balls(size, radii, 0.0, np.random.default_rng(seed))
    return Volume(
        labels=paint_balls(size, centres, radii),
        phases=(Phase("Matrix", "#8A9099"), Phase("Spheres", "#0072B2")),
        voxel_size=(chosen.voxel_size,) * 3,
        name="Sphere packing",
        provenance=Provenance("sphere packing", settings=to_json(chosen), seed=seed),
    )
