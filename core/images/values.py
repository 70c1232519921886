"""The immutable values that travel through the program: Micrograph, PhaseImage, Volume.

Each carries its pixel size in metres (None where nobody has said it yet) and its provenance. Arrays are made read-only,
so that a later room cannot edit an earlier value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from core.errors import InputError
from core.provenance import Provenance

PHASE_COLORS = ("#8A9099", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
"""Default phase colours: a grey matrix, then Okabe and Ito's colour-blind-safe set (2008)."""

MAX_PHASES = 16


def frozen(array: np.ndarray) -> np.ndarray:
    """A read-only, C-contiguous array; copied only where the one given could still be written through."""
    contiguous = np.ascontiguousarray(array)
    if contiguous.flags.writeable:
        contiguous = contiguous.copy() if contiguous is array or contiguous.base is not None else contiguous
        contiguous.flags.writeable = False
    return contiguous


@dataclass(frozen=True)
class Phase:
    """One phase: its name and colour (``#RRGGBB``). Its label is its place in the owner's ``phases``."""

    name: str
    color: str


def default_phases(count: int) -> tuple[Phase, ...]:
    """Names and colours for ``count`` phases, label 0 being the grey matrix."""
    return tuple(
        Phase("Matrix" if label == 0 else f"Phase {label}", PHASE_COLORS[label % len(PHASE_COLORS)])
        for label in range(count)
    )


@dataclass(frozen=True, eq=False)
class Micrograph:
    """The grey picture from the microscope.

    Attributes
    ----------
    grey
        Shape (Y, X); uint8, uint16 or float32; finite.
    pixel_size
        Metres per pixel (square pixels), or None where unknown.
    name
        What to call it on screen, usually the file's name.
    provenance
        Where it came from and what was done to it (read, made grey, cropped).
    notes
        Facts from the file worth showing (instrument, magnification, "made grey from RGB"), in reading order.
    info_bar_row
        First row of the instrument's info bar as the file's own tags say, or None.
    """

    grey: np.ndarray
    pixel_size: float | None
    name: str
    provenance: Provenance
    notes: Mapping[str, str] = field(default_factory=dict)
    info_bar_row: int | None = None

    def __post_init__(self) -> None:
        if self.grey.ndim != 2 or min(self.grey.shape) < 1:
            raise InputError(f"A micrograph has rows and columns; this array has shape {self.grey.shape}.")
        if self.grey.dtype not in (np.uint8, np.uint16, np.float32):
            raise InputError(f"A micrograph is uint8, uint16 or float32, not {self.grey.dtype}.")
        _check_pixel_size(self.pixel_size)
        object.__setattr__(self, "grey", frozen(self.grey))
        object.__setattr__(self, "notes", MappingProxyType(dict(self.notes)))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.grey.shape  # type: ignore[return-value]

    def with_pixel_size(self, pixel_size: float | None) -> Micrograph:
        """The same micrograph with another pixel size (metres)."""
        return replace(self, pixel_size=pixel_size)

    def cropped(self, rows: slice, columns: slice) -> Micrograph:
        """The part inside ``rows`` and ``columns`` (pixels, clipped to the picture).

        Raises
        ------
        InputError
            Where nothing is left.
        """
        y0, y1, _ = rows.indices(self.shape[0])
        x0, x1, _ = columns.indices(self.shape[1])
        if y1 <= y0 or x1 <= x0:
            raise InputError(
                f"The crop {y0}:{y1}, {x0}:{x1} holds no pixel of a {self.shape[0]} × {self.shape[1]} micrograph.",
                "Draw the rectangle inside the picture.",
            )
        bar = self.info_bar_row
        return replace(
            self,
            grey=self.grey[y0:y1, x0:x1],
            info_bar_row=None if bar is None or bar >= y1 else max(0, bar - y0),
            provenance=Provenance("crop", settings={"rows": [y0, y1], "columns": [x0, x1]}, inputs=(self.provenance,)),
        )


def _check_pixel_size(size: float | None) -> None:
    if size is not None and not (np.isfinite(size) and size > 0):
        raise InputError(f"A pixel size must be a positive length, not {size!r} m.")


def _check_labels(labels: np.ndarray, phases: tuple[Phase, ...], ndim: int, what: str) -> np.ndarray:
    if labels.ndim != ndim or min(labels.shape) < 1:
        raise InputError(f"A {what} has {ndim} axes; this array has shape {labels.shape}.")
    if labels.dtype != np.uint8:
        raise InputError(f"The labels of a {what} are uint8, not {labels.dtype}.")
    if not 1 <= len(phases) <= MAX_PHASES:
        raise InputError(f"A {what} has 1 to {MAX_PHASES} phases, not {len(phases)}.")
    highest = int(labels.max())
    if highest >= len(phases):
        raise InputError(f"Label {highest} of the {what} has no phase: {len(phases)} phases are named.")
    return frozen(labels)


@dataclass(frozen=True, eq=False)
class PhaseImage:
    """Labels of a micrograph after segmentation.

    Attributes
    ----------
    labels
        Shape (Y, X), uint8, values 0 to len(phases) - 1.
    phases
        Name and colour per label.
    pixel_size
        Metres per pixel, or None where unknown.
    """

    labels: np.ndarray
    phases: tuple[Phase, ...]
    pixel_size: float | None
    name: str
    provenance: Provenance

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", _check_labels(self.labels, self.phases, 2, "phase image"))
        _check_pixel_size(self.pixel_size)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.labels.shape  # type: ignore[return-value]

    @cached_property
    def fractions(self) -> tuple[float, ...]:
        """Area fraction of each phase, in label order; they sum to 1."""
        return _fractions(self.labels, len(self.phases))


@dataclass(frozen=True, eq=False)
class Volume:
    """A labelled 3-D result.

    Attributes
    ----------
    labels
        Shape (Z, Y, X), uint8, values 0 to len(phases) - 1.
    voxel_size
        Metres per voxel along (z, y, x), or None where unknown.
    """

    labels: np.ndarray
    phases: tuple[Phase, ...]
    voxel_size: tuple[float, float, float] | None
    name: str
    provenance: Provenance

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", _check_labels(self.labels, self.phases, 3, "volume"))
        for size in self.voxel_size or ():
            _check_pixel_size(size)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y and x."""
        return self.labels.shape  # type: ignore[return-value]

    @cached_property
    def fractions(self) -> tuple[float, ...]:
        """Volume fraction of each phase, in label order; they sum to 1."""
        return _fractions(self.labels, len(self.phases))


def _fractions(labels: np.ndarray, count: int) -> tuple[float, ...]:
    counts: Any = np.bincount(labels.reshape(-1), minlength=count)
    return tuple(float(value) for value in counts / labels.size)
