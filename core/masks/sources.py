"""What a layer of a mask can be made by: rules as settings, painted planes, and fields from elsewhere.

Each is a frozen value that can be asked for its field on any grid. Places are shares of the volume's edges along
z, y, x, 0 to 1; radii of round solids are shares of the shortest edge, so that they are round in any volume.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.errors import InputError
from core.masks import fields
from core.masks.mask import AXES, Mask, resample_axis
from core.painting.sheet import Painted
from core.settings import setting

Size = tuple[int, int, int]
Grid = tuple[int, int, int]
"""Elements along z, y, x on which a field is asked for."""
_CELLS = 64  # a side of the cube that blobs are made in


def _fraction(default: float, label: str, help: str) -> float:
    value: float = setting(default, label, help, minimum=0.0, maximum=1.0)
    return value


def _place(default: float, label: str, help: str, *, advanced: bool = True) -> float:
    value: float = setting(
        default, label, help + ", as a share of the volume's edge", minimum=0.0, maximum=1.0, advanced=advanced
    )
    return value


@dataclass(frozen=True)
class Uniform:
    """The same everywhere."""

    title: ClassVar[str] = "Uniform"
    fraction: float = _fraction(0.3, "Fraction", "Target fraction everywhere")

    def field(self, grid: Grid, size: Size) -> np.ndarray:
        """One element: it is the same along every axis."""
        return np.full((1, 1, 1), self.fraction)


@dataclass(frozen=True)
class Linear:
    """From one end of a line to the other, constant beyond and across."""

    title: ClassVar[str] = "Linear gradient"
    first: float = _fraction(0.1, "At the start", "Target fraction where the gradient starts")
    last: float = _fraction(0.5, "At the end", "Target fraction where it ends")
    easing: str = setting("linear", "Easing", "How it goes from start to end", choices=tuple(fields.EASINGS))
    start_z: float = _place(0.0, "Start z", "Where it starts along z")
    start_y: float = _place(0.5, "Start y", "Where it starts along y")
    start_x: float = _place(0.5, "Start x", "Where it starts along x")
    end_z: float = _place(1.0, "End z", "Where it ends along z")
    end_y: float = _place(0.5, "End y", "Where it ends along y")
    end_x: float = _place(0.5, "End x", "Where it ends along x")

    def field(self, grid: Grid, size: Size) -> np.ndarray:
        """Length 1 along axes on which start and end lie level."""
        start, end = (self.start_z, self.start_y, self.start_x), (self.end_z, self.end_y, self.end_x)
        own = _where(grid, tuple(a != b for a, b in zip(start, end, strict=True)))
        if start == end:  # while a handle is dragged over the other
            return np.full((1, 1, 1), self.first)
        return fields.linear_gradient(own, start, end, (self.first, self.last), self.easing).fraction


@dataclass(frozen=True)
class Radial:
    """From a centre outwards to an ellipsoid, constant beyond."""

    title: ClassVar[str] = "Radial gradient"
    first: float = _fraction(0.5, "At the centre", "Target fraction at the centre")
    last: float = _fraction(0.1, "Outside", "Target fraction at the radius and beyond")
    easing: str = setting("smooth", "Easing", "How it goes from the centre outwards", choices=tuple(fields.EASINGS))
    centre_z: float = _place(0.5, "Centre z", "Where the centre is along z")
    centre_y: float = _place(0.5, "Centre y", "Where the centre is along y")
    centre_x: float = _place(0.5, "Centre x", "Where the centre is along x")
    radius_z: float = setting(
        0.5, "Radius z", "Radius along z, as a share of the edge; 0: the same all along it", minimum=0.0, maximum=2.0
    )
    radius_y: float = setting(0.5, "Radius y", "Radius along y, likewise", minimum=0.0, maximum=2.0)
    radius_x: float = setting(0.5, "Radius x", "Radius along x, likewise", minimum=0.0, maximum=2.0)

    def field(self, grid: Grid, size: Size) -> np.ndarray:
        """Length 1 along axes with the radius 0."""
        given = (self.radius_z, self.radius_y, self.radius_x)
        own = _where(grid, tuple(radius > 0 for radius in given))
        z, y, x = (radius if radius > 0 else float("inf") for radius in given)
        middle = (self.centre_z, self.centre_y, self.centre_x)
        return fields.radial_gradient(own, middle, (z, y, x), (self.first, self.last), self.easing).fraction


@dataclass(frozen=True)
class Bands:
    """Two fractions in turn, in flat bands across an axis."""

    title: ClassVar[str] = "Bands"
    axis: str = setting("z", "Across", "Axis that the bands are stacked along", choices=AXES)
    pairs: int = setting(3, "Pairs", "How often the two bands repeat", minimum=1, maximum=100)
    first: float = _fraction(0.15, "First band", "Target fraction of the first band of each pair")
    last: float = _fraction(0.45, "Second band", "Target fraction of the second")
    share: float = setting(0.5, "Share of the first", "Thickness of the first band in the pair", minimum=0.01,
                           maximum=0.99)  # fmt: skip

    def field(self, grid: Grid, size: Size) -> np.ndarray:
        """Length 1 along the other axes."""
        across = AXES.index(self.axis)
        own = _where(grid, tuple(place == across for place in range(3)))
        shares = [self.share, 1 - self.share] * self.pairs
        return fields.bands(own, across, shares, [self.first, self.last] * self.pairs).fraction


@dataclass(frozen=True)
class Stack:
    """Flat layers of any thickness."""

    title: ClassVar[str] = "Layered stack"
    axis: str = setting("z", "Across", "Axis that the layers are stacked along", choices=AXES)
    layers: str = setting(
        "1: 0.1, 2: 0.4, 1: 0.2", "Layers",
        "Thickness and target fraction of each, from the start of the axis: 1: 0.1, 2: 0.4 is two layers, "
        "the second twice as thick",
    )  # fmt: skip

    def field(self, grid: Grid, size: Size) -> np.ndarray:
        """Length 1 along the other axes; `InputError` for a list that cannot be read."""
        across = AXES.index(self.axis)
        shares, values = [], []
        for item in self.layers.split(","):
            share, _, value = item.partition(":")
            try:
                shares.append(float(share))
                values.append(float(value))
            except ValueError:
                raise InputError(f"{item.strip()!r} is no layer.", "Write them as 1: 0.1, 2: 0.4.") from None
        if not (all(0 <= value <= 1 for value in values) and all(0 < share < float("inf") for share in shares)):
            raise InputError("A layer has a positive thickness and a fraction from 0 to 1.", "Correct the list.")
        own = _where(grid, tuple(place == across for place in range(3)))
        return fields.bands(own, across, shares, values).fraction


@dataclass(frozen=True)
class Solid:
    """A body with one target fraction; around it, what lies below shows through."""

    title: ClassVar[str] = "Solid"
    shape: str = setting("sphere", "Shape", "Which body", choices=("sphere", "cylinder", "box", "half-space"))
    fraction: float = _fraction(0.6, "Fraction inside", "Target fraction inside the body")
    axis: str = setting("z", "Axis", "Along which the cylinder runs, or the half-space ends", choices=AXES)
    radius: float = setting(0.3, "Radius", "Of sphere and cylinder, as a share of the shortest edge", minimum=0.01,
                            maximum=2.0)  # fmt: skip
    softness: float = setting(0.0, "Soft edge", "Width over which it fades out, as a share of the shortest edge",
                              minimum=0.0, maximum=0.5)  # fmt: skip
    centre_z: float = _place(0.5, "Centre z", "Where the centre is along z; the half-space ends there")
    centre_y: float = _place(0.5, "Centre y", "Where the centre is along y")
    centre_x: float = _place(0.5, "Centre x", "Where the centre is along x")
    width_z: float = _place(0.5, "Width z", "Of the box along z")
    width_y: float = _place(0.5, "Width y", "Of the box along y")
    width_x: float = _place(0.5, "Width x", "Of the box along x")

    def field(self, grid: Grid, size: Size) -> np.ndarray:
        """One element; the body is in `cover`."""
        return np.full((1, 1, 1), self.fraction)

    def cover(self, grid: Grid, size: Size) -> np.ndarray:
        """1 inside, 0 outside; length 1 along axes that the body is the same along."""
        across = AXES.index(self.axis)
        centre = (self.centre_z, self.centre_y, self.centre_x)
        along = [True] * 3
        if self.shape == "cylinder":
            along[across] = False
        elif self.shape == "half-space":
            along = [place == across for place in range(3)]
        own = _where(grid, tuple(along))
        short = min(size)
        # distances from the centre in units of the shortest edge
        z, y, x = ((axis - c) * (side / short) for axis, c, side in zip(fields.centres(own), centre, size, strict=True))
        if self.shape == "half-space":
            outside = (z, y, x)[across]
        elif self.shape == "box":
            widths = (self.width_z, self.width_y, self.width_x)
            past = [
                np.abs(away) - width * side / short / 2
                for away, width, side in zip((z, y, x), widths, size, strict=True)
            ]
            outside = np.maximum(np.maximum(past[0], past[1]), past[2])
        else:
            parts = [away**2 for place, away in enumerate((z, y, x)) if along[place]]
            outside = np.sqrt(sum(parts[1:], parts[0])) - self.radius
        if self.softness <= 0:
            return np.broadcast_to((outside <= 0).astype(np.float64), own)
        return np.broadcast_to(np.clip(0.5 - outside / self.softness, 0, 1), own)


@dataclass(frozen=True)
class Blobs:
    """A smooth random field; the same seed gives the same blobs at any resolution."""

    title: ClassVar[str] = "Blobs"
    first: float = _fraction(0.1, "Lowest", "Target fraction in the hollows")
    last: float = _fraction(0.5, "Highest", "Target fraction in the blobs")
    length: float = setting(
        0.15, "Correlation length", "Size of the blobs, as a share of the longest edge", minimum=0.04, maximum=1.0
    )
    seed: int = setting(0, "Seed", "Another number gives other blobs", minimum=0, maximum=2**31 - 1)

    def field(self, grid: Grid, size: Size) -> np.ndarray:
        """Shape of ``grid``: made in a periodic cube and read where the volume lies in it."""
        made = fields.blobs((_CELLS,) * 3, self.length * _CELLS, (self.first, self.last), self.seed)
        field = made.fraction.astype(np.float64)
        for axis, (count, side) in enumerate(zip(grid, size, strict=True)):
            places = (np.arange(count) + 0.5) / count * (side / max(size)) * _CELLS - 0.5
            left = np.floor(places).astype(int)
            share = (places - left).reshape([-1 if place == axis else 1 for place in range(3)])
            one, other = (np.take(field, (left + step) % _CELLS, axis) for step in (0, 1))
            field = one * (1 - share) + other * share
        return field


@dataclass(frozen=True)
class Imported:
    """A field from a file, or from phases that were open."""

    title: ClassVar[str] = "Imported"
    mask: Mask

    def field(self, grid: Grid, size: Size) -> np.ndarray:
        """Resampled, but for axes of length 1."""
        field = self.mask.fraction.astype(np.float64)
        for axis, wanted in enumerate(grid):
            if field.shape[axis] > 1:
                field = resample_axis(field, axis, wanted)
        return field


@dataclass(frozen=True)
class Plane:
    """One painted plane and its place along the axis, as a share of the edge."""

    position: float
    painted: Painted


@dataclass(frozen=True)
class PaintedPlanes:
    """One plane, the same all along the axis, or several with what is between them interpolated.

    Attributes
    ----------
    axis
        0, 1, 2 for z, y, x: across the planes.
    planes
        At least one, by rising position; each of float32 over the other two axes.
    ground
        What the eraser gives back.
    """

    title: ClassVar[str] = "Painted"
    axis: int
    planes: tuple[Plane, ...]
    ground: float = 0.0

    def field(self, grid: Grid, size: Size) -> np.ndarray:
        """Length 1 along the axis where there is one plane; constant beyond the outermost planes."""
        rows, columns = (side for place, side in enumerate(grid) if place != self.axis)
        fitted = []
        for plane in self.planes:
            values = plane.painted.sheet.values.astype(np.float64)
            fitted.append(resample_axis(resample_axis(values, 0, rows), 1, columns))
        if len(fitted) == 1:
            return np.expand_dims(fitted[0], self.axis)
        count = grid[self.axis]
        positions = np.array([plane.position for plane in self.planes])
        at = np.clip((np.arange(count) + 0.5) / count, positions[0], positions[-1])
        right = np.clip(np.searchsorted(positions, at), 1, len(positions) - 1)
        gap = positions[right] - positions[right - 1]
        share = np.where(gap > 0, (at - positions[right - 1]) / np.where(gap > 0, gap, 1), 0)[:, None, None]
        stack = np.stack(fitted)
        return np.moveaxis(stack[right - 1] * (1 - share) + stack[right] * share, 0, self.axis)


Source = Uniform | Linear | Radial | Bands | Stack | Solid | Blobs | Imported | PaintedPlanes
RULES: tuple[type[Uniform | Linear | Radial | Bands | Stack | Solid | Blobs], ...] = (
    Uniform, Linear, Radial, Bands, Stack, Solid, Blobs,
)  # fmt: skip
"""Those that are settings and nothing else."""


def _where(grid: Grid, varies: tuple[bool, ...]) -> Grid:
    z, y, x = (side if there else 1 for side, there in zip(grid, varies, strict=True))
    return z, y, x
