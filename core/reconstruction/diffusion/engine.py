"""Diffusion as an engine: what it needs, what it costs, how it trains and how its models are restored.

torch is imported where it is first needed, so that the window can list the engine and its settings at start-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core import devices
from core import settings as described
from core.errors import JobError
from core.job import Job
from core.provenance import Provenance, array_hash, versions
from core.reconstruction.diffusion.preflight import find_problems
from core.reconstruction.diffusion.settings import PRESETS, DiffusionSettings, resolve
from core.reconstruction.engine import Estimate, Model, Problem, Target, TrainingProgress
from core.reconstruction.two_phases import volume_phases

if TYPE_CHECKING:
    from core.reconstruction.diffusion.model import DiffusionModel
    from core.reconstruction.diffusion.training import TrainedDiffusion

_LOSSES_KEPT = 500


class DiffusionEngine:
    """See `core.reconstruction.engine.Engine`."""

    key = "diffusion"
    title = "Diffusion"
    summary = "A network learns to remove noise from sections; a volume is denoised plane by plane. Best with a GPU."
    presets: Mapping[str, DiffusionSettings] = PRESETS
    uses_periodic = True

    def preflight(self, target: Target, settings: DiffusionSettings, device: str) -> list[Problem]:
        """Everything that would stop or harm a run."""
        return find_problems(target, settings, device)

    def estimate(self, target: Target, settings: DiffusionSettings, device: str) -> Estimate:
        """Expected time and memory, from a short measurement on the device (once a process, about 0.2 s)."""
        from core.reconstruction.diffusion.cost import estimate

        return estimate(resolve(settings, target.indicator), target.size, devices.resolve(device))

    def train(
        self, target: Target, settings: DiffusionSettings, *, device: str = "cpu", max_seconds: float | None = None
    ) -> Job[Model]:
        """A job that trains; see `core.reconstruction.engine.Engine.train`."""
        from core.reconstruction.diffusion import training
        from core.reconstruction.diffusion.sections import Exemplar

        device = devices.resolve(device)
        chosen = resolve(settings, target.indicator)
        exemplar = Exemplar(target.indicator.astype(np.uint8), 0, chosen.symmetries)
        job = training.train(
            [exemplar], 2, chosen, seed=target.seed, fractions=(target.wanted_fraction,), device=device,
            max_seconds=max_seconds,
        )  # fmt: skip
        try:
            while True:
                try:
                    report = next(job)
                except StopIteration as end:
                    return _model(target, settings, end.value, device)
                snapshot = None if report.snapshot is None else _model(target, settings, report.snapshot, device)
                yield TrainingProgress(report.step, report.of, report.what, report.loss, report.preview, snapshot)
        except (MemoryError, RuntimeError) as error:
            if not devices.is_out_of_memory(error):
                raise
            raise JobError(
                "Training needs more memory than there is.", "Choose smaller crops, fewer channels or the preset small."
            ) from error
        finally:
            job.close()

    def restore(self, card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> DiffusionModel:
        """A model from its card and arrays.

        Raises
        ------
        InputError
            Where they do not fit together.
        """
        from core.reconstruction.diffusion.restoring import restore

        return restore(card, weights)


def _model(target: Target, settings: DiffusionSettings, trained: TrainedDiffusion, device: str) -> DiffusionModel:
    from core.reconstruction.diffusion.model import DiffusionModel

    exemplar = target.exemplar
    phases, label = volume_phases(exemplar, target.phase)
    chosen = described.to_json(trained.denoiser.settings)
    provenance = Provenance(
        "train diffusion",
        settings={"phase": target.phase, "volume_fraction": target.wanted_fraction, **chosen},
        inputs=(exemplar.provenance,),
        input_hashes=(array_hash(exemplar.labels),),
        seed=target.seed,
        device=devices.title(device),
    )
    step = max(1, len(trained.losses) // _LOSSES_KEPT)
    card = {
        "engine": DiffusionEngine.key,
        "name": exemplar.name,
        "settings": chosen,
        "asked_settings": described.to_json(settings),
        "phases": [{"name": phase.name, "color": phase.color} for phase in phases],
        "volume_phase": label,
        "exemplar_phase": target.phase,
        "exemplar_fraction": float(exemplar.fractions[target.phase]),
        "exemplar_shape": list(exemplar.shape),
        "pixel_size": exemplar.pixel_size,
        "volume_fraction": float(target.wanted_fraction),
        "seed": target.seed,
        "training": {
            "iterations": trained.iterations,
            "seconds": trained.seconds,
            "losses": [float(loss) for loss in trained.losses[::step]],
            "losses_every": step,
        },
        "device": devices.title(device),
        "versions": dict(versions()),
        "provenance": provenance.to_json(),
    }
    return DiffusionModel(trained.denoiser, card)
