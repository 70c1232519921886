"""Training SWNN: noise in, sections out, and their patterns drawn towards the exemplar's (SWNN, Sec. 2.4, Alg. 1)."""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.job import Progress
from core.reconstruction.checkpoints import Checkpoints
from core.reconstruction.descent import rate_share, set_rates
from core.reconstruction.engine import Target
from core.reconstruction.swnn.checkpointing import TrainingState, identity
from core.reconstruction.swnn.labelling import labels_of, offsets_for
from core.reconstruction.swnn.network import Box, SwnnNetwork, Triple
from core.reconstruction.swnn.objective import choose, distance, objectives_of, overview_distance
from core.reconstruction.swnn.optimiser import optimisers
from core.reconstruction.swnn.region import ExemplarRegions
from core.reconstruction.swnn.settings import SwnnSettings, place_of, resolve
from core.reconstruction.training_state import Keeper
from core.reconstruction.weights import first_weights

R = TypeVar("R")

PREVIEW_SECONDS = 1.5
SNAPSHOT_SECONDS = 2.0
SNAPSHOT_SHARE = 0.07
"""A snapshot is made no more often than every `SNAPSHOT_SECONDS`, and takes at most about this share of the time."""
STATISTICS_BLOCKS = 8
"""Blocks of 64³ over which the population statistics of batch normalisation are means."""
WARM_UP = 10
"""Iterations over which the learning rate rises to its full value."""


@dataclass(frozen=True, eq=False)
class TrainedSwnn:
    """What training gives.

    Attributes
    ----------
    network
        In evaluation mode, with population statistics of its batch normalisation, on the CPU.
    settings
        Resolved settings.
    iterations, seconds
        Iterations done and wall time taken.
    losses
        Sliced-Wasserstein distance at each iteration.
    """

    network: SwnnNetwork
    settings: SwnnSettings
    iterations: int
    seconds: float
    losses: tuple[float, ...]


@dataclass(frozen=True)
class SwnnProgress(Progress):
    """One report from training: the loss, now and then a preview (labels, uint8) and a snapshot that can be used.

    With a snapshot comes its own preview, 64³ in evaluation mode; other previews are the block just trained on.
    """

    loss: float = float("nan")
    preview: np.ndarray | None = None
    snapshot: TrainedSwnn | None = None


def train(
    target: Target,
    settings: SwnnSettings,
    *,
    device: str = "cpu",
    max_seconds: float | None = None,
    checkpoints: Checkpoints | None = None,
) -> Generator[SwnnProgress, None, TrainedSwnn]:
    """Train a network on the target's exemplar; yields once per iteration, and between the blocks of a snapshot.

    With the same seed and device type the weights are the same each time, unless a time limit ends the training
    before the last iteration: the learning rate follows whichever is nearer its end, iterations or time, so
    the result then depends on how fast the machine is.

    Parameters
    ----------
    max_seconds
        Time at work after which training ends (calibration, a few seconds, comes on top); by default the settings'
        ``time_limit``. While whoever runs the job holds it at a yield, the clock stands still.
    checkpoints
        Where to keep the state of the training every so often, and whether to go on from there: it ends with the same
        weights to the bit as a run that was not interrupted, unless a time limit ends it.

    Raises
    ------
    InputError
        Where the exemplar does not fit the settings, the volume fraction is out of reach, or what was kept is of
        another training.
    """
    began = time.monotonic()
    settings = resolve(settings, *target.indicators)
    limit = settings.time_limit if max_seconds is None else max_seconds
    draw = torch.Generator().manual_seed(target.seed)
    regions = None if target.region_of is None else ExemplarRegions(target.exemplar.labels, target.region_of)
    phases, given = len(target.volume_phases[0]), regions is not None
    network = first_weights(lambda: SwnnNetwork(settings, phases - given, given), target.seed).to(device)

    objectives = objectives_of(target, settings, draw, device)
    movers = optimisers(network, settings)
    state = TrainingState(network, movers, draw, objectives)
    keeper = Keeper(checkpoints, identity(target, settings, device), state)
    losses, used = keeper.resume()
    last_preview = last_snapshot = began
    pause = SNAPSHOT_SECONDS
    began -= used
    done = share_done(settings, losses, used, limit)
    while done < 1:
        if network.training and done >= 1 - settings.frozen:
            report = SwnnProgress(len(losses), settings.iterations, "Training", losses[-1] if losses else float("nan"))
            freezing = freeze(network, STATISTICS_BLOCKS, torch.Generator().manual_seed(target.seed + 3), regions)
            _, held = yield from _reported(freezing, report)
            began += held
        set_rates(movers, rate_share(len(losses), done, warm_up=WARM_UP, final=settings.final_rate))
        network.zero_grad(set_to_none=True)
        loss = torch.zeros(())
        chosen = choose(objectives, settings.batch or 1, draw)
        wanted = everywhere(network, [each.place for each in chosen], device)
        for axes, size in training_blocks(settings):
            if regions is not None:
                told = regions.draw(network, size, settings.batch or 1, draw, device)
                noise = make_noise(network, size, settings.batch or 1, draw, device)
                block = regions.composed(network(noise, (0, 0, 0), size, told.wanted), told.given)
                across = [distance(chosen[:1], block[i : i + 1], (axis,), draw) for i, axis in enumerate(told.axes)]
                torch.stack(across).mean().backward()  # type: ignore[no-untyped-call]
                loss += torch.stack(across).mean().detach().cpu()
                continue
            if settings.overview:
                block, field, part = block_in_overview(network, size, draw, device, wanted)
                part = part + overview_distance(chosen, field, axes, draw)
            else:
                noise = make_noise(network, size, settings.batch or 1, draw, device)
                block, part = network(noise, (0, 0, 0), size, wanted), torch.zeros((), device=device)
            part = part + distance(chosen, block, axes, draw)
            part = part * (len(axes) / 3)
            part.backward()  # type: ignore[no-untyped-call]
            loss += part.detach().cpu()
        for mover in movers:
            mover.step()
        losses.append(float(loss))
        now = time.monotonic()
        done = share_done(settings, losses, now - began, limit)
        keeper.keep(losses, now - began)
        preview = snapshot = None
        if now - last_preview > PREVIEW_SECONDS:
            preview = preview_of(network, block, target.seed, place_of(settings, target.wanted_fraction))
            last_preview = now
        # with a time limit in force, as many steps as there will be time for
        steps = max(len(losses), round(len(losses) / done))
        if now - last_snapshot > pause:
            report = SwnnProgress(len(losses), steps, "Training", losses[-1])
            making = finished(network, target, losses, now - began, estimates=1, blocks=1)
            (snapshot, preview), held = yield from _reported(making, report)
            began += held
            last_preview = last_snapshot = time.monotonic()
            pause = max(SNAPSHOT_SECONDS, (last_snapshot - now - held) / SNAPSHOT_SHARE)
        handed_over = time.monotonic()
        yield SwnnProgress(len(losses), steps, "Training", losses[-1], preview, snapshot)
        began += time.monotonic() - handed_over
    keeper.keep(losses, time.monotonic() - began, now=True)
    making = finished(network, target, losses, time.monotonic() - began, estimates=STATISTICS_BLOCKS, blocks=4)
    (trained, _), _ = yield from _reported(making, None)
    return trained


def block_in_overview(
    network: SwnnNetwork, size: Triple, draw: torch.Generator, device: str, wanted: list[Tensor] | None
) -> tuple[Tensor, Tensor, Tensor]:
    """A block at a random place of a larger overview, the overview's field, and how far averages of the block differ.

    The overview leads: it learns nothing from that difference, which comes times the settings' ``follow``.
    """
    settings, level = network.settings, network.settings.overview or 0
    cell, batch = 2**level, settings.batch or 1
    box, margin = overview_around(network, size)
    cells = box.shape[0]
    noise = make_noise(network, box.shape, batch, draw, device, level)
    features, field = network.overview_of(noise, box, wanted)
    place = torch.randint(margin, cells - max(size) // cell - margin + 1, (3,), generator=draw).tolist()
    origin = (place[0] * cell, place[1] * cell, place[2] * cell)
    finer = [
        torch.randn(batch, grid.channels, *needed.shape, generator=draw).to(device)
        for grid, needed in zip(network.noise_grids[:level], network.noise_boxes(origin, size), strict=False)
    ]
    block = network.refined(features, box, finer, origin, size, wanted)
    z, y, x = (slice(start, start + edge // cell) for start, edge in zip(place, size, strict=True))
    followed = (functional.avg_pool3d(block, cell) - field[:, :, z, y, x].detach()).abs().mean()
    return block, field, settings.follow * followed


def overview_around(network: SwnnNetwork, size: Triple) -> tuple[Box, int]:
    """The cells of the overview in one step of training, and how far from its faces a block of ``size`` must stay."""
    settings = network.settings
    edge = max(size) // 2 ** (settings.overview or 0)
    reach = network.overview_box((0, 0, 0), size)
    margin = max(max(-start, start + length - edge) for start, length in zip(reach.start, reach.shape, strict=True))
    cells = max(settings.overview_edge, edge + 2 * margin)
    return Box((0, 0, 0), (cells, cells, cells)), margin


def share_done(settings: SwnnSettings, losses: Sequence[float], seconds: float, limit: float | None) -> float:
    """How far the training is: of its iterations or of its time, whichever is nearer its end."""
    done = len(losses) / settings.iterations
    return done if limit is None else max(done, seconds / limit)


def training_blocks(settings: SwnnSettings) -> list[tuple[tuple[int, ...], Triple]]:
    """What one iteration makes: which axes' sections are looked at in a block of which size."""
    edge = settings.cube or 1
    if settings.geometry == "cubes":
        return [((0, 1, 2), (edge, edge, edge))]
    return [((0,), (1, edge, edge)), ((1,), (edge, 1, edge)), ((2,), (edge, edge, 1))]


def make_noise(
    network: SwnnNetwork, size: Triple, batch: int, draw: torch.Generator, device: str, level: int = 0
) -> list[Tensor]:
    """Fresh Gaussian noise for a block of ``size`` cells of ``level`` at the origin, finest level first."""
    boxes = network.noise_boxes((0, 0, 0), size, level)
    return [
        torch.randn(batch, grid.channels, *box.shape, generator=draw).to(device)
        for grid, box in zip(network.noise_grids[level:], boxes, strict=True)
    ]


def everywhere(network: SwnnNetwork, places: Sequence[float], device: str) -> list[Tensor] | None:
    """What the network is told (`SwnnNetwork.forward`) where each block's place in the range is the same everywhere."""
    if not network.settings.conditional:
        return None
    return [torch.tensor(places, device=device).reshape(-1, 1, 1, 1, 1)] * len(network.noise_grids)


def preview_of(network: SwnnNetwork, block: Tensor, seed: int, place: float) -> np.ndarray:
    """Labels (uint8) of the block just trained on, or of a small cube where that is a slab.

    Of two phases 1 is the phase of interest, of more they are the exemplar's.
    """
    if min(block.shape[2:]) < 16 <= max(block.shape[2:]):
        size = (32, 32, 32)
        draw = torch.Generator().manual_seed(seed + 1)
        with torch.no_grad():
            device = str(block.device)
            noise = make_noise(network, size, 1, draw, device)
            block = network(noise, (0, 0, 0), size, everywhere(network, [place], device))
    field = block[0] > 0 if len(block[0]) == 1 else block[0].argmax(dim=0, keepdim=True)
    return field[0].cpu().numpy().astype(np.uint8)


def finished(
    network: SwnnNetwork, target: Target, losses: list[float], seconds: float, *, estimates: int, blocks: int
) -> Generator[tuple[int, int], None, tuple[TrainedSwnn, np.ndarray]]:
    """A copy of ``network`` made ready for use, and the labels (as of `preview_of`) of 64³ voxels that it makes.

    The statistics of its batch normalisation are re-estimated on ``estimates`` blocks of 64³ (unless frozen:
    see `freeze`), and its threshold meets the wanted fraction on ``blocks`` more. Yields how many of how many blocks
    are done after each.

    Draws its noise from its own generators, so that looking does not change the training.
    """
    device = str(next(network.parameters()).device)
    regions = None if target.region_of is None else ExemplarRegions(target.exemplar.labels, target.region_of)
    estimates = estimates if network.training else 0
    total = estimates + blocks
    copied = copy.deepcopy(network)
    if network.training:
        for done in estimate_statistics(copied, estimates, torch.Generator().manual_seed(target.seed + 1), regions):
            yield done, total
    copied.eval()
    # a start of its own: the first block shows the same place, however many estimates went before
    draw = torch.Generator().manual_seed(target.seed + 2)
    wanted = everywhere(copied, [place_of(copied.settings, target.wanted_fraction)], device)
    fields = []
    for done in range(blocks):
        told = None if regions is None else regions.draw(copied, (64, 64, 64), 1, draw, device)
        with torch.no_grad():
            noise = make_noise(copied, (64, 64, 64), 1, draw, device)
            field = copied(noise, (0, 0, 0), (64, 64, 64), wanted if told is None else told.wanted)
            if regions is not None and told is not None:
                field = regions.composed(field, told.given)
        fields.append(field[0].movedim(0, -1).cpu().numpy())
        yield estimates + done + 1, total
    trained = TrainedSwnn(copied.cpu(), network.settings, len(losses), seconds, tuple(losses))
    if regions is not None:
        return trained, fields[0].argmax(axis=-1).astype(np.uint8)
    values = np.stack(fields)
    if target.several:
        return trained, labels_of(fields[0], offsets_for(values, target.wanted_fractions))
    threshold = threshold_for(values, target.wanted_fraction)
    return trained, (fields[0][..., 0] > threshold).astype(np.uint8)


def freeze(
    network: SwnnNetwork, blocks: int, draw: torch.Generator, regions: ExemplarRegions | None = None
) -> Generator[tuple[int, int], None, None]:
    """Put ``network`` into evaluation mode, with population statistics over ``blocks`` blocks of 64³.

    While batch normalisation takes its statistics from the few blocks of one step, it makes them more alike than they
    will be, and training is blind to it: volumes then differ from what was trained, most where pores stand in clusters.
    So the last part of the training sees the network as it will be used.
    """
    for done in estimate_statistics(network, blocks, draw, regions):
        yield done, blocks
    network.eval()


def estimate_statistics(
    network: SwnnNetwork, blocks: int, draw: torch.Generator, regions: ExemplarRegions | None = None
) -> Generator[int, None, None]:
    """Replace the running statistics of batch normalisation by plain means over ``blocks`` blocks of 64³.

    The running ones lag behind the weights; with these, evaluation mode gives what training showed. Yields the number
    of blocks done after each; the network is to be used only when it has come to its end.
    """
    device = str(next(network.parameters()).device)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm3d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over what is seen from now on
    was_training = network.training
    network.train()
    for done in range(1, blocks + 1):
        # of a range of volume fractions, each block takes another
        wanted = everywhere(network, [(2 * done - 1) / blocks - 1], device)
        if regions is not None:
            wanted = regions.draw(network, (64, 64, 64), 1, draw, device).wanted
        with torch.no_grad():  # not around the yield: it would hold for whoever runs the job, too
            network(make_noise(network, (64, 64, 64), 1, draw, device), (0, 0, 0), (64, 64, 64), wanted)
        yield done
    network.train(was_training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _reported(
    making: Generator[tuple[int, int], None, R], report: SwnnProgress | None
) -> Generator[SwnnProgress, None, tuple[R, float]]:
    """Run ``making``, yielding ``report``, or its own count, at each step; its result, and the time it was held."""
    held = 0.0
    try:
        while True:
            try:
                step = next(making)
            except StopIteration as end:
                return end.value, held
            handed_over = time.monotonic()
            yield report or SwnnProgress(*step, "Finishing the training")
            held += time.monotonic() - handed_over
    finally:
        making.close()


def threshold_for(values: np.ndarray, fraction: float) -> float:
    """The value that a share ``fraction`` of ``values`` is above."""
    return float(np.quantile(values, 1 - fraction))
