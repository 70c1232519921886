"""Diffusion as an engine: what it needs, what it costs, how it trains and how its models are restored.

torch is imported where it is first needed, so that the window can list the engine and its settings at start-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core import devices
from core.job import Job
from core.reconstruction.checkpoints import Checkpoints
from core.reconstruction.diffusion.copying import checked
from core.reconstruction.diffusion.phases import channel_fractions, channels_of
from core.reconstruction.diffusion.preflight import bytes_beside, find_problems, fractions_of_crops
from core.reconstruction.diffusion.settings import PRESETS, SAMPLING, DiffusionSettings, resolve, stretched
from core.reconstruction.engine import Estimate, Model, Problem, Target
from core.reconstruction.model_card import card_of
from core.reconstruction.training_job import as_contract

if TYPE_CHECKING:
    from core.images.values import PhaseImage
    from core.reconstruction.diffusion.grey_model import GreyModel
    from core.reconstruction.diffusion.model import DiffusionModel
    from core.reconstruction.diffusion.training import TrainedDiffusion


class DiffusionEngine:
    """See `core.reconstruction.engine.Engine`."""

    key = "diffusion"
    title = "Diffusion"
    summary = "A network learns to remove noise from sections; a volume is denoised plane by plane. Best with a GPU."
    presets: Mapping[str, DiffusionSettings] = PRESETS
    uses_mask = True
    uses_periodic = True
    uses_all_phases = True
    uses_planes = True
    uses_phase_fractions = True
    uses_anchors = True
    uses_checkpoints = True
    uses_towards = True
    generating = SAMPLING

    def preflight(self, target: Target, settings: DiffusionSettings, device: str) -> list[Problem]:
        """Everything that would stop or harm a run."""
        return find_problems(target, settings, device)

    def estimate(self, target: Target, settings: DiffusionSettings, device: str) -> Estimate:
        """Expected time and memory, from a short measurement on the device (once a process, about 1 s)."""
        from core.reconstruction.diffusion.cost import estimate

        chosen, phases = resolve(settings, *target.indicators), len(target.volume_phases[0])
        return estimate(chosen, target.size, devices.resolve(device), channels_of(phases))

    def bytes_beside(self, target: Target) -> int:
        """What lies beside a volume on the disk while it is sampled there; 0 where memory holds it."""
        return bytes_beside(target)

    def train(
        self,
        target: Target,
        settings: DiffusionSettings,
        *,
        device: str = "cpu",
        max_seconds: float | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Job[Model]:
        """A job that trains; see `core.reconstruction.engine.Engine.train`."""
        from core.reconstruction.diffusion import training
        from core.reconstruction.diffusion.sections import Exemplar

        device = devices.resolve(device)
        chosen = resolve(settings, *target.indicators)
        exemplars = [
            Exemplar(_learned(target, image), number, _symmetries(target, number, settings, chosen))
            for number, image in enumerate(target.distinct_exemplars)
        ]
        job = training.train(
            exemplars,
            len(target.volume_phases[0]),
            chosen,
            seed=target.seed,
            fractions=channel_fractions(fractions_of(target)),
            planes=planes_of(target),
            device=device,
            max_seconds=max_seconds,
            checkpoints=checkpoints,
        )
        job = checked(job, exemplars, len(target.volume_phases[0]), target.seed, device)
        remedy = "Choose smaller crops, fewer channels or the preset small."
        return (yield from as_contract(job, lambda trained: _model(target, settings, trained, device), remedy))

    def restore(self, card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> DiffusionModel | GreyModel:
        """A model from its card and arrays.

        Raises
        ------
        InputError
            Where they do not fit together.
        """
        from core.reconstruction.diffusion.restoring import restore

        return restore(card, weights)


def planes_of(target: Target) -> tuple[int, int, int]:
    """Which of the target's distinct exemplars the sections across z, y and x are to be like; −1 where it has one."""
    if not target.anisotropic:
        return -1, -1, -1
    known = target.distinct_exemplars
    z, y, x = (next(i for i, other in enumerate(known) if other is image) for image in target.exemplars)
    return z, y, x


def fractions_of(target: Target) -> tuple[float, ...]:
    """Share of each phase that the denoiser knows: the rest and the phase of interest, or all in label order."""
    wanted = target.wanted_fraction
    return target.wanted_fractions if target.several else (1 - wanted, wanted)


def _learned(target: Target, image: PhaseImage) -> np.ndarray:
    """Labels as the denoiser knows them: 1 for the phase of interest, or the exemplar's own where all are wanted."""
    return image.labels if target.several else (image.labels == target.phase).astype(np.uint8)


def _symmetries(target: Target, number: int, asked: DiffusionSettings, chosen: DiffusionSettings) -> str:
    """How crops of an exemplar are turned. Where planes differ, only that of xy can have its axes swapped."""
    if asked.symmetries != "auto" or not target.anisotropic:
        return chosen.symmetries
    alike = number == 0 and len(target.distinct_exemplars) == 2 and not stretched(target.indicator)
    return "all" if alike else "mirrored"


def _model(target: Target, settings: DiffusionSettings, trained: TrainedDiffusion, device: str) -> DiffusionModel:
    from core.reconstruction.diffusion.model import DiffusionModel

    others: dict[str, Any] = {"volume_fractions": list(target.base_fractions)} if target.several else {}
    others |= trained.found
    card = card_of(
        DiffusionEngine.key, target, settings, trained.denoiser.settings, trained, device,
        planes=list(planes_of(target)), served=list(fractions_of_crops(target, trained.denoiser.settings.crop or 1)),
        **others,
    )  # fmt: skip
    return DiffusionModel(trained.denoiser, card)
