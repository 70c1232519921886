"""A composite of nearly parallel fibres, seen along them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.images.values import Phase, Volume
from core.provenance import Provenance
from core.settings import setting, to_json, validate
from core.synthesis.addition import add_fibres, paint_balls


@dataclass(frozen=True)
class FibreSettings:
    """Nearly parallel fibres along z."""

    fraction: float = setting(0.35, "Fraction", "Share of the fibres.", minimum=0.01, maximum=0.48)
    radius: float = setting(14.0, "Radius", "Radius of each fibre.", unit="px", minimum=2.0, maximum=200.0)
    gap: float = setting(1.0, "Gap", "Least distance between two fibres.", unit="px", minimum=0.0, maximum=50.0)
    misalignment: float = setting(
        1.0, "Misalignment", "Standard deviation of the tilt along y and along x.", unit="°", minimum=0.0, maximum=5.0
    )
    voxel_size: float = setting(250e-9, "Voxel size", "Edge of a voxel.", unit="m", minimum=1e-12, maximum=1e-2)


def fibre_composite(size: tuple[int, int, int], seed: int, settings: FibreSettings | None = None) -> Volume:
    """Fibres along z in a matrix by random sequential addition, periodic along y and x.

    Every section across z shows each fibre as a disc of the same radius (a tilt of 5° would flatten it by 0.4 %, which
    is left out), so that each section has the wanted fraction but for what the grid rounds off.

    Raises
    ------
    InputError
        For settings out of range, or a fraction that finds no room.
    """
    chosen = validate(settings or FibreSettings())
    generator = np.random.default_rng(seed)
    box = size[1:]
    count = max(1, round(chosen.fraction * box[0] * box[1] / (np.pi * chosen.radius**2)))
    # a whole number of fibres misses the fraction by a little; their radius makes up for it
    radius = float(np.sqrt(chosen.fraction * box[0] * box[1] / (np.pi * count)))
    radii = np.full(count, radius)
    # beyond two and a half deviations a fibre would lie across its neighbours and find no place
    tilts = np.radians(chosen.misalignment) * np.clip(generator.standard_normal((count, 2)), -2.5, 2.5)
    slopes = np.tan(tilts)
    starts = add_fibres(box, radii, slopes, float(size[0]), chosen.gap, generator)
    labels = np.stack([paint_balls(box, starts + (z + 0.5) * slopes, radii) for z in range(size[0])])
    return Volume(
        labels=labels,
        phases=(Phase("Matrix", "#8A9099"), Phase("Fibres", "#009E73")),
        voxel_size=(chosen.voxel_size,) * 3,
        name="Fibre composite",
        provenance=Provenance("fibre composite", settings=to_json(chosen), seed=seed),
    )
