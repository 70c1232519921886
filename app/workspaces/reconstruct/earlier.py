"""What an earlier run has for a new one: its model, where it would be trained just so; its settings, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from app.session import Plan, Result, Session
from app.workspaces.reconstruct.run import Run, engine_settings
from core.images.values import PhaseImage
from core.masks.design import Layer, MaskDesign
from core.masks.sources import Imported
from core.reconstruction.anchors import Anchor

Planes = tuple[PhaseImage | None, PhaseImage | None]


def reusable(run: Run, results: Sequence[Result]) -> Any:
    """The model of an earlier run that was trained as this one would be, for a range that holds its volume fraction.

    Same exemplar, settings of the training, seed and time limit; None where there is none, a mask decides what is
    trained, or somebody ended that training early. Settings of generating alone become those that are wanted.
    """
    from core.reconstruction.registry import engine
    from core.settings import to_json

    asked = engine_settings(run.plan)
    if run.design.used and not getattr(asked, "serves_every_fraction", False):
        return None
    settings = to_json(asked)
    free = getattr(engine(run.plan.engine), "generating", ())

    def of_training(told: Any) -> dict[str, Any]:
        return {name: value for name, value in (told or {}).items() if name not in free}

    for result in reversed(results):
        model: Any = result.model
        if model is None or result.plan.engine != run.plan.engine or result.phase != run.phase:
            continue
        low, high = getattr(model, "served", (1.0, 0.0))
        same = (
            of_training(model.card.get("asked_settings")) == of_training(settings)
            and model.card.get("seed") == run.plan.seed
            and result.plan.max_seconds == run.plan.max_seconds
            and result.plan.patience == run.plan.patience
            and result.plan.volume_fractions == run.plan.volume_fractions
            and result.plan.all_phases == run.plan.all_phases
            and same_exemplars((result.exemplar, *planes_of(result)), (run.exemplar, *run.planes))
        )
        if same and low < high and low <= run.wanted_fraction <= high and trained_whole(result):
            own = model.card["settings"]
            changes = {name: settings[name] for name in free if own.get(name) != settings[name]}
            return model.generating_with(changes) if changes else model
    return None


def trained_whole(result: Result) -> bool:
    """Whether the training of a result's model went to its own end: all of its steps, or its time limit."""
    if result.model is None:
        return False
    limits = [result.plan.max_seconds, getattr(engine_settings(result.plan), "time_limit", None)]
    seconds = result.model.card.get("training", {}).get("seconds", 0.0)
    return _all_steps(result) or any(limit and seconds >= 0.9 * limit for limit in limits)


def _all_steps(result: Result) -> bool:
    steps = {} if result.model is None else result.model.card.get("training", {})
    return bool(steps.get("iterations", 0) >= (getattr(engine_settings(result.plan), "iterations", 0) or 0))


def needs_its_model(result: Result) -> bool:
    """Whether training anew with a result's settings would give another model than the one that made it.

    So where it was made by the model of another seed or volume fraction, or by one whose training was ended early: by
    somebody, or by a time limit, which comes at another step each time.
    """
    if result.model is None:
        return False
    card, plan = result.model.card, result.plan
    wanted = Run(result.exemplar, result.phase, plan, None).wanted_fraction
    masked = mask_of(result) is not None
    other = not masked and abs(card.get("volume_fraction", wanted) - wanted) > 1e-9
    return other or card.get("seed", plan.seed) != plan.seed or not _all_steps(result)


def same_exemplars(some: Sequence[PhaseImage | None], others: Sequence[PhaseImage | None]) -> bool:
    """Whether the labels are the same, plane by plane."""
    return all(
        a is b or (a is not None and b is not None and np.array_equal(a.labels, b.labels))
        for a, b in zip(some, others, strict=True)
    )


def planes_of(result: Result) -> Planes:
    """The exemplars of the planes xz and yz that a result was made from."""
    target = getattr(result.report, "target", None)
    return getattr(target, "exemplar_xz", None), getattr(target, "exemplar_yz", None)


def anchors_of(result: Result) -> tuple[Anchor, ...]:
    """The planes that a result was given."""
    found: tuple[Anchor, ...] = getattr(getattr(result.report, "target", None), "anchors", ())
    return found


def mask_of(result: Result) -> Any:
    """The mask that a result was made with, or None."""
    return getattr(getattr(result.report, "target", None), "mask", None)


def region_of(result: Result) -> int | None:
    """The phase whose region a result's mask was, or None."""
    found: int | None = getattr(getattr(result.report, "target", None), "region_of", None)
    return found


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
        same = design.region_of == region_of(result)
        if same and now is not None and now.shape == mask.shape and np.array_equal(now.fraction, mask.fraction):
            return plan, design
    return plan, MaskDesign(True, (Layer(f"Of {result.title}", Imported(mask)),), region_of(result))
