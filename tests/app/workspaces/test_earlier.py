"""Which earlier run's model serves a new run, and what a run then costs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from app.session import Plan
from app.workspaces.reconstruct.earlier import reusable
from app.workspaces.reconstruct.preflight import preflight
from app.workspaces.reconstruct.run import Run, engine_settings
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.engine import Estimate
from core.reconstruction.swnn.engine import SwnnEngine
from core.settings import to_json
from tests.core.reconstruction.diffusion.test_restoring import card
from tests.core.reconstruction.diffusion.tiny import TINY, exemplar, tiny_denoiser

CHANGED = {name: value for name, value in to_json(TINY).items() if name != "symmetries"}
PLAN = Plan(engine="diffusion", preset="small", changed_settings=CHANGED, size=(16, 16, 16), seed=11)


def run(**changed: Any) -> Run:
    settings = {**PLAN.changed_settings, **changed.pop("settings", {})}
    plan = replace(PLAN, changed_settings=settings, **changed)
    return Run(IMAGE, 1, plan, SimpleNamespace())


IMAGE = exemplar()
"""What all of these runs learn from."""


@pytest.fixture(scope="module")
def made() -> Any:
    """An earlier run's result."""
    asked = to_json(engine_settings(PLAN))
    told = card(asked_settings=asked, served=[0.3, 0.6], training={"iterations": TINY.iterations, "seconds": 1.0})
    model = DiffusionModel(tiny_denoiser(), told)
    return SimpleNamespace(model=model, plan=PLAN, phase=1, exemplar=IMAGE, report=None)


def test_what_does_not_shape_the_training_does_not_ask_for_another(made: Any) -> None:
    assert reusable(run(), [made]) is made.model
    found = reusable(run(settings={"steps": 7, "sampler": "ddpm"}, volume_fraction=0.5), [made])
    assert isinstance(found, DiffusionModel)
    assert found.card["settings"] == {**made.model.card["settings"], "steps": 7, "sampler": "ddpm"}
    for other in (
        run(settings={"channels": 16}),
        run(seed=12),
        run(volume_fraction=0.7),
        run(max_seconds=5.0),
        run(engine="swnn", preset="fast", settings={}),
    ):
        other = replace(other, plan=replace(other.plan, changed_settings={})) if other.plan.engine == "swnn" else other
        assert reusable(other, [made]) is None
    assert reusable(replace(run(), exemplar=exemplar(seed=1)), [made]) is None


def test_the_cost_of_several_runs_is_that_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SwnnEngine, "estimate", lambda *_given: Estimate(1.0, 2.0, 3))
    plain = Run(exemplar(), 1, Plan(size=(24, 24, 24), device="cpu"), SimpleNamespace())
    found = preflight(plain, [None], 3, 2)
    assert found.errors == []
    assert found.cost == Estimate(2.0, 6.0, 3)
    assert found.estimate.startswith("Estimate for 3 runs: training about 2 s, generating about 6 s")
    assert "no training (an earlier run's model serves)" in preflight(plain, [None], 1, 0).estimate


def test_the_estimate_names_the_calibration_and_heeds_a_limit_beyond_the_preset_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = []

    def estimate(_engine: object, _target: object, settings: Any, _device: str) -> Estimate:
        limits.append(settings.time_limit)
        return Estimate(settings.time_limit, 2.0, 3, calibrate_seconds=4.0)

    monkeypatch.setattr(SwnnEngine, "estimate", estimate)
    plain = Run(exemplar(), 1, Plan(size=(24, 24, 24), device="cpu", max_seconds=3600.0), SimpleNamespace())
    found = preflight(plain, [None], 3, 2)
    assert limits == [3600.0], "the preset's own limit of three minutes does not hold"
    assert found.cost == Estimate(7200.0, 6.0, 3, calibrate_seconds=8.0)
    assert "training about 2 h 0 min, calibrating about 8 s, generating about 6 s" in found.estimate
    assert "calibrating" not in preflight(plain, [None], 1, 0).estimate, "an earlier run's model is calibrated"
