"""Reads micrographs, phase images and volumes. What cannot be read is refused with what is wrong and what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.images.description import Facts, stored_phases, stored_provenance
from core.images.grey import to_grey, to_supported
from core.images.labelled import MAX_LEVELS, labels_from_grey, looks_segmented
from core.images.loading import checked_path, load_page, load_stack
from core.images.values import MAX_PHASES, Micrograph, Phase, PhaseImage, Volume, default_phases
from core.images.zarr_volume import is_zarr, open_zarr
from core.provenance import Provenance, array_hash

__all__ = ["checked_path", "read_labels", "read_micrograph", "read_volume"]


BYTES_TO_MEASURE = 12
"""Memory for each voxel of a volume that is measured: labels, their indicator, and what S2 and L take."""


def read_micrograph(path: Path) -> Micrograph:
    """Open a picture as a micrograph.

    Parameters
    ----------
    path
        TIFF (8, 16, 32 bit, float, RGB, multi-page, ImageJ, OME, FEI, Zeiss), PNG, JPEG, BMP or NPY. Of several pages
        the first is taken; colour becomes grey by the luma of ITU-R BT.601; numbers that are not finite become the
        darkest value. All of it is said in ``notes``.

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
    array, facts = load_page(path)
    notes: dict[str, str] = facts["notes"]
    if facts["colour"]:
        array = to_grey(array, notes)
    if array.ndim == 3:  # a stack without pages
        notes["Pages"] = f"the first of {len(array)}"
        array = array[0]
    if array.ndim != 2:
        raise InputError(f"{path.name} has shape {array.shape}.", "A micrograph has rows and columns.")
    grey = to_supported(array, notes, path.name)
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
    """Open an already segmented picture (2-D) or stack (3-D), its values becoming labels 0 to n − 1 in rising order.

    What Microloom wrote comes back as it was: labels to the bit, names, colours, size; its provenance becomes the input
    of the step "read". A picture of a few plain colours gets one phase a colour, from dark to bright.

    Raises
    ------
    InputError
        As `read_micrograph`, and where there are too many grey levels for labels.
    """
    if is_zarr(path):
        return _whole_zarr(path)
    path = checked_path(path)
    array, facts = load_stack(path)
    phases = stored_phases(facts)
    found = _as_written(array, phases, facts)
    if found is None:
        found, phases = _foreign(array, facts, path)
    assert phases is not None
    made = Provenance("read", source=path.name, input_hashes=(array_hash(found),))
    made = replace(made, inputs=stored_provenance(facts))
    if found.ndim == 2:
        return PhaseImage(found, phases, facts.get("pixel_size"), path.name, made)
    return Volume(found, phases, facts.get("voxel_size"), path.name, made)


def _whole_zarr(path: Path) -> Volume:
    found = open_zarr(path)
    if found.complete is False:
        raise InputError(
            f"{path.name} is not finished: some of its blocks are still to be made.",
            "Finish it first (generate --resume, reconstruct --resume), or look at it in the window.",
        )
    return found.volume(bytes_per_voxel=BYTES_TO_MEASURE)


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


def _as_written(array: np.ndarray, phases: tuple[Phase, ...] | None, facts: Facts) -> np.ndarray | None:
    """The labels that Microloom wrote, or None where the file's card does not fit its values."""
    shape = facts.get("card", {}).get("shape", array.shape)
    fits = isinstance(shape, (list, tuple)) and len(shape) in (2, 3) and np.prod(shape) == array.size
    if phases is None or not fits or array.dtype != np.uint8 or int(array.max()) >= len(phases):
        return None
    return array.reshape(shape)  # TIFF readers drop axes of length one


def _foreign(array: np.ndarray, facts: Facts, path: Path) -> tuple[np.ndarray, tuple[Phase, ...]]:
    if facts.get("colour"):
        by_colour = _plain_colours(array)
        if by_colour is not None:
            return _squeezed(by_colour[0], path), by_colour[1]
        array = to_grey(array, {})
    array = _squeezed(array, path)
    if array.dtype == bool:
        array = array.astype(np.uint8)
    if not np.issubdtype(array.dtype, np.integer) and not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            f"{path.name} holds values of type {array.dtype}, not labels.", "Export it with whole numbers."
        )
    guess = looks_segmented(array)
    if guess is not None:
        return labels_from_grey(array, guess), default_phases(len(guess.levels))
    if array.min() == array.max():
        raise InputError(f"{path.name} has one value only ({array.flat[0]}).", "A segmented picture has phases.")
    raise InputError(
        f"{path.name} has many grey levels, so it is not segmented (at most {MAX_LEVELS} labels are expected).",
        "Segment it first.",
    )


def _squeezed(array: np.ndarray, path: Path) -> np.ndarray:
    """Leading axes of length one left out: (1, Y, X) is a picture."""
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim not in (2, 3):
        raise InputError(f"{path.name} has shape {array.shape}.", "Labels are a picture or a stack of slices.")
    return array


def _plain_colours(array: np.ndarray) -> tuple[np.ndarray, tuple[Phase, ...]] | None:
    """Labels and phases of a picture painted in 2 to `MAX_PHASES` colours, from dark to bright; None for any other."""
    if array.dtype != np.uint8 or array.shape[-1] < 3:
        return None
    codes = array[..., 0].astype(np.uint32) << 16 | array[..., 1].astype(np.uint32) << 8 | array[..., 2]
    sample = codes.reshape(-1)
    if len(np.unique(sample[:: max(1, sample.size // 4096)])) > MAX_PHASES:
        return None
    colours = np.unique(codes)
    channels = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1)
    plain_grey = (channels == channels[:, :1]).all()
    if not 2 <= len(colours) <= MAX_PHASES or plain_grey:
        return None
    order = np.argsort(channels @ np.array([299, 587, 114]), kind="stable")
    rank = np.empty(len(order), np.uint8)
    rank[order] = np.arange(len(order))
    named = zip(default_phases(len(order)), colours[order], strict=True)
    return rank[np.searchsorted(colours, codes)], tuple(Phase(phase.name, f"#{code:06X}") for phase, code in named)
