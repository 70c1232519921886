"""A grey volume that is looked at slice by slice while it is segmented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.errors import InputError
from core.images.binning import binned_volume
from core.images.grey_volume import GreyVolume, held, open_grey_volume
from core.images.loading import kind_of
from core.images.values import Micrograph

_WHOLE = ("nrrd", "hdf5", "vti")
"""Kinds of files that are volumes and are read as a whole."""
Sheet = TypeVar("Sheet")
"""What was painted on a slice, as the window holds it or as an array."""


@dataclass(frozen=True, eq=False)
class Stack(Generic[Sheet]):
    """Which slice is on show, and what belongs to the others.

    Attributes
    ----------
    count
        Slices.
    place
        The one on show, from 0.
    ends
        Darkest and brightest grey value of some slices: what a control of the contrast reaches.
    contrast
        Grey values to show as black and as white, the same in every slice.
    volume
        What the slices are read from; None where it is not there any more.
    painted
        By slice, what was painted on those that are not on show.
    in_3d
        Whether strokes teach a classifier that looks in three directions.
    taken
        What of the file is used, and how large its voxels were made (`GreyVolume.taken`).
    """

    count: int
    place: int
    ends: tuple[float, float]
    contrast: tuple[float, float]
    volume: GreyVolume | None = None
    painted: Mapping[int, Sheet] = field(default_factory=dict)
    in_3d: bool = False
    taken: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.place < self.count:
            raise InputError(f"There is no slice {self.place + 1} among {self.count}.")

    def at(self, place: int, painted: Sheet | None) -> tuple[Stack[Sheet], Sheet | None]:
        """Another slice on show; ``painted`` is what was painted on this one. Returns what was painted on that one."""
        sheets = dict(self.painted)
        if painted is not None:
            sheets[self.place] = painted
        there = sheets.pop(place, None)
        return replace(self, place=place, painted=sheets), there

    @property
    def found(self) -> GreyVolume:
        """The volume.

        Raises
        ------
        InputError
            Where it is not there any more.
        """
        if self.volume is None:
            raise InputError(
                "The volume that this slice was taken from is not where it was.", "Put it back and open it again."
            )
        return self.volume


def open_stack(path: Path) -> tuple[Stack[Sheet], Micrograph] | None:
    """Open a grey volume, and read its middle slice; None where the file is a single picture.

    Raises
    ------
    InputError
        As `open_grey_volume`, `core.segmentation.volumes.read_grey_volume` and `GreyVolume.plane`.
    """
    volume = _opened(path)
    return None if volume is None else stack_of(volume)


def stack_of(volume: GreyVolume) -> tuple[Stack[Sheet], Micrograph]:
    """A volume as it is looked at, and its middle slice.

    Raises
    ------
    InputError
        As `GreyVolume.plane`.
    """
    place = (volume.shape[0] - 1) // 2
    ends, contrast = volume.grey_range()
    return Stack(volume.shape[0], place, ends, contrast, volume, taken=volume.taken), volume.picture(place)


def part_of(
    volume: GreyVolume, slices: slice = slice(None), rows: slice = slice(None), columns: slice = slice(None),
    times: int = 1,
) -> GreyVolume:  # fmt: skip
    """A part of a volume, whose voxels are made ``times`` as large along every axis.

    Raises
    ------
    InputError
        As `GreyVolume.cropped` and `core.images.binning.binned_volume`.
    """
    part = volume.cropped(rows, columns, slices)
    return binned_volume(volume if part.shape == volume.shape else part, times)


def _opened(path: Path) -> GreyVolume | None:
    volume = open_grey_volume(path)
    if volume is not None or kind_of(path) not in _WHOLE:
        return volume
    from core.segmentation.volumes import read_grey_volume

    return held(path, *read_grey_volume(path))


def volume_again(
    path: Path, count: int, shape: tuple[int, int], taken: Sequence[Mapping[str, Any]] = ()
) -> GreyVolume | None:
    """The same part of the volume in ``path``, where it still has ``count`` slices of ``shape``; else None."""
    try:
        volume = _opened(path)
        if volume is None:
            return None
        for step in taken:
            if "cropped" in step:
                slices, rows, columns = (slice(int(start), int(end)) for start, end in step["cropped"])
                volume = volume.cropped(rows, columns, slices)
            else:
                volume = binned_volume(volume, int(step["binned"]))
    except (InputError, KeyError, TypeError, ValueError):
        return None
    return volume if volume.shape == (count, *shape) else None
