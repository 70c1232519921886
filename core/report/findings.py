"""Everything a report tells, gathered from a reconstruction or from measuring a volume or picture."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.generation.periods import axes_name, made_to_repeat
from core.images.values import Phase, PhaseImage, Volume
from core.job import Job, Progress, finish, reported
from core.provenance import versions
from core.statistics import section_shapes
from core.statistics.comparison import Comparison
from core.statistics.curves import Curves, correlation_length_steps, measuring_curves
from core.statistics.describing import Described, describing
from core.statistics.descriptors import Descriptor
from core.statistics.indicator import default_max_lag
from core.statistics.measured import Sample
from core.statistics.sampling_band import SamplingBand
from core.statistics.shapes import SectionShapes

if TYPE_CHECKING:
    from core.properties import Properties, PropertyPlan
    from core.reconstruction.diffusion.copying import Copying
    from core.reconstruction.pipeline import Reconstruction

LARGEST_FOR_SHAPES = 192**3
"""Shapes of larger volumes are counted in their first so many voxels: they are means, and counting takes seconds."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What a report is made from.

    Attributes
    ----------
    subject
        What was measured: the volume or the picture.
    phase
        Label of the phase of interest in the subject.
    curves
        S2 and L of the subject.
    exemplar, exemplar_phase, comparison, band
        What it was compared with, or None.
    target_fraction, fraction_before
        Wanted share of the phase, and the share before the threshold was set; None where there was no target.
    shapes, exemplar_shapes
        Pieces and boundaries in sections, counted in windows of one size, or None where the arrays are too thin.
    periodic
        The axes along which the subject repeats ("zyx" all); where all do, pairs across its faces were counted too.
    statistics
        The descriptors that were asked for, besides S2 and L.
    properties
        Conductivity and permeability, as far as they were asked for.
    copying
        How near the model's samples come to its training data, where its training looked.
    """

    subject: Volume | PhaseImage
    phase: int
    curves: Curves
    exemplar: PhaseImage | None = None
    exemplar_phase: int = 0
    comparison: Comparison | None = None
    band: SamplingBand | None = None
    target_fraction: float | None = None
    fraction_before: float | None = None
    shapes: SectionShapes | None = None
    exemplar_shapes: SectionShapes | None = None
    correlation: float | None = None
    periodic: str = ""
    statistics: tuple[Described, ...] = ()
    properties: Properties | None = None
    seed: int | None = None
    engine: str | None = None
    preset: str | None = None
    device: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    copying: Copying | None = None
    versions: Mapping[str, str] = field(default_factory=lambda: dict(versions()))

    @property
    def indicator(self) -> np.ndarray:
        """True where the subject shows the phase."""
        inside: np.ndarray = self.subject.labels == self.phase
        return inside

    @property
    def interest(self) -> Phase:
        """Name and colour of the phase of interest."""
        return self.subject.phases[self.phase]

    @property
    def achieved_fraction(self) -> float:
        """Share of the phase in the subject."""
        return self.subject.fractions[self.phase]

    @property
    def edges(self) -> tuple[float, ...] | None:
        """Metres per pixel along each axis of the subject, or None where unknown."""
        if isinstance(self.subject, Volume):
            return self.subject.voxel_size
        size = self.subject.pixel_size
        return None if size is None else (size, size)


def from_reconstruction(made: Reconstruction, brief: bool = False) -> Findings:
    """The findings of a reconstruction.

    Not ``brief``, sections' shapes are counted and the correlation length is found, about a second for 128³.
    """
    from core.reconstruction.diffusion.copying import copying_told

    target, inside = made.target, made.volume.labels == made.volume_phase
    shapes, exemplar_shapes = (None, None) if brief else _shapes(inside, target.indicator)
    return Findings(
        subject=made.volume,
        phase=made.volume_phase,
        curves=made.comparison.volume,
        exemplar=target.exemplar,
        exemplar_phase=target.phase,
        comparison=made.comparison,
        band=made.band,
        target_fraction=target.wanted_fraction,
        fraction_before=made.fraction_before if np.isfinite(made.fraction_before) else None,
        shapes=shapes,
        exemplar_shapes=exemplar_shapes,
        correlation=None if brief else _correlation(inside),
        periodic=axes_name(target.periodic),
        seed=target.seed,
        engine=made.engine,
        preset=made.preset or None,
        device=made.device,
        settings=made.settings,
        seconds=made.seconds,
        training=made.model.card.get("training", {}),
        copying=copying_told(made.model.card),
    )


def measure(
    subject: Volume | PhaseImage,
    phase: int,
    against: PhaseImage | None = None,
    against_phase: int | None = None,
    statistics: tuple[Descriptor, ...] = (),
    plan: PropertyPlan | None = None,
) -> Generator[Progress, None, Findings]:
    """A job that measures one phase of a volume or picture, alone or against a phase image.

    Parameters
    ----------
    phase, against_phase
        Label of the phase in the subject and in ``against`` (by default the same).
    statistics
        Further descriptors to measure.
    plan
        Properties to compute, or None.

    Raises
    ------
    InputError
        Where a phase is not there, or the arrays are too small.
    """
    from core.properties import properties

    found = yield from _measured(subject, phase, against, against_phase, statistics)
    if plan is None:
        return found
    return replace(found, properties=(yield from properties(subject.labels, found.edges, plan)))


def _measured(
    subject: Volume | PhaseImage,
    phase: int,
    against: PhaseImage | None,
    against_phase: int | None,
    statistics: tuple[Descriptor, ...],
) -> Job[Findings]:
    from core.reconstruction.pipeline import measure_against

    inside = _phase_of(subject, phase)
    periodic = repeats_along(subject)
    if against is None:
        lag = default_max_lag(inside.shape)
        if lag < 1:
            raise InputError(
                f"{subject.name} has shape {inside.shape}, too small to be measured.",
                "At least 4 pixels along each axis are needed.",
            )
        first, second = (Progress(step, 2, "Measuring") for step in range(2))
        curves = yield from reported(measuring_curves(inside, lag, periodic == "zyx"), first)
        correlation = yield from _correlating(inside, second)
        shapes, _ = _shapes(inside, None)
        described = yield from describing(sample_of(subject, phase, lag), statistics)
        return Findings(
            subject, phase, curves, shapes=shapes, correlation=correlation, periodic=periodic,
            statistics=described,
        )  # fmt: skip
    other = phase if against_phase is None else against_phase
    reference = _phase_of(against, other)
    comparison, band = yield from measure_against(inside, reference, periodic=periodic == "zyx")
    shapes, exemplar_shapes = _shapes(inside, reference)
    lag = len(comparison.volume.lags) - 1
    correlation = yield from _correlating(inside, Progress(3, 3, "Measuring"))
    described = yield from describing(
        sample_of(subject, phase, lag), statistics, exemplar_sample(against, other, subject, phase, lag), band
    )
    return Findings(
        subject=subject,
        phase=phase,
        curves=comparison.volume,
        exemplar=against,
        exemplar_phase=other,
        comparison=comparison,
        band=band,
        target_fraction=against.fractions[other],
        shapes=shapes,
        exemplar_shapes=exemplar_shapes,
        correlation=correlation,
        periodic=periodic,
        statistics=described,
    )


def sample_of(subject: Volume | PhaseImage, phase: int, max_lag: int) -> Sample:
    """What the descriptors measure of a volume or picture."""
    names = tuple(item.name for item in subject.phases)
    return Sample(subject.labels, names, phase, max_lag, repeats_along(subject) == "zyx")


def exemplar_sample(exemplar: PhaseImage, own: int, subject: Volume | PhaseImage, phase: int, max_lag: int) -> Sample:
    """The exemplar's sample, its labels in the subject's order where both have phases of the same names."""
    names = [item.name for item in exemplar.phases]
    wanted = [item.name for item in subject.phases]
    if sorted(names) == sorted(wanted) and names[own] == wanted[phase] and len(set(names)) == len(names):
        order = np.array([wanted.index(name) for name in names], dtype=np.uint8)
        return Sample(order[exemplar.labels], tuple(wanted), phase, max_lag)
    return sample_of(exemplar, own, max_lag)


def repeats_along(subject: Volume | PhaseImage) -> str:
    """The axes along which a volume was made to repeat, as its provenance tells ("zyx" all); empty for any other."""
    return axes_name(made_to_repeat(subject.provenance, subject.shape)) if isinstance(subject, Volume) else ""


def _phase_of(subject: Volume | PhaseImage, phase: int) -> np.ndarray:
    known = ", ".join(f"{label} ({item.name})" for label, item in enumerate(subject.phases))
    if not 0 <= phase < len(subject.phases):
        raise InputError(f"{subject.name} has no phase {phase}.", f"Choose one of: {known}.")
    if subject.fractions[phase] == 0:
        raise InputError(f"Phase {phase} does not occur in {subject.name}.", f"Choose another of: {known}.")
    inside: np.ndarray = subject.labels == phase
    return inside


def _shapes(indicator: np.ndarray, exemplar: np.ndarray | None) -> tuple[SectionShapes | None, SectionShapes | None]:
    if indicator.ndim == 3 and indicator.size > LARGEST_FOR_SHAPES:
        side = round(LARGEST_FOR_SHAPES ** (1 / 3))
        indicator = indicator[:side, :side, :side]
    arrays = [indicator] if exemplar is None else [indicator, exemplar]
    window = min(min(array.shape) for array in arrays)
    if window < 2:
        return None, None
    return section_shapes(indicator, window), None if exemplar is None else section_shapes(exemplar, window)


def _correlation(indicator: np.ndarray) -> float | None:
    return finish(_correlating(indicator, Progress(0, 0, "Measuring")))


def _correlating(indicator: np.ndarray, progress: Progress) -> Job[float | None]:
    try:
        return (yield from reported(correlation_length_steps(indicator), progress))
    except InputError:  # one phase only, or a single row of pixels
        return None
