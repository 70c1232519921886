"""How a mask is made, as one frozen value: layers over each other, each with a source and what is done to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from core.errors import InputError
from core.masks.mask import Mask
from core.masks.sources import Imported, PaintedPlanes, Size, Solid, Source
from core.painting.sheet import Painted, Sheet
from core.provenance import Provenance

OPERATIONS = ("replace", "add", "multiply", "min", "max")
MAX_SMOOTHING = 0.5
FINEST = 192
"""Most elements a side of the field that an engine gets; it is resampled to the volume on use."""


@dataclass(frozen=True)
class Layer:
    """One layer of a mask.

    Attributes
    ----------
    name
        What to call it on screen.
    source
        What makes its field.
    operation
        How it meets what lies below: "replace", "add", "multiply", "min" or "max".
    opacity
        Share of the outcome in the mixture with what lies below, 0 to 1.
    shown
        Whether it counts at all.
    inverted
        One minus the field.
    smoothing
        Standard deviation of a blur, as a share of the volume's edges, 0 to 0.5.
    levels
        What the field's lowest and highest value become, or None to leave them.
    """

    name: str
    source: Source
    operation: str = "replace"
    opacity: float = 1.0
    shown: bool = True
    inverted: bool = False
    smoothing: float = 0.0
    levels: tuple[float, float] | None = None

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        InputError
            For an unknown operation, or a number out of range.
        """
        if self.operation not in OPERATIONS:
            raise InputError(f"Layers cannot be put together by {self.operation!r}.", f"Known: {', '.join(OPERATIONS)}")
        if not (0 <= self.opacity <= 1 and 0 <= self.smoothing <= MAX_SMOOTHING):
            raise InputError(f"The layer {self.name} has an opacity or smoothing out of range.")
        if self.levels is not None and not all(0 <= level <= 1 for level in self.levels):
            raise InputError(f"The levels {self.levels} of {self.name} are no fractions.", "Give numbers from 0 to 1.")

    def field(self, grid: Size, size: Size) -> tuple[np.ndarray, np.ndarray | None]:
        """Its values, and where it covers (0 to 1; None: everywhere); length 1 along axes that they do not vary on."""
        field = self.source.field(grid, size).astype(np.float64)
        cover = self.source.cover(grid, size) if isinstance(self.source, Solid) else None
        if self.smoothing > 0:
            field = _blurred(field, self.smoothing)
            cover = None if cover is None else _blurred(cover, self.smoothing)
        if self.inverted:
            field = 1 - field
        if self.levels is not None:
            least, most = float(field.min()), float(field.max())
            low, high = self.levels
            field = low + (field - least) / ((most - least) or 1.0) * (high - low)
        return field, cover


@dataclass(frozen=True)
class MaskDesign:
    """A mask as the user makes it.

    Attributes
    ----------
    used
        Whether the reconstruction shall use it; otherwise the volume is the same everywhere.
    layers
        From the lowest to the topmost. Below the lowest there is 0.
    region_of
        Label of the phase that is to be exactly where the mask is ½ or more, the others making the fine structure
        around it; None: the mask says target fractions of the phase of interest.
    """

    used: bool = False
    layers: tuple[Layer, ...] = ()
    region_of: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no layer counts."""
        return not any(layer.shown for layer in self.layers)

    def mask(self, size: Size, most: int = FINEST, edges: tuple[float, float, float] | None = None) -> Mask | None:
        """The mask of a volume of ``size`` voxels (z, y, x), or None where no layer counts.

        Parameters
        ----------
        most
            Most elements along an edge. Along axes on which nothing varies the field has one.
        edges
            The volume's edges in metres along (z, y, x), or None where unknown.

        Raises
        ------
        InputError
            For a layer that cannot be.
        """
        if self.is_empty:
            return None
        grid = fitted(size, most)
        below = np.zeros((1, 1, 1))
        for layer in self.layers:
            layer.check()
            if not layer.shown:
                continue
            field, cover = layer.field(grid, size)
            strength = layer.opacity if cover is None else layer.opacity * cover
            # 1 times the outcome plus 0 times what is below: to the bit where a layer covers in full
            below = np.clip((1 - strength) * below + strength * _met(below, field, layer.operation), 0, 1)
        values = np.ascontiguousarray(below, np.float32)
        voxel = None
        if edges is not None:
            z, y, x = (edge / side for edge, side in zip(edges, values.shape, strict=True))
            voxel = (z, y, x)
        shown = [layer for layer in self.layers if layer.shown]
        words = [f"{layer.name}: {layer.operation}, {layer.opacity:g}" for layer in shown]
        name = shown[0].name if len(shown) == 1 else f"Mask of {len(shown)} layers"
        return Mask(values, voxel, name, Provenance("mask from layers", settings={"layers": words}))

    def changed(self, place: int, **changes: object) -> MaskDesign:
        """The same with other values of the layer at ``place``."""
        layers = list(self.layers)
        layers[place] = replace(layers[place], **changes)  # type: ignore[arg-type]
        return replace(self, layers=tuple(layers))

    def snapshot(self) -> MaskDesign:
        """The same on copies of what is painted: painting may go on while it is worked on."""
        return replace(self, layers=tuple(_copied(layer) for layer in self.layers))


def same_designs(one: MaskDesign, other: MaskDesign) -> bool:
    """Whether two designs ask for the same of any volume; of what is painted or imported the values count."""
    layers = [[layer for layer in design.layers if layer.shown and design.used] for design in (one, other)]
    if not any(layers):
        return True
    return len(layers[0]) == len(layers[1]) and one.region_of == other.region_of and all(map(_same_layers, *layers))


def _same_layers(one: Layer, other: Layer) -> bool:
    a, b = one.source, other.source
    if isinstance(a, PaintedPlanes) and isinstance(b, PaintedPlanes):
        places = [(source.axis, source.ground, *(plane.position for plane in source.planes)) for source in (a, b)]
        sheets = [[plane.painted.sheet.values for plane in source.planes] for source in (a, b)]
        same = places[0] == places[1] and all(map(np.array_equal, *sheets))
    elif isinstance(a, Imported) and isinstance(b, Imported):
        same = np.array_equal(a.mask.fraction, b.mask.fraction)
    else:
        same = a == b
    return same and replace(one, name="", source=b) == replace(other, name="")


def fitted(size: Size, most: int) -> Size:
    """``size`` scaled down, its proportions kept, so that no side is beyond ``most``."""
    factor = min(1.0, most / max(size))
    z, y, x = (max(1, round(side * factor)) for side in size)
    return z, y, x


def _copied(layer: Layer) -> Layer:
    source = layer.source
    if not isinstance(source, PaintedPlanes):
        return layer
    planes = tuple(replace(plane, painted=Painted(Sheet(plane.painted.values()))) for plane in source.planes)
    return replace(layer, source=replace(source, planes=planes))


def _met(below: np.ndarray, field: np.ndarray, operation: str) -> np.ndarray:
    met: np.ndarray = field
    if operation == "add":
        met = below + field
    elif operation == "multiply":
        met = below * field
    elif operation == "min":
        met = np.minimum(below, field)
    elif operation == "max":
        met = np.maximum(below, field)
    return met


def _blurred(field: np.ndarray, smoothing: float) -> np.ndarray:
    widths = [smoothing * side if side > 1 else 0.0 for side in field.shape]
    found: np.ndarray = ndimage.gaussian_filter(field, widths, mode="reflect")
    return found
