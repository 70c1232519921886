"""A bimodal titanium alloy: globules of primary alpha, and between them colonies of alpha lamellae in beta.

So looks Ti-6Al-4V that was held below the beta transus and cooled (Lütjering, Materials Science and Engineering A 243
(1998) 32): what was beta then became lamellae of secondary alpha that share one direction in a colony, with beta left
between them; they end at the globules, along which a thin rim of beta stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.images.values import Phase, Volume
from core.provenance import Provenance
from core.settings import setting, to_json, validate
from core.synthesis.addition import add_balls
from core.synthesis.fields import gaussian_field
from core.synthesis.grains import laguerre_cells

PRIMARY, SECONDARY, BETA = 0, 1, 2
_APART = 0.92
"""Share of a globule's radius that no other's share may touch: some grow into each other."""
_UNEVEN = 0.16
"""How far a globule's surface leaves its ball, over the mean radius."""
_FAR = 0.35
"""Distance from which on it does not matter how far a globule is, over the mean diameter."""
_WAVY, _THICKNESS = 0.07, 0.06
"""How far lamellae bend, and how much their share of the spacing varies, over the spacing."""


@dataclass(frozen=True)
class TitaniumSettings:
    """Globules and colonies of lamellae."""

    primary: float = setting(0.34, "Primary alpha", "Share of the globules.", minimum=0.05, maximum=0.5)
    beta: float = setting(0.24, "Beta", "Share of beta, rims and all.", minimum=0.02, maximum=0.6)
    globule: float = setting(31.0, "Globule", "Mean diameter of a globule.", unit="px", minimum=8.0, maximum=400.0)
    spread: float = setting(0.16, "Spread", "Spread of the globules' sizes.", minimum=0.0, maximum=0.4)
    spacing: float = setting(6.5, "Spacing", "From lamella to lamella.", unit="px", minimum=3.0, maximum=100.0)
    colony: float = setting(46.0, "Colony", "Mean diameter of a colony.", unit="px", minimum=8.0, maximum=400.0)
    rim: float = setting(1.5, "Rim", "Thickness of beta along a globule.", unit="px", minimum=0.0, maximum=4.0)
    voxel_size: float = setting(0.3e-6, "Voxel size", "Edge of a voxel.", unit="m", minimum=1e-12, maximum=1e-2)


def titanium(size: tuple[int, int, int], seed: int, settings: TitaniumSettings | None = None) -> Volume:
    """A periodic volume in which primary alpha and beta have their shares exactly (to one voxel).

    Beta's share is met as long as the rims alone hold no more of it.

    Raises
    ------
    InputError
        For settings out of range, or a box too small for the globules or colonies.
    """
    chosen = validate(settings or TitaniumSettings())
    outside = _outside_globules(size, seed, chosen)
    voxels = outside.size
    flat = outside.reshape(-1)
    inner = round(chosen.primary * voxels)
    globules = np.zeros(voxels, dtype=bool)
    globules[np.argpartition(flat, inner - 1)[:inner]] = True
    globules = globules.reshape(size)
    rim = _around(globules, chosen.rim)
    depth = _depth_in_lamellae(size, seed, chosen)
    depth[rim], depth[globules] = -1.0, np.inf
    labels = np.full(voxels, SECONDARY, dtype=np.uint8)
    beta = max(int(rim.sum()), round(chosen.beta * voxels))
    labels[np.argpartition(depth.reshape(-1), beta - 1)[:beta]] = BETA
    labels = labels.reshape(size)
    labels[globules] = PRIMARY
    return Volume(
        labels=labels,
        phases=(Phase("Primary alpha", "#8A9099"), Phase("Secondary alpha", "#0072B2"), Phase("Beta", "#E69F00")),
        voxel_size=(chosen.voxel_size,) * 3,
        name="Bimodal titanium",
        provenance=Provenance("bimodal titanium", settings=to_json(chosen), seed=seed),
    )


def _outside_globules(size: tuple[int, int, int], seed: int, chosen: TitaniumSettings) -> np.ndarray:
    """How far, in pixels and about, each voxel is outside the nearest globule; negative within. Shape ``size``."""
    generator = np.random.default_rng((seed, 0))
    ball = np.pi / 6 * chosen.globule**3
    count = max(1, round(chosen.primary * float(np.prod(size)) / ball))
    radii = 0.5 * chosen.globule * np.clip(1 + chosen.spread * generator.standard_normal(count), 0.5, 1.6)
    radii = np.sort(radii)[::-1]
    centres = add_balls(size, _APART * radii, 0.0, generator)
    away = _distance(size, centres, radii, _FAR * chosen.globule)
    uneven = gaussian_field(size, 0.9 * chosen.globule, 0.45, int(generator.integers(2**63)))
    return np.asarray(away + _UNEVEN * 0.5 * chosen.globule * uneven, dtype=np.float32)


def _depth_in_lamellae(size: tuple[int, int, int], seed: int, chosen: TitaniumSettings) -> np.ndarray:
    """0 at the middle of a layer of beta, about ½ at that of a lamella of alpha; shape ``size``, float32."""
    generator = np.random.default_rng((seed, 1))
    count = max(2, round(float(np.prod(size)) / (np.pi / 6 * chosen.colony**3)))
    radii = 0.5 * chosen.colony * np.clip(1 + 0.35 * generator.standard_normal(count), 0.4, 1.8)
    radii = np.sort(radii)[::-1]
    centres = add_balls(size, np.minimum(0.5 * radii, 0.4 * min(size)), 0.0, generator)
    # where colonies meet, two pixels more or less are not seen
    half = (-(-size[0] // 2), -(-size[1] // 2), -(-size[2] // 2))
    cells = laguerre_cells(half, centres / 2, np.square(radii / 2))
    cells = cells.repeat(2, 0).repeat(2, 1).repeat(2, 2)[: size[0], : size[1], : size[2]]
    normals = generator.standard_normal((count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) * chosen.spacing
    along = generator.random(count).astype(np.float32)[cells]
    for axis, side in enumerate(size):
        along += _from_centre(side, axis, centres[:, axis], cells) * normals[:, axis].astype(np.float32)[cells]
    bends = gaussian_field(size, 3 * chosen.spacing, 0.5, int(generator.integers(2**63)))
    along += _WAVY * bends
    depth = np.abs(along - np.rint(along))
    thickness = gaussian_field(size, 2 * chosen.spacing, 0.5, int(generator.integers(2**63)))
    return np.asarray(depth + _THICKNESS * thickness, dtype=np.float32)


def _distance(size: tuple[int, int, int], centres: np.ndarray, radii: np.ndarray, most: float) -> np.ndarray:
    """From each voxel to the nearest ball's surface, negative within, at most ``most``; periodic, float32."""
    found = np.full(size, most, dtype=np.float32)
    for centre, radius in zip(centres, radii, strict=True):
        reach = radius + most
        # no voxel twice, however small the box
        widths = [min(side, int(2 * reach) + 2) for side in size]
        spans = [int(np.floor(c - reach)) + np.arange(width) for c, width in zip(centre, widths, strict=True)]
        apart = [span + 0.5 - c for span, c in zip(spans, centre, strict=True)]
        z, y, x = np.ix_(*(np.square(a - side * np.rint(a / side)) for a, side in zip(apart, size, strict=True)))
        away = np.sqrt(z + y + x).astype(np.float32) - np.float32(radius)
        place = np.ix_(*(span % side for span, side in zip(spans, size, strict=True)))
        found[place] = np.minimum(found[place], away)
    return found


def _around(inside: np.ndarray, reach: float) -> np.ndarray:
    """Voxels outside whose nearest one inside is at most ``reach`` away, middle to middle; periodic."""
    grown = inside.copy()
    steps = np.arange(-int(reach), int(reach) + 1)
    for z, y, x in np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3).tolist():
        if 0 < z * z + y * y + x * x <= reach * reach:
            grown |= np.roll(inside, (z, y, x), axis=(0, 1, 2))
    return np.asarray(grown & ~inside)


def _from_centre(side: int, axis: int, places: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Along one axis, from the centre of each voxel's cell to the voxel, by the shorter way round; float32."""
    voxels = (np.arange(side, dtype=np.float32) + 0.5).reshape([-1 if a == axis else 1 for a in range(3)])
    apart = voxels - places.astype(np.float32)[cells]
    shorter: np.ndarray = apart - side * np.rint(apart / side)
    return shorter
