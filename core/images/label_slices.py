"""Volumes of labels that stay on the disk, read slice by slice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.images.description import stored_phases
from core.images.grey_volume import GreyVolume, Triple, open_grey_volume
from core.images.labelled import looks_segmented
from core.images.pyramid import CELL
from core.images.reading import read_labels
from core.images.tiff_volume import TiffVolume, is_block_tiff, open_block_tiff
from core.images.values import MAX_PHASES, Phase, PhaseImage, default_phases
from core.images.zarr_volume import ZarrVolume, is_zarr, open_zarr
from core.job import Job, Progress

_HELD = 1 << 28  # bytes of slices that are kept of a volume in blocks


@dataclass(frozen=True, eq=False)
class LabelSlices:
    """A volume of labels, not read yet.

    Attributes
    ----------
    path
        File or folder.
    shape
        Slices, rows, columns.
    phases
        In the order of their labels.
    """

    path: Path
    shape: Triple
    phases: tuple[Phase, ...]
    _read: Callable[[int], np.ndarray]

    def plane(self, z: int) -> np.ndarray:
        """Labels of slice ``z``: shape (Y, X), uint8.

        Raises
        ------
        InputError
            Where it cannot be read.
        """
        return self._read(z)


def opening_labels(path: Path) -> Job[LabelSlices]:
    """A job that opens a volume of labels, as `core.images.reading.read_labels` reads one.

    Where the file does not say which values are labels, all slices are looked at. What is of a kind that is only read
    as a whole is in memory then.

    Raises
    ------
    InputError
        Where it cannot be read, is a single picture, or holds more values than labels have.
    """
    if is_zarr(path):
        return _in_blocks(open_zarr(path))
    if is_block_tiff(path):
        return _in_blocks(open_block_tiff(path))
    grey = open_grey_volume(path)
    if grey is None:
        found = read_labels(path)
        if isinstance(found, PhaseImage):
            raise InputError(f"{path.name} is a single picture, not a volume.", "Choose a stack of slices.")
        labels = found.labels
        return LabelSlices(path, found.shape, found.phases, lambda z: labels[z])
    named = _named(path) if grey.dtype == np.uint8 else None
    values = yield from _values(grey)
    if named is not None and int(values[-1]) < len(named):
        return LabelSlices(path, grey.shape, named, grey.plane)
    guess = looks_segmented(values)
    if guess is None or not guess.clean:
        raise InputError(
            f"{path.name} has {len(values)} values, which are not labels.", "Choose a volume that is segmented."
        )
    return LabelSlices(
        path, grey.shape, default_phases(len(values)), lambda z: np.searchsorted(values, grey.plane(z)).astype(np.uint8)
    )


def _in_blocks(stored: ZarrVolume | TiffVolume) -> LabelSlices:
    if stored.complete is False:
        raise InputError(f"{stored.path.name} is not finished: some of its blocks are still to be made.")
    depth, rows, columns = stored.shapes[0]
    step = max(1, min(CELL, _HELD // (rows * columns)))
    kept: dict[int, np.ndarray] = {}

    def read(z: int) -> np.ndarray:
        first = z // step * step
        block = kept.get(first)
        if block is None:
            block = stored.read(0, (first, 0, 0), (min(step, depth - first), rows, columns))
            kept.clear()
            kept[first] = block
        plane: np.ndarray = block[z - first]
        return plane

    return LabelSlices(stored.path, stored.shapes[0], stored.outline.phases, read)


def _named(path: Path) -> tuple[Phase, ...] | None:
    """The phases that a TIFF names."""
    import tifffile

    from core.images.instrument import tiff_facts

    try:
        with tifffile.TiffFile(path) as file:
            return stored_phases(tiff_facts(file))
    except tifffile.TiffFileError:
        return None


def _values(grey: GreyVolume) -> Job[np.ndarray]:
    """All values that occur, rising; given up where they are too many for labels."""
    values: np.ndarray = np.zeros(0, grey.dtype.newbyteorder("="))
    for z in range(grey.shape[0]):
        yield Progress(z, grey.shape[0], "Looking for labels")
        values = np.union1d(values, np.unique(grey.plane(z)))
        if len(values) > MAX_PHASES:
            break
    return values
