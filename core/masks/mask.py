"""The spatial-location mask: target fraction of the phase of interest at each place, a frozen float field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from core.errors import InputError
from core.images.values import frozen
from core.provenance import Provenance, array_hash

AXES = ("z", "y", "x")
REGION_FROM = 0.5
"""Where a mask is the region of a phase, the phase is where it has this value or more."""


@dataclass(frozen=True, eq=False)
class Mask:
    """Target volume fraction of the phase of interest at each place of the volume to be made.

    The field covers the whole volume, whatever its size in voxels: it is resampled on use. An axis of length one says
    that the field is the same all along that axis, so an extruded picture takes no more memory than the picture.

    Attributes
    ----------
    fraction
        Shape (Z, Y, X), float32, 0 to 1. Element i of n stands for the part i/n to (i + 1)/n of the volume's edge.
    voxel_size
        Metres per element along (z, y, x), or None where unknown. Of an axis of length one: the volume's edge.
    name
        What to call it on screen.

    Raises
    ------
    InputError
        For values outside 0 to 1 or not finite, another type or number of axes, or a size that is no length.
    """

    fraction: np.ndarray
    voxel_size: tuple[float, float, float] | None
    name: str
    provenance: Provenance

    def __post_init__(self) -> None:
        if self.fraction.ndim != 3 or min(self.fraction.shape) < 1:
            raise InputError(f"A mask has 3 axes; this array has shape {self.fraction.shape}.")
        if self.fraction.dtype != np.float32:
            raise InputError(f"A mask is float32, not {self.fraction.dtype}.")
        # NaN fails both comparisons
        if not (float(self.fraction.min()) >= 0 and float(self.fraction.max()) <= 1):
            raise InputError(
                f"The values of a mask are volume fractions, 0 to 1, not {self.fraction.min():g} to "
                f"{self.fraction.max():g}.",
                "Scale them on import.",
            )
        if self.voxel_size is not None and not all(np.isfinite(edge) and edge > 0 for edge in self.voxel_size):
            raise InputError(f"A voxel size must be three positive lengths, not {self.voxel_size!r} m.")
        object.__setattr__(self, "fraction", frozen(self.fraction))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Elements along z, y and x."""
        return self.fraction.shape  # type: ignore[return-value]

    @property
    def mean(self) -> float:
        """The volume fraction that the whole volume should have."""
        return float(self.fraction.mean(dtype=np.float64))

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest target fraction."""
        return float(self.fraction.min()), float(self.fraction.max())

    def share_from(self, least: float) -> float:
        """Share of the volume with a value of ``least`` or more."""
        return float((self.fraction >= least).mean())

    def resampled(self, size: tuple[int, int, int]) -> Mask:
        """The same field on ``size`` elements along z, y and x.

        Along an axis that gets shorter, each new element is the mean of what it covers, so the mean of the whole is
        kept; along one that gets longer, values are interpolated linearly between centres and constant beyond the
        outermost.

        Raises
        ------
        InputError
            Where a side is below 1.
        """
        if len(size) != 3 or min(size) < 1:
            raise InputError(f"A mask cannot be resampled to {size!r}.", "Give three sides of at least 1 voxel.")
        if tuple(size) == self.shape:
            return self
        field = self.fraction.astype(np.float64)
        for axis, wanted in enumerate(size):
            field = resample_axis(field, axis, int(wanted))
        edges = None
        if self.voxel_size is not None:
            z, y, x = (edge * n / m for edge, n, m in zip(self.voxel_size, self.shape, size, strict=True))
            edges = (z, y, x)
        return self._changed(np.clip(field, 0, 1), "resample", edges, size=[int(side) for side in size])

    def smoothed(self, sigma: float | Sequence[float]) -> Mask:
        """Blurred with a Gaussian of standard deviation ``sigma`` (elements; one for all axes or one for each).

        The field is mirrored at the volume's faces, which keeps its mean.
        """
        widths = [float(sigma)] * 3 if isinstance(sigma, (int, float)) else [float(value) for value in sigma]
        if len(widths) != 3 or not all(np.isfinite(value) and value >= 0 for value in widths):
            raise InputError(f"A mask cannot be smoothed by {sigma!r}.", "Give widths of at least 0.")
        field = ndimage.gaussian_filter(self.fraction.astype(np.float64), widths, mode="reflect")
        return self._changed(np.clip(field, 0, 1), "smooth", self.voxel_size, sigma=widths)

    def inverted(self) -> Mask:
        """One minus the field."""
        return self._changed(1.0 - self.fraction.astype(np.float64), "invert", self.voxel_size)

    def levelled(self, low: float, high: float) -> Mask:
        """The field's lowest value moved to ``low``, its highest to ``high``, what is between in proportion.

        Raises
        ------
        InputError
            For fractions outside 0 to 1.
        """
        if not (0 <= low <= 1 and 0 <= high <= 1):
            raise InputError(f"The levels {low:g} and {high:g} are no volume fractions.", "Give numbers from 0 to 1.")
        least, most = self.range
        share = (self.fraction.astype(np.float64) - least) / ((most - least) or 1.0)
        return self._changed(low + share * (high - low), "levels", self.voxel_size, low=low, high=high)

    def _changed(
        self, field: np.ndarray, made_by: str, voxel_size: tuple[float, float, float] | None, **settings: object
    ) -> Mask:
        return replace(
            self,
            fraction=field.astype(np.float32),
            voxel_size=voxel_size,
            provenance=Provenance(
                f"{made_by} a mask",
                settings=settings,
                inputs=(self.provenance,),
                input_hashes=(array_hash(self.fraction),),
            ),
        )


def combined(first: Mask, second: Mask, how: str) -> Mask:
    """Two masks as one, on the larger of their sizes along each axis.

    Parameters
    ----------
    how
        "add" and "multiply" (clipped to 0 to 1), "min" or "max", element by element.

    Raises
    ------
    InputError
        For another word.
    """
    ways = {"add": np.add, "multiply": np.multiply, "min": np.minimum, "max": np.maximum}
    if how not in ways:
        raise InputError(f"Masks cannot be combined by {how!r}.", f"Choose one of: {', '.join(ways)}.")
    z, y, x = (max(sides) for sides in zip(first.shape, second.shape, strict=True))
    one, other = (mask.resampled((z, y, x)) for mask in (first, second))
    field = ways[how](one.fraction.astype(np.float64), other.fraction)
    return Mask(
        np.clip(field, 0, 1).astype(np.float32),
        one.voxel_size or other.voxel_size,
        f"{first.name} {how} {second.name}",
        Provenance(f"{how} masks", inputs=(first.provenance, second.provenance)),
    )


def resample_axis(field: np.ndarray, axis: int, wanted: int) -> np.ndarray:
    """``field`` with ``wanted`` elements along ``axis``, by the rule of `Mask.resampled`."""
    have = field.shape[axis]
    if have == wanted:
        return field
    moved = np.moveaxis(field, axis, -1)
    if wanted < have:
        # the running integral, read where the new elements begin and end
        integral = np.concatenate([np.zeros((*moved.shape[:-1], 1)), np.cumsum(moved, axis=-1)], axis=-1)
        edges = np.arange(wanted + 1) * (have / wanted)
        edges[-1] = have
        new = np.diff(read_between(integral, edges), axis=-1) * (wanted / have)
    else:
        centres = (np.arange(wanted) + 0.5) * (have / wanted) - 0.5
        new = read_between(moved, np.clip(centres, 0, have - 1))
    return np.moveaxis(new, -1, axis)


def read_between(values: np.ndarray, places: np.ndarray, begin: int = 0, length: int | None = None) -> np.ndarray:
    """Linear interpolation along the last axis at ``places`` (in elements, inside the range).

    ``values`` may be a part of ``length`` elements that begins at element ``begin`` and holds all that is read.
    """
    last = (values.shape[-1] if length is None else length) - 1
    left = np.minimum(places.astype(int), last)
    right = np.minimum(left + 1, last)
    share = places - left
    found: np.ndarray = values[..., left - begin] * (1 - share) + values[..., right - begin] * share
    return found
