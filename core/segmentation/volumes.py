"""Grey volumes: slice by slice with one recipe, or at once with a classifier for volumes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.images.grey import to_grey, to_supported
from core.images.loading import checked_path, load_stack
from core.images.values import Volume
from core.images.writing import write_volume
from core.job import Job, Progress
from core.provenance import Provenance, array_hash
from core.segmentation.classifier import Classifier
from core.segmentation.cleaning import clean
from core.segmentation.denoising import Grey
from core.segmentation.morphology import changed_by
from core.segmentation.segmenting import chosen_thresholds, cleaned, named_phases, prepared, thresholded
from core.segmentation.settings import (
    MAX_THRESHOLD_PHASES,
    TRAINED,
    SegmentationSettings,
    check,
    settings_to_json,
)

Size = tuple[float, float, float] | None


def read_grey_volume(path: Path) -> tuple[Grey, Size]:
    """Grey values, shape (Z, Y, X), uint8, uint16 or float32, and the voxel size in metres (z, y, x) or None.

    Raises
    ------
    InputError
        Where the file cannot be read, is a single picture, or has one grey level.
    """
    array, facts = load_stack(checked_path(path))
    notes: dict[str, str] = facts["notes"]
    if facts["colour"]:
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
    voxel_size: Size = None,
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
        elif settings.threshold == TRAINED and classifier is not None:
            labels[place] = cleaned(classifier.predict(plane)[0], settings)
        else:
            labels[place] = cleaned(thresholded(plane, settings, levels), settings)
    yield Progress(steps, steps, "Segmenting")
    told = {**settings_to_json(settings), "thresholds_used": list(levels), "slice_by_slice": not whole}
    count = settings.phase_count
    if settings.threshold == TRAINED and classifier is not None:
        told["classifier"] = classifier.facts()
        count = max(count, classifier.phases)
    made = Provenance("segment", settings=told, input_hashes=(array_hash(grey),))
    return Volume(labels, named_phases(count), voxel_size, name, made)


def with_classifier(settings: SegmentationSettings, classifier: Classifier) -> SegmentationSettings:
    """``settings`` with the phases that ``classifier`` finds, instead of a threshold's."""
    return replace(settings, threshold=TRAINED, phases=min(classifier.phases, MAX_THRESHOLD_PHASES))


def segmenting_file(
    source: Path, target: Path, settings: SegmentationSettings, classifier: Classifier | None = None
) -> Job[tuple[Path, Volume]]:
    """A job that reads a grey volume, segments it (`segmenting_volume`) and writes its phases; ``target`` is replaced.

    Cancelled, it leaves ``target`` as it was.

    Raises
    ------
    InputError
        As `read_grey_volume` and `segmenting_volume`.
    JobError
        Where ``target`` cannot be written.
    """
    yield Progress(0, 0, "Reading")
    grey, size = read_grey_volume(source)
    made = yield from segmenting_volume(grey, settings, classifier, name=source.name, voxel_size=size)
    yield Progress(0, 0, "Writing")
    return write_volume(made, target, overwrite=True), made
