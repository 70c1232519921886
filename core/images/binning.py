"""Larger pixels: squares of n × n pixels become one.

A network sees a fixed number of pixels, so a structure that is long in pixels comes out better where they are larger.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.errors import InputError
from core.images.grey_volume import GreyVolume
from core.images.values import Micrograph, PhaseImage
from core.provenance import Provenance

MOST = 64


def binned(picture: Micrograph, times: int) -> Micrograph:
    """A micrograph whose pixels are the means of ``times`` × ``times`` of the given one's.

    Whole numbers are rounded, half up. Rows and columns at the end that fill no square are left out.

    Parameters
    ----------
    times
        1 to `MOST`.

    Raises
    ------
    InputError
        Where ``times`` is out of range or the picture holds no such square.
    """
    if times == 1:
        return picture
    squares = _squares(picture.grey, times)
    means = squares.mean(axis=(1, 3), dtype=np.float64)
    whole = picture.grey.dtype != np.float32
    grey = (np.floor(means + 0.5) if whole else means).astype(picture.grey.dtype)
    bar = picture.info_bar_row
    return replace(
        picture,
        grey=grey,
        pixel_size=None if picture.pixel_size is None else times * picture.pixel_size,
        # a square with a row of the bar shows the bar
        info_bar_row=None if bar is None or bar // times >= grey.shape[0] else bar // times,
        provenance=Provenance("bin", settings={"times": times}, inputs=(picture.provenance,)),
    )


def binned_volume(volume: GreyVolume, times: int) -> GreyVolume:
    """A grey volume whose voxels are the means of cubes of ``times`` voxels along each edge, read slice by slice.

    Whole numbers are rounded, half up. Slices, rows and columns at the end that fill no cube are left out.

    Parameters
    ----------
    times
        1 to `MOST`.

    Raises
    ------
    InputError
        Where ``times`` is out of range or the volume holds no such cube.
    """
    if times == 1:
        return volume
    if not 1 <= times <= MOST:
        raise InputError(f"Voxels can be made 1 to {MOST} times as large, not {times} times.")
    z, y, x = (side // times for side in volume.shape)
    if min(z, y, x) < 1:
        raise InputError(
            f"A volume of {' × '.join(map(str, volume.shape))} voxels holds no cube of {times} × {times} × {times}.",
            "Choose a smaller number.",
        )

    def read(place: int) -> np.ndarray:
        total = np.zeros((y, x))
        for slice_of_cube in range(place * times, (place + 1) * times):
            total += _squares(volume.plane(slice_of_cube), times).sum(axis=(1, 3), dtype=np.float64)
        means = total / times**3
        return (means if kind == np.float32 else np.floor(means + 0.5)).astype(kind)

    kind, known = volume.dtype.newbyteorder("="), volume.voxel_size
    size = None if known is None else (times * known[0], times * known[1], times * known[2])
    edge = None if volume.pixel_size is None else times * volume.pixel_size
    taken = (*volume.taken, {"binned": times})
    return replace(volume, shape=(z, y, x), dtype=kind, voxel_size=size, pixel_size=edge, _read=read, taken=taken)


def times_binned(made: Provenance) -> int:
    """How many of the pixels that were read lie along one of a picture that was made so; 1 where it was not binned."""
    own = int(made.settings["times"]) if made.made_by == "bin" else 1
    for step in made.settings.get("taken", ()):  # of the volume that it is a slice of
        own *= int(step.get("binned", 1))
    return own * max((times_binned(source) for source in made.inputs), default=1)


def binned_labels(labels: np.ndarray, times: int) -> np.ndarray:
    """Labels of squares of ``times`` × ``times`` pixels: the most frequent one, of equally frequent ones the lowest.

    Parameters
    ----------
    labels
        Shape (Y, X), whole numbers.

    Raises
    ------
    InputError
        As of `binned`.
    """
    squares = _squares(labels, times)
    best, most = np.zeros((squares.shape[0], squares.shape[2]), labels.dtype), np.zeros(0)
    for label in np.unique(labels):
        share = (squares == label).sum(axis=(1, 3))
        if most.size == 0:
            best[:], most = label, share
            continue
        best[share > most] = label
        most = np.maximum(most, share)
    return best


def binned_phases(image: PhaseImage, times: int) -> PhaseImage:
    """A phase image whose pixels are what most of ``times`` × ``times`` show; see `binned_labels`.

    Phases keep their places, also one that no pixel shows any more.

    Raises
    ------
    InputError
        As of `binned`.
    """
    if times == 1:
        return image
    return replace(
        image,
        labels=binned_labels(image.labels, times),
        pixel_size=None if image.pixel_size is None else times * image.pixel_size,
        provenance=Provenance("bin", settings={"times": times}, inputs=(image.provenance,)),
    )


def _squares(array: np.ndarray, times: int) -> np.ndarray:
    """Shape (Y // times, times, X // times, times)."""
    if not 1 <= times <= MOST:
        raise InputError(f"Pixels can be made 1 to {MOST} times as large, not {times} times.")
    rows, columns = (side // times for side in array.shape)
    if min(rows, columns) < 1:
        raise InputError(
            f"A picture of {array.shape[0]} × {array.shape[1]} pixels holds no square of {times} × {times}.",
            "Choose a smaller number.",
        )
    return array[: rows * times, : columns * times].reshape(rows, times, columns, times)
