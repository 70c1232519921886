"""The main job from a target to a measured volume: train, set the threshold, generate, measure against the exemplar."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from core import devices
from core.errors import InputError, JobError
from core.images.values import Volume
from core.job import Job, Progress
from core.reconstruction.checkpoints import Checkpoints
from core.reconstruction.engine import Engine, Model, Target, TrainingProgress
from core.reconstruction.model_record import exemplar_entry, result_entry
from core.reconstruction.preflight import unused_problems
from core.statistics.comparison import Comparison, compare_curves, curves_of_planes
from core.statistics.curves import Curves, mean_curves, measure_curves, measuring_curves
from core.statistics.indicator import default_max_lag
from core.statistics.sampling_band import SamplingBand, estimating_band

R = TypeVar("R")

CURVES_SECONDS = 1.0
"""Curves of previews are measured no more often than this."""
POOLED = 5
"""Curves shown while training are means over so many previews: one alone is smaller than most exemplars."""


@dataclass(frozen=True)
class CurvesProgress(Progress):
    """S2 and L of what the network makes now.

    Attributes
    ----------
    curves
        Mean curves of the latest previews, at as many lags as the smallest allows.
    fraction_now
        Share of the phase in them.
    previews
        How many they are, at most `POOLED`.
    """

    curves: Curves | None = None
    fraction_now: float = float("nan")
    previews: int = 0


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A measured volume and all that is needed to report on it.

    Attributes
    ----------
    model, volume
        What was trained and what it made.
    target, settings, engine, preset, device
        What was asked for; ``settings`` as plain JSON values, ``device`` as named by its maker.
    volume_phase
        Label of the phase of interest in the volume.
    comparison
        Curves of volume and exemplar, and their discrepancies.
    band
        How far curves of a sample as large as the exemplar scatter.
    seconds
        Wall time by step: "train", "generate" (with the calibration of the threshold), "measure".
    fraction_before, fraction_after
        Volume fraction at the network's own threshold (on the calibration volume), and of ``volume``.
    """

    model: Model
    volume: Volume
    target: Target
    volume_phase: int
    comparison: Comparison
    band: SamplingBand
    engine: str
    preset: str
    device: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    fraction_before: float = float("nan")
    fraction_after: float = float("nan")


def reconstruct(
    engine: Engine,
    target: Target,
    settings: Any,
    *,
    preset: str = "",
    device: str = "cpu",
    max_seconds: float | None = None,
    checkpoints: Checkpoints | None = None,
) -> Job[Reconstruction]:
    """A job that trains an engine on ``target`` and builds and measures the volume.

    Parameters
    ----------
    preset
        Name of the preset that ``settings`` came from, for the record.
    device
        "auto", "cpu" or "cuda".
    max_seconds
        Training ends here with what it has reached.
    checkpoints
        Where the training keeps its state, and whether it goes on from there. The file stays: whoever has written the
        volume removes it.

    Yields
    ------
    `TrainingProgress` (whoever cancels keeps its last snapshot), `CurvesProgress` for previews, `GenerationProgress`,
    and plain `Progress` while measuring.

    Raises
    ------
    InputError
        For the first error that the preflight finds.
    """
    if checkpoints is not None and not getattr(engine, "uses_checkpoints", False):
        raise InputError(
            f"The engine {engine.title} cannot go on with a training that was interrupted.",
            "Train without checkpoints, or choose another engine.",
        )
    for problem in [*unused_problems(engine, target), *engine.preflight(target, settings, device)]:
        if problem.severity == "error":
            raise InputError(problem.message, problem.remedy)
    began = time.monotonic()
    model = yield from _train(engine, target, settings, device, max_seconds, checkpoints)
    return (
        yield from finish_from_model(
            model, target, preset=preset, device=device, train_seconds=time.monotonic() - began
        )
    )


def finish_from_model(
    model: Model, target: Target, *, preset: str = "", device: str = "cpu", train_seconds: float | None = None
) -> Job[Reconstruction]:
    """A job that builds and measures the target's volume from a model that is there already.

    Parameters
    ----------
    train_seconds
        Time that training took; by default what the model's card says.
    """
    began = time.monotonic()
    volume = yield from model.generate(
        target.size,
        target.seed,
        device=device,
        **wishes(model, target),
    )
    generated = time.monotonic()
    label = target.volume_phases[1]
    others = [image.labels == target.phase for image in target.exemplars[1:]] if target.anisotropic else []
    comparison, band = yield from measure_against(
        volume.labels == label, target.indicator, periodic=all(target.periodic), planes=others
    )
    _note(model, {"result": result_entry(comparison, target.size, target.seed)})
    trained = model.card.get("training", {}).get("seconds", float("nan")) if train_seconds is None else train_seconds
    return Reconstruction(
        model=model,
        volume=volume,
        target=target,
        volume_phase=label,
        comparison=comparison,
        band=band,
        engine=str(model.card.get("engine", "")),
        preset=preset,
        device=devices.title(devices.resolve(device)),
        settings=dict(model.card.get("settings", {})),
        seconds={
            "train": float(trained),
            "generate": generated - began,
            "measure": time.monotonic() - generated,
        },
        fraction_before=float(model.card.get("calibration", {}).get("fraction_before", float("nan"))),
        fraction_after=float(volume.fractions[label]),
    )


def fraction_asked(model: Model, target: Target) -> float | None:
    """The volume fraction that a model is asked for, or None where the target wants the model's own."""
    own = model.card.get("volume_fraction")
    same = own is not None and abs(own - target.wanted_fraction) < 1e-9
    return None if same or target.region_of is not None else target.wanted_fraction


def wishes(model: Model, target: Target) -> dict[str, Any]:
    """What a model is asked for besides size, seed and device; what not every model takes, only if it is wanted."""
    found: dict[str, Any] = {
        "volume_fraction": fraction_asked(model, target),
        "mask": target.mask,
        "periodic": target.periodic,
    }
    if target.anchors:
        found["anchors"] = target.anchors
    if target.towards is not None:
        found["towards"] = target.towards
    if target.exact and getattr(model, "can_be_exact", False):
        found["exact"] = True
    return found


def measure_against(
    indicator: np.ndarray,
    exemplar: np.ndarray,
    max_lag: int | None = None,
    periodic: bool = False,
    planes: Sequence[np.ndarray] = (),
) -> Generator[Progress, None, tuple[Comparison, SamplingBand]]:
    """A job that compares a volume or picture of one phase with an exemplar of it.

    Parameters
    ----------
    indicator, exemplar
        Bool, shapes (Z, Y, X) or (Y, X), and (Y, X).
    max_lag
        Largest lag in pixels; by default as `core.statistics.compare` chooses.
    periodic
        Whether the volume repeats along all of its axes, so that pairs across its faces count too.
    planes
        Exemplars of the planes xz and yz where ``exemplar`` is that of xy alone; the band is that of xy.
    """
    shapes = [one.shape for one in (exemplar, *planes)]
    smallest = min(shapes, key=min)
    lag = default_max_lag(indicator.shape, smallest) if max_lag is None else max_lag
    if lag < 1:
        raise InputError(
            f"The shapes {indicator.shape} and {exemplar.shape} are too small to be measured.",
            "At least 4 pixels along each axis are needed.",
        )
    reference = yield from _reported(measuring_curves(exemplar, lag), Progress(0, 3, "Measuring"))
    for_planes = [reference]
    for plane in planes:
        for_planes.append((yield from _reported(measuring_curves(plane, lag), Progress(0, 3, "Measuring"))))
    if planes:
        reference = curves_of_planes(*for_planes)
    band = yield from _reported(estimating_band(exemplar, lag), Progress(1, 3, "Measuring"))
    measured = yield from _reported(measuring_curves(indicator, lag, periodic), Progress(2, 3, "Measuring"))
    fraction = float(np.mean([one.mean() for one in (exemplar, *planes)]))
    comparison = compare_curves(measured, reference, float(indicator.mean()), fraction, by_axis=bool(planes))
    yield Progress(3, 3, "Measuring")
    return comparison, band


def _reported(steps: Generator[None, None, R], progress: Progress) -> Generator[Progress, None, R]:
    """Run ``steps``, yielding ``progress`` at its start and at each of its own yields."""
    try:
        while True:
            yield progress
            try:
                next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
    finally:
        steps.close()


def _record(target: Target, progress: Progress) -> Job[dict[str, Any]]:
    """What a model's card tells of the exemplar; yields where ``progress`` stood."""
    same = Progress(progress.step, progress.of, progress.what)
    return {"exemplar": (yield from _reported(exemplar_entry(target.exemplar, target.phase), same))}


def _note(model: Model, entries: Mapping[str, Any]) -> None:
    """Add to a model's card what it does not tell yet."""
    keep = getattr(model, "note", None)
    missing = {key: value for key, value in entries.items() if key not in model.card}
    if keep is not None and missing:
        keep(missing)


def _train(
    engine: Engine,
    target: Target,
    settings: Any,
    device: str,
    max_seconds: float | None,
    checkpoints: Checkpoints | None,
) -> Job[Model]:
    entries: dict[str, Any] = {}
    # an engine that knows nothing of checkpoints is not asked for any
    kept: dict[str, Any] = {} if checkpoints is None else {"checkpoints": checkpoints}
    job = engine.train(target, settings, device=device, max_seconds=max_seconds, **kept)
    last = -float("inf")
    pool: deque[tuple[float, Curves]] = deque(maxlen=POOLED)
    progress = Progress(0, 0, "Training")
    try:
        while True:
            try:
                progress = next(job)
            except StopIteration as end:
                if not entries:
                    entries = yield from _record(target, progress)
                _note(end.value, entries)
                # whoever cancels while the volume is made keeps the finished model
                yield TrainingProgress(progress.step, progress.of, progress.what, snapshot=end.value)
                return end.value  # type: ignore[no-any-return]
            if isinstance(progress, TrainingProgress) and progress.snapshot is not None:
                if not entries:
                    entries = yield from _record(target, progress)
                _note(progress.snapshot, entries)
            yield progress
            preview = progress.preview if isinstance(progress, TrainingProgress) else None
            if preview is not None and time.monotonic() - last >= CURVES_SECONDS:
                inside = np.asarray(preview) == target.phase if target.several else np.asarray(preview) > 0
                pool.append((inside.mean(), measure_curves(inside, min(63, min(inside.shape) - 1))))
                last = time.monotonic()
                fraction = float(np.mean([share for share, _ in pool]))
                curves = mean_curves([curves for _, curves in pool])
                yield CurvesProgress(progress.step, progress.of, progress.what, curves, fraction, len(pool))
    except MemoryError as error:
        raise JobError("The computer's memory was not enough.", "Choose a smaller size or preset.") from error
    finally:
        job.close()
