"""The one contract of every engine: what it is asked for, what it yields while it trains, what it returns.

Adding an engine is adding a folder beside this file that holds an `Engine`, and one line in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from core.generation.periods import NOWHERE, Axes
from core.generation.progress import GenerationProgress as GenerationProgress
from core.generation.recipe import Recipe
from core.images.values import Phase, PhaseImage, Volume
from core.job import Job, Progress
from core.masks.mask import REGION_FROM, Mask
from core.reconstruction.anchors import Anchor
from core.reconstruction.shares import shared
from core.reconstruction.towards import Towards
from core.reconstruction.two_phases import volume_phases


@dataclass(frozen=True)
class Target:
    """What to build.

    Attributes
    ----------
    exemplar
        The phase image to learn from.
    phase
        Label of the phase of interest in the exemplar; all others together are its complement.
    volume_fraction
        Wanted fraction of the phase, 0 to 1 (exclusive); None means the exemplar's own.
    size
        Voxels along z, y, x of the volume to be generated.
    seed
        Seed of training and generation.
    mask
        Target fraction at each place (resampled to ``size`` on use), or None: ``volume_fraction`` everywhere.
    periodic
        For z, y, x: whether the volume repeats along that axis, after ``size`` voxels.
    all_phases
        Whether the volume is to hold every phase of an exemplar of three or more, not just ``phase`` and the rest.
    exemplar_xz, exemplar_yz
        What sections across y and across x are to look like (rows along z); ``exemplar`` then stands for those across z
        alone (rows along y). Where only one of the two is given it stands for both, as in a material that is alike
        along all directions of the plane xy; with none, ``exemplar`` stands for all three.
    volume_fractions
        Where `several`: wanted fraction of every phase, in label order, or None for the exemplar's own. Where
        ``volume_fraction`` or ``mask`` says another share of the phase of interest, the others share the rest in
        proportion to these.
    region_of
        Where `several`: label of the phase that is to be exactly where ``mask`` is ½ or more, the other phases making
        the fine structure around it as in the exemplar; None: the mask says fractions of the phase of interest.
    anchors
        Sections that the volume is to hold exactly.
    towards
        Another seed, into whose volume this one passes; None: it is that of ``seed`` alone.
    exact
        Whether the threshold is set on this very volume, so that it has the volume fraction, where no mask says it;
        else as the model's calibration set it, so that volumes of one seed and different sizes are parts of each other.
    """

    exemplar: PhaseImage
    phase: int
    volume_fraction: float | None = None
    size: tuple[int, int, int] = (128, 128, 128)
    seed: int = 0
    mask: Mask | None = None
    periodic: Axes = NOWHERE
    all_phases: bool = False
    exemplar_xz: PhaseImage | None = None
    exemplar_yz: PhaseImage | None = None
    volume_fractions: tuple[float, ...] | None = None
    region_of: int | None = None
    anchors: tuple[Anchor, ...] = ()
    towards: Towards | None = None
    exact: bool = True

    @property
    def exemplars(self) -> tuple[PhaseImage, PhaseImage, PhaseImage]:
        """What sections across z, y and x are to look like."""
        across_y = self.exemplar_xz or self.exemplar_yz or self.exemplar
        return self.exemplar, across_y, self.exemplar_yz or across_y

    @property
    def anisotropic(self) -> bool:
        """Whether sections across different axes are to look different."""
        return self.exemplar_xz is not None or self.exemplar_yz is not None

    @property
    def several(self) -> bool:
        """Whether the volume is to hold three phases or more."""
        return self.all_phases and len(self.exemplar.phases) > 2

    @property
    def indicator(self) -> np.ndarray:
        """True where the exemplar (of sections across z) shows the phase; shape (Y, X), bool."""
        inside: np.ndarray = self.exemplar.labels == self.phase
        return inside

    @property
    def indicators(self) -> tuple[np.ndarray, ...]:
        """True where an exemplar shows a phase, for every exemplar, and for every phase where `several`."""
        return tuple(inside for image in self.distinct_exemplars for inside in self.channels_of(image))

    @property
    def distinct_exemplars(self) -> tuple[PhaseImage, ...]:
        """The exemplars, each once."""
        found: list[PhaseImage] = []
        for image in self.exemplars:
            if not any(image is other for other in found):
                found.append(image)
        return tuple(found)

    def channels_of(self, image: PhaseImage) -> np.ndarray:
        """What is told apart in an exemplar: shape (C, Y, X), bool.

        Where `several`, one channel a phase, in label order; else the phase of interest alone.
        """
        labels = range(len(self.exemplar.phases)) if self.several else [self.phase]
        return np.stack([image.labels == label for label in labels])

    @property
    def own_fractions(self) -> tuple[float, ...]:
        """Share of each phase in the exemplars, as a mean over the three axes."""
        found = np.mean([image.fractions for image in self.exemplars], axis=0)
        return tuple(float(share) for share in found)

    @property
    def own_fraction(self) -> float:
        """Share of the phase of interest in the exemplars, as a mean over the three axes."""
        return float(np.mean([image.fractions[self.phase] for image in self.exemplars]))

    @property
    def wanted_fraction(self) -> float:
        """The volume fraction that the whole volume is to meet: the mask's mean where there is one."""
        if self.region_of is not None:
            return self.wanted_fractions[self.phase]
        if self.mask is not None:
            return self.mask.mean
        if self.volume_fraction is not None:
            return self.volume_fraction
        return self.base_fractions[self.phase] if self.several else self.own_fraction

    @property
    def base_fractions(self) -> tuple[float, ...]:
        """Share of each phase where nothing else is said of the phase of interest."""
        return self.own_fractions if self.volume_fractions is None else self.volume_fractions

    def fractions_at(self, share: float) -> tuple[float, ...]:
        """Share of each phase where that of the phase of interest is ``share``: the others keep their proportions."""
        return shared(self.base_fractions, self.phase, share)

    @property
    def wanted_fractions(self) -> tuple[float, ...]:
        """As `wanted_fraction`, of every phase."""
        if self.region_of is not None:
            given = self.own_fractions[self.region_of] if self.mask is None else self.mask.share_from(REGION_FROM)
            return shared(self.own_fractions, self.region_of, given)
        return self.fractions_at(self.wanted_fraction)

    @property
    def volume_phases(self) -> tuple[tuple[Phase, ...], int]:
        """Phases of the volume in label order, and the label of the phase of interest."""
        if self.several:
            return self.exemplar.phases, self.phase
        return volume_phases(self.exemplar, self.phase)


@dataclass(frozen=True)
class Problem:
    """One finding of the preflight.

    Attributes
    ----------
    severity
        "error" stops the run, "warning" does not.
    field
        The setting or target field it belongs to, or empty.
    message, remedy
        What is wrong and what to do, each a sentence.
    """

    severity: Literal["error", "warning"]
    field: str
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Estimate:
    """What a run is expected to cost. None where the engine cannot say before measuring.

    ``calibrate_seconds`` comes after the training and is in none of the others; 0 where an engine has nothing to
    calibrate.
    """

    train_seconds: float | None
    generate_seconds: float | None
    memory_bytes: int | None
    calibrate_seconds: float = 0.0


@dataclass(frozen=True)
class TrainingProgress(Progress):
    """One report from training.

    Attributes
    ----------
    loss
        The engine's loss at this step.
    preview
        A labelled sample of what the network makes now (Z, Y, X) uint8: 0 = complement and 1 = phase, or the exemplar's
        labels where the target asks for all phases. None in most reports.
    snapshot
        A usable model as trained so far, or None in most reports. Whoever cancels keeps the last one.
    held_out
        The loss on a part of the data that was held out, after a look at it; NaN in all other reports.
    """

    loss: float = float("nan")
    preview: np.ndarray | None = None
    snapshot: Model | None = None
    held_out: float = float("nan")


class Model(Protocol):
    """What an engine's training returns.

    One that has a method ``note(entries)`` keeps in its card what is found out later: the record of its exemplar and of
    its first volume (`core.reconstruction.model_record`). One that can set its threshold on the very volume that is
    asked for (`Target.exact`) says ``can_be_exact = True`` and takes ``exact`` in ``generate`` and ``recipe``.
    """

    @property
    def card(self) -> Mapping[str, Any]:
        """JSON-able description: engine, settings, phases, pixel size, target, training record, versions."""
        ...

    def weights(self) -> Mapping[str, np.ndarray]:
        """All arrays that, with the card, restore the model."""
        ...

    def recipe(
        self,
        size: tuple[int, int, int],
        seed: int,
        *,
        device: str = "cpu",
        volume_fraction: float | None = None,
        mask: Mask | None = None,
        periodic: Axes = NOWHERE,
    ) -> Job[Recipe]:
        """A job that prepares a volume of ``size`` (z, y, x), any part of which can then be made alone."""
        ...

    def generate(
        self,
        size: tuple[int, int, int],
        seed: int,
        *,
        device: str = "cpu",
        volume_fraction: float | None = None,
        mask: Mask | None = None,
        periodic: Axes = NOWHERE,
    ) -> Job[Volume]:
        """A job that makes a volume of ``size`` (z, y, x), yielding `GenerationProgress`.

        The same model, seed, size-independent position and device type give the same voxels. Along the axes
        ``periodic`` the volume continues at its far end as it begins at its near end; with a ``mask``, its fractions
        are met place by place. `InputError` where the model cannot do that.
        """
        ...


class Engine(Protocol):
    """A way to reconstruct.

    An engine that follows `Target.mask` says so with an attribute ``uses_mask = True``, one that can make volumes that
    repeat with ``uses_periodic = True``, one for more than two phases with ``uses_all_phases = True``, and one that
    takes an exemplar for each plane with ``uses_planes = True``; one that makes the rest around a phase that is given
    (`Target.region_of`) with ``uses_regions = True``; one whose volumes of all phases can have others than
    the exemplar's fractions says ``uses_phase_fractions = True``; one that keeps `Target.anchors` says
    ``uses_anchors = True``, and its models take ``anchors`` in ``generate`` and ``recipe``; likewise one
    whose volumes pass into those of another seed (`Target.towards`): ``uses_towards = True``. For any other,
    `core.reconstruction.preflight.unused_problems` stops a run that asks for it. One whose training can be interrupted
    and goes on from `core.reconstruction.checkpoints` says ``uses_checkpoints = True`` and takes ``checkpoints`` in
    `train`. One of which some settings concern generating alone names them in ``generating``; its models have a method
    ``generating_with(changes)`` that gives the same model with other values of these.
    """

    key: str
    """Name on the command line and in files ("swnn")."""
    title: str
    """Name on screen."""
    summary: str
    """One sentence for the engine list."""
    presets: Mapping[str, Any]
    """Preset name → settings instance; the first is the default."""

    def preflight(self, target: Target, settings: Any, device: str) -> list[Problem]:
        """Everything that would stop or harm a run, found without running. Takes milliseconds."""
        ...

    def estimate(self, target: Target, settings: Any, device: str) -> Estimate:
        """Expected time and memory."""
        ...

    def train(
        self, target: Target, settings: Any, *, device: str = "cpu", max_seconds: float | None = None
    ) -> Job[Model]:
        """A job that trains, yielding `TrainingProgress`; it ends early, with a usable model, at ``max_seconds``."""
        ...

    def restore(self, card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Model:
        """A model from what `Model.card` and `Model.weights` gave; raises `InputError` for what does not fit."""
        ...
