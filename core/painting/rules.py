"""What may be painted on, and where: one set of rules for every tool."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from core.painting.pixels import Pixels, Sampled

AUTOMATIC = 255
"""In a field of corrections: nothing painted here, the automatic label holds."""


@dataclass(frozen=True, eq=False)
class EditingRules:
    """A pixel may be changed where all of these allow it.

    Attributes
    ----------
    inside
        Only pixels of this phase, or None for everywhere.
    selection
        Only where this is True (bool, shape of the picture), or None.
    grey_range
        Only where the grey value is from the first to the second, both included, or None.
    locked
        Phases that nothing may change.
    """

    inside: int | None = None
    selection: np.ndarray | None = None
    grey_range: tuple[float, float] | None = None
    locked: frozenset[int] = field(default_factory=frozenset)

    @property
    def allow_all(self) -> bool:
        """Whether every pixel may be changed."""
        return self.inside is None and self.selection is None and self.grey_range is None and not self.locked

    def allow(self, pixels: Pixels | Sampled, ground: Ground) -> np.ndarray:
        """Which of ``pixels`` may be changed; bool, as ``pixels.take`` gives."""
        allowed = pixels.cover
        if self.selection is not None:
            allowed = allowed & pixels.take(self.selection)
        if self.inside is not None or self.locked:
            labels = ground.labels_of(pixels)
            if labels is not None:
                if self.inside is not None:
                    allowed = allowed & (labels == self.inside)
                for label in self.locked:
                    allowed = allowed & (labels != label)
        if self.grey_range is not None and ground.grey is not None:
            grey = pixels.take(ground.grey)
            low, high = self.grey_range
            if grey.dtype.kind == "u":  # whole numbers are compared with whole numbers: with others all would be copied
                most = int(np.iinfo(grey.dtype).max)
                low, high = math.ceil(max(low, 0)), math.floor(min(high, most))
                if low > most or high < 0:
                    return np.zeros_like(allowed)
            allowed = allowed & (grey >= low)
            allowed &= grey <= high
        return allowed


@dataclass(eq=False)
class Ground:
    """What is painted on, and what the rules look at. The one thing here that changes.

    Attributes
    ----------
    values
        Shape (Y, X), writable: corrections of labels (uint8, `AUTOMATIC` where there is none) or a field (float32).
    labels
        Shape (Y, X), uint8: the automatic labels under the corrections, or the phases beside a field; None: no phases.
    grey
        Shape (Y, X): the micrograph, or None.
    """

    values: np.ndarray
    labels: np.ndarray | None = None
    grey: np.ndarray | None = None

    def __post_init__(self) -> None:
        for array in (self.values, self.labels, self.grey):
            if array is not None and (array.shape != self.values.shape or not array.flags.c_contiguous):
                raise ValueError("all that belongs to a ground has its shape, and rows that follow each other")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape  # type: ignore[return-value]

    @property
    def of_labels(self) -> bool:
        """Whether labels are painted (else a field)."""
        return self.values.dtype == np.uint8

    def labels_of(self, pixels: Pixels | Sampled) -> np.ndarray | None:
        """The labels that a person sees there: corrections over the automatic ones."""
        if self.labels is None:
            return pixels.take(self.values) if self.of_labels else None
        labels = pixels.take(self.labels)
        if not self.of_labels:
            return labels
        return over(labels, pixels.take(self.values))


def over(automatic: np.ndarray, corrections: np.ndarray, phases: int = AUTOMATIC) -> np.ndarray:
    """``corrections`` where there are any, else the ``automatic`` labels; uint8.

    A correction to a phase that is not there any more (label >= ``phases``) rests until it is there again.
    """
    if corrections.dtype != np.uint8 or automatic.dtype != np.uint8:
        return np.where(corrections < phases, corrections, automatic)
    # several times as fast as np.where
    change: np.ndarray = automatic ^ corrections
    change &= np.negative((corrections < phases).view(np.uint8))
    change ^= automatic
    return change
