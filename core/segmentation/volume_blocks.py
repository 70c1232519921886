"""Labels of a grey volume on the disk by a classifier for volumes: some slices are in memory at a time."""

from __future__ import annotations

import math

import numpy as np

from core import devices
from core.errors import InputError
from core.images.grey_volume import GreyVolume
from core.images.pyramid import CELL
from core.job import Job
from core.segmentation.classifier import Classifier
from core.segmentation.cleaning import Labels, clean
from core.segmentation.denoising import Grey
from core.segmentation.features import reach
from core.segmentation.morphology import changed_by
from core.segmentation.segmenting import prepared
from core.segmentation.settings import CleaningStep, SegmentationSettings

_THINNEST = 8
_BUDGET = 1 << 30  # bytes, where nobody knows how much memory is free
_DISCS = {"erode": 1, "dilate": 1, "open": 2, "close": 2}
"""How many radii away a step of cleaning looks."""
_WHOLE = {"fill holes": 16, "remove border pieces": 40, "split touching": 128}
"""Steps that look at the whole volume at once, and how many bytes a voxel they take meanwhile."""


class BlockLabels:
    """The labels that `core.segmentation.volumes.segmenting_volume` finds, to the bit, slice after slice.

    Each slice is prepared and classified once. A block of slices is looked at together with as many on either side as
    its features reach, and cleaned together with as many as the steps of cleaning reach. Where a step looks at the
    whole volume at once, the labels of all slices are in memory together; where they do not fit, that step works on
    each slice by itself (`cleaned_by_slices`), and the labels are not those of the whole in memory.

    Raises
    ------
    InputError
        Where the classifier is one for pictures.
    """

    def __init__(
        self, source: GreyVolume, settings: SegmentationSettings, classifier: Classifier, depth: int | None = None
    ) -> None:
        if classifier.ndim != 3:
            raise InputError("The classifier was trained for single pictures.", "Train one for volumes.")
        self._source, self._settings, self._classifier = source, settings, classifier
        self._margin = reach(classifier.sigmas)
        self._over = sum(map(_reach_of, settings.cleaning))
        self._by_slices = cleaned_by_slices(source, settings)
        self._at_once = not self._by_slices and any(step.kind in _WHOLE for step in settings.cleaning)
        self._depth = depth or _depth(source, self._margin)
        self._seen: dict[int, Grey] = {}
        self._found: dict[int, Labels] = {}
        self._clean: dict[int, Labels] = {}

    def plane(self, z: int) -> Job[Labels]:
        """A job that finds the labels of slice ``z``; asked for in rising order, none is read twice.

        Raises
        ------
        InputError
            As `GreyVolume.plane`.
        """
        if z not in self._clean:
            end = self._source.shape[0] if self._at_once else min(self._source.shape[0], z + self._depth)
            low, high = max(0, z - self._over), min(self._source.shape[0], end + self._over)
            yield from self._classify(low, high)
            block = np.stack([self._found[place] for place in range(low, high)])
            for step in self._settings.cleaning:
                if step.kind in self._by_slices:
                    block = np.stack([changed_by(plane, step) for plane in block])
                else:
                    block = changed_by(block, step)
            self._clean = {place: block[place - low] for place in range(z, end)}
            self._found = {place: found for place, found in self._found.items() if place >= end - self._over}
        return clean(self._clean[z], self._settings.min_island, self._settings.min_hole)

    def _classify(self, low: int, high: int) -> Job[None]:
        """Labels of the slices from ``low`` to ``high``, as far as they are not known."""
        count = self._source.shape[0]
        wanted = [place for place in range(low, high) if place not in self._found]
        while wanted:
            start = wanted[0]
            end = min(start + self._depth, wanted[-1] + 1)
            first, last = max(0, start - self._margin), min(count, end + self._margin)
            self._seen = {place: plane for place, plane in self._seen.items() if place >= first}
            for place in range(first, last):
                if place not in self._seen:
                    self._seen[place] = prepared(self._source.plane(place), self._settings)
            seen = np.stack([self._seen[place] for place in range(first, last)])
            labels = yield from self._classifier.labelling(seen, rows=slice(start - first, end - first))
            self._found |= {place: labels[place - start] for place in range(start, end)}
            wanted = wanted[end - start :]


def cleaned_by_slices(source: GreyVolume, settings: SegmentationSettings) -> tuple[str, ...]:
    """Steps of cleaning after a classifier for volumes that work slice by slice: the labels do not fit into memory."""
    free, voxels = devices.free_memory(), math.prod(source.shape)
    asked = [step.kind for step in settings.cleaning if step.kind in _WHOLE]
    needed = max((_WHOLE[kind] for kind in asked), default=0) * voxels
    if needed <= (_BUDGET if free is None else free // 2):
        return ()
    return tuple(dict.fromkeys(asked))


def _reach_of(step: CleaningStep) -> int:
    """How many slices away it looks, where it does not look at all of them."""
    return _DISCS.get(step.kind, 0) * (math.ceil(step.size) + 1)


def _depth(source: GreyVolume, margin: int) -> int:
    """Slices that are classified together: as many as a share of the memory takes beside those that are looked at."""
    free = devices.free_memory()
    budget = _BUDGET if free is None else free // 4
    # kept slice by slice and stacked, and their labels
    each = source.shape[1] * source.shape[2] * (2 * source.dtype.itemsize + 2)
    return max(_THINNEST, min(CELL, budget // each - 2 * margin))
