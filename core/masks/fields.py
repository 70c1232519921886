"""Fields from a rule: gradients, bands, solids and blobs, evaluated at the centres of the elements.

Places are given as shares of the volume's edges along (z, y, x), 0 to 1, so that a rule fits any size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from core.errors import InputError
from core.images.values import PhaseImage, Volume
from core.masks.mask import AXES, Mask
from core.provenance import Provenance, array_hash

Place = tuple[float, float, float]
"""Shares of the edges along z, y, x."""

EASINGS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = MappingProxyType(
    {
        "linear": lambda t: t,
        "smooth": lambda t: t * t * (3 - 2 * t),
        "slow start": lambda t: t * t,
        "slow end": lambda t: t * (2 - t),
    }
)
"""How a gradient goes from its start (0) to its end (1)."""


def constant(value: float, size: tuple[int, int, int] = (1, 1, 1)) -> Mask:
    """The same target fraction everywhere."""
    return made(np.full(size, value), "constant", value=value)


def linear_gradient(
    size: tuple[int, int, int], start: Place, end: Place, values: tuple[float, float], easing: str = "linear"
) -> Mask:
    """From ``values[0]`` on the plane through ``start`` to ``values[1]`` on the one through ``end``, constant beyond.

    Distances are measured in shares of the edges.

    Raises
    ------
    InputError
        Where start and end are the same place, or the easing is unknown.
    """
    line = [b - a for a, b in zip(start, end, strict=True)]
    length = sum(part * part for part in line)
    if not length > 0:
        raise InputError("A gradient needs two different ends.", "Drag from where it starts to where it ends.")
    along = sum((axis - a) * part for axis, a, part in zip(centres(size), start, line, strict=True)) / length
    field = np.broadcast_to(along, size)
    return made(eased(field, values, easing), "linear gradient", start=start, end=end, values=values, easing=easing)


def radial_gradient(
    size: tuple[int, int, int],
    center: Place,
    radii: tuple[float, float, float],
    values: tuple[float, float],
    easing: str = "linear",
) -> Mask:
    """From ``values[0]`` at ``center`` to ``values[1]`` on the ellipsoid with ``radii`` (shares of the edges).

    An infinite radius makes it the same along that axis.

    Raises
    ------
    InputError
        Where a radius is not positive, or the easing is unknown.
    """
    if not all(radius > 0 for radius in radii):
        raise InputError(f"A radial gradient needs positive radii, not {radii!r}.", "Drag from its centre outwards.")
    square = sum(((axis - c) / r) ** 2 for axis, c, r in zip(centres(size), center, radii, strict=True))
    field = np.broadcast_to(np.sqrt(square), size)
    return made(
        eased(field, values, easing), "radial gradient", center=center, radii=radii, values=values, easing=easing
    )


def bands(size: tuple[int, int, int], axis: int, shares: Sequence[float], values: Sequence[float]) -> Mask:
    """Layers stacked along ``axis`` (0, 1, 2 for z, y, x), each with its share of the edge and its target fraction.

    An element that two layers share gets their mean by overlap, so the mean of the whole is exact.

    Raises
    ------
    InputError
        Where there are no layers, a share is not positive, or values and shares differ in number.
    """
    if not shares or len(shares) != len(values) or not all(share > 0 for share in shares):
        raise InputError("A layered mask needs a positive share and a fraction for each layer.", "Complete the list.")
    ends = np.concatenate([[0.0], np.cumsum(shares)]) / sum(shares)
    n = size[axis]
    edges = np.arange(n + 1) / n
    line = np.zeros(n)
    for low, high, value in zip(ends[:-1], ends[1:], values, strict=True):
        covered = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) * n
        line += value * covered
    field = np.broadcast_to(line.reshape([n if place == axis else 1 for place in range(3)]), size)
    return made(np.clip(field, 0, 1), "layers", axis=AXES[axis], shares=list(shares), values=list(values))


def extruded(plane: np.ndarray, axis: int, name: str = "Extruded", edges: Place | None = None) -> Mask:
    """A 2-D field made the same all along ``axis`` (0, 1, 2 for z, y, x).

    Parameters
    ----------
    plane
        Target fractions over the other two axes, in the order z, y, x.
    edges
        Metres per element along (z, y, x), or None.
    """
    if plane.ndim != 2:
        raise InputError(f"What is extruded has two axes; this array has shape {plane.shape}.")
    return Mask(
        np.expand_dims(plane, axis).astype(np.float32), edges, name,
        Provenance("extrude a mask", settings={"axis": AXES[axis]}, input_hashes=(array_hash(plane),)),
    )  # fmt: skip


def plane_gradient(
    shape: tuple[int, int],
    start: tuple[float, float],
    end: tuple[float, float],
    values: tuple[float, float],
    easing: str = "linear",
    *,
    radial: bool = False,
) -> np.ndarray:
    """A gradient on a plane, as drawn from ``start`` to ``end`` ((y, x) in pixels): float32, shape (Y, X).

    Along the line, constant beyond its ends and across it; or, ``radial``, from the centre ``start`` to the circle
    through ``end``.

    Raises
    ------
    InputError
        Where start and end are the same place, or the easing is unknown.
    """
    dy, dx = end[0] - start[0], end[1] - start[1]
    square = dy * dy + dx * dx
    if not square > 0:
        raise InputError("A gradient needs two different ends.", "Drag from where it starts to where it ends.")
    y, x = np.arange(shape[0])[:, None] + 0.5 - start[0], np.arange(shape[1])[None, :] + 0.5 - start[1]
    along = np.sqrt((y * y + x * x) / square) if radial else (y * dy + x * dx) / square
    return eased(along, values, easing).astype(np.float32)


def blobs(size: tuple[int, int, int], length: float, values: tuple[float, float], seed: int) -> Mask:
    """A smooth random field between ``values``: white noise, blurred to the correlation length ``length`` (elements).

    The field is periodic; half of the volume is below the middle of the two values.

    Raises
    ------
    InputError
        For a length that is not positive.
    """
    from scipy import ndimage, special

    if not length > 0:
        raise InputError("Blobs need a positive length.", "Give it in voxels.")
    white = np.random.default_rng(seed).standard_normal(size)
    # blurring with sigma makes the covariance fall to 1/e at a distance of 2 sigma
    field = ndimage.gaussian_filter(white, length / 2, mode="wrap")
    field = (field - field.mean()) / (field.std() or 1.0)
    share = special.ndtr(field)
    return made(values[0] + share * (values[1] - values[0]), "blobs", length=length, values=values, seed=seed)


def from_phases(source: PhaseImage | Volume, fractions: Sequence[float], axis: int = 0) -> Mask:
    """A target fraction for each phase of a picture or volume.

    Parameters
    ----------
    fractions
        One for each phase, in label order.
    axis
        The axis along which a picture is the same all the way (0, 1, 2 for z, y, x).

    Raises
    ------
    InputError
        Where there is not one fraction for each phase.
    """
    if len(fractions) != len(source.phases):
        raise InputError(f"{source.name} has {len(source.phases)} phases, but {len(fractions)} fractions are given.")
    field = np.asarray(fractions, dtype=np.float32)[source.labels]
    size: Place | None
    if isinstance(source, PhaseImage):
        field = np.expand_dims(field, axis)
        size = None if source.pixel_size is None else (source.pixel_size,) * 3
    else:
        size = source.voxel_size
    return Mask(
        field, size, source.name,
        Provenance("mask from phases", settings={"fractions": [float(value) for value in fractions]},
                   inputs=(source.provenance,), input_hashes=(array_hash(source.labels),)),
    )  # fmt: skip


def centres(size: tuple[int, int, int]) -> list[np.ndarray]:
    """Centres of the elements along z, y, x as shares of the edge, shaped to broadcast."""
    return [
        ((np.arange(n) + 0.5) / n).reshape([-1 if place == axis else 1 for place in range(3)])
        for axis, n in enumerate(size)
    ]


def eased(along: np.ndarray, values: tuple[float, float], easing: str) -> np.ndarray:
    """``along`` (0 at the start, 1 at the end, clipped) as values between the two ``values``.

    Raises
    ------
    InputError
        For an easing that is not in `EASINGS`.
    """
    if easing not in EASINGS:
        raise InputError(f"There is no easing {easing!r}.", f"Choose one of: {', '.join(EASINGS)}.")
    field: np.ndarray = values[0] + EASINGS[easing](np.clip(along, 0.0, 1.0)) * (values[1] - values[0])
    return field


def made(field: np.ndarray, by: str, **settings: object) -> Mask:
    """A mask from a rule; ``settings`` go into its provenance."""
    return Mask(field.astype(np.float32), None, by.capitalize(), Provenance(f"{by} mask", settings=settings))
