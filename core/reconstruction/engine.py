"""The one contract of every engine: what it is asked for, what it yields while it trains, what it returns.

Adding an engine is adding a folder beside this file that holds an `Engine`, and one line in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from core.generation.periods import NOWHERE, Axes, axes_name
from core.generation.progress import GenerationProgress as GenerationProgress
from core.generation.recipe import Recipe
from core.images.values import PhaseImage, Volume
from core.job import Job, Progress
from core.masks.mask import Mask


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
    """

    exemplar: PhaseImage
    phase: int
    volume_fraction: float | None = None
    size: tuple[int, int, int] = (128, 128, 128)
    seed: int = 0
    mask: Mask | None = None
    periodic: Axes = NOWHERE

    @property
    def indicator(self) -> np.ndarray:
        """True where the exemplar shows the phase; shape (Y, X), bool."""
        inside: np.ndarray = self.exemplar.labels == self.phase
        return inside

    @property
    def wanted_fraction(self) -> float:
        """The volume fraction that the whole volume is to meet: the mask's mean where there is one."""
        if self.mask is not None:
            return self.mask.mean
        return self.exemplar.fractions[self.phase] if self.volume_fraction is None else self.volume_fraction


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
    """What a run is expected to cost. None where the engine cannot say before measuring."""

    train_seconds: float | None
    generate_seconds: float | None
    memory_bytes: int | None


@dataclass(frozen=True)
class TrainingProgress(Progress):
    """One report from training.

    Attributes
    ----------
    loss
        The engine's loss at this step.
    preview
        A labelled sample of what the network makes now (Z, Y, X) uint8, 0 = complement and 1 = phase, or None
        in most reports.
    snapshot
        A usable model as trained so far, or None in most reports. Whoever cancels keeps the last one.
    """

    loss: float = float("nan")
    preview: np.ndarray | None = None
    snapshot: Model | None = None


class Model(Protocol):
    """What an engine's training returns."""

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
    repeat with ``uses_periodic = True``. For any other, `mask_problems` and `period_problems` stop a run that asks.
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


def mask_problems(engine: Engine, target: Target) -> list[Problem]:
    """What speaks against the target's mask; nothing where there is none. No engine ignores a mask in silence."""
    if target.mask is None or getattr(engine, "uses_mask", False):
        return []
    low, high = target.mask.range
    return [
        Problem("error", "mask", f"The engine {engine.title} cannot follow a mask yet: its volumes are statistically "
                f"the same everywhere, but the mask asks for {low:.3f} to {high:.3f}.",
                "Switch the mask off in step 3, or choose an engine that follows one.")
    ]  # fmt: skip


def period_problems(engine: Engine, target: Target) -> list[Problem]:
    """What speaks against a volume that repeats; nothing where none is asked for."""
    if not any(target.periodic) or getattr(engine, "uses_periodic", False):
        return []
    return [
        Problem("error", "periodic", f"The engine {engine.title} cannot make volumes that repeat along "
                f"{', '.join(axes_name(target.periodic))}.", "Switch the periodic axes off, or choose another engine.")
    ]  # fmt: skip
