"""Files as the command line takes them: a picture that is segmented already, or one that is segmented on the way."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.arguments import changed
from app.terminal import note
from core.errors import InputError
from core.images.values import Micrograph, PhaseImage, Volume

_VOLUME_SUFFIXES = (".nrrd", ".vti", ".h5", ".hdf5")


def micrograph(options: argparse.Namespace, path: Path) -> Micrograph:
    """The micrograph at ``path``, cropped, with its pixel size and with larger pixels, as the options say."""
    from core.images.binning import binned

    return binned(_as_read(options, path), getattr(options, "bin", 1))


def _as_read(options: argparse.Namespace, path: Path) -> Micrograph:
    from core.images.info_bar import propose_info_bar_row
    from core.images.labelled import looks_segmented
    from core.images.pixel_size import parse_length
    from core.images.reading import read_micrograph

    if isinstance(options.crop, tuple) and len(options.crop) != 2:
        raise InputError("A crop with slices is one of a volume.", "Give rows and columns, such as 0:680,0:1024.")
    picture = read_micrograph(path)
    if options.pixel_size is not None:
        picture = picture.with_pixel_size(parse_length(options.pixel_size))
    if isinstance(options.crop, tuple):
        return picture.cropped(*options.crop)
    if options.crop is None and looks_segmented(picture.grey) is None:
        row = propose_info_bar_row(picture)
        if row is not None:
            note(f"{path.name}: the info bar from row {row} is cut off (--crop none keeps it).")
            return picture.cropped(slice(0, row), slice(None))
    return picture


def volume_part(crop: tuple[slice, ...] | str | None) -> tuple[slice, slice, slice]:
    """Slices, rows and columns of a volume that a crop names: all slices where it names rows and columns alone."""
    if not isinstance(crop, tuple):
        return slice(None), slice(None), slice(None)
    z, y, x = (slice(None), *crop) if len(crop) == 2 else crop
    return z, y, x


def segmentation_settings(options: argparse.Namespace, assignments: list[str]) -> Any:
    """Segmentation settings from the options."""
    from core.segmentation.recipe import read_recipe
    from core.segmentation.settings import LOCAL_METHODS, SegmentationSettings

    recipe = getattr(options, "recipe", None)
    settings = changed(SegmentationSettings() if recipe is None else read_recipe(recipe), assignments)
    if options.denoise is not None:
        settings = changed(settings, [f"denoise={options.denoise.replace('-means', ' means')}"])
    method = options.method
    if method is not None and method.replace("-", " ") in LOCAL_METHODS:
        method = method.replace("-", " ")
    if options.thresholds is not None:
        if method == "hysteresis":
            return replace(settings, threshold=method, manual_thresholds=options.thresholds)
        if method not in (None, "manual"):
            raise InputError(f"--thresholds and --method {method} exclude each other.", "Leave one of them out.")
        method = "manual"
        settings = replace(settings, manual_thresholds=options.thresholds)
    elif method == "manual":
        raise InputError("--method manual needs --thresholds.", "Give grey values such as --thresholds 80,160.")
    if options.phases is not None:
        if method is None and options.phases > 2:
            method = "multi-otsu"
        if method not in (None, "multi-otsu", "manual") and options.phases != 2:
            name = "Otsu" if method == "otsu" else method
            raise InputError(f"{name} makes two phases.", "Use --method multi-otsu.")
        if method == "manual" and options.phases != len(options.thresholds) + 1:
            raise InputError(
                f"{len(options.thresholds)} thresholds make {len(options.thresholds) + 1} phases, "
                f"not {options.phases}.", "Leave --phases out.",
            )  # fmt: skip
        settings = changed(settings, [f"phases={options.phases}"])
    if method is not None:
        settings = changed(settings, [f"threshold={method}"])
    return settings


def phase_image(options: argparse.Namespace, path: Path) -> PhaseImage:
    """The phase image at ``path``; a micrograph is segmented first, which is said."""
    from core.images.binning import binned, binned_phases
    from core.images.labelled import looks_segmented
    from core.images.pixel_size import parse_length
    from core.images.reading import read_labels
    from core.segmentation.segmenting import segment

    picture, times = _as_read(options, path), getattr(options, "bin", 1)
    asked = options.method or options.thresholds or options.phases or options.denoise
    if looks_segmented(picture.grey) is not None and not asked:
        found = read_labels(path)
        if isinstance(found, Volume):
            raise InputError(f"{path.name} is a volume.", "Give a single picture as the exemplar.")
        if options.pixel_size is not None:
            found = replace(found, pixel_size=parse_length(options.pixel_size))
        if isinstance(options.crop, tuple):
            rows, columns = options.crop
            cut = found.labels[rows, columns]
            if cut.size == 0:
                raise InputError("The crop holds no pixel of the picture.", "Give rows and columns inside it.")
            found = replace(found, labels=cut)
        return binned_phases(found, times)
    image = segment(binned(picture, times), segmentation_settings(options, []))
    shares = ", ".join(f"{p.name} {100 * f:.1f} %" for p, f in zip(image.phases, image.fractions, strict=True))
    note(f"{path.name} is a micrograph; segmented: {shares}.")
    return image


def subject(options: argparse.Namespace, path: Path) -> PhaseImage | Volume:
    """A volume, or a phase image as `phase_image`."""
    from core.images.reading import read_labels
    from core.images.zarr_volume import is_zarr

    if is_zarr(path):
        return read_labels(path)
    if path.suffix.lower() in _VOLUME_SUFFIXES:
        return read_labels(path)
    if path.suffix.lower() in (".tif", ".tiff", ".npy"):
        try:
            found = read_labels(path)
        except InputError:  # many grey levels, or no picture at all: reading it as a micrograph says which
            return phase_image(options, path)
        if isinstance(found, Volume):
            return found
    return phase_image(options, path)


def phase_label(image: PhaseImage | Volume, wanted: str | None) -> int:
    """The label of the phase named or numbered ``wanted``; by default the highest.

    Raises
    ------
    InputError
        Where there is none.
    """
    if wanted is None:
        return len(image.phases) - 1
    names = [phase.name.lower() for phase in image.phases]
    if wanted.lower() in names:
        return names.index(wanted.lower())
    if wanted.isdigit() and int(wanted) < len(names):
        return int(wanted)
    known = ", ".join(f"{label} ({phase.name})" for label, phase in enumerate(image.phases))
    raise InputError(f"{image.name} has no phase {wanted}.", f"Choose one of: {known}.")
