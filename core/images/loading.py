"""From a file to the array that it stores and what it says of it.

A file's first bytes say what it is, not its name. Sizes are checked from the header, before memory is taken; every
error becomes an `InputError` that says what to do.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError, MicroloomError
from core.images.description import Facts, card_facts
from core.images.instrument import tiff_facts
from core.images.volume_formats import read_hdf5, read_nrrd
from core.images.vti_reading import read_vti

MAX_PIXELS = 1 << 29
"""Largest picture, in pixels; a header that promises more is refused before memory is taken."""
MAX_VOXELS = 1 << 31
"""Largest stack, in voxels, and a quarter of the most bytes that are read at once."""

_AGAIN = "Open it in the program that made it and export it again."
_PICTURES = "TIFF, PNG, JPEG, BMP and NPY are read."
_VOLUMES = "TIFF, PNG, JPEG, BMP, NPY, NRRD, VTI and HDF5 are read."


def checked_path(path: Path) -> Path:
    """The path of a readable, non-empty file.

    Raises
    ------
    InputError
        Where it is none.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise InputError(f"{path} does not exist.", "Check the name.")
        if path.is_dir():
            raise InputError(f"{path} is a folder.", "Choose a file in it.")
        if path.stat().st_size == 0:
            raise InputError(f"{path.name} is empty (zero bytes).", "Copy or export it again.")
        with path.open("rb"):
            pass
    except PermissionError as error:
        raise InputError(f"{path} may not be read.", "Change its permissions or copy it elsewhere.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"{path} cannot be opened: {error}.", "Check the name.") from error
    return path


def kind_of(path: Path) -> str:
    """What a file is by its first bytes: tiff, png, jpeg, bmp, npy, nrrd, hdf5 or vti; empty where it is none."""
    with path.open("rb") as file:
        head = file.read(512)
    for kind, starts in _STARTS.items():
        if head.startswith(starts):
            return kind
    return "vti" if b"<VTKFile" in head else ""


_STARTS: Mapping[str, tuple[bytes, ...]] = {
    "tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "bmp": (b"BM",),
    "npy": (b"\x93NUMPY",),
    "nrrd": (b"NRRD",),
    "hdf5": (b"\x89HDF\r\n\x1a\n",),
}


def load_page(path: Path) -> tuple[np.ndarray, Facts]:
    """The first picture of a file, shape (Y, X) or (Y, X, colours), as stored.

    Raises
    ------
    InputError
        Where there is none, or it is too large or damaged.
    """
    return _load(path, {"tiff": _tiff_page, "npy": _npy, **dict.fromkeys(("png", "jpeg", "bmp"), _picture)}, _PICTURES)


def load_stack(path: Path) -> tuple[np.ndarray, Facts]:
    """Everything that a picture or volume file holds, as stored; colours, if any, on the last axis.

    Raises
    ------
    InputError
        Where there is nothing, or it is too large or damaged.
    """
    check = partial(check_size, path)
    volumes = {"nrrd": read_nrrd, "hdf5": read_hdf5, "vti": read_vti}
    readers: dict[str, Reader] = {"tiff": _tiff_stack, "npy": _npy}
    readers |= dict.fromkeys(("png", "jpeg", "bmp"), _picture)
    readers |= {kind: partial(reader, check=check) for kind, reader in volumes.items()}
    return _load(path, readers, _VOLUMES)


Reader = Callable[[Path], tuple[np.ndarray, Facts]]


def _load(path: Path, readers: Mapping[str, Reader], known: str) -> tuple[np.ndarray, Facts]:
    try:
        kind = kind_of(path)
        if kind not in readers:
            what = "holds a volume, not a micrograph" if kind else "is not an image, whatever its name says"
            raise InputError(f"{path.name} {what}.", known)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return readers[kind](path)
    except MicroloomError:
        raise
    except MemoryError as error:
        raise InputError(f"{path.name} does not fit into memory.", "Crop it or scale it down first.") from error
    except Exception as error:  # what a dozen decoders raise on a damaged file has no common base
        raise InputError(f"{path.name} could not be read: it is damaged or truncated ({error}).", _AGAIN) from error


def check_size(path: Path, shape: tuple[int, ...], itemsize: int = 1) -> None:
    """Refuse what a header promises beyond `MAX_PIXELS` or, with three long axes, `MAX_VOXELS`.

    Raises
    ------
    InputError
        Where there is too much, or nothing.
    """
    count, long = 1, 0
    for side in shape:
        count *= max(0, int(side))
        long += side > 4  # up to four may be colours
    limit = MAX_VOXELS if long > 2 else MAX_PIXELS
    size = " × ".join(str(side) for side in shape)
    if count > limit:
        raise InputError(f"{path.name} claims to hold {size} values, more than {limit:,}.", "Crop it first.")
    if count * itemsize > 4 * MAX_VOXELS:
        raise InputError(f"{path.name} claims to hold {size} values of {itemsize} bytes.", "Crop it first.")
    if count <= 0:
        raise InputError(f"{path.name} holds no pixels.", "Export it again.")


def _tiff_page(path: Path) -> tuple[np.ndarray, Facts]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        check_size(path, page.shape, page.dtype.itemsize if page.dtype is not None else 1)
        _check_complete(path, [page])
        facts = tiff_facts(file)
        array = _colours_last(page.asarray(), page.axes, facts)
        count = len(file.pages)
        if file.is_imagej:  # ImageJ keeps a large stack behind a single page
            count = max(count, int((file.imagej_metadata or {}).get("images", 1)))
        array = _as_seen(array, page, facts)
        while array.ndim > (3 if facts["colour"] else 2):  # a page may itself be a block of slices
            count, array = max(count, len(array)), array[0]
        if count > 1:
            facts["notes"]["Pages"] = f"the first of {count}"
    return array, facts


def _tiff_stack(path: Path) -> tuple[np.ndarray, Facts]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        check_size(path, series.shape, series.dtype.itemsize if series.dtype is not None else 1)
        _check_complete(path, [page for page in series.pages if page is not None])
        facts = tiff_facts(file)
        array = _colours_last(series.asarray(), series.axes, facts)
        return _as_seen(array, file.pages[0], facts), facts


def _check_complete(path: Path, pages: list[Any]) -> None:
    """tifffile fills what a file lacks with zeros and passes over words it lacks; a truncated file is refused here."""
    size = path.stat().st_size
    end = _words_end(pages[0])
    for page in pages:
        ends = [start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
        end = max(end, *ends) if ends else end
    if end > size:
        raise InputError(f"{path.name} is truncated: it should have {end} bytes and has {size}.", _AGAIN)


def _words_end(page: Any) -> int:
    """Where the last of the tags ends that hold sizes and phases: descriptions, ImageJ's, Zeiss's and FEI's."""
    form, file, end = page.parent.tiff, page.parent.filehandle, 0
    file.seek(page.offset)
    (count,) = struct.unpack(form.tagnoformat, file.read(form.tagnosize))
    entries = file.read(count * form.tagsize)
    for start in range(0, len(entries) - form.tagsize + 1, form.tagsize):
        entry = entries[start : start + form.tagsize]
        code, kind = struct.unpack(form.tagformat1, entry[:4])
        number, value = struct.unpack(form.tagformat2, entry[4:])
        length = number * _TYPE_SIZES.get(kind, 1)
        if code in _WORDS and length > len(value):
            end = max(end, struct.unpack(form.offsetformat, value)[0] + length)
    return end


_WORDS = (270, 34118, 34682, 50838, 50839)
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


def _colours_last(array: np.ndarray, axes: str, facts: Facts) -> np.ndarray:
    facts["colour"] = "S" in axes and len(axes) == array.ndim
    return np.moveaxis(array, axes.index("S"), -1) if facts["colour"] else array


def _as_seen(array: np.ndarray, page: Any, facts: Facts) -> np.ndarray:
    """Palettes looked up, and pictures whose zero is white turned so that it is black."""
    import tifffile

    seen: np.ndarray = array
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None and not facts["colour"]:
        facts["colour"] = True
        seen = (np.moveaxis(page.colormap[:, array], 0, -1) >> 8).astype(np.uint8)
    elif page.photometric == tifffile.PHOTOMETRIC.MINISWHITE and not (
        array.dtype == bool and str(page.software).startswith("tifffile")  # how it stores any array of truth values
    ):
        facts["notes"]["Values"] = "stored with zero as white; turned"
        if array.dtype == bool:
            seen = ~array
        elif np.issubdtype(array.dtype, np.unsignedinteger):
            seen = array.dtype.type((1 << int(page.bitspersample)) - 1) - array
        else:
            seen = array.max() + array.min() - array
    return seen


def _picture(path: Path) -> tuple[np.ndarray, Facts]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(path) as picture:
            check_size(path, (picture.height, picture.width))
            facts = card_facts(picture.info.get("microloom"))
            if picture.format == "PNG" and _is_deep_colour(path):
                import imagecodecs  # Pillow would drop the lower 8 of 16 bits

                array = np.asarray(imagecodecs.png_decode(path.read_bytes()))
            elif picture.mode in ("P", "PA", "CMYK", "YCbCr", "HSV", "LAB"):
                array = np.asarray(picture.convert("RGB"))
            else:
                array = np.asarray(picture)
    except Image.DecompressionBombError as error:
        raise InputError(f"{path.name} claims to hold more than {MAX_PIXELS:,} pixels.", "Crop it first.") from error
    facts["colour"] = array.ndim == 3
    return array, facts


def _is_deep_colour(path: Path) -> bool:
    """Whether a PNG has 16 bits a channel and more than one channel (its header's bytes 24 and 25)."""
    with path.open("rb") as file:
        head = file.read(26)
    return len(head) == 26 and head[24] == 16 and head[25] in (2, 4, 6)


def _npy(path: Path) -> tuple[np.ndarray, Facts]:
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    check_size(path, mapped.shape, mapped.dtype.itemsize)
    beside = path.with_name(path.name + ".json")
    facts = card_facts(beside.read_text(encoding="utf-8") if beside.is_file() else None)
    if facts.get("card", {}).get("shape") != list(mapped.shape):  # the card of another array
        facts = {"notes": {}}
    facts["colour"] = "card" not in facts and mapped.ndim == 3 and mapped.shape[-1] in (3, 4)
    return np.array(mapped), facts
