"""One slice of a grey volume with the slices around it that features in three directions reach."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from core.images.grey_volume import GreyVolume
from core.job import Job, Progress, finish, reported
from core.segmentation.classifier import Classifier, Lesson, lesson
from core.segmentation.denoising import Grey
from core.segmentation.features import Floats, block_features, feature_names, reach
from core.segmentation.segmenting import prepared
from core.segmentation.settings import SegmentationSettings

_HELD = 1 << 29
"""Bytes of prepared slices that are kept: of two neighbours nearly the same slices are looked at."""
_TILE = 512  # pixels along an edge of what is looked at together
_LOOKING = "Looking at the slices around"


class PreparedSlices:
    """Slices of a grey volume as a threshold sees them; those asked for last are kept. Any thread may ask."""

    def __init__(self, volume: GreyVolume, settings: SegmentationSettings) -> None:
        self._volume, self._settings = volume, settings
        self._held: OrderedDict[int, Grey] = OrderedDict()
        self._lock = Lock()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a slice."""
        return self._volume.shape[1:]

    def slab(self, place: int, margin: int) -> Job[tuple[Grey, int]]:
        """A job that gives slice ``place`` and ``margin`` slices on either side, shape (Z, Y, X); and its row in them.

        Raises
        ------
        InputError
            As `GreyVolume.plane`.
        """
        first, end = max(0, place - margin), min(self._volume.shape[0], place + margin + 1)
        out: Grey | None = None
        for z in range(first, end):
            yield Progress(z - first, end - first, _LOOKING)
            plane = self._plane(z)
            if out is None:
                out = np.empty((end - first, *plane.shape), plane.dtype)
            out[z - first] = plane
        assert out is not None
        return out, place - first

    def _plane(self, z: int) -> Grey:
        with self._lock:
            if z in self._held:
                self._held.move_to_end(z)
                return self._held[z]
        plane = prepared(self._volume.plane(z), self._settings)
        with self._lock:
            self._held[z] = plane
            while len(self._held) * plane.nbytes > _HELD and len(self._held) > 1:
                self._held.popitem(last=False)
        return plane


@dataclass(frozen=True, eq=False)
class Slab:
    """A slice of a volume and what lies around it.

    Attributes
    ----------
    slices
        Where it and its neighbours are read.
    place
        Which slice, from 0.
    """

    slices: PreparedSlices
    place: int

    def features(self, sigmas: Sequence[float]) -> Job[Floats]:
        """A job that finds the features of the slice: shape (Y, X, features), to the bit those of the whole volume.

        Raises
        ------
        InputError
            As `GreyVolume.plane`.
        """
        number, parts = 0, 1 + len(_corners(self.slices.shape))

        def told(step: Progress) -> Progress:
            """How much of the reading, which counts as one tile, and of all tiles is done."""
            return Progress(round(100 * (number + (step.fraction or 0.0))), 100 * parts, _LOOKING)

        grey, row = yield from reported(self.slices.slab(self.place, reach(sigmas)), told)
        rows, columns = self.slices.shape
        out = np.empty((rows, columns, len(feature_names(sigmas, 3))), np.float32)
        for number, (y, x) in enumerate(_corners(self.slices.shape), 1):  # noqa: B007 (`told` looks at it)
            here = slice(y, min(y + _TILE, rows)), slice(x, min(x + _TILE, columns))
            seen = yield from reported(block_features(grey, (slice(row, row + 1), *here), sigmas), told)
            out[here] = seen[0]
        return out

    def lesson(self, marks: npt.NDArray[np.uint8], sigmas: Sequence[float]) -> Lesson:
        """What scribbles on the slice teach: shape (Y, X), 0 none, 1 … n the phases.

        Raises
        ------
        InputError
            As `GreyVolume.plane` and `core.segmentation.classifier.lesson`.
        """
        grey, row = finish(self.slices.slab(self.place, reach(sigmas)))
        scribbles = np.zeros(grey.shape, np.uint8)
        scribbles[row] = marks
        return lesson(grey, scribbles, sigmas=sigmas)

    def predict(self, classifier: Classifier) -> tuple[npt.NDArray[np.uint8], Floats]:
        """Labels and uncertainty of the slice, shape (Y, X), as `Classifier.predict` finds them in the whole volume.

        Raises
        ------
        InputError
            As `GreyVolume.plane`.
        """
        grey, row = finish(self.slices.slab(self.place, reach(classifier.sigmas)))
        doubt = np.empty((1, *grey.shape[1:]), np.float32)
        labels = finish(classifier.labelling(grey, doubt, rows=slice(row, row + 1)))
        return labels[0], doubt[0]


def _corners(shape: tuple[int, int]) -> list[tuple[int, int]]:
    """First row and column of each tile of a slice."""
    return [(y, x) for y in range(0, shape[0], _TILE) for x in range(0, shape[1], _TILE)]
