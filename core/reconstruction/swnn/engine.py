"""SWNN as an engine: what it needs, what it costs, how it trains and how its models are restored.

torch is imported where it is first needed, so that the window can list the engine and its settings at start-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core import devices
from core.job import Job
from core.reconstruction.checkpoints import Checkpoints
from core.reconstruction.engine import Estimate, Model, Problem, Target
from core.reconstruction.model_card import card_of
from core.reconstruction.swnn.preflight import find_problems
from core.reconstruction.swnn.settings import PRESETS, SwnnSettings, for_mask, resolve
from core.reconstruction.training_job import as_contract

if TYPE_CHECKING:
    from core.reconstruction.swnn.model import SwnnModel
    from core.reconstruction.swnn.training import TrainedSwnn


class SwnnEngine:
    """See `core.reconstruction.engine.Engine`."""

    key = "swnn"
    title = "SWNN"
    summary = "A small convolutional network learns the exemplar's local patterns in minutes, without a trained model."
    presets: Mapping[str, SwnnSettings] = PRESETS
    uses_mask = True
    uses_periodic = True
    uses_all_phases = True
    uses_phase_fractions = True
    uses_regions = True
    uses_planes = True
    uses_checkpoints = True
    uses_towards = True

    def preflight(self, target: Target, settings: SwnnSettings, device: str) -> list[Problem]:
        """Everything that would stop or harm a run."""
        return find_problems(target, for_target(settings, target), device)

    def estimate(self, target: Target, settings: SwnnSettings, device: str) -> Estimate:
        """Expected time and memory, from a short measurement on the device (once a process, about 0.2 s)."""
        from core.reconstruction.swnn.cost import estimate

        chosen = resolve(for_target(settings, target), *target.indicators)
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
        settings = for_target(settings, target)
        job = training.train(target, settings, device=device, max_seconds=max_seconds, checkpoints=checkpoints)
        remedy = "Choose smaller blocks, fewer channels or the preset fast."
        return (yield from as_contract(job, lambda trained: _model(target, settings, trained, device), remedy))

    def restore(self, card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> SwnnModel:
        """A model from its card and arrays.

        Raises
        ------
        InputError
            Where they do not fit together.
        """
        from core.reconstruction.swnn.restoring import restore

        return restore(card, weights)


def for_target(settings: SwnnSettings, target: Target) -> SwnnSettings:
    """Settings that serve the target's mask: a range that holds its fractions, or no overview around given shapes."""
    if target.region_of is None:
        return for_mask(settings, target.mask)
    return replace(settings, overview=0)


def _model(target: Target, settings: SwnnSettings, trained: TrainedSwnn, device: str) -> SwnnModel:
    from core.reconstruction.swnn.likeness import curve_of
    from core.reconstruction.swnn.model import SwnnModel

    region: dict[str, Any] = {}
    if target.region_of is not None:
        shapes = target.exemplar.labels == target.region_of
        region = {"region_of": target.region_of, "region_curve": curve_of(shapes)}
    fractions = {"volume_fractions": list(target.base_fractions)} if target.several else {}
    card = card_of(
        SwnnEngine.key, target, settings, trained.settings, trained, device,
        planes=len(target.distinct_exemplars) if target.anisotropic else 1, **fractions, **region,
    )  # fmt: skip
    return SwnnModel(trained.network, card)
