"""Grey volumes: slice by slice with one recipe, or at once with a classifier for volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.images.atomic import replacing, replacing_folder
from core.images.big_tiff import TiffWriter
from core.images.grey import to_grey, to_supported
from core.images.grey_volume import GreyVolume, Size, open_grey_volume
from core.images.loading import checked_path, load_stack
from core.images.outline import Outline
from core.images.pyramid import CELL
from core.images.values import Phase, Volume
from core.images.writing import format_of, write_volume
from core.job import Job, Progress, reported
from core.painting.rules import over
from core.provenance import Provenance, array_hash
from core.segmentation.classifier import Classifier
from core.segmentation.cleaning import Labels, clean
from core.segmentation.denoising import Grey
from core.segmentation.morphology import changed_by
from core.segmentation.segmenting import (
    automatic_thresholds,
    chosen_thresholds,
    cleaned,
    named_phases,
    prepared,
    thresholded,
)
from core.segmentation.settings import (
    MAX_THRESHOLD_PHASES,
    TRAINED,
    SegmentationSettings,
    check,
    settings_to_json,
)
from core.segmentation.thresholding import (
    BINS,
    Histogram,
    counted,
    edges_between,
    histogram_of_levels,
    levels_of,
    thresholds_of_histogram,
)
from core.segmentation.volume_blocks import BlockLabels, cleaned_by_slices

if TYPE_CHECKING:
    from core.images.zarr_volume import ZarrWriter


def read_grey_volume(path: Path) -> tuple[Grey, Size]:
    """Grey values, shape (Z, Y, X), uint8, uint16 or float32, and the voxel size in metres (z, y, x) or None.

    Raises
    ------
    InputError
        Where the file cannot be read, is a single picture, or has one grey level.
    """
    array, facts = load_stack(checked_path(path))
    notes: dict[str, str] = facts["notes"]
    if facts.get("colour"):  # kinds of files for volumes have none
        array = to_grey(array, notes)
    array = array.squeeze()
    if array.ndim != 3:
        raise InputError(f"{path.name} has shape {array.shape}: it is no volume.", "Choose a stack of slices.")
    grey = np.ascontiguousarray(to_supported(array, notes, path.name))
    if grey.min() == grey.max():
        raise InputError(f"{path.name} has one grey level only ({grey.flat[0]:g}).", "Choose one that shows phases.")
    return grey, facts.get("voxel_size")


def segmenting_volume(
    grey: Grey, settings: SegmentationSettings, classifier: Classifier | None = None, *, name: str = "",
    voxel_size: Size = None, taken: Sequence[Mapping[str, Any]] = (),
) -> Job[Volume]:  # fmt: skip
    """A job that segments a grey volume.

    Each slice along z is flattened and denoised by itself. Thresholds of the whole picture are those of the whole
    volume, the same in every slice; local ones and hysteresis look at their slice. A classifier for volumes looks at
    all three directions, one for single pictures at each slice. Slices are cleaned by themselves; with a classifier
    for volumes the steps of cleaning work in 3-D (small islands and holes still slice by slice).

    Parameters
    ----------
    grey
        Shape (Z, Y, X).
    taken
        What was done to it before (`GreyVolume.taken`).

    Raises
    ------
    InputError
        As `core.segmentation.segmenting.segment`.
    """
    check(settings)
    steps = 2 * len(grey)
    seen = np.empty_like(grey)
    for place, plane in enumerate(grey):
        yield Progress(place, steps, "Segmenting")
        seen[place] = prepared(plane, settings)
    whole = settings.threshold == TRAINED and classifier is not None and classifier.ndim == 3
    # the histogram does not mind the shape
    levels = chosen_thresholds(seen.reshape(len(seen), -1), settings)
    labels = np.empty(grey.shape, np.uint8)
    if whole and classifier is not None:
        labels = yield from classifier.labelling(seen)
        for step in settings.cleaning:
            labels = changed_by(labels, step)
    for place, plane in enumerate(seen):
        yield Progress(len(grey) + place, steps, "Segmenting")
        if whole:
            labels[place] = clean(labels[place], settings.min_island, settings.min_hole)
        else:
            labels[place] = labels_of_slice(plane, settings, levels, classifier)
    yield Progress(steps, steps, "Segmenting")
    phases, told = described(settings, levels, classifier, slice_by_slice=not whole)
    if taken:
        told["taken"] = list(taken)
    made = Provenance("segment", settings=told, input_hashes=(array_hash(grey),))
    return Volume(labels, phases, voxel_size, name, made)


def labels_of_slice(
    plane: Grey, settings: SegmentationSettings, levels: Sequence[float], classifier: Classifier | None
) -> Labels:
    """Labels of a prepared slice, cleaned; ``levels`` are the volume's thresholds."""
    if settings.threshold == TRAINED and classifier is not None:
        return cleaned(classifier.predict(plane)[0], settings)
    return cleaned(thresholded(plane, settings, levels), settings)


def described(
    settings: SegmentationSettings, levels: Sequence[float], classifier: Classifier | None, *, slice_by_slice: bool,
    kept: Sequence[Phase] = (),
) -> tuple[tuple[Phase, ...], dict[str, Any]]:  # fmt: skip
    """Phases of the segmented volume (with the names and colours of ``kept``), and what its provenance says."""
    told = {**settings_to_json(settings), "thresholds_used": list(levels), "slice_by_slice": slice_by_slice}
    count = settings.phase_count
    if settings.threshold == TRAINED and classifier is not None:
        told["classifier"] = classifier.facts()
        count = max(count, classifier.phases)
    return named_phases(count, kept), told


def with_classifier(settings: SegmentationSettings, classifier: Classifier) -> SegmentationSettings:
    """``settings`` with the phases that ``classifier`` finds, instead of a threshold's."""
    return replace(settings, threshold=TRAINED, phases=min(classifier.phases, MAX_THRESHOLD_PHASES))


def segmenting_file(
    source: Path, target: Path, settings: SegmentationSettings, classifier: Classifier | None = None, *,
    voxel_size: Size = None, overwrite: bool = True,
) -> Job[tuple[Path, Volume | Written]]:  # fmt: skip
    """A job that reads a grey volume, segments it (`segmenting_volume`) and writes its phases.

    One beyond memory, or in a Zarr folder, is read and written slice by slice (`segmenting_slices`): the labels are the
    same. Cancelled, it leaves ``target`` as it was.

    Parameters
    ----------
    voxel_size
        Metres along z, y, x; by default what the file says.

    Raises
    ------
    InputError
        As `read_grey_volume` and `segmenting_volume`.
    JobError
        Where ``target`` cannot be written.
    """
    yield Progress(0, 0, "Reading")
    stored = stays_on_disk(source)
    if stored is not None:
        return (yield from segmenting_slices(stored, target, settings, classifier, voxel_size, overwrite=overwrite))
    grey, size = read_grey_volume(source)
    size = voxel_size or size
    made = yield from segmenting_volume(grey, settings, classifier, name=source.name, voxel_size=size)
    yield Progress(0, 0, "Writing")
    return write_volume(made, target, overwrite=overwrite), made


def stays_on_disk(path: Path) -> GreyVolume | None:
    """The grey volume in ``path`` where it is read slice by slice: in a Zarr folder, or beyond memory; else None.

    Raises
    ------
    InputError
        As `open_grey_volume`.
    """
    stored = open_grey_volume(path)
    return stored if stored is not None and (path.is_dir() or stored.beyond_memory) else None


_SLAB = 1 << 28
"""Voxels that are written into a TIFF at a time."""


@dataclass(frozen=True)
class Written:
    """A segmented volume that is on the disk alone.

    Attributes
    ----------
    phases
        In the order of their labels.
    fractions
        Share of the voxels of each.
    """

    phases: tuple[Phase, ...]
    fractions: tuple[float, ...]


def segmenting_slices(
    source: GreyVolume, target: Path, settings: SegmentationSettings, classifier: Classifier | None = None,
    voxel_size: Size = None, *, overwrite: bool = False, phases: Sequence[Phase] = (),
    painted: Mapping[int, Labels] | None = None,
) -> Job[tuple[Path, Written]]:  # fmt: skip
    """A job that segments a grey volume from disk to disk; a few slices are in memory at a time.

    The labels are those of `segmenting_volume`, to the bit: each slice is worked on as a whole, and thresholds of the
    whole volume come from a histogram that is counted slice by slice. Slices are prepared twice, or three times
    where values are floating and the threshold is automatic, since they are not kept. A classifier for volumes looks
    at some slices together (`BlockLabels`, which also says which steps of cleaning need all labels in memory).

    Parameters
    ----------
    target
        ``.tif`` (one uncompressed file) or ``.ome.zarr``; replaced at the end.
    phases
        Names and colours to keep, in label order; missing ones get defaults.
    painted
        By slice, labels that lie over those that are found (`core.painting.rules.over`).

    Raises
    ------
    InputError
        As `segmenting_volume`; where the target is of another kind.
    JobError
        Where ``target`` cannot be written.
    """
    check(settings)
    kind = format_of(target)
    if kind not in (".tif", ".ome.tif", ".ome.zarr"):
        raise InputError(
            f"A volume from the disk is not written as {target.name}.", "End the name with .tif or .ome.zarr."
        )
    blocks = None
    if settings.threshold == TRAINED and classifier is not None and classifier.ndim == 3:
        blocks = BlockLabels(source, settings, classifier)
    corrections = painted or {}
    count, steps = source.shape[0], 2 * source.shape[0]
    levels = yield from levels_from_disk(source, settings, steps)
    named, told = described(settings, levels, classifier, slice_by_slice=blocks is None, kept=phases)
    if source.taken:
        told["taken"] = list(source.taken)
    if blocks is not None and settings.cleaning:
        told["cleaned_slice_by_slice"] = list(cleaned_by_slices(source, settings))
    if corrections:
        told["slices_corrected_by_hand"] = sorted(corrections)
    made = Provenance("segment", source=source.path.name, settings=told)
    outline = Outline(source.shape, named, voxel_size or source.voxel_size, source.path.name, made)
    found = np.zeros(len(named), np.int64)
    with (replacing_folder if kind == ".ome.zarr" else replacing)(target, overwrite) as temporary:
        writer: TiffWriter | ZarrWriter
        if kind == ".ome.zarr":
            from core.images.zarr_volume import ZarrWriter

            writer = ZarrWriter(temporary, outline)
        else:
            temporary.unlink()  # the writer goes on with a file that is there
            writer = TiffWriter(temporary, outline)
        slab: list[Labels] = []
        # Zarr takes whole cells; a TIFF any number
        depth = CELL if kind == ".ome.zarr" else max(1, min(CELL, _SLAB // (source.shape[1] * source.shape[2])))
        for z in range(count):
            yield Progress(count + z, steps, "Segmenting")
            if blocks is not None:
                labels = yield from reported(blocks.plane(z), Progress(count + z, steps, "Segmenting"))
            else:
                labels = labels_of_slice(prepared(source.plane(z), settings), settings, levels, classifier)
            slab.append(over(labels, corrections[z], len(named)) if z in corrections else labels)
            if len(slab) == depth or z == count - 1:
                block = np.stack(slab)
                writer.write((z + 1 - len(slab), 0, 0), block)
                found += np.bincount(block.reshape(-1), minlength=len(named))
                slab = []
        yield Progress(steps, steps, "Writing")
        writer.finish(found)
    return target, Written(named, tuple((found / found.sum()).tolist()))


def levels_from_disk(source: GreyVolume, settings: SegmentationSettings, steps: int) -> Job[tuple[float, ...]]:
    """As `chosen_thresholds` of the prepared slices together."""
    automatic, count = automatic_thresholds(settings), source.shape[0]
    low, high, darkest, brightest = np.inf, -np.inf, np.inf, -np.inf
    levels: np.ndarray | None = None
    for z in range(count):
        yield Progress(z, steps, "Measuring grey values")
        plane = source.plane(z)
        low, high = min(low, float(plane.min())), max(high, float(plane.max()))
        # trained phases have no thresholds
        seen = plane if settings.threshold == TRAINED else prepared(plane, settings)
        darkest, brightest = min(darkest, float(seen.min())), max(brightest, float(seen.max()))
        if automatic is not None and seen.dtype != np.float32:
            levels = levels_of(seen) if levels is None else levels + levels_of(seen)
    if low == high:
        raise InputError(f"{source.path.name} has one grey level only ({low:g}).", "Choose one that shows phases.")
    if automatic is None:
        # of the picture only its darkest and its brightest value are asked for
        ends = np.array(
            [[darkest, brightest]], np.float32 if source.dtype.kind == "f" else source.dtype.newbyteorder("=")
        )
        return chosen_thresholds(ends, settings)
    if levels is not None:
        return thresholds_of_histogram(histogram_of_levels(levels), *automatic)
    total, edges = np.zeros(BINS, np.int64), edges_between(darkest, brightest)
    for z in range(count):
        yield Progress(z, steps, "Measuring grey values")
        total += counted([prepared(source.plane(z), settings)], edges).counts
    return thresholds_of_histogram(Histogram(total, edges), *automatic)
