"""Reads pictures and stacks. Sizes are checked before memory is taken; every refusal says what to do."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError, MicroloomError
from core.images.instrument import tiff_facts
from core.images.labelled import MAX_LEVELS, labels_from_grey, looks_segmented
from core.images.values import MAX_PHASES, Micrograph, Phase, PhaseImage, Volume, default_phases
from core.provenance import Provenance, array_hash

MAX_PIXELS = 1 << 29
"""Largest picture, in pixels; a header that promises more is refused before memory is taken."""
MAX_VOXELS = 1 << 31
TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
_KINDS = "TIFF, PNG, JPEG, BMP and NPY are read."


def read_micrograph(path: Path) -> Micrograph:
    """Open a picture as a micrograph.

    Parameters
    ----------
    path
        TIFF (8, 16, 32 bit, float, RGB, multi-page, ImageJ, OME, FEI, Zeiss), PNG, JPEG, BMP or NPY. Of several pages
        the first is taken. Colour becomes grey by the luma of ITU-R BT.601; both are said in ``notes``.

    Returns
    -------
    Micrograph
        uint8, uint16 or float32, with the pixel size that the file's tags say (metres), or None.

    Raises
    ------
    InputError
        Where the file is missing, empty, truncated, no picture, too large, or has a single grey level.
    """
    path = checked_path(path)
    array, facts = _load(path, MAX_PIXELS, first_page=True)
    notes = dict(facts["notes"])
    grey = _to_grey(array, notes, path)
    grey = _to_supported(grey, notes, path)
    if grey.min() == grey.max():
        raise InputError(
            f"{path.name} has one grey level only ({grey.flat[0]:g}).", "Open a picture that shows phases."
        )
    bar = facts.get("info_bar_row")
    return Micrograph(
        grey=grey,
        pixel_size=facts.get("pixel_size"),
        name=path.name,
        provenance=Provenance("read", source=path.name, input_hashes=(array_hash(grey),)),
        notes=notes,
        info_bar_row=bar if bar is not None and 0 < bar < grey.shape[0] else None,
    )


def read_labels(path: Path) -> PhaseImage | Volume:
    """Open an already segmented picture (2-D) or stack (3-D), its grey values becoming labels 0 to n − 1.

    Names, colours and pixel size that Microloom wrote are read back.

    Raises
    ------
    InputError
        As `read_micrograph`, and where there are too many grey levels for labels.
    """
    path = checked_path(path)
    array, facts = _load(path, MAX_VOXELS, first_page=False)
    if array.ndim > 2 and array.shape[-1] in (3, 4) and facts.get("rgb"):
        array = _to_grey(array, {}, path)
    array = array.reshape([side for side in array.shape if side > 1]) if 1 in array.shape else array
    if array.ndim not in (2, 3):
        raise InputError(f"{path.name} has shape {array.shape}: labels are a picture or a stack of slices.")
    written = facts.get("microloom") or {}
    stored = written.get("phases")
    if stored and array.dtype == np.uint8 and int(array.max()) < len(stored):
        labels = array
        phases = tuple(Phase(str(item["name"]), str(item["color"])) for item in stored)
    else:
        labels, phases = _foreign_labels(array, path)
    made = Provenance("read", source=path.name, input_hashes=(array_hash(labels),))
    if written.get("provenance"):
        made = replace(made, inputs=(Provenance.from_json(written["provenance"]),))
    if labels.ndim == 2:
        return PhaseImage(labels, phases, facts.get("pixel_size"), path.name, made)
    return Volume(labels, phases, facts.get("voxel_size"), path.name, made)


def read_volume(path: Path) -> Volume:
    """As `read_labels`, for 3-D only.

    Raises
    ------
    InputError
        Also where the file holds a single picture.
    """
    found = read_labels(path)
    if isinstance(found, PhaseImage):
        raise InputError(f"{found.name} is a single picture, not a volume.", "Choose a stack of slices.")
    return found


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
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror or error}.") from error
    return path


def _load(path: Path, limit: int, *, first_page: bool) -> tuple[np.ndarray, dict[str, Any]]:
    """The array as stored and what its tags say. Every error becomes an `InputError`."""
    from core.images import volume_formats

    suffix = path.suffix.lower()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if suffix in TIFF_SUFFIXES:
                return _load_tiff(path, limit, first_page)
            if suffix in PICTURE_SUFFIXES:
                return _load_picture(path, limit)
            if suffix == ".npy":
                return _load_npy(path, limit)
            if suffix in volume_formats.READERS and not first_page:
                return volume_formats.READERS[suffix](path, limit)
    except MicroloomError:
        raise
    except MemoryError as error:
        raise InputError(f"{path.name} does not fit into memory.", "Crop or scale it down first.") from error
    except Exception as error:
        raise InputError(
            f"{path.name} could not be read: it is damaged, truncated or not what its name says ({error}).",
            "Open it in the program that made it and export it again.",
        ) from error
    raise InputError(f"{path.name} is of a kind that is not read ({suffix or 'no suffix'}).", _KINDS)


def check_size(path: Path, shape: tuple[int, ...], limit: int) -> None:
    """Refuse what a header promises beyond ``limit`` elements.

    Raises
    ------
    InputError
        Where there is too much, or nothing.
    """
    count = 1
    for side in shape:
        count *= int(side)
    if count > limit:
        size = " × ".join(str(side) for side in shape)
        raise InputError(f"{path.name} claims to hold {size} values, more than {limit:,}.", "Crop it first.")
    if count <= 0:
        raise InputError(f"{path.name} holds no pixels.", "Export it again.")


def _load_tiff(path: Path, limit: int, first_page: bool) -> tuple[np.ndarray, dict[str, Any]]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        if not file.pages:
            raise InputError(f"{path.name} holds no picture.", "Export it again.")
        page = file.pages[0]
        facts = tiff_facts(file)
        rgb = page.photometric in (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR)
        facts["rgb"] = rgb
        if first_page:
            check_size(path, page.shape, limit)
            array = page.asarray()
            if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
                array = np.moveaxis(page.colormap[:, array], 0, -1) // 256
                array, facts["rgb"] = array.astype(np.uint8), True
            if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE and array.dtype != bool:
                array = array.max() - array
            if array.ndim == 3 and array.shape[0] in (3, 4) and array.shape[-1] not in (3, 4):
                array = np.moveaxis(array, 0, -1)
            count = len(file.pages)
            if count > 1:
                facts["notes"]["Pages"] = f"the first of {count}"
            if array.ndim == 3 and not ((array.shape[-1] in (3, 4) and rgb) or facts["rgb"]):
                facts["notes"]["Pages"] = f"the first of {array.shape[0]}"
                array = array[0]
        else:
            series = file.series[0]
            check_size(path, series.shape, limit)
            array = series.asarray()
    return array, facts


def _load_picture(path: Path, limit: int) -> tuple[np.ndarray, dict[str, Any]]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # checked here, before decoding, with a message of our own
    with Image.open(path) as picture:
        check_size(path, (picture.height, picture.width), limit)
        mode = picture.mode
        if mode in ("P", "PA", "CMYK", "YCbCr", "HSV", "LAB"):
            picture = picture.convert("RGB")  # type: ignore[assignment]
        array = np.asarray(picture)
    return array, {"notes": {}, "rgb": array.ndim == 3}


def _load_npy(path: Path, limit: int) -> tuple[np.ndarray, dict[str, Any]]:
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    check_size(path, mapped.shape, limit)
    facts: dict[str, Any] = {"notes": {}, "rgb": mapped.ndim == 3 and mapped.shape[-1] in (3, 4)}
    side = path.with_suffix(".json")
    if side.is_file():
        data = json.loads(side.read_text(encoding="utf-8"))
        if isinstance(data, dict):
            facts |= written_facts(data.get("microloom"))
    return np.array(mapped), facts


def written_facts(data: Any) -> dict[str, Any]:
    """What Microloom wrote beside the voxels (phases, provenance, sizes), as far as it is of the right kind."""
    if not isinstance(data, Mapping):
        return {}
    facts: dict[str, Any] = {"microloom": data}
    size = data.get("voxel_size_m")
    if isinstance(size, list) and len(size) == 3 and all(isinstance(s, (int, float)) and s > 0 for s in size):
        facts["voxel_size"] = tuple(float(s) for s in size)
    pixel = data.get("pixel_size_m")
    if isinstance(pixel, (int, float)) and pixel > 0:
        facts["pixel_size"] = float(pixel)
    return facts


def _to_grey(array: np.ndarray, notes: dict[str, str], path: Path) -> np.ndarray:
    if array.ndim == 3 and array.shape[-1] in (2, 3, 4):
        colours = array[..., :3] if array.shape[-1] >= 3 else array[..., :1]
        if colours.shape[-1] == 1 or (
            np.array_equal(colours[..., 0], colours[..., 1]) and np.array_equal(colours[..., 0], colours[..., 2])
        ):
            if array.shape[-1] >= 3:
                notes["Colour"] = "RGB with equal channels, taken as grey"
            return np.ascontiguousarray(colours[..., 0])
        notes["Colour"] = "made grey from RGB"
        grey = colours.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
        if array.dtype in (np.uint8, np.uint16):
            return np.rint(grey).astype(array.dtype)
        return grey.astype(np.float32)
    if array.ndim > 2:
        while array.ndim > 2:
            if array.shape[0] > 1:
                notes.setdefault("Pages", f"the first of {array.shape[0]}")
            array = array[0]
    if array.ndim != 2:
        raise InputError(f"{path.name} has shape {array.shape}: a micrograph has rows and columns.")
    return array


def _to_supported(grey: np.ndarray, notes: dict[str, str], path: Path) -> np.ndarray:
    """uint8, uint16 or float32; what is lost, if anything, is noted."""
    if grey.dtype == bool:
        return grey.astype(np.uint8) * 255
    if grey.dtype in (np.uint8, np.uint16):
        return grey
    if np.issubdtype(grey.dtype, np.integer):
        low, high = int(grey.min()), int(grey.max())
        if low >= 0 and high <= 65535:
            notes["Values"] = f"{grey.dtype} kept as 16 bit, nothing lost"
            return grey.astype(np.uint8 if high <= 255 else np.uint16)
        exact = max(abs(low), abs(high)) <= 1 << 24
        notes["Values"] = f"{grey.dtype} as 32-bit float" + (", nothing lost" if exact else ", rounded to 24 bit")
        return grey.astype(np.float32)
    if np.issubdtype(grey.dtype, np.floating):
        finite = np.isfinite(grey)
        if not finite.any():
            raise InputError(f"{path.name} holds no finite number.", "Export it again.")
        if not finite.all():
            bad = int(grey.size - finite.sum())
            notes["Values"] = f"{bad} pixels that are no finite number were set to the darkest value"
            grey = np.where(finite, grey, grey[finite].min())
        elif grey.dtype != np.float32:
            notes["Values"] = f"{grey.dtype} as 32-bit float"
        return grey.astype(np.float32)
    raise InputError(f"{path.name} holds values of type {grey.dtype}, which are not grey levels.")


def _foreign_labels(array: np.ndarray, path: Path) -> tuple[np.ndarray, tuple[Phase, ...]]:
    if array.dtype == bool:
        array = array.astype(np.uint8)
    guess = looks_segmented(array)
    if guess is None:
        if array.min() == array.max():
            raise InputError(f"{path.name} has one value only ({array.flat[0]}).", "A segmented picture has phases.")
        raise InputError(
            f"{path.name} has many grey levels, so it is not segmented (at most {MAX_LEVELS} labels are expected).",
            "Segment it first.",
        )
    values = [round(level) for level in guess.levels]
    in_order = guess.clean and np.issubdtype(array.dtype, np.integer) and values[0] >= 0 and values[-1] < MAX_PHASES
    if in_order and values == list(range(values[0], values[0] + len(values))):
        # 0..n keeps its numbers, and so does 1..n with phase 0 left empty? no: labels begin at the lowest value
        labels = (array - values[0]).astype(np.uint8)
    else:
        labels = labels_from_grey(array, guess)
    return labels, default_phases(len(guess.levels))
