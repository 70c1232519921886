"""Sizes of grains: of the pieces of a phase that boundaries of another keep apart, in pictures.

A grain is a component of the phase whose pixels share edges. Its size is the diameter of the disc of equal area,
d = 2 √(A / π), in pixels. Grains that the border cuts are left out, since their size is not known; that leaves out
large ones more often than small ones, so each whole grain counts with the inverse of its chance to lie inside, from its
bounding box (h, w) in a picture of (H, W): H W / ((H − h − 1) (W − w − 1)), the places at which it would not touch the
border (Miles, J. Microsc. 111, 219, 1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.errors import InputError
from core.statistics.components import label_components

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class GrainSizes:
    """Grains of one or several pictures.

    Attributes
    ----------
    diameters
        Shape (n,), px, ascending.
    weights
        Shape (n,), they sum to 1 (to nothing without grains).
    """

    diameters: Floats
    weights: Floats

    @property
    def mean(self) -> float:
        """Mean diameter by number, px; NaN without grains."""
        return float(self.diameters @ self.weights) if len(self.diameters) else float("nan")

    @property
    def deviation(self) -> float:
        """Standard deviation of the diameters, px; NaN without grains."""
        if not len(self.diameters):
            return float("nan")
        return float(np.sqrt(((self.diameters - self.mean) ** 2) @ self.weights))

    def share_up_to(self, diameters: npt.ArrayLike) -> Floats:
        """Share of the grains (by number) that are at most as large as each of ``diameters`` (px)."""
        sums = np.concatenate([[0.0], np.cumsum(self.weights)])
        return np.asarray(sums[np.searchsorted(self.diameters, np.asarray(diameters, dtype=np.float64), side="right")])


def grain_sizes(pictures: Sequence[Bools]) -> GrainSizes:
    """The grains of all of ``pictures``, each of shape (Y, X), True in the grains.

    Raises
    ------
    InputError
        Where one has not two axes.
    """
    diameters, weights = [], []
    for picture in pictures:
        if picture.ndim != 2:
            raise InputError(f"Grains are counted in pictures, not in shape {picture.shape}.")
        labels, count = label_components(picture)
        areas = np.bincount(labels.ravel(), minlength=count + 1)
        rows, columns = picture.shape
        for number, box in enumerate(ndimage.find_objects(labels), 1):
            (y0, y1), (x0, x1) = ((side.start, side.stop) for side in box)
            if y0 == 0 or x0 == 0 or y1 == rows or x1 == columns:
                continue
            diameters.append(2 * np.sqrt(areas[number] / np.pi))
            weights.append(rows * columns / ((rows - (y1 - y0) - 1) * (columns - (x1 - x0) - 1)))
    order = np.argsort(diameters, kind="stable")
    total = float(np.sum(weights)) if weights else 1.0
    return GrainSizes(np.array(diameters, np.float64)[order], np.array(weights, np.float64)[order] / total)


def largest_difference(some: GrainSizes, others: GrainSizes) -> float:
    """The largest difference of two distributions, 0 to 1 (Kolmogorov and Smirnov); NaN where one has no grains."""
    if not (len(some.diameters) and len(others.diameters)):
        return float("nan")
    at = np.concatenate([some.diameters, others.diameters])
    return float(np.abs(some.share_up_to(at) - others.share_up_to(at)).max())
