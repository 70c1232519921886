"""Data sets of phase images made from known geometry, for training and for testing what reconstructs them.

Every image follows from the kind, its settings, the seed of the set and its own number, so that any one of them can be
made alone. What is told of each is the truth that it was made from, not measured of its pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from core.errors import InputError
from core.images.values import Phase, PhaseImage
from core.provenance import Provenance
from core.settings import setting, to_json, validate
from core.synthesis.addition import add_balls, paint_balls
from core.synthesis.fields import gaussian_field, highest
from core.synthesis.grains import fill_to, laguerre_cells
from core.synthesis.spinodal import spinodal_field


@dataclass(frozen=True)
class DatasetSettings:
    """What the images of a set have in common."""

    size: int = setting(64, "Size", "Rows and columns of an image.", unit="px", minimum=16, maximum=4096)
    fraction: float = setting(0.35, "Fraction", "Share of the second phase.", minimum=0.02, maximum=0.9)
    length: float = setting(
        16.0,
        "Length",
        "Of what the kind is made of: a grain's, fibre's or sphere's mean diameter, or the distance between domains.",
        unit="px",
        minimum=4.0,
        maximum=400.0,
    )
    spread: float = setting(
        0.25, "Spread", "Standard deviation of the sizes over their mean.", minimum=0.0, maximum=0.5
    )


@dataclass(frozen=True, eq=False)
class Made:
    """An image's labels, and the sizes (diameters in pixels) of what it is made of; none where it is a field."""

    labels: np.ndarray
    diameters: np.ndarray


@dataclass(frozen=True)
class Kind:
    """A kind of structure.

    Attributes
    ----------
    key, title, description
        Name in code and on the command line, on screen, and one sentence.
    phases
        Names of its two phases.
    settings
        Those that suit it.
    make
        ``make(settings, generator)`` gives one image.
    """

    key: str
    title: str
    description: str
    phases: tuple[str, str]
    settings: DatasetSettings
    make: Callable[[DatasetSettings, np.random.Generator], Made]


@dataclass(frozen=True, eq=False)
class DatasetImage:
    """One image of a set, and the truth about it.

    Attributes
    ----------
    number
        Its place in the set, from 0.
    truth
        "fraction" (of its pixels), "length" (as asked for), "objects", "mean_diameter" and "deviation" (of the
        diameters, px); NaN and 0 where it is not made of objects.
    """

    number: int
    image: PhaseImage
    truth: Mapping[str, float]


def dataset(
    kind: str, count: int, seed: int, settings: DatasetSettings | None = None, first: int = 0
) -> Iterator[DatasetImage]:
    """Images ``first`` to ``first + count − 1`` of a set, one after the other.

    Raises
    ------
    InputError
        For a kind that is not there, settings out of range, or that find no room.
    """
    if kind not in KINDS:
        raise InputError(f"There is no kind {kind!r}.", f"Choose of: {', '.join(KINDS)}.")
    chosen = validate(settings or KINDS[kind].settings)
    for number in range(first, first + count):
        yield dataset_image(KINDS[kind], number, seed, chosen)


def dataset_image(kind: Kind, number: int, seed: int, settings: DatasetSettings) -> DatasetImage:
    """Image ``number`` of the set with this seed."""
    made = kind.make(settings, np.random.default_rng((seed, number)))
    objects = len(made.diameters)
    truth = {
        "fraction": float(made.labels.mean()),
        "length": settings.length,
        "objects": float(objects),
        "mean_diameter": float(made.diameters.mean()) if objects else math.nan,
        "deviation": float(made.diameters.std()) if objects else math.nan,
    }
    matrix, other = kind.phases
    image = PhaseImage(
        made.labels,
        (Phase(matrix, "#8A9099"), Phase(other, "#0072B2")),
        None,
        f"{kind.key} {number}",
        Provenance(f"synthetic {kind.key}", settings={**to_json(settings), "number": number}, seed=seed),
    )
    return DatasetImage(number, image, MappingProxyType(truth))


def _radii(area: float, chosen: DatasetSettings, generator: np.random.Generator, dimensions: int) -> np.ndarray:
    """Radii, largest first, of discs or balls that fill ``area`` (pixels or voxels) exactly."""
    unit = math.pi if dimensions == 2 else 4 / 3 * math.pi
    radii: list[float] = []
    filled = 0.0
    while filled < area or not radii:
        # below 0.3 of the mean it would be a speck that no picture shows
        radius = 0.5 * chosen.length * max(0.3, 1 + chosen.spread * generator.standard_normal())
        radii.append(radius)
        filled += unit * radius**dimensions
    return np.asarray(np.sort(np.asarray(radii))[::-1] * (area / filled) ** (1 / dimensions))


def _polycrystal(chosen: DatasetSettings, generator: np.random.Generator) -> Made:
    """Laguerre cells of discs of a spread of sizes; grains at random are the second phase while they fit."""
    box = (chosen.size, chosen.size)
    radii = _radii(float(chosen.size**2), chosen, generator, 2)
    # what no other grain may touch while the centres are set: few slivers, and room for all
    centres = add_balls(box, 0.6 * radii, 0.0, generator)
    cells = laguerre_cells(box, centres, np.square(radii))
    areas = np.bincount(cells.reshape(-1), minlength=len(radii))
    second = fill_to(areas, chosen.fraction * cells.size, generator)
    return Made(second[cells], 2 * np.sqrt(areas[areas > 0] / math.pi))


def _fibres(chosen: DatasetSettings, generator: np.random.Generator) -> Made:
    """Discs that do not overlap, periodic: fibres seen along them."""
    box = (chosen.size, chosen.size)
    radii = _radii(chosen.fraction * chosen.size**2, chosen, generator, 2)
    return Made(paint_balls(box, add_balls(box, radii, 1.0, generator), radii), 2 * radii)


def _spheres(chosen: DatasetSettings, generator: np.random.Generator) -> Made:
    """A section through balls that do not overlap: what it cuts are discs of every size."""
    depth = max(16, math.ceil(3 * chosen.length))
    box = (depth, chosen.size, chosen.size)
    radii = _radii(chosen.fraction * math.prod(box), chosen, generator, 3)
    centres = add_balls(box, radii, 0.0, generator)
    middle = depth // 2 + 0.5
    apart = np.abs(centres[:, 0] - middle)
    cut = np.square(radii) - np.square(np.minimum(apart, depth - apart))
    seen = cut > 0
    return Made(paint_balls(box[1:], centres[seen, 1:], np.sqrt(cut[seen])), 2 * radii[seen])


def _carbonate(chosen: DatasetSettings, generator: np.random.Generator) -> Made:
    """Pores of many sizes in clusters: where two fields, one twice as coarse, are high together."""
    box = (chosen.size, chosen.size)
    fine = _field(box, chosen.length, 0.6, generator)
    coarse = _field(box, min(2.5 * chosen.length, chosen.size / 1.2), 0.6, generator)
    return Made(highest(fine + 0.6 * coarse, chosen.fraction), np.empty(0))


def _ceramic(chosen: DatasetSettings, generator: np.random.Generator) -> Made:
    """Thin connected walls: where a field is near its mean."""
    field = _field((chosen.size, chosen.size), 2 * chosen.length, 0.25, generator)
    return Made(highest(-np.abs(field), chosen.fraction), np.empty(0))


def _pmma(chosen: DatasetSettings, generator: np.random.Generator) -> Made:
    """Specks of nearly one size, many together and few between: a fine field that a much coarser one lifts."""
    box = (chosen.size, chosen.size)
    fine = _field(box, chosen.length, 0.3, generator)
    coarse = _field(box, min(4 * chosen.length, chosen.size / 1.2), 0.4, generator)
    return Made(highest(fine + 0.9 * coarse, chosen.fraction), np.empty(0))


def _copolymer(chosen: DatasetSettings, generator: np.random.Generator) -> Made:
    """Domains that parted of themselves."""
    field = spinodal_field((chosen.size, chosen.size), chosen.length, chosen.fraction, generator)
    return Made(highest(field, chosen.fraction), np.empty(0))


def _field(size: tuple[int, ...], wavelength: float, spread: float, generator: np.random.Generator) -> np.ndarray:
    return gaussian_field(size, wavelength, spread, int(generator.integers(2**63)))


_PLAIN = DatasetSettings()
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            Kind("polycrystal", "Polycrystal", "Grains of two kinds with a spread of sizes: a Laguerre tessellation.",
                 ("Alpha", "Beta"), replace(_PLAIN, length=12.0), _polycrystal),
            Kind("fibres", "Fibre composite", "Fibres seen along them: random sequential addition.",
                 ("Matrix", "Fibres"), replace(_PLAIN, length=12.0, spread=0.0), _fibres),
            Kind("spheres", "Sphere packing", "A section through spheres that do not overlap.",
                 ("Matrix", "Spheres"), replace(_PLAIN, fraction=0.25, length=12.0), _spheres),
            Kind("carbonate", "Carbonate-like", "Pores of many sizes, in clusters: thresholded random fields.",
                 ("Solid", "Pore"), replace(_PLAIN, fraction=0.2, length=14.0), _carbonate),
            Kind("ceramic", "Ceramic-like", "Thin connected walls: a random field near its mean.",
                 ("Grains", "Walls"), replace(_PLAIN, fraction=0.3), _ceramic),
            Kind("copolymer", "Copolymer-like", "Domains that parted of themselves: Cahn–Hilliard.",
                 ("A", "B"), replace(_PLAIN, fraction=0.45, length=14.0), _copolymer),
            # the last: ready models and data sets made before know the others by their places
            Kind("pmma", "PMMA-like", "Specks of filler in agglomerates, as silica in PMMA: thresholded random fields.",
                 ("PMMA", "Filler"), replace(_PLAIN, fraction=0.12, length=8.0), _pmma),
        )
    }
)  # fmt: skip
"""Every kind by its key."""
