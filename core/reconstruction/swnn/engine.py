"""SWNN as an engine: what it needs, what it costs, how it trains and how its models are restored.

torch is imported where it is first needed, so that the window can list the engine and its settings at start-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core import devices
from core import settings as described
from core.errors import InputError, JobError
from core.generation.periods import misfit
from core.job import Job
from core.provenance import Provenance, array_hash, versions
from core.reconstruction.checkpoints import Checkpoints
from core.reconstruction.engine import Estimate, Model, Problem, Target, TrainingProgress
from core.reconstruction.swnn.preflight import find_problems
from core.reconstruction.swnn.settings import PRESETS, SwnnSettings, for_mask, resolve

if TYPE_CHECKING:
    from core.reconstruction.swnn.model import SwnnModel
    from core.reconstruction.swnn.training import TrainedSwnn

_LOSSES_KEPT = 500


class SwnnEngine:
    """See `core.reconstruction.engine.Engine`."""

    key = "swnn"
    title = "SWNN"
    summary = "A small convolutional network learns the exemplar's local patterns in minutes, without a trained model."
    presets: Mapping[str, SwnnSettings] = PRESETS
    uses_mask = True
    uses_periodic = True
    uses_all_phases = True
    uses_planes = True
    uses_checkpoints = True

    def preflight(self, target: Target, settings: SwnnSettings, device: str) -> list[Problem]:
        """Everything that would stop or harm a run."""
        return [*find_problems(target, for_mask(settings, target.mask), device), *_period(target, settings)]

    def estimate(self, target: Target, settings: SwnnSettings, device: str) -> Estimate:
        """Expected time and memory, from a short measurement on the device (once a process, about 0.2 s)."""
        from core.reconstruction.swnn.cost import estimate

        chosen = resolve(for_mask(settings, target.mask), *target.indicators)
        return estimate(chosen, target.size, devices.resolve(device), len(target.volume_phases[0]))

    def train(
        self,
        target: Target,
        settings: SwnnSettings,
        *,
        device: str = "cpu",
        max_seconds: float | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Job[Model]:
        """A job that trains; see `core.reconstruction.engine.Engine.train`."""
        from core.reconstruction.swnn import training

        device = devices.resolve(device)
        settings = for_mask(settings, target.mask)
        job = training.train(target, settings, device=device, max_seconds=max_seconds, checkpoints=checkpoints)
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
                "Training needs more memory than there is.", "Choose smaller blocks, fewer channels or the preset fast."
            ) from error
        finally:
            job.close()

    def restore(self, card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> SwnnModel:
        """A model from its card and arrays.

        Raises
        ------
        InputError
            Where they do not fit together.
        """
        from core.reconstruction.swnn.restoring import restore

        return restore(card, weights)


def _period(target: Target, settings: SwnnSettings) -> list[Problem]:
    """Whether the noise that the network will read can repeat at the size asked for."""
    if not any(target.periodic):
        return []
    try:
        levels = resolve(settings, *target.indicators).levels or 1
    except InputError:  # said already
        return []
    problem = misfit(target.size, target.periodic, 2 ** (levels - 1))
    return [] if problem is None else [Problem("error", "size", problem.what, problem.remedy)]


def _model(target: Target, settings: SwnnSettings, trained: TrainedSwnn, device: str) -> SwnnModel:
    from core.reconstruction.swnn.model import SwnnModel

    exemplar = target.exemplar
    phases, label = target.volume_phases
    chosen = described.to_json(trained.settings)
    provenance = Provenance(
        "train swnn",
        settings={"phase": target.phase, "volume_fraction": target.wanted_fraction, **chosen},
        inputs=tuple(image.provenance for image in target.distinct_exemplars),
        input_hashes=tuple(array_hash(image.labels) for image in target.distinct_exemplars),
        seed=target.seed,
        device=devices.title(device),
    )
    step = max(1, len(trained.losses) // _LOSSES_KEPT)
    card = {
        "engine": SwnnEngine.key,
        "name": exemplar.name,
        "settings": chosen,
        "asked_settings": described.to_json(settings),
        "phases": [{"name": phase.name, "color": phase.color} for phase in phases],
        "volume_phase": label,
        "exemplar_phase": target.phase,
        "exemplar_fraction": target.own_fraction,
        "exemplar_fractions": list(target.own_fractions),
        "planes": len(target.distinct_exemplars) if target.anisotropic else 1,
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
    return SwnnModel(trained.network, card)
