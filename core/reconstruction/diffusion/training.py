"""Training the denoiser on random crops: one or many phase images are enough (Lee and Yun, Sec. 2.4)."""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.job import Progress
from core.reconstruction.checkpoints import Checkpoints
from core.reconstruction.descent import rate_share, set_rates
from core.reconstruction.diffusion.checkpointing import TrainingState, identity
from core.reconstruction.diffusion.denoiser import Condition, Denoiser
from core.reconstruction.diffusion.held_out import Loss, Watch, parted
from core.reconstruction.diffusion.objective import bound_term, hybrid, simple
from core.reconstruction.diffusion.optimiser import optimisers
from core.reconstruction.diffusion.phases import GREY, channels_of, levels_of, plain_labels
from core.reconstruction.diffusion.planes import Wanted, sampling_volume
from core.reconstruction.diffusion.prediction import phase_odds, prediction_of, surprise, target_of
from core.reconstruction.diffusion.sections import Crops, Exemplar
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.training_state import Keeper
from core.reconstruction.weights import first_weights

FIRST_PREVIEW_SECONDS, PREVIEW_SECONDS = 5.0, 20.0
PREVIEW_SHARE = 0.07
"""After the first, a preview is made no more often than every `PREVIEW_SECONDS`, and takes about this share at most."""
PREVIEW_EDGE, PREVIEW_STEPS = 32, 12
WARM_UP = 50
"""Iterations over which the learning rate rises to its full value."""
LABEL_UNTOLD = 0.1
"""Share of the crops whose label is not told, where there are several."""
_LARGEST_GRADIENT = 1.0
_FEATURES_AT_ONCE = {"cpu": 4 * 64 * 64 * 24, "cuda": 64 * 64 * 64 * 128}
"""Crops go through the network in parts with about so many features at full resolution, with a report after each."""


@dataclass(frozen=True, eq=False)
class TrainedDiffusion:
    """What training gives.

    Attributes
    ----------
    denoiser
        The averaged weights, in evaluation mode, on the CPU; of the best look where a part of the data was held out.
    iterations, seconds
        Iterations done and wall time taken.
    losses
        L_hybrid at each iteration.
    held_out
        What was seen of the part held out, as a card tells it (`core.reconstruction.diffusion.held_out`), if any was.
    copying
        How near samples come to the data, as a card tells it (`core.reconstruction.diffusion.copying`), if looked at.
    """

    denoiser: Denoiser
    iterations: int
    seconds: float
    losses: tuple[float, ...]
    held_out: Mapping[str, Any] | None = None
    copying: Mapping[str, Any] | None = None

    @property
    def found(self) -> dict[str, Any]:
        """Entries of the card that only some trainings have."""
        entries = {"held_out": self.held_out, "copying": self.copying}
        return {name: dict(entry) for name, entry in entries.items() if entry is not None}


@dataclass(frozen=True)
class DiffusionProgress(Progress):
    """One report from training: the loss, and now and then a snapshot with a volume that it makes (labels, uint8).

    After a look at the part held out also the loss there; NaN otherwise.
    """

    loss: float = float("nan")
    held_out: float = float("nan")
    preview: np.ndarray | None = None
    snapshot: TrainedDiffusion | None = None


def train(
    exemplars: Sequence[Exemplar],
    phases: int,
    settings: DiffusionSettings,
    *,
    seed: int,
    fractions: tuple[float, ...] | None = None,
    planes: tuple[int, int, int] = (-1, -1, -1),
    device: str = "cpu",
    max_seconds: float | None = None,
    checkpoints: Checkpoints | None = None,
) -> Generator[DiffusionProgress, None, TrainedDiffusion]:
    """Train a denoiser; yields at least once an iteration, and between the sections of a preview.

    With the same seed and device type the weights are the same each time, unless a time limit ends the training before
    the last iteration: the learning rate follows whichever is nearer its end, iterations or time.

    Parameters
    ----------
    phases
        How many the exemplars have; `core.reconstruction.diffusion.phases.GREY` where they are grey pictures. A preview
        is then grey, too (float32, −1 to 1).
    settings
        Resolved.
    fractions
        Of each channel, which the sampling of previews is pulled towards.
    planes
        Which label the sections of previews across z, y and x have; −1 for none.
    max_seconds
        Time at work after which training ends; by default the settings' ``time_limit``. While whoever runs the job
        holds it at a yield, the clock stands still.
    checkpoints
        Where to keep the state of the training every so often, and whether to go on from there: it ends with the same
        weights to the bit as a run that was not interrupted, unless a time limit ends it.

    Raises
    ------
    InputError
        Where an exemplar is smaller than the crops or too small to hold a part of it out, or where what
        was kept is of another training.
    """
    limit = settings.time_limit if max_seconds is None else max_seconds
    labels = 1 + max(item.label for item in exemplars)
    draw = torch.Generator().manual_seed(seed)
    learned, held = parted(exemplars, settings.crop or 0) if settings.held_out_looks else (exemplars, [])
    crops = Crops(learned, phases, settings.crop or 0, draw)
    denoiser = first_weights(lambda: Denoiser(settings, channels_of(phases), labels), seed)
    denoiser.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(denoiser).eval().requires_grad_(False)
    dice = torch.Generator(device)
    denoiser.lend_dice(dice)
    movers = optimisers(denoiser, settings)
    edge = PREVIEW_EDGE // settings.stride * settings.stride or settings.stride
    shown = Wanted((edge, edge, edge), seed, fractions=fractions, labels=planes)
    watch = _watch(held, phases, average, seed) if settings.held_out_looks else None
    state = TrainingState(denoiser, average, movers, draw, watch)
    keeper = Keeper(checkpoints, identity(exemplars, phases, settings, seed, device), state)
    losses, used = keeper.resume()
    clock, measured = _Clock(used), partial(loss_of, levels=levels_of(phases))
    done, next_preview = _share_done(settings, losses, used, limit), used + FIRST_PREVIEW_SECONDS
    while done < 1 and not (watch and watch.over):
        set_rates(movers, rate_share(len(losses), done, warm_up=WARM_UP, final=settings.final_rate))
        denoiser.zero_grad(set_to_none=True)
        clean, condition = crops.batch(settings.batch)
        condition = forgetting(condition, settings, draw)
        times = spread_times(settings.batch, settings.times, draw)
        noise = torch.randn(clean.shape, generator=draw)
        total = 0.0
        for rows in parts(settings, device):
            weight = len(times[rows]) / settings.batch
            picture, disturbance = clean[rows].to(device), noise[rows].to(device)
            told = Condition(condition.fraction[rows].to(device), condition.label[rows].to(device))
            dice.manual_seed(seed * 1_000_003 + len(losses) * 1009 + rows.start)
            loss = measured(denoiser.train(), picture, disturbance, times[rows], told) * weight
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
            of = _steps(settings, len(losses), done)
            yield from clock.reporting(DiffusionProgress(len(losses), of, "Training", losses[-1] if losses else total))
        torch.nn.utils.clip_grad_norm_(denoiser.parameters(), _LARGEST_GRADIENT)
        for mover in movers:
            mover.step()
        losses.append(total)
        follow(average, denoiser, settings.averaging, len(losses))
        done = _share_done(settings, losses, clock.seconds, limit)
        report = DiffusionProgress(len(losses), _steps(settings, len(losses), done), "Training", total)
        if watch is not None and (done >= 1 or watch.is_due(len(losses))):
            report = yield from _looking(watch, report, measured, device, clock)
        now = clock.seconds
        keeper.keep(losses, now)
        if now > next_preview and done < 1:
            labelled = yield from _preview(average, shown, phases, device, report, clock)
            snapshot = finished(average, losses, now, watch)
            report = replace(report, preview=labelled, snapshot=snapshot)
            taken = clock.seconds - now
            next_preview = clock.seconds + max(PREVIEW_SECONDS, taken / PREVIEW_SHARE)
        yield from clock.reporting(report)
    keeper.keep(losses, clock.seconds, now=True)
    return finished(average, losses, clock.seconds, watch)


def loss_of(
    denoiser: Denoiser, clean: Tensor, noise: Tensor, times: Tensor, condition: Condition, levels: int = 2
) -> Tensor:
    """L_simple, or L_hybrid where the variance is learned, of crops (N, C, H, W) that get ``noise`` at ``times``.

    ``levels``: how many values a channel of the crops has.
    """
    settings, schedule = denoiser.settings, denoiser.schedule
    signal, spread = schedule.of(times, clean)
    x = (signal * clean + spread * noise).contiguous(memory_format=torch.channels_last)
    answer, share = denoiser(x, times.to(x.device), condition)
    if settings.prediction == "odds":
        losses = surprise(phase_odds(answer, x, signal, spread), clean)
    else:
        losses = simple(answer, target_of(settings.prediction, clean, noise, signal, spread))
    if share is None:
        return losses.mean()
    found = prediction_of(settings.prediction, answer.detach(), x, signal, spread, share)
    terms = bound_term(schedule, found, clean, x, times.to(x.device), levels)
    return hybrid(losses, terms, settings.bound_weight, settings.times)


def spread_times(count: int, steps: int, draw: torch.Generator) -> Tensor:
    """Times 1 … ``steps`` (N,), each as likely as any other, but evenly spread within a batch: less scatter."""
    places = (torch.randperm(count, generator=draw) + torch.rand(count, generator=draw)) / count
    return (places * steps).long().clamp(0, steps - 1) + 1


def forgetting(condition: Condition, settings: DiffusionSettings, draw: torch.Generator) -> Condition:
    """The condition with a random share of it forgotten, so that the network learns to do without, too."""
    count = len(condition.label)
    untold = torch.rand(count, generator=draw) < settings.untold
    unlabelled = torch.rand(count, generator=draw) < LABEL_UNTOLD
    fraction = condition.fraction.masked_fill(untold[:, None], float("nan"))
    return Condition(fraction, condition.label.masked_fill(unlabelled, -1))


@torch.no_grad()
def follow(average: Denoiser, denoiser: Denoiser, keep: float, step: int) -> None:
    """Move the running mean of the weights on by one step; while there are few, it forgets faster."""
    share = 1 - min(keep, (1 + step) / (10 + step))
    for mean, value in zip(average.parameters(), denoiser.parameters(), strict=True):
        mean.lerp_(value, share)


def parts(settings: DiffusionSettings, device: str) -> list[slice]:
    """A batch in parts that go through the network at once."""
    most = _FEATURES_AT_ONCE.get(device.partition(":")[0], _FEATURES_AT_ONCE["cpu"])
    each = max(1, most // ((settings.crop or 64) ** 2 * settings.channels))
    return [slice(first, min(first + each, settings.batch)) for first in range(0, settings.batch, each)]


def finished(
    average: Denoiser, losses: Sequence[float], seconds: float, watch: Watch | None = None
) -> TrainedDiffusion:
    """A copy of the averaged weights, or of the best that ``watch`` has seen, that later steps leave alone."""
    best, seen = (average, None) if watch is None else (watch.weights, watch.entry())
    return TrainedDiffusion(copy.deepcopy(best).cpu(), len(losses), seconds, tuple(losses), seen)


def _watch(held: Sequence[Exemplar], phases: int, average: Denoiser, seed: int) -> Watch:
    settings = average.settings
    return Watch(
        held, phases, average, seed, settings.held_out_looks or 0,
        times=lambda count, draw: spread_times(count, settings.times, draw),
        forget=lambda told, draw: forgetting(told, settings, draw),
    )  # fmt: skip


def _looking(
    watch: Watch, report: DiffusionProgress, loss: Loss, device: str, clock: _Clock
) -> Generator[DiffusionProgress, None, DiffusionProgress]:
    """Look at the part held out; the report with what was seen."""
    settings = watch.weights.settings
    rows = parts(settings, device)[0]
    looking = watch.looking(report.step, loss, max(1, rows.stop - rows.start), device)
    while True:
        try:
            next(looking)
        except StopIteration as end:
            return replace(report, held_out=end.value)
        yield from clock.reporting(report)


def _share_done(settings: DiffusionSettings, losses: Sequence[float], seconds: float, limit: float | None) -> float:
    """How far the training is: of its iterations or of its time, whichever is nearer its end."""
    done = len(losses) / settings.iterations
    return done if limit is None else max(done, seconds / limit)


def _steps(settings: DiffusionSettings, step: int, done: float) -> int:
    """How many steps there will be: with a time limit in force, as many as there is time for."""
    return max(step, round(step / done)) if done > 0 else settings.iterations


def _preview(
    average: Denoiser, wanted: Wanted, phases: int, device: str, report: DiffusionProgress, clock: _Clock
) -> Generator[DiffusionProgress, None, np.ndarray]:
    quick = replace(average.settings, steps=min(PREVIEW_STEPS, average.settings.times), passes=1)
    making = sampling_volume(average, wanted, device=device, settings=quick)
    try:
        while True:
            try:
                next(making)
            except StopIteration as end:
                return end.value[0] if phases == GREY else plain_labels(end.value)
            yield from clock.reporting(report)
    finally:
        making.close()


class _Clock:
    """Time at work, ``used`` seconds of which are over: it stands still while a report is looked at."""

    def __init__(self, used: float) -> None:
        self._began = time.monotonic() - used

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def reporting(self, report: DiffusionProgress) -> Generator[DiffusionProgress, None, None]:
        handed_over = time.monotonic()
        yield report
        self._began += time.monotonic() - handed_over
