"""What an earlier run has for a new one: its model, where it would be trained just so; its settings, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from app.session import Plan, Result, Session
from app.workspaces.reconstruct.run import Run, engine_settings
from core.masks.design import Layer, MaskDesign
from core.masks.sources import Imported


def reusable(run: Run, results: Sequence[Result]) -> Any:
    """The model of an earlier run that was trained as this one would be, for a range that holds its volume fraction.

    Same exemplar, settings, seed and time limit; None where there is none, a mask decides the fractions, or somebody
    ended that training early.
    """
    from core.settings import to_json

    if run.design.used:
        return None
    settings = engine_settings(run.plan)
    for result in reversed(results):
        model = result.model
        if model is None or result.plan.engine != run.plan.engine or result.phase != run.phase:
            continue
        low, high = getattr(model, "served", (1.0, 0.0))
        same = (
            model.card.get("asked_settings") == to_json(settings)
            and model.card.get("seed") == run.plan.seed
            and result.plan.max_seconds == run.plan.max_seconds
            and result.exemplar.shape == run.exemplar.shape
            and np.array_equal(result.exemplar.labels, run.exemplar.labels)
        )
        if same and low < high and low <= run.wanted_fraction <= high and trained_whole(result):
            return model
    return None


def trained_whole(result: Result) -> bool:
    """Whether the training of a result's model went to its own end: all of its steps, or its time limit."""
    if result.model is None:
        return False
    settings = engine_settings(result.plan)
    training = result.model.card.get("training", {})
    limits = [limit for limit in (result.plan.max_seconds, getattr(settings, "time_limit", None)) if limit]
    done = training.get("iterations", 0) >= (getattr(settings, "iterations", 0) or 0)
    return bool(done or (limits and training.get("seconds", 0.0) >= 0.9 * min(limits)))


def needs_its_model(result: Result) -> bool:
    """Whether training anew with a result's settings would give another model than the one that made it.

    So where it was made by the model of another seed or volume fraction, or by one whose training was ended early.
    """
    if result.model is None:
        return False
    card, plan = result.model.card, result.plan
    own = result.exemplar.fractions[result.phase]
    wanted = own if plan.volume_fraction is None else plan.volume_fraction
    masked = mask_of(result) is not None
    other = not masked and abs(card.get("volume_fraction", wanted) - wanted) > 1e-9
    return other or card.get("seed", plan.seed) != plan.seed or not trained_whole(result)


def mask_of(result: Result) -> Any:
    """The mask that a result was made with, or None."""
    return getattr(getattr(result.report, "target", None), "mask", None)


def settings_of(result: Result, session: Session) -> tuple[Plan, MaskDesign]:
    """Plan and mask with which the session asks for exactly what ``result`` was asked for.

    The mask as it is drawn now stays where it comes to the same; else the result's own takes its place, as one layer.
    """
    plan, design, mask = result.plan, session.state.mask, mask_of(result)
    if session.phase_of_interest != result.phase:
        plan = replace(plan, phase=result.phase)
    if mask is None:
        return plan, replace(design, used=False) if design.used else design
    image = session.phase_image
    if design.used and image is not None:
        now = Run(image, result.phase, plan, None, design).mask
        if now is not None and now.shape == mask.shape and np.array_equal(now.fraction, mask.fraction):
            return plan, design
    return plan, MaskDesign(True, (Layer(f"Of {result.title}", Imported(mask)),))
