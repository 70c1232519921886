"""What would stop or harm the wanted runs, and what they cost: asked of the engine, off the GUI thread."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.widgets.job_strip import format_seconds
from app.workspaces.reconstruct.run import Run, engine_settings

if TYPE_CHECKING:
    from app.session import Plan
    from core.devices import Device
    from core.reconstruction.engine import Estimate, Problem

_MOST_FRACTIONS = 50


@dataclass(frozen=True, eq=False)
class Checked:
    """Findings, and the cost of all runs together (None where there are errors)."""

    problems: list[Problem]
    cost: Estimate | None
    runs: int

    @property
    def errors(self) -> list[Problem]:
        """What stops."""
        return [item for item in self.problems if item.severity == "error"]

    @property
    def estimate(self) -> str:
        """The cost in words, or empty."""
        cost, parts = self.cost, []
        if cost is None:
            return ""
        if cost.train_seconds == 0:
            parts.append("no training (an earlier run's model serves)")
        elif cost.train_seconds is not None:
            parts.append(f"training about {format_seconds(cost.train_seconds)}")
        if cost.calibrate_seconds > 0:
            parts.append(f"calibrating about {format_seconds(cost.calibrate_seconds)}")
        if cost.generate_seconds is not None:
            parts.append(f"generating about {format_seconds(cost.generate_seconds)}")
        if cost.memory_bytes is not None:
            parts.append(f"{cost.memory_bytes / 2**30:.1f} GB of memory")
        of_what = "Estimate" if self.runs == 1 else f"Estimate for {self.runs} runs"
        return f"{of_what}: {', '.join(parts)}." if parts else ""


def import_engines() -> None:
    """Import the engines' settings: soon done, for torch is left to `list_devices`."""
    importlib.import_module("core.reconstruction.registry")


def list_devices() -> tuple[Device, ...]:
    """What this computer computes on. Imports torch, which takes seconds."""
    from core.devices import available

    return available()


def keeps_planes(plan: Plan) -> bool:
    """Whether the plan's engine keeps given planes; the engines must have been imported by then."""
    from core.reconstruction.registry import engine

    return bool(getattr(engine(plan.engine), "uses_anchors", False))


def preflight(run: Run, fractions: Sequence[float | None], runs: int, trainings: int) -> Checked:
    """Check ``run`` for each of ``fractions``; it stands for so many runs, of which so many train."""
    from core.devices import resolve
    from core.errors import MicroloomError
    from core.reconstruction.engine import Problem
    from core.reconstruction.preflight import unused_problems
    from core.reconstruction.registry import engine
    from core.reconstruction.to_disk import disk_problems, sample_target

    chosen = engine(run.plan.engine)
    try:
        device = resolve(run.plan.device)
        settings = engine_settings(run.plan)
    except MicroloomError as error:
        return Checked([Problem("error", "device", error.what, error.remedy)], None, runs)
    found: list[Problem] = []
    target: Any = None
    for fraction in fractions[:_MOST_FRACTIONS]:
        try:
            target = replace(run, plan=replace(run.plan, volume_fraction=fraction)).target()
        except MicroloomError as error:
            return Checked([Problem("error", "mask", error.what, error.remedy)], None, runs)
        if run.file is None:
            seen = chosen.preflight(target, settings, device)
            seen = [_or_a_file(item, chosen, target, settings, device) for item in seen]
        else:
            seen = disk_problems(chosen, target, settings, device, run.file)
        for problem in [*unused_problems(chosen, target), *seen]:
            if problem not in found:
                found.append(problem)
    if target is None or any(item.severity == "error" for item in found):
        return Checked(found, None, runs)
    if run.plan.max_seconds is not None:
        settings = replace(settings, time_limit=run.plan.max_seconds)  # longer than the preset's own, too
    cost = chosen.estimate(target, settings, device)
    if run.file is not None:
        held = chosen.estimate(sample_target(target), settings, device).memory_bytes
        cost = replace(cost, memory_bytes=held)
    train, generate = cost.train_seconds, cost.generate_seconds
    cost = replace(
        cost,
        train_seconds=None if train is None else trainings * train,
        generate_seconds=None if generate is None else runs * generate,
        calibrate_seconds=trainings * cost.calibrate_seconds,
    )
    return Checked(found, cost, runs)


def _or_a_file(problem: Problem, chosen: Any, target: Any, settings: Any, device: str) -> Problem:
    """The problem; where it is that memory does not hold the volume, with the other way out."""
    from core.reconstruction.to_disk import sample_target

    if problem.severity != "error" or problem.field != "size":
        return problem
    plain = replace(target, periodic=(False, False, False))
    whole, sample = (chosen.preflight(one, settings, device) for one in (plain, sample_target(plain)))
    if problem not in whole or problem in sample:
        return problem
    return replace(problem, remedy=f"{problem.remedy} Or tick “Write to a file, block by block” in the settings.")
