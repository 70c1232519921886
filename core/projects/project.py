"""All that a session holds, as one frozen value that goes to disk and comes back equal to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.images.marks import Mark
from core.images.true_volume import TrueVolume
from core.images.values import Micrograph, Phase, PhaseImage
from core.images.views import Cut, KeyView
from core.masks.design import MaskDesign
from core.projects.plan import Plan, Series
from core.provenance import versions
from core.segmentation.comparing import Kept
from core.segmentation.settings import SegmentationSettings
from core.segmentation.stack import Stack

if TYPE_CHECKING:
    from core.properties import Properties
    from core.reconstruction.anchors import Anchor
    from core.reconstruction.pipeline import Reconstruction
    from core.segmentation.classifier import Classifier
    from core.statistics.describing import Described
    from core.statistics.sampling_band import SamplingBand

SUFFIX = ".microloom"

Box = tuple[int, int, int, int]
"""A rectangle of pixels: first row, end row, first column, end column."""


@dataclass(frozen=True, eq=False)
class SavedResult:
    """A finished reconstruction, and what it was asked for.

    Attributes
    ----------
    title
        What it is called on screen.
    plan
        The plan at its start; where a session's plan differs, the result is stale.
    band
        The exemplar's sampling band at its start, for the curves, or None.
    made
        Volume, model, curves, seconds, provenance.
    stored
        Path of the whole volume where it was written to the disk, else empty; that of ``made`` is then a sample of it.
    statistics, properties
        What was measured and computed of the volume; the latter with the fields that are to be kept.
    asked
        The form's plan when it was asked for, where that was a series; None: ``plan``.
    design
        How its mask was made, used or not; None in a project from before that was kept.
    """

    title: str
    plan: Plan
    band: SamplingBand | None
    made: Reconstruction
    stored: str = ""
    statistics: tuple[Described, ...] = ()
    properties: Properties | None = None
    asked: Plan | None = None
    design: MaskDesign | None = None


@dataclass(frozen=True, eq=False)
class Project:
    """What was open, chosen and made.

    Attributes
    ----------
    micrograph
        As it was opened: not cropped, with the pixel size that the file said. None in an empty project.
    source
        Path of the picture's file when it was opened; the project does not need it.
    crop
        Part of the micrograph that is used, or None for all of it.
    pixel_size
        Metres as given by the user, or None: what the file says.
    stack
        Where the micrograph is a slice of a grey volume: which one, and what was painted on the others. Else None.
    take_labels
        Whether the picture is already segmented and its grey levels are the labels.
    phases
        Names and colours as chosen, or None for the defaults.
    corrections
        Labels painted over the automatic ones, shape of the micrograph, uint8, 255 where there is none; or None.
    classifier
        The trained classifier that was loaded from a file, or None.
    mask
        How the spatial-location mask is made; its planes are not painted on any more.
    phase_image
        Labels at the time of saving, or None where there were none.
    kept
        Segmentations to compare others with.
    compared
        Which of them is compared with, or None.
    planes
        Exemplars of the planes xz and yz, or None.
    anchors
        Planes that the volume is to hold exactly.
    series
        The runs that are asked for together.
    output
        Path of the file that the next volume is to be written to; empty: it is kept in memory.
    results
        Oldest first.
    shown
        Which result is on show; -1 is the newest.
    marks
        Distances, angles and notes, of all volumes.
    true_volumes
        Volumes on the disk that the results are compared with, and what was measured of them.
    cuts
        Planes that cut the volume open in 3-D.
    key_views
        Views that a movie flies through.
    belongs_to
        Path of the project that an automatic copy was made of; empty in a project that was saved by hand.
    versions
        Of the program and the packages that wrote it.
    """

    micrograph: Micrograph | None = None
    source: str = ""
    crop: Box | None = None
    pixel_size: float | None = None
    segmentation: SegmentationSettings = field(default_factory=SegmentationSettings)
    take_labels: bool = False
    phases: tuple[Phase, ...] | None = None
    corrections: np.ndarray | None = None
    stack: Stack[np.ndarray] | None = None
    classifier: Classifier | None = None
    mask: MaskDesign = field(default_factory=MaskDesign)
    phase_image: PhaseImage | None = None
    kept: tuple[Kept, ...] = ()
    compared: Kept | None = None
    plan: Plan = field(default_factory=Plan)
    planes: tuple[PhaseImage | None, PhaseImage | None] = (None, None)
    anchors: tuple[Anchor, ...] = ()
    series: Series = field(default_factory=Series)
    output: str = ""
    results: tuple[SavedResult, ...] = ()
    shown: int = -1
    marks: tuple[Mark, ...] = ()
    true_volumes: tuple[TrueVolume, ...] = ()
    cuts: tuple[Cut, ...] = ()
    key_views: tuple[KeyView, ...] = ()
    belongs_to: str = ""
    versions: Mapping[str, str] = field(default_factory=lambda: dict(versions()))
