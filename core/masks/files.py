"""Masks on disk: 32-bit TIFF or OME-Zarr, with voxel size and card; any picture or stack can be imported as one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.images.atomic import replacing
from core.images.description import stored_provenance
from core.images.grey import to_grey
from core.images.loading import checked_path, load_stack
from core.images.zarr_volume import SUFFIXES, is_zarr
from core.masks.mask import Mask
from core.masks.zarr_mask import read_zarr_mask, write_zarr_mask
from core.provenance import Provenance, array_hash

_LIMIT = 4_000_000_000
_TIFF = (".tif", ".tiff")


def check_name(path: Path) -> None:
    """`InputError` where no mask can be written under the name of ``path``."""
    if not path.name.lower().endswith((*_TIFF, *SUFFIXES)):
        raise InputError(f"A mask cannot be written as {path.name}.", "End the name with .tif or .ome.zarr.")


def write_mask(mask: Mask, path: Path, *, overwrite: bool = False) -> Path:
    """Write a mask, values to the bit, with voxel size and provenance: as 32-bit ImageJ TIFF, or as OME-Zarr folder.

    Raises
    ------
    OutputExistsError
        Where the file is there and ``overwrite`` is False.
    InputError
        For a name that ends neither with .tif nor with .ome.zarr, or a TIFF beyond 4 GB.
    JobError
        Where the disk is full or the folder read-only; nothing is left behind then.
    """
    import tifffile

    path = Path(path)
    check_name(path)
    if path.name.lower().endswith(SUFFIXES):
        return write_zarr_mask(mask, path, overwrite=overwrite)
    if mask.fraction.nbytes > _LIMIT:
        raise InputError("An ImageJ TIFF holds at most 4 GB.", "Write .ome.zarr, or resample it first.")
    card = {
        "shape": list(mask.shape),
        "mask": "target volume fraction",
        "provenance": mask.provenance.to_json(),
        "voxel_size_m": None if mask.voxel_size is None else list(mask.voxel_size),
    }
    words: dict[str, object] = {"axes": "ZYX", "microloom": json.dumps(card)}
    resolution = (1.0, 1.0)
    if mask.voxel_size is not None:
        z, y, x = (edge * 1e6 for edge in mask.voxel_size)
        words |= {"unit": "micron", "spacing": z}
        resolution = (1 / x, 1 / y)
    with replacing(path, overwrite) as temporary:
        tifffile.imwrite(
            temporary, mask.fraction, imagej=True, metadata=words, photometric="minisblack", resolution=resolution
        )
    return path


def read_mask(path: Path, *, low: float = 0.0, high: float = 1.0, axis: int = 0) -> Mask:
    """Read a mask, or import any picture or stack as one.

    What `write_mask` wrote comes back to the bit; of Zarr folders nothing else is taken. Of any other file, float
    values from 0 to 1 are taken as fractions; whole numbers, and floats beyond that, are scaled so that the type's 0
    (of floats, and of signed numbers, the lowest value) becomes ``low`` and its full scale (of floats and signed
    numbers, the highest value) becomes ``high``.

    Parameters
    ----------
    axis
        Along which a single picture is the same all the way (0, 1, 2 for z, y, x).

    Raises
    ------
    InputError
        Where the file is missing, damaged or no picture, holds what is no number, or is a Zarr folder without a mask.
    """
    if path.name == "zarr.json":  # a folder's face, where a dialog takes files alone
        path = path.parent
    if is_zarr(path):
        return read_zarr_mask(path)
    path = checked_path(path)
    if not (0 <= low <= 1 and 0 <= high <= 1):
        raise InputError(f"{low:g} and {high:g} are no volume fractions.", "Give numbers from 0 to 1.")
    array, facts = load_stack(path)
    card = facts.get("card", {})
    if facts.get("colour"):
        array = to_grey(array, {})
    own = card.get("mask") is not None and isinstance(card.get("shape"), list)
    if own and array.dtype == np.float32 and len(card["shape"]) == 3 and np.prod(card["shape"]) == array.size:
        field = array.reshape(card["shape"])
        scaled = ""
    else:
        while array.ndim > 3 and array.shape[0] == 1:
            array = array[0]
        if array.ndim == 2:
            array = np.expand_dims(array, axis)
        if array.ndim != 3:
            raise InputError(f"{path.name} has shape {array.shape}.", "A mask is a picture or a stack of slices.")
        field, scaled = _fractions(array, low, high, path.name)
    size = facts.get("voxel_size")
    if size is None and facts.get("pixel_size") is not None:
        size = (facts["pixel_size"],) * 3
    made = Provenance(
        "read a mask",
        source=path.name,
        settings={"scaled": scaled} if scaled else {},
        inputs=stored_provenance(facts),
        input_hashes=(array_hash(field),),
    )
    return Mask(field, size, path.name, made)


def _fractions(array: np.ndarray, low: float, high: float, name: str) -> tuple[np.ndarray, str]:
    if array.dtype == bool:
        zero, full = 0.0, 1.0
    elif np.issubdtype(array.dtype, np.unsignedinteger):
        zero, full = 0.0, float(np.iinfo(array.dtype).max)
        if array.max() <= 1:  # a picture of zeros and ones
            full = 1.0
    elif np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all():
            raise InputError(f"{name} has values that are no finite numbers.", "Replace them and export it again.")
        zero, full = float(array.min()), float(array.max())
        if np.issubdtype(array.dtype, np.floating) and zero >= 0 and full <= 1:
            return array.astype(np.float32), ""
        if full == zero:
            full = zero + 1.0
    else:
        raise InputError(f"{name} holds values of type {array.dtype}.", "Export it with real numbers.")
    share = (array.astype(np.float64) - zero) / (full - zero)
    said = f"{zero:g} became {low:g}, {full:g} became {high:g}"
    return (low + share * (high - low)).astype(np.float32), said
