"""Writes grey pictures and grey volumes, with their pixel size and what made them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError, OutputExistsError
from core.images.atomic import replacing
from core.images.values import Micrograph
from core.provenance import Provenance

SUFFIXES = (".tif", ".tiff", ".png")
"""Of grey pictures; volumes are TIFF stacks."""
_LIMIT = 4_000_000_000


def write_micrograph(picture: Micrograph, path: Path, *, overwrite: bool = False) -> Path:
    """Write a grey picture: TIFF of 8 or 16 bits or floats, PNG of 8 or 16 bits; the pixel size in a TIFF's tags.

    Raises
    ------
    OutputExistsError
        Where the file is there and ``overwrite`` is not set.
    InputError
        For another suffix, or floats as PNG.
    JobError
        Where the disk does not take it.
    """
    from PIL import Image

    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"A grey picture cannot be written as {path.name}.", "End the name with .tif or .png.")
    if suffix == ".png" and picture.grey.dtype == np.float32:
        raise InputError("A PNG holds whole numbers, this picture does not.", "End the name with .tif.")
    with replacing(path, overwrite) as temporary:
        if suffix == ".png":
            Image.fromarray(picture.grey).save(temporary, format="PNG")
        else:
            edge = picture.pixel_size
            facts = {"pixel_size_m": edge, "provenance": picture.provenance.to_json()}
            _write_tiff(temporary, picture.grey, "YX", edge, facts)
    return path


def numbered(folder: Path, count: int) -> list[Path]:
    """Names for so many pictures in a folder: 0001.tif, 0002.tif and so on."""
    digits = max(4, len(str(count)))
    return [folder / f"{number:0{digits}}.tif" for number in range(1, count + 1)]


def write_micrographs(pictures: Sequence[Micrograph], folder: Path, *, overwrite: bool = False) -> None:
    """Write grey pictures into a folder that is there, named as `numbered` says; errors as of `write_micrograph`."""
    paths = numbered(folder, len(pictures))
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise OutputExistsError(f"{there[0]} exists already.", "Choose an empty folder.")
    for picture, path in zip(pictures, paths, strict=True):
        write_micrograph(picture, path, overwrite=overwrite)


def write_grey_volume(
    grey: np.ndarray,
    path: Path,
    voxel_size: float | None,
    provenance: Provenance,
    *,
    overwrite: bool = False,
) -> Path:
    """Write a grey volume, shape (Z, Y, X), as a TIFF stack with cubic voxels of ``voxel_size`` metres.

    Raises
    ------
    OutputExistsError, JobError
        As `write_micrograph`.
    InputError
        For another suffix, or more than such a file holds.
    """
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(f"A grey volume cannot be written as {path.name}.", "End the name with .tif.")
    if grey.nbytes > _LIMIT:
        raise InputError("An ImageJ TIFF holds at most 4 GB.", "Choose a smaller size.")
    size = None if voxel_size is None else [voxel_size] * 3
    with replacing(path, overwrite) as temporary:
        facts = {"voxel_size_m": size, "provenance": provenance.to_json()}
        _write_tiff(temporary, grey, "ZYX", voxel_size, facts)
    return path


def _write_tiff(path: Path, grey: np.ndarray, axes: str, edge: float | None, facts: Mapping[str, Any]) -> None:
    import tifffile

    words: dict[str, Any] = {"axes": axes, "microloom": json.dumps({"shape": list(grey.shape), **facts})}
    micrometres = 1.0 if edge is None else edge * 1e6
    if edge is not None:
        words |= {"unit": "micron", "spacing": micrometres}
    # photometric said: a last axis of 3 or 4 would be taken for colour otherwise
    tifffile.imwrite(
        path, grey, imagej=True, metadata=words, photometric="minisblack",
        resolution=(1 / micrometres, 1 / micrometres),
    )  # fmt: skip
