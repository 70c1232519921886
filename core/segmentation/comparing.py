"""How two segmentations of the same picture, or volume, differ: by how much, in which phase, and where.

Dice's coefficient of a phase is 2 |A ∩ B| / (|A| + |B|), with A and B the pixels of that phase in the one and in the
other (Dice, Ecology 26, 1945, 297–302): 1 where both agree, 0 where they share no pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.images.label_slices import LabelSlices
from core.images.values import PhaseImage, Volume
from core.job import Job, Progress

Labels = npt.NDArray[np.uint8]
SAME, ONLY_FIRST, ONLY_SECOND, OTHERWISE = range(4)
"""Values of `disagreement`."""
_BLOCK = 1 << 22  # pixels that are counted at once: counting takes 8 bytes of each


Box = tuple[int, int, int, int]
"""A rectangle of pixels: first row, end row, first column, end column."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A segmentation of a micrograph, kept to compare others with.

    Attributes
    ----------
    image
        Its labels.
    name
        What to call it.
    crop
        The part of the micrograph that it shows; None for all of it.
    time
        When it was kept, as ISO 8601; empty where nobody knows.
    place
        The slice of a grey volume that it shows, from 0; None where the micrograph is a single picture.
    """

    image: PhaseImage
    name: str
    crop: Box | None
    time: str = ""
    place: int | None = None

    def reaches(self, crop: Box | None, place: int | None = None) -> bool:
        """Whether it shows the part ``crop`` of the micrograph, or of the slice ``place`` of a volume."""
        return self.place == place and (self.crop is None or crop == self.crop)

    def cut_to(self, crop: Box | None) -> PhaseImage:
        """Its labels in a part of the micrograph that it `reaches`."""
        if crop is None or crop == self.crop:
            return self.image
        y0, y1, x0, x1 = crop
        return replace(self.image, labels=self.image.labels[y0:y1, x0:x1])


@dataclass(frozen=True, eq=False)
class SegmentationComparison:
    """What two segmentations have in common.

    Attributes
    ----------
    counts
        Shape (phases, phases), int64: element [i, j] is the number of pixels that have label i in the first and label
        j in the second. There are as many phases as the one that has more of them has.
    """

    counts: npt.NDArray[np.int64]

    @property
    def agreement(self) -> float:
        """Share of the pixels that have the same label in both, 0 to 1."""
        return float(np.trace(self.counts) / self.counts.sum())

    @property
    def dice(self) -> tuple[float | None, ...]:
        """Dice's coefficient of each phase, in label order; None where neither has a pixel of it."""
        both = np.diag(self.counts)
        sizes = self.counts.sum(axis=1) + self.counts.sum(axis=0)
        pairs = zip(both.tolist(), sizes.tolist(), strict=True)
        return tuple(2 * shared / size if size else None for shared, size in pairs)

    @property
    def fractions(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Share of each phase in the first and in the second, in label order."""
        total = self.counts.sum()
        first, second = (self.counts.sum(axis=axis) / total for axis in (1, 0))
        return tuple(first.tolist()), tuple(second.tolist())


def compare_segmentations(first: PhaseImage | Volume, second: PhaseImage | Volume) -> SegmentationComparison:
    """Compare two segmentations pixel by pixel; phases are matched by their label.

    Raises
    ------
    InputError
        Where they are not of the same size.
    """
    check_sizes(first.labels.shape, second.labels.shape, first.name, second.name)
    return SegmentationComparison(_pairs(first.labels, second.labels, max(len(first.phases), len(second.phases))))


def comparing_slices(first: LabelSlices, second: LabelSlices) -> Job[SegmentationComparison]:
    """A job that compares two volumes that stay on the disk, slice by slice; as `compare_segmentations`."""
    check_sizes(first.shape, second.shape, first.path.name, second.path.name)
    count, steps = max(len(first.phases), len(second.phases)), first.shape[0]
    counts = np.zeros((count, count), np.int64)
    for z in range(steps):
        yield Progress(z, steps, "Comparing")
        counts += _pairs(first.plane(z), second.plane(z), count)
    return SegmentationComparison(counts)


def _pairs(first: Labels, second: Labels, count: int) -> npt.NDArray[np.int64]:
    """How many pixels have label i in the first and label j in the second, shape (count, count)."""
    counts = np.zeros(count * count, np.int64)
    one, other = first.reshape(-1), second.reshape(-1)
    for start in range(0, one.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        # at most 16 phases: a pair fits into 8 bits
        counts += np.bincount(one[part] * np.uint8(count) + other[part], minlength=count * count)
    return counts.reshape(count, count)


def disagreement(first: Labels, second: Labels, phase: int) -> Labels:
    """Where two segmentations differ, seen from one phase.

    Parameters
    ----------
    first, second
        Labels of one shape, uint8.
    phase
        Label of the phase to look at.

    Returns
    -------
    array of that shape, uint8
        `SAME` (0) where the labels are equal, `ONLY_FIRST` (1) where only the first has the phase, `ONLY_SECOND` (2)
        where only the second has it, `OTHERWISE` (3) where they differ in two other phases.

    Raises
    ------
    InputError
        Where the shapes differ.
    """
    check_sizes(first.shape, second.shape, "The first", "the second")
    here, there = first == phase, second == phase
    found = np.where(first == second, SAME, OTHERWISE).astype(np.uint8)
    found[here & ~there] = ONLY_FIRST
    found[there & ~here] = ONLY_SECOND
    return found


def check_sizes(first: tuple[int, ...], second: tuple[int, ...], one: str, other: str) -> None:
    """`InputError` where two segmentations, called ``one`` and ``other``, have not the same shape."""
    if first != second:
        shapes = [" × ".join(map(str, shape)) for shape in (first, second)]
        raise InputError(
            f"{one} has {shapes[0]} pixels, {other} {shapes[1]}: they cannot be compared.",
            "Compare two segmentations of the same part of the same picture.",
        )


def table(comparison: SegmentationComparison, names: tuple[str, ...]) -> str:
    """The comparison as lines of text: fractions, Dice, pixels by both labels; ``names`` are the first's phases."""
    count = len(comparison.counts)
    known = [names[label] if label < len(names) else f"Phase {label}" for label in range(count)]
    wide = max(len(f"{label} {name}") for label, name in enumerate(known))
    first, second = comparison.fractions
    lines = [f"{100 * comparison.agreement:.2f} % of the pixels agree", f"{'':{wide}}      this     other    Dice"]
    for label, (name, dice) in enumerate(zip(known, comparison.dice, strict=True)):
        said = "     –" if dice is None else f"{dice:.4f}"
        lines.append(f"{f'{label} {name}':{wide}}  {100 * first[label]:6.2f} %  {100 * second[label]:6.2f} %  {said}")
    widths = [max(len(str(cell)) for cell in (label, *column)) for label, column in enumerate(comparison.counts.T)]
    lines.append("pixels by their label in this one (rows) and in the other (columns):")
    lines.append("  ".join([" " * wide, *(f"{label:>{width}}" for label, width in enumerate(widths))]))
    for label, row in enumerate(comparison.counts.tolist()):
        cells = (f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join([f"{f'{label} {known[label]}':{wide}}", *cells]))
    return "\n".join(lines)
