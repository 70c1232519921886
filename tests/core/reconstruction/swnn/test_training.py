"""Training at a tiny size: repeatable, its statistics right, its threshold met."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.provenance import Provenance
from core.reconstruction.engine import Target
from core.reconstruction.swnn import training
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.objective import other_fraction
from core.reconstruction.swnn.settings import PRESETS, SwnnSettings, resolve
from core.reconstruction.swnn.training import SwnnProgress, TrainedSwnn, make_noise, threshold_for, train

TINY = replace(
    PRESETS["fast"],
    iterations=3,
    time_limit=None,
    frozen=0.0,
    levels=2,
    overview=0,
    channels=4,
    coarse_channels=4,
    fine_convolutions=1,
    coarse_convolutions=1,
    window=3,
    scales=2,
    cube=12,
    batch=1,
    windows=64,
)


def target(seed: int = 0, volume_fraction: float | None = None) -> Target:
    rng = np.random.default_rng(0)
    labels = np.kron(rng.random((10, 10)) < 0.4, np.ones((4, 4))).astype(np.uint8)
    exemplar = PhaseImage(labels, default_phases(2), 1e-6, "blocks", Provenance("read"))
    return Target(exemplar, 1, volume_fraction, (16, 16, 16), seed)


def run(settings: SwnnSettings, wanted: Target) -> tuple[TrainedSwnn, list[SwnnProgress]]:
    seen: list[SwnnProgress] = []
    return finish(train(wanted, settings), seen.append), seen


def reports(seen: list[SwnnProgress]) -> list[SwnnProgress]:
    """Those of the iterations: the finishing has its own."""
    return [report for report in seen if report.what == "Training"]


def test_the_same_seed_gives_the_same_weights() -> None:
    first, _ = run(TINY, target(seed=5))
    state = torch.random.get_rng_state()
    again, _ = run(TINY, target(seed=5))
    other, _ = run(TINY, target(seed=6))
    assert torch.equal(torch.random.get_rng_state(), state)  # and nobody else's dice are touched
    weights, same, different = (trained.network.state_dict() for trained in (first, again, other))
    assert all(torch.equal(weights[key], same[key]) for key in weights)
    assert not all(torch.equal(weights[key], different[key]) for key in weights)
    assert first.losses == again.losses


def test_looking_does_not_change_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    unseen, _ = run(TINY, target())
    monkeypatch.setattr(training, "PREVIEW_SECONDS", -1.0)
    watched, seen = run(TINY, target())
    assert watched.losses == unseen.losses
    last = reports(seen)[-1]
    assert last.preview is not None
    assert last.preview.dtype == np.uint8
    assert last.preview.shape == (12, 12, 12)
    monkeypatch.setattr(training, "SNAPSHOT_SECONDS", -1.0)
    monkeypatch.setattr(training, "SNAPSHOT_SHARE", math.inf)
    watched, seen = run(TINY, target())
    assert watched.losses == unseen.losses
    last = [report for report in seen if report.snapshot is not None][-1]
    assert last.snapshot is not None
    assert last.preview is not None
    assert last.preview.shape == (64, 64, 64)
    assert last.preview.mean() == pytest.approx(target().wanted_fraction, abs=1e-4)
    assert last.snapshot.settings == resolve(TINY, target().indicator)
    assert not last.snapshot.network.training


def test_every_iteration_is_reported() -> None:
    trained, seen = run(TINY, target())
    assert [(report.step, report.of) for report in reports(seen)] == [(1, 3), (2, 3), (3, 3)]
    assert tuple(report.loss for report in reports(seen)) == trained.losses
    assert trained.iterations == 3


def test_a_network_is_made_ready_block_by_block() -> None:
    _, seen = run(TINY, target())
    rest = seen[3:]  # eight blocks for the statistics, four for the threshold
    assert [(report.step, report.of) for report in rest] == [(done, 12) for done in range(1, 13)]


def test_a_snapshot_can_be_left_at_each_of_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "SNAPSHOT_SECONDS", -1.0)
    monkeypatch.setattr(training, "SNAPSHOT_SHARE", math.inf)
    made: list[tuple[int, ...]] = []

    def noted(network: SwnnNetwork, size: tuple[int, int, int], *arguments: Any) -> list[torch.Tensor]:
        made.append(size)
        return make_noise(network, size, *arguments)

    monkeypatch.setattr(training, "make_noise", noted)
    job = train(target(), TINY)
    assert [next(job).snapshot is None for _ in range(3)] == [True, True, False]
    assert made == [(12, 12, 12), (64, 64, 64), (64, 64, 64)]
    next(job)
    job.close()  # one block of the second snapshot was made, and no more are
    assert made[3:] == [(12, 12, 12), (64, 64, 64)]
    assert torch.is_grad_enabled()


def test_evaluation_mode_gives_what_training_showed() -> None:
    # a block as large as those of the estimate has nearly their statistics, so both modes must agree closely there
    settings = resolve(TINY, target().indicator)
    torch.manual_seed(0)
    network = SwnnNetwork(settings)
    draw = torch.Generator().manual_seed(1)
    finish(training.estimate_statistics(network, 4, draw))
    size = (64, 64, 64)
    noise = make_noise(network, size, 1, draw, "cpu")
    with torch.no_grad():
        shown = network.train()(noise, (0, 0, 0), size)
        finish(training.estimate_statistics(network, 4, draw))
        given = network.eval()(noise, (0, 0, 0), size)
    assert float((shown - given).abs().mean()) < 0.02 * float(shown.std())


def test_the_statistics_are_plain_means_over_what_was_seen() -> None:
    network = SwnnNetwork(resolve(TINY, target().indicator))
    finish(training.estimate_statistics(network, 3, torch.Generator().manual_seed(2)))
    draw = torch.Generator().manual_seed(2)
    first = network.stages[-1][0]  # its input is noise alone
    with torch.no_grad():
        means = [first(make_noise(network, (64, 64, 64), 1, draw, "cpu")[-1]).mean(dim=(0, 2, 3, 4)) for _ in range(3)]
    assert torch.allclose(network.stages[-1][1].running_mean, torch.stack(means).mean(dim=0), atol=1e-5)
    assert network.training
    assert network.stages[-1][1].momentum == 0.1


def test_the_frozen_part_is_trained_as_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "SNAPSHOT_SECONDS", math.inf)
    statistics: list[torch.Tensor] = []
    seen: list[SwnnProgress] = []
    job = train(target(), replace(TINY, iterations=4, frozen=0.5))
    network = None
    with pytest.raises(StopIteration) as end:
        while True:
            seen.append(next(job))
            network = job.gi_frame.f_locals["network"]
            statistics.append(network.stages[-1][1].running_mean.clone())
    steps = [report.step for report in seen]
    # eight blocks for the statistics, before the third iteration, and then only the four for the threshold
    assert steps == [1, 2] + [2] * 8 + [3, 4, 1, 2, 3, 4]
    assert network is not None
    assert not network.training
    assert all(torch.equal(statistics[10], later) for later in statistics[9:])
    # what was learnt after the freezing is learnt for these statistics, so they are not estimated again
    assert torch.equal(end.value.value.network.stages[-1][1].running_mean, statistics[10])
    assert not torch.equal(statistics[1], statistics[10])


@pytest.mark.parametrize("volume_fraction", [None, 0.3, 0.55])
def test_the_threshold_meets_the_fraction(volume_fraction: float | None) -> None:
    wanted = target(volume_fraction=volume_fraction)
    trained, _ = run(TINY, wanted)
    size = (64, 64, 64)
    with torch.no_grad():
        fields = [
            trained.network(
                make_noise(trained.network, size, 1, torch.Generator().manual_seed(seed), "cpu"), (0, 0, 0), size
            )
            for seed in (9, 10)
        ]
    threshold = threshold_for(fields[0].numpy(), wanted.wanted_fraction)
    shares = [float((field > threshold).float().mean()) for field in fields]
    assert shares[0] == pytest.approx(wanted.wanted_fraction, abs=1e-3)
    assert shares[1] == pytest.approx(wanted.wanted_fraction, abs=0.03)


def test_an_unreachable_fraction_is_refused_before_training() -> None:
    with pytest.raises(InputError, match="out of reach"):
        next(train(target(volume_fraction=0.9999), replace(TINY, window=11, scales=1)))


def test_training_learns() -> None:
    trained, _ = run(replace(TINY, iterations=60), target())
    assert np.mean(trained.losses[-10:]) < 0.6 * trained.losses[0]


def test_the_exemplars_own_fraction_is_no_other() -> None:
    own = float(target().indicator.mean())
    assert other_fraction(target(), own + 1e-4) is None
    assert other_fraction(target(), 0.6) == 0.6


@pytest.mark.parametrize("volume_fraction", [None, 0.55])
def test_shapes_and_correlations_join_the_loss(volume_fraction: float | None) -> None:
    wanted = target(volume_fraction=volume_fraction)
    plain = replace(TINY, shapes=0.0, correlation=0.0)
    first = run(plain, wanted)[0].losses[0]
    for joined in (replace(plain, shapes=1.0), replace(plain, correlation=1.0)):
        assert run(joined, wanted)[0].losses[0] > first + 0.01


def test_the_published_slabs_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "PREVIEW_SECONDS", -1.0)
    paper = replace(PRESETS["paper"], iterations=2, fine_convolutions=2, channels=4, cube=16, window=3, directions=8)
    trained, seen = run(paper, target())
    assert trained.iterations == 2
    assert seen[0].preview is not None
    assert seen[0].preview.shape == (32, 32, 32)
    assert all(math.isfinite(report.loss) for report in reports(seen))


def test_a_time_limit_ends_the_training_with_a_usable_network() -> None:
    seen: list[SwnnProgress] = []
    trained = finish(train(target(), replace(TINY, iterations=100_000), max_seconds=0.5), seen.append)
    assert 1 <= trained.iterations < 100_000
    assert trained.iterations == len(reports(seen))


NESTED = replace(TINY, levels=3, overview=1, scales=1, overview_edge=16)


def test_a_block_is_cut_out_of_its_overview_wherever_it_lies() -> None:
    """However often it is drawn, the block's surroundings lie inside the overview (the network checks every box)."""
    settings = resolve(NESTED, target().indicator)
    network = SwnnNetwork(settings)
    size = (settings.cube or 0,) * 3
    around, margin = training.overview_around(network, size)
    assert around.shape[0] >= 16
    draw = torch.Generator().manual_seed(0)
    blocks = [training.block_in_overview(network, size, draw, "cpu", None) for _ in range(8)]
    assert all(block.shape == (1, 1, *size) for block, _, _ in blocks)
    assert all(math.isfinite(float(part.detach())) for _, _, part in blocks)
    corner, reach = (margin * 2,) * 3, network.overview_box((margin * 2,) * 3, size)
    assert corner[0] // 2 + reach.start[0] >= 0


def test_training_with_an_overview_learns_and_repeats() -> None:
    settings = replace(NESTED, iterations=40)
    trained, _ = run(settings, target())
    again, _ = run(settings, target())
    assert trained.losses == again.losses
    assert np.mean(trained.losses[-10:]) < 0.8 * np.mean(trained.losses[:3])


def test_averages_of_the_block_follow_the_overview() -> None:
    """With nothing but the overview to follow, the full resolution comes to it; the overview's head does not move."""
    settings = resolve(replace(NESTED, follow=10.0), target().indicator)
    torch.manual_seed(0)
    network = SwnnNetwork(settings)
    draw = torch.Generator().manual_seed(0)
    frozen = [*network.stages[1:].parameters(), *network.overview.parameters()]  # type: ignore[union-attr]
    for parameter in frozen:
        parameter.requires_grad_(False)
    moving = torch.optim.Adam([*network.stages[0].parameters(), *network.last.parameters()], lr=0.02)
    parts = []
    for _ in range(60):
        moving.zero_grad()
        _, _, part = training.block_in_overview(network, (12, 12, 12), draw, "cpu", None)
        part.backward()  # type: ignore[no-untyped-call]
        moving.step()
        parts.append(float(part.detach()))
    assert np.mean(parts[-10:]) < 0.7 * np.mean(parts[:5])
