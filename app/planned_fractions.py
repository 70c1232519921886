"""The volume fractions that a plan asks for, of every phase."""

from __future__ import annotations

from app.session import Plan
from core.images.values import PhaseImage
from core.reconstruction.shares import shared


def planned_fractions(plan: Plan, image: PhaseImage, phase: int) -> tuple[float, ...]:
    """One a phase, where all of them are rebuilt.

    ``phase`` is the one of interest: where the plan says its fraction alone, the others share the rest in proportion.
    """
    base = chosen_fractions(plan, image) or image.fractions
    return base if plan.volume_fraction is None else shared(base, phase, plan.volume_fraction)


def chosen_fractions(plan: Plan, image: PhaseImage) -> tuple[float, ...] | None:
    """What the plan says of all phases, where they are rebuilt and it says as many as ``image`` has."""
    chosen, count = plan.volume_fractions, len(image.phases)
    return chosen if plan.all_phases and chosen is not None and len(chosen) == count > 2 else None
