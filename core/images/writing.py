"""Writes phase images and volumes. Every file is written beside its target and then put in its place."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np

from core.errors import InputError
from core.images.atomic import replacing, replacing_folder
from core.images.description import card_text, micrometres
from core.images.instrument import OME_MARKER
from core.images.values import PhaseImage, Volume
from core.images.volume_formats import WRITERS

VOLUME_FORMATS = MappingProxyType(
    {
        ".tif": "TIFF stack (ImageJ)",
        ".ome.tif": "TIFF stack (OME)",
        ".nrrd": "NRRD",
        ".vti": "VTK image data",
        ".h5": "HDF5",
        ".npy": "NumPy array",
        ".ome.zarr": "OME-Zarr folder, for large volumes",
    }
)
"""Suffix → title, in the order in which they are offered."""

_IMAGEJ_LIMIT = 4_000_000_000


def format_of(path: Path, given: str | None = None) -> str:
    """The key of `VOLUME_FORMATS` (or another suffix that is written) for ``path``.

    Raises
    ------
    InputError
        For a suffix that no format has.
    """
    name = (given if given is not None else path.name).lower()
    if name.endswith((".ome.tif", ".ome.tiff")):
        return ".ome.tif"
    if name.endswith((".tif", ".tiff")):
        return ".tif"
    if name.endswith((".ome.zarr", ".zarr")):
        return ".ome.zarr"
    for suffix in (".npy", *WRITERS):
        if name.endswith(suffix):
            return suffix
    raise InputError(
        f"A volume cannot be written as {path.name}.", f"End the name with one of {', '.join(VOLUME_FORMATS)}."
    )


def write_volume(volume: Volume, path: Path, *, format: str | None = None, overwrite: bool = False) -> Path:
    """Write labels 0 … n − 1 (uint8) with voxel size, phases and provenance.

    Parameters
    ----------
    format
        A key of `VOLUME_FORMATS`; by default what the name's suffix says.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputExistsError
        Where the file is there and ``overwrite`` is False.
    InputError
        For an unknown suffix.
    JobError
        Where the disk is full or the folder read-only; nothing is left behind then.
    """
    path = Path(path)
    kind = format_of(path, format)
    if kind == ".npy":
        return _write_npy(volume, path, overwrite)
    if kind == ".ome.zarr":
        return _write_folder(volume, path, overwrite)
    with replacing(path, overwrite) as temporary:
        if kind == ".tif":
            _write_imagej(volume, temporary, micrometres(volume), volume.voxel_size is not None)
        elif kind == ".ome.tif":
            _write_ome(volume, temporary)
        else:
            WRITERS[kind](volume, temporary)
    return path


def _write_npy(volume: Volume, path: Path, overwrite: bool) -> Path:
    # .npy has no place for words: they stand in a file beside it, and both are there before either takes its place
    with replacing(path, overwrite) as labels:
        with labels.open("wb") as file:
            np.save(file, volume.labels, allow_pickle=False)
        with replacing(path.with_name(path.name + ".json"), overwrite) as beside:
            beside.write_text(card_text(volume), encoding="utf-8")
    return path


def _write_folder(volume: Volume, path: Path, overwrite: bool) -> Path:
    from core.images.zarr_volume import write_zarr

    with replacing_folder(path, overwrite) as temporary:
        write_zarr(volume, temporary)
    return path


def write_phase_image(image: PhaseImage, path: Path, *, overwrite: bool = False) -> Path:
    """Write the labels 0 … n − 1 of a phase image as TIFF or PNG, with pixel size, phases and provenance.

    PNG has no tag for a pixel size that other programs know; Microloom reads its own.

    Raises
    ------
    OutputExistsError, InputError, JobError
        As `write_volume`.
    """
    from PIL import Image, PngImagePlugin

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".tif", ".tiff", ".png"):
        raise InputError(f"A phase image cannot be written as {path.name}.", "End the name with .tif or .png.")
    size = image.pixel_size
    with replacing(path, overwrite) as temporary:
        if suffix == ".png":
            words = PngImagePlugin.PngInfo()
            words.add_text("microloom", card_text(image), zip=True)
            Image.fromarray(image.labels).save(temporary, pnginfo=words)
        else:
            edge = 1.0 if size is None else size * 1e6
            _write_imagej(image, temporary, (edge, edge, edge), size is not None)
    return path


def _write_imagej(value: Volume | PhaseImage, path: Path, edges: tuple[float, float, float], known: bool) -> None:
    import tifffile

    z, y, x = edges
    axes = "ZYX" if isinstance(value, Volume) else "YX"
    words: dict[str, object] = {"axes": axes, "microloom": card_text(value)}
    if known:
        words |= {"unit": "micron", "spacing": z}
    if value.labels.nbytes > _IMAGEJ_LIMIT:
        raise InputError("An ImageJ TIFF holds at most 4 GB.", "Choose OME-TIFF (.ome.tif) or HDF5 (.h5).")
    # photometric said: a last axis of 3 or 4 would be taken for colour otherwise
    tifffile.imwrite(
        path, value.labels, imagej=True, metadata=words, photometric="minisblack",
        resolution=(1 / x, 1 / y) if known else (1.0, 1.0),
    )  # fmt: skip


def _write_ome(volume: Volume, path: Path) -> None:
    import tifffile

    words: dict[str, object] = {"axes": "ZYX", "Description": OME_MARKER + card_text(volume)}
    if volume.voxel_size is not None:
        z, y, x = micrometres(volume)
        for axis, size in (("X", x), ("Y", y), ("Z", z)):
            words |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": "µm"}
    tifffile.imwrite(
        path, volume.labels, ome=True, metadata=words, compression="zlib", photometric="minisblack",
        bigtiff=volume.labels.nbytes > _IMAGEJ_LIMIT,
    )  # fmt: skip
