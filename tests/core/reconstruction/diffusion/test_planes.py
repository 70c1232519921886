"""Multi-plane sampling, with denoisers whose answers are known."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.reconstruction.diffusion import planes
from core.reconstruction.diffusion.denoiser import NEITHER, Condition, Denoiser, Repeating
from core.reconstruction.diffusion.planes import (
    Emerging,
    Wanted,
    anchored,
    batches,
    pulled,
    sampled_size,
    sampling_volume,
    shift_for,
    shifts_for,
)
from core.reconstruction.diffusion.prediction import Prediction, prediction_of, with_clean
from core.reconstruction.diffusion.shelf import Shelf
from core.reconstruction.towards import Ramp, Towards
from tests.core.reconstruction.diffusion.tiny import TINY, tiny_denoiser

SIZE = (10, 12, 14)


class Independent(Denoiser):
    """The exact denoiser of voxels that are 1 with a chance of their own, −1 otherwise, whatever is around them."""

    fraction = 0.3

    def predict(
        self, x: Tensor, time: int, condition: Condition, guidance: float = 0.0, repeating: Repeating = NEITHER
    ) -> Prediction:
        left = float(self.schedule.left[time])
        odds = math.atanh(2 * self.fraction - 1) + math.sqrt(left) / (1 - left) * x
        return with_clean(Prediction(x, x), torch.tanh(odds), x, math.sqrt(left), math.sqrt(1 - left))


class Odds(Independent):
    """The same, and says so as odds: what is around a voxel adds nothing to those of its fraction."""

    def predict(
        self, x: Tensor, time: int, condition: Condition, guidance: float = 0.0, repeating: Repeating = NEITHER
    ) -> Prediction:
        left = float(self.schedule.left[time])
        known = torch.full_like(x, 2 * math.atanh(2 * self.fraction - 1))
        return prediction_of("odds", known, x, math.sqrt(left), math.sqrt(1 - left))


def run(job: Generator[Emerging, None, np.ndarray]) -> tuple[np.ndarray, list[Emerging]]:
    seen = []
    while True:
        try:
            seen.append(next(job))
        except StopIteration as end:
            return end.value, seen


def made(denoiser: Denoiser, wanted: Wanted, **changed: Any) -> np.ndarray:
    return run(sampling_volume(denoiser, wanted, **changed))[0]


def test_between_two_seeds() -> None:
    settings = replace(TINY, steps=10, times=1000, passes=1, eta=0.0)
    denoiser = Independent(settings)
    # what is beyond the size is sampled too: the weights go on there
    size = (18, 20, 23)

    def at(weight: float | Ramp, seed: int = 1, other: int = 2) -> np.ndarray:
        return made(denoiser, Wanted(size, seed, towards=Towards(other, weight)))[0]

    one, other = (made(denoiser, Wanted(size, seed))[0] for seed in (1, 2))
    steadily = [at(weight) for weight in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert np.array_equal(steadily[0], one) and np.array_equal(steadily[-1], other)
    # each volume on the way is one of the material, and less like the first than the one before
    assert all((volume > 0).mean() == pytest.approx(0.3, abs=0.02) for volume in steadily)
    alike = [float((np.sign(volume) == np.sign(one)).mean()) for volume in steadily]
    assert alike == sorted(alike, reverse=True) and len(set(alike)) == 5
    # the way there is the way back
    assert np.allclose(at(0.75, 2, 1), steadily[1], atol=1e-3)
    along = at(Ramp(2))
    assert np.allclose(along[..., 0], one[..., 0], atol=1e-4) and np.allclose(along[..., -1], other[..., -1], atol=1e-4)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"sampler": "ddpm", "passes": 3},
        {"sampler": "dpm-solver++", "passes": 1},
        {"sampler": "sde-dpm-solver++", "crowding": 2.0, "planes": "together"},
        {"eta": 0.0, "planes": "together"},
        {"prediction": "odds"},
        {"prediction": "odds", "planes": "together", "passes": 1},
        {"passes": 4},
    ],
)
def test_exact_answers_give_exact_volumes(changed: dict[str, Any]) -> None:
    settings = replace(TINY, **{"steps": 40, "times": 1000, "passes": 2, **changed})
    kind = Odds if settings.prediction == "odds" else Independent
    field = made(kind(settings), Wanted((24, 24, 24), 1))
    assert field.shape == (1, 24, 24, 24)
    # what comes out is two phases, in the right shares, and no voxel knows of another
    assert (np.abs(field) > 0.9).mean() > 0.97
    inside = (field[0] > 0).astype(float)
    deviation = math.sqrt(0.3 * 0.7 / inside.size)
    assert inside.mean() == pytest.approx(0.3, abs=5 * deviation + 0.01)
    for axis in range(3):
        beside = np.moveaxis(inside, axis, 0)
        covariance = (beside[1:] * beside[:-1]).mean() - inside.mean() ** 2
        assert abs(covariance) < 6 * 0.21 / math.sqrt(inside.size)


def test_the_wanted_fraction_is_approached() -> None:
    settings = replace(TINY, steps=30, times=1000, passes=2)
    field = made(Independent(settings), Wanted((24, 24, 24), 1, fractions=(0.45,)))
    assert (field > 0).mean() == pytest.approx(0.45, abs=0.01)


def test_the_same_seed_gives_the_same_volume() -> None:
    denoiser = tiny_denoiser()
    one, again, other = (made(denoiser, Wanted(SIZE, seed)) for seed in (5, 5, 6))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.isfinite(one).all()


@pytest.mark.parametrize("changed", [{}, {"planes": "together"}, {"bound_weight": 0.001, "sampler": "ddpm"}])
def test_reports_count_to_their_end(changed: dict[str, Any]) -> None:
    denoiser = tiny_denoiser(**changed)
    field, seen = run(sampling_volume(denoiser, Wanted((9, 12, 14), 0)))
    assert field.shape == (1, 9, 12, 14)
    assert seen[-1].done == seen[-1].of
    assert [report.done for report in seen if report.labels is None] == list(range(1, seen[-1].of + 1))
    volumes = [report.labels for report in seen if report.labels is not None]
    assert len(volumes) == TINY.steps
    assert all(volume.shape == (9, 12, 14) and volume.dtype == np.uint8 for volume in volumes)


def test_every_axis_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[tuple[int, int]] = []
    plain = planes.look

    def watched(*given: Any) -> None:
        looked.append((given[3], given[4]))
        plain(*given)

    monkeypatch.setattr(planes, "look", watched)
    made(tiny_denoiser(crowding=1.0), Wanted(SIZE, 0))
    assert [axis for _, axis in looked] == [0, 1, 2, 0, 1, 0, 1, 2]  # and at the end all of them
    assert [time for time, _ in looked] == [50, 50, 33, 33, 17, 17, 17, 17]
    looked.clear()
    made(tiny_denoiser(crowding=2.0), Wanted(SIZE, 0))  # closer together in the noise
    assert [time for time, _ in looked] == [50, 50, 44, 44, 28, 28, 28, 28]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_batches_hold_every_section_once(axis: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(planes.PIXELS_AT_ONCE, "cpu", 400)
    runs = batches(SIZE, axis, "cpu")
    assert [place for rows in runs for place in range(rows.start, rows.stop)] == list(range(SIZE[axis]))
    area = math.prod(SIZE) // SIZE[axis]
    assert all((rows.stop - rows.start) * area <= 400 for rows in runs)


def test_batches_do_not_change_the_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    denoiser = tiny_denoiser()
    once = made(denoiser, Wanted(SIZE, 0))
    monkeypatch.setitem(planes.PIXELS_AT_ONCE, "cpu", 1)
    assert np.allclose(made(denoiser, Wanted(SIZE, 0)), once, atol=1e-3)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"planes": "together", "sampler": "dpm-solver++"},
        {"planes": "together", "prediction": "odds"},
        {"bound_weight": 0.001},
    ],
)
def test_blocks_and_the_disk_do_not_change_the_volume(changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    denoiser = tiny_denoiser(**changed)
    section = np.random.default_rng(0).choice([-1, 1], size=(1, 10, 16)).astype(np.float32)
    anchors = {(1, 7): section, (0, 6): np.ones((1, 12, 16), np.float32)}
    # whole vectors of numbers in a section, as real networks' coarsest places have
    wanted = Wanted((10, 12, 16), 0, fractions=(0.3,), anchors=anchors)
    wanted = replace(wanted, towards=Towards(4, Ramp(0)), periodic=(False, True, False))
    # networks round as many sections at once allow: a section at a time, in all of these
    monkeypatch.setitem(planes.PIXELS_AT_ONCE, "cpu", 1)
    whole = made(denoiser, wanted)
    monkeypatch.setattr(planes, "BLOCK", 2 * 12 * 14)
    assert len(planes.blocks((18, 12, 24), 0)) == 18
    # to the bit: there is no seam where one block ends and another begins
    assert np.array_equal(made(denoiser, wanted), whole)
    assert np.array_equal(made(denoiser, wanted, shelf=Shelf(on_disk=True)), whole)


def test_large_volumes_are_shown_coarsely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "PREVIEW_EDGE", 6)
    _, seen = run(sampling_volume(tiny_denoiser(), Wanted((9, 12, 14), 0)))
    assert {report.labels.shape for report in seen if report.labels is not None} == {(3, 4, 5)}


def test_a_periodic_volume_has_no_face() -> None:
    # moved round by a whole number of coarsest places, what is seen of it moves along, and nothing else happens
    denoiser, draw = tiny_denoiser(), torch.Generator().manual_seed(0)
    x = torch.randn((1, 8, 12, 16), generator=draw)
    wanted = Wanted((8, 12, 16), 0, (True, True, True))
    for axis in range(3):
        seen = []
        for moved in (x, x.roll((2, 4, 6), (1, 2, 3))):
            clean = torch.zeros_like(moved)
            planes.look(denoiser, wanted, moved, 20, axis, slice(0, x.shape[axis + 1]), clean, None)
            seen.append(clean)
        assert torch.allclose(seen[1], seen[0].roll((2, 4, 6), (1, 2, 3)), atol=1e-4)


def test_given_sections_are_kept() -> None:
    draw = np.random.default_rng(0)
    across_z = draw.choice([-1, 1], size=(1, 12, 14)).astype(np.float32)
    across_x = draw.choice([-1, 1], size=(1, 10, 12)).astype(np.float32)
    across_x[0, 4] = across_z[0, :, 3]  # where they cross, they agree
    field = made(tiny_denoiser(), Wanted(SIZE, 0, anchors={(0, 4): across_z, (2, 3): across_x}))
    assert np.array_equal(np.sign(field[0, 4]), across_z[0])
    assert np.array_equal(np.sign(field[0, :, :, 3]), across_x[0])
    assert not np.array_equal(field, made(tiny_denoiser(), Wanted(SIZE, 0)))


def test_anchors_go_where_they_belong() -> None:
    section = np.full((1, 4, 6), 1, dtype=np.float32)
    found = anchored(torch.zeros(1, 5, 8, 6), {(0, 2): section})
    assert found.sum() == 24
    assert (found[0, 2, :4] == 1).all()


def test_what_is_told_reaches_the_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[float, int]] = []
    denoiser = tiny_denoiser(labels=3)
    plain = denoiser.predict

    def watched(x: Tensor, time: int, condition: Condition, *others: Any) -> Prediction:
        told.append((float(condition.fraction[0]), int(condition.label[0])))
        return plain(x, time, condition, *others)

    monkeypatch.setattr(denoiser, "predict", watched)
    made(denoiser, Wanted(SIZE, 0, told=(0.25,), labels=(0, 1, 2)))
    assert {label for _, label in told} == {0, 1, 2}
    assert {fraction for fraction, _ in told} == {0.25}


def test_pulling_meets_the_mean_and_leaves_what_is_certain() -> None:
    draw = torch.Generator().manual_seed(0)
    clean = torch.tanh(2 * torch.randn((2, 20, 20, 20), generator=draw))
    clean[0, 0] = 3.0
    found = pulled(clean, shifts_for(clean, (0.6, 0.2)))
    assert float(found[0].mean()) == pytest.approx(0.2, abs=1e-3)
    assert float(found[1].mean()) == pytest.approx(-0.6, abs=1e-3)
    assert (found[0, 0] > 0.99).all()
    assert (found.abs() <= 1).all()
    # the order of the voxels stays
    assert (found[1].flatten()[clean[1].flatten().argsort()].diff() > -1e-6).all()
    assert torch.equal(pulled(clean, None), clean.clamp(-planes.SURE, planes.SURE))


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.9])
def test_equal_odds_are_shifted_to_those_of_the_fraction(fraction: float) -> None:
    odds = torch.full((50,), 0.7)
    assert 0.7 + shift_for(odds, fraction) == pytest.approx(math.atanh(2 * fraction - 1), abs=1e-4)


def test_sizes_hold_a_margin_and_whole_places() -> None:
    assert sampled_size((16, 17, 1), (False, False, True), 4) == (24, 28, 1)
    assert sampled_size((16, 17, 8), (False, False, False), 16) == (32, 32, 16)


def test_a_volume_is_cut_from_one_without_faces() -> None:
    denoiser = tiny_denoiser()
    cut = made(denoiser, Wanted((16, 13, 16), 3, periodic=(False, False, True)))
    around = sampled_size((16, 13, 16), (False, False, True), denoiser.settings.stride)
    assert np.array_equal(cut, made(denoiser, Wanted(around, 3, periodic=(True, True, True)))[:, :16, :13])
