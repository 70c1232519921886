"""New layers with fractions that fit the exemplar, and the picture of a design that the window shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.images.values import PhaseImage, Volume
from core.masks.design import Layer, MaskDesign
from core.masks.fields import from_phases
from core.masks.mask import Mask
from core.masks.regions import Achieved, Region, achieved, regions
from core.masks.sources import (
    Bands,
    Blobs,
    Imported,
    Linear,
    PaintedPlanes,
    Plane,
    Radial,
    Size,
    Solid,
    Source,
    Stack,
    Uniform,
)
from core.painting.sheet import Painted, Sheet

PREVIEW = 96
"""Most elements a side of what is shown while a mask is made."""
_PAINTED = 1024


@dataclass(frozen=True)
class Fractions:
    """What new layers begin with: the exemplar's fraction, and a low and a high one that it shows somewhere."""

    middle: float = 0.3
    low: float = 0.15
    high: float = 0.45

    @staticmethod
    def of(middle: float, reach: tuple[float, float] | None) -> Fractions:
        """Rounded inwards, so that they lie inside the reach."""
        low, high = reach if reach is not None else (middle / 2, (1 + middle) / 2)
        low, high = np.ceil(100 * low) / 100, np.floor(100 * high) / 100
        return Fractions(round(middle, 2), float(min(low, middle)), float(max(high, middle)))


def makers(fractions: Fractions) -> dict[str, Callable[[], Source]]:
    """What can be made from settings alone, by its name in the menu."""
    low, middle, high = fractions.low, fractions.middle, fractions.high
    return {
        "Uniform": lambda: Uniform(middle),
        "Linear gradient": lambda: Linear(low, high),
        "Radial gradient": lambda: Radial(high, low),
        "Bands": lambda: Bands(first=low, last=high),
        "Layered stack": lambda: Stack(layers=f"1: {low:g}, 2: {high:g}, 1: {middle:g}"),
        "Sphere": lambda: Solid("sphere", high),
        "Cylinder": lambda: Solid("cylinder", high),
        "Box": lambda: Solid("box", high),
        "Half-space": lambda: Solid("half-space", high),
        "Blobs": lambda: Blobs(low, high),
    }


def painted_source(size: Size, axis: int, share: float, ground: float) -> PaintedPlanes:
    """An empty plane across ``axis`` at ``share``, everywhere ``ground``; as fine as the volume, up to a bound."""
    rows, columns = (side for place, side in enumerate(size) if place != axis)
    factor = min(1.0, _PAINTED / max(rows, columns))
    shape = max(1, round(rows * factor)), max(1, round(columns * factor))
    return PaintedPlanes(axis, (Plane(share, Painted(Sheet(np.full(shape, ground, np.float32)))),), ground)


def with_plane(source: PaintedPlanes, share: float) -> PaintedPlanes:
    """One more key plane at ``share``, painted as what is there now."""
    shape = source.planes[0].painted.sheet.values.shape
    places = [plane.position for plane in source.planes]
    values = [plane.painted.sheet.values for plane in source.planes]
    after = int(np.searchsorted(places, share))
    if after == 0 or after == len(places):
        now = values[min(after, len(places) - 1)]
    else:
        part = (share - places[after - 1]) / (places[after] - places[after - 1])
        now = values[after - 1] * np.float32(1 - part) + values[after] * np.float32(part)
    plane = Plane(share, Painted(Sheet(np.array(now, np.float32).reshape(shape))))
    return replace(source, planes=(*source.planes[:after], plane, *source.planes[after:]))


def copied(source: Source) -> Source:
    """A source that shares no sheet with the first, so that painting on one leaves the other."""
    if not isinstance(source, PaintedPlanes):
        return source
    planes = tuple(replace(plane, painted=Painted(Sheet(plane.painted.values()))) for plane in source.planes)
    return replace(source, planes=planes)


def of_phases(thing: PhaseImage | Volume, phase: int, fractions: Fractions, axis: int) -> Imported:
    """The phase of interest asks for the high fraction, all others for the low one."""
    values = [fractions.high if label == phase else fractions.low for label in range(len(thing.phases))]
    return Imported(from_phases(thing, values, axis))


def with_layer(design: MaskDesign, source: Source, name: str, fractions: Fractions) -> MaskDesign:
    """``design`` with one more layer on top, switched on. A first solid gets a uniform layer below it."""
    layers = list(design.layers)
    if not layers and isinstance(source, Solid):
        layers.append(Layer("Uniform", Uniform(fractions.middle)))
    names = {layer.name for layer in layers}
    number, wanted = 1, name
    while wanted in names:
        number += 1
        wanted = f"{name} {number}"
    return replace(design, used=True, layers=(*layers, Layer(wanted, source)))


@dataclass(frozen=True, eq=False)
class Picture:
    """A design as the window shows it: its field on a small grid, and its regions."""

    design: MaskDesign
    mask: Mask | None
    rows: tuple[Region, ...]


def picture(design: MaskDesign, frozen: MaskDesign, size: Size) -> Picture:
    """The picture of ``design``, computed from its copy ``frozen``."""
    mask = frozen.mask(size, PREVIEW)
    return Picture(design, mask, () if mask is None else tuple(regions(mask)))


def outcome(mask: Mask, volume: Volume, label: int) -> list[Achieved]:
    """What a finished volume has in the regions of the mask that it was made with."""
    return achieved(mask, volume.labels == label)
