"""Masks as OME-Zarr: a folder with one array of 32-bit fractions, its voxel size and where it came from.

Zarr format 3, OME-NGFF 0.5, as volumes in blocks are (`core.images.zarr_volume`), with a single level: a mask is made
again at any size. What was never written reads as NaN, so that a copy with a file missing is not taken for a mask.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core import devices
from core.errors import InputError
from core.images.atomic import replacing_folder
from core.images.description import card_facts, stored_provenance
from core.images.loading import MAX_VOXELS
from core.images.pixel_size import unit_metres
from core.images.zarr_volume import is_zarr
from core.masks.mask import Mask
from core.provenance import Provenance, array_hash

KIND = "target volume fraction"
_CHUNK = 64
_AGAIN = "Copy it again, or make it again."


def write_zarr_mask(mask: Mask, path: Path, *, overwrite: bool = False) -> Path:
    """Write a mask as an OME-Zarr folder, values to the bit, with voxel size and provenance.

    Raises
    ------
    OutputExistsError
        Where the folder is there and ``overwrite`` is False.
    InputError
        Where something else than a Zarr folder is there: it is never replaced.
    JobError
        Where the disk is full or the folder read-only; nothing is left behind then.
    """
    import zarr
    from zarr.codecs import BloscCodec, Crc32cCodec

    path = Path(path)
    if overwrite and path.exists() and not is_zarr(path):
        raise InputError(f"{path.name} is there and is no Zarr folder.", "Choose another name.")
    with replacing_folder(path, overwrite) as temporary:
        group = zarr.open_group(temporary, mode="w", zarr_format=3, attributes=_attributes(mask))
        array = group.create_array(
            "0",
            shape=mask.shape,
            dtype="float32",
            chunks=tuple(min(_CHUNK, side) for side in mask.shape),
            compressors=(BloscCodec(cname="zstd", clevel=5, shuffle="shuffle"), Crc32cCodec()),
            fill_value=float("nan"),
            dimension_names=("z", "y", "x"),
        )
        array[...] = mask.fraction
        for file in temporary.rglob("*"):
            if file.is_file():
                with file.open("r+b") as opened:
                    os.fsync(opened.fileno())
    return path


def _attributes(mask: Mask) -> dict[str, Any]:
    size = mask.voxel_size
    edges = [1.0, 1.0, 1.0] if size is None else [edge * 1e6 for edge in size]
    axes = [{"name": name, "type": "space", **({} if size is None else {"unit": "micrometer"})} for name in "zyx"]
    datasets = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": edges}]}]
    card = {
        "mask": KIND,
        "shape": list(mask.shape),
        "voxel_size_m": None if size is None else list(size),
        "provenance": mask.provenance.to_json(),
    }
    return {
        "ome": {"version": "0.5", "multiscales": [{"name": mask.name, "axes": axes, "datasets": datasets}]},
        # through text: tuples become lists, and what is no JSON is found here
        "microloom": json.loads(json.dumps(card)),
    }


def read_zarr_mask(path: Path) -> Mask:
    """The mask in an OME-Zarr folder, to the bit.

    Raises
    ------
    InputError
        Where it is no Zarr folder, holds no mask that Microloom wrote, is damaged, or does not fit into memory.
    """
    import zarr

    path = Path(path)
    if not is_zarr(path):
        raise InputError(f"{path} is no OME-Zarr folder.", "Choose a folder ending in .ome.zarr, or a TIFF.")
    try:
        group = zarr.open_group(path, mode="r")
        told = group.attrs.get("microloom")
        own: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    except Exception as error:  # what zarr raises on foreign metadata has no common base
        raise InputError(f"{path.name} is no Zarr folder that can be read ({error}).", _AGAIN) from error
    if own.get("mask") != KIND:
        raise InputError(
            f"{path.name} holds no mask" + (", but a volume of labels." if "phases" in own else "."),
            "Choose a mask that Microloom wrote; other fields can be taken from a TIFF.",
        )
    try:
        array = group["0"]
        shape = tuple(int(side) for side in array.shape)
        kind = array.dtype
    except Exception as error:
        raise InputError(f"{path.name} is damaged ({error}).", _AGAIN) from error
    if len(shape) != 3 or min(shape) < 1 or kind != np.float32 or math.prod(shape) > MAX_VOXELS:
        raise InputError(f"{path.name} holds {kind} of shape {shape}, which is no mask.", _AGAIN)
    free = devices.free_memory()
    if free is not None and 2 * 4 * math.prod(shape) > free:
        raise InputError(f"{path.name} does not fit into memory.", "Close other programs.")
    try:
        field = np.asarray(array[...], np.float32)
    except Exception as error:  # what a dozen codecs raise on a damaged chunk has no common base
        raise InputError(f"{path.name} is damaged ({error}).", _AGAIN) from error
    if not np.isfinite(field).all():
        raise InputError(f"{path.name} is damaged: a part of it is missing.", _AGAIN)
    facts = card_facts(json.dumps(dict(own), default=str))
    made = Provenance(
        "read a mask", source=path.name, inputs=stored_provenance(facts), input_hashes=(array_hash(field),)
    )
    return Mask(field, facts.get("voxel_size", _scale(group)), path.name, made)


def _scale(group: Any) -> tuple[float, float, float] | None:
    """Voxel size in metres from OME's metadata, or None."""
    try:
        multiscale = group.attrs["ome"]["multiscales"][0]
        edges = multiscale["datasets"][0]["coordinateTransformations"][0]["scale"]
        units = [unit_metres(str(axis["unit"])) for axis in multiscale["axes"]]
        z, y, x = (float(edge) * (unit or 0.0) for edge, unit in zip(edges, units, strict=True))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None
    return (z, y, x) if all(math.isfinite(edge) and edge > 0 for edge in (z, y, x)) else None
