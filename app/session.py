"""What is open: the one source of truth, observable and cheap to undo.

The state is one frozen value. Every gesture replaces it, whoever watches gets the old and the new one and touches only
what differs. Arrays are shared between states, never copied, so that a step of undo costs a few hundred bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from core.images.marks import Mark
from core.images.true_volume import TrueVolume
from core.images.values import Micrograph, Phase, PhaseImage, Volume
from core.images.views import Cut, KeyView
from core.masks.design import MaskDesign
from core.painting.sheet import Painted
from core.projects.plan import Plan as Plan
from core.projects.plan import Series as Series
from core.segmentation.settings import SegmentationSettings
from core.segmentation.stack import Stack

if TYPE_CHECKING:
    from core.reconstruction.anchors import Anchor
    from core.reconstruction.engine import Model
    from core.segmentation.classifier import Classifier
    from core.segmentation.comparing import Kept
    from core.segmentation.fractions import FractionInterval
    from core.statistics.comparison import Comparison
    from core.statistics.curves import Curves
    from core.statistics.sampling_band import SamplingBand

Box = tuple[int, int, int, int]
"""A rectangle of pixels: first row, end row, first column, end column."""


@dataclass(frozen=True, eq=False)
class Result:
    """A finished (or cancelled, with what it had) reconstruction, and what it was made from.

    ``exemplar`` and ``plan`` are those of the moment it was started: where today's differ, the result is stale.
    """

    title: str
    volume: Volume
    exemplar: PhaseImage
    phase: int
    volume_phase: int
    plan: Plan
    comparison: Comparison
    band: SamplingBand | None
    seconds: Mapping[str, float]
    fraction_before: float
    fraction_after: float
    model: Model | None
    report: Any = None
    """The `core.reconstruction.pipeline.Reconstruction` it came from, for the report."""
    stored: Path | None = None
    """Where the whole volume lies, where it was written to the disk; ``volume`` is then a measured sample of it."""
    asked: Plan | None = None
    """The form's plan when it was asked for, where that was a series; None: ``plan``."""
    design: MaskDesign | None = None
    """How its mask was made, used or not; None where nobody knows any more."""


@dataclass(frozen=True, eq=False)
class State:
    """All that the user made or chose."""

    opened: Micrograph | None = None
    source: Path | None = None
    crop: Box | None = None
    pixel_size: float | None = None
    """As given by the user, metres; None: what the file says."""
    segmentation: SegmentationSettings = field(default_factory=SegmentationSettings)
    take_labels: bool = False
    """Whether the picture is already segmented and its grey levels are the labels."""
    phases: tuple[Phase, ...] | None = None
    """Names and colours as chosen; None: the defaults."""
    corrections: Painted | None = None
    """Labels painted over the automatic ones, on a sheet as large as `opened`; None: nothing was ever painted."""
    stack: Stack[Painted] | None = None
    """Where `opened` is a slice of a grey volume: which one, and what was painted on the others."""
    classifier: Classifier | None = None
    """Loaded from a file; used instead of what strokes teach while the phases are trained ones. None: none was."""
    kept: tuple[Kept, ...] = ()
    """Segmentations to compare with, in the order in which they were kept."""
    compared: Kept | None = None
    """Which of them the segmentation on show is compared with, or None."""
    mask: MaskDesign = field(default_factory=MaskDesign)
    plan: Plan = field(default_factory=Plan)
    planes: tuple[PhaseImage | None, PhaseImage | None] = (None, None)
    """Exemplars of the planes xz and yz, where the phase image is that of the plane xy alone."""
    anchors: tuple[Anchor, ...] = ()
    """Planes that the volume is to hold exactly."""
    series: Series = field(default_factory=Series)
    """The runs that are asked for together."""
    output: Path | None = None
    """Where the next volume is written block by block; None: it is kept in memory."""
    results: tuple[Result, ...] = ()
    shown: int = -1
    """Which result is on show; -1 is the newest."""
    marks: tuple[Mark, ...] = ()
    """Distances, angles and notes, of all volumes; each knows its own."""
    true_volumes: tuple[TrueVolume, ...] = ()
    """Volumes on the disk that the results are compared with."""
    cuts: tuple[Cut, ...] = ()
    """Planes that cut the volume open in step 5, whichever volume that is."""
    key_views: tuple[KeyView, ...] = ()
    """Views that a movie flies through."""

    @cached_property
    def micrograph(self) -> Micrograph | None:
        """The micrograph that the next step works on: cropped, with the pixel size in force."""
        picture = self.opened
        if picture is None:
            return None
        if self.crop is not None:
            y0, y1, x0, x1 = self.crop
            picture = picture.cropped(slice(y0, y1), slice(x0, x1))
        return picture if self.pixel_size is None else picture.with_pixel_size(self.pixel_size)

    @property
    def place(self) -> int | None:
        """Which slice of a volume the micrograph is, from 0; None where it is a single picture."""
        return None if self.stack is None else self.stack.place

    @property
    def result(self) -> Result | None:
        """The result on show."""
        return self.results[self.shown] if self.results else None


class Session:
    """Holds the `State` and what is derived from it in the background.

    Signals
    -------
    changed(old, new)
        The state was replaced.
    derived(names)
        The phase image, the exemplar's curves or its fractions' intervals were computed anew.
    measured()
        Something was measured that a project keeps.
    """

    changed = Signal(State, State)
    derived = Signal(frozenset)
    measured = Signal()

    def __init__(self) -> None:
        self.state = State()
        self.phase_image: PhaseImage | None = None
        self.phase_image_problem: str = ""
        self.curves: Curves | None = None
        self.band: SamplingBand | None = None
        self.intervals: tuple[FractionInterval, ...] = ()
        self.path: Path | None = None
        self.saved_state: State = self.state
        self.findings = self.saved_findings = 0
        """How often something was measured that a project keeps, in all and when it was last saved or opened."""

    def replace(self, **changes: Any) -> None:
        """Put another state in place, with ``changes`` by field name. Not undoable: gestures go through `commands`."""
        self.restore(replace(self.state, **changes))

    def restore(self, state: State) -> None:
        """Put ``state`` in place as a whole."""
        old, self.state = self.state, state
        if old is not state:
            self.changed.emit(old, state)

    def derive(self, **values: Any) -> None:
        """Take over what was computed from the state (late answers are dropped by whoever computes)."""
        for name, value in values.items():
            setattr(self, name, value)
        self.derived.emit(frozenset(values))

    @property
    def now(self) -> tuple[State, int]:
        """All that a project keeps: equal to another moment's where nothing was done or measured in between."""
        return self.state, self.findings

    def found(self) -> None:
        """Something was measured of what the project keeps."""
        self.findings += 1
        self.measured.emit()

    @property
    def phase_of_interest(self) -> int | None:
        """The chosen phase, or the rarer of two, or the highest label; None without a phase image."""
        image = self.phase_image
        if image is None:
            return None
        chosen = self.state.plan.phase
        if chosen is not None and chosen < len(image.phases):
            return chosen
        return len(image.phases) - 1

    @property
    def unsaved(self) -> bool:
        """Whether the state differs from the one last saved or opened, or more was measured since then.

        Which result is looked at is no change. Without a micrograph there is nothing that could be saved: only what
        would be missed counts.
        """
        changed = differing(self.saved_state, self.state) - {"shown"}
        if self.state.opened is None and self.path is None:
            changed &= {"results", "marks"}
        return self.findings != self.saved_findings or bool(changed)


_COMPARED = (Plan, Series, SegmentationSettings, MaskDesign, tuple, int, float, Path)


def differing(old: State, new: State) -> frozenset[str]:
    """Names of the fields of two states that are not the same value."""

    def same(a: Any, b: Any) -> bool:
        return a is b or (isinstance(a, _COMPARED) and a == b)

    return frozenset(item.name for item in fields(State) if not same(getattr(old, item.name), getattr(new, item.name)))
