"""Fractions that vary in space: levels, what sections are told, and how the sampling is pulled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.job import finish
from core.masks import stretched
from core.masks.mask import Mask
from core.masks.stretched import Stretched
from core.provenance import Provenance
from core.reconstruction.diffusion.counting import labelling_by_counting
from core.reconstruction.diffusion.levels import MOST, Levels, Pull, Varying, labelling_by_level
from core.reconstruction.diffusion.phases import labelling_by_sorting, labels_around
from core.reconstruction.diffusion.planes import Wanted, sampling_volume, shift_for, told_of
from core.reconstruction.diffusion.shelf import Shelf
from tests.core.reconstruction.diffusion.test_planes import Independent, run
from tests.core.reconstruction.diffusion.tiny import TINY

SLOPE = np.broadcast_to(np.linspace(0.1, 0.7, 24, dtype=np.float32)[:, None, None], (24, 16, 20)).copy()
ROUGH = np.random.default_rng(5).random((24, 16, 20), dtype=np.float32)
STEPS = np.random.default_rng(6).choice(np.array([0.2, 0.3, 0.9], np.float32), size=(24, 16, 20))


def spread(field: np.ndarray) -> Stretched:
    z, y, x = field.shape
    return Stretched(Mask(field, None, "field", Provenance("drawn")), (z, y, x))


def levels_of(field: np.ndarray) -> Levels:
    return finish(Levels.of(spread(field)))


def plain_levels(field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Groups and their means, from all values at once."""
    values = np.unique(field)
    if len(values) > MOST:
        values = np.unique(np.quantile(field, np.linspace(0, 1, MOST + 1)[:-1], method="lower"))
    group = np.clip(np.searchsorted(values, field, side="right") - 1, 0, len(values) - 1)
    sums = np.bincount(group.reshape(-1), weights=field.reshape(-1).astype(np.float64))
    return group, sums / np.bincount(group.reshape(-1))


def shifted(field: np.ndarray, ends: tuple[tuple[float, ...], tuple[float, ...]], odds: torch.Tensor) -> torch.Tensor:
    """Odds as `Pull` shifts them, in slabs of a few sections."""
    pull = finish(Pull.over(Varying(spread(field), *ends), Shelf()))
    slabs = [slice(0, 5), slice(5, 6), slice(6, 24)]
    pull.aim([(slab, odds[:, slab]) for slab in slabs], shift_for, 40)
    return torch.cat([pull(odds[:, slab], slab) for slab in slabs], 1)


def test_few_values_are_a_level_each_and_many_are_grouped() -> None:
    one = np.array([[[0.5, 0.2, 0.5, 0.9]]], dtype=np.float32)
    few = levels_of(one)
    assert few.group(one).tolist() == [[[1, 0, 1, 2]]]
    assert [places.tolist() for places in few.members(one)] == [[1], [0, 2], [3]]
    assert few.means == pytest.approx([0.2, 0.5, 0.9])
    many = levels_of(SLOPE)
    group = many.group(SLOPE)
    assert len(many.means) == MOST and (np.diff(many.means) > 0).all()
    for level, mean in enumerate(many.means):
        assert SLOPE[group == level].mean() == pytest.approx(mean, rel=1e-6)
        assert np.ptp(SLOPE[group == level]) < 0.1
    assert len(levels_of(np.full((2, 2, 2), 0.3, dtype=np.float32)).means) == 1


@pytest.mark.parametrize("field", [SLOPE, ROUGH, STEPS, np.where(ROUGH > 0.01, np.float32(0), ROUGH)])
def test_levels_and_pull_part_by_part_are_those_of_the_whole(
    field: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretched, "_AT_ONCE", 5 * 16 * 20)
    (group, means), levels = plain_levels(field), levels_of(field)
    assert np.array_equal(levels.group(field), group) and np.array_equal(levels.means, means)
    assert np.array_equal(levels.counts, np.bincount(group.reshape(-1)))
    odds = torch.randn((2, *field.shape), generator=torch.Generator().manual_seed(0))
    ends = (0.2, 0.0), (0.0, 1.0)
    shifts = torch.zeros(2, len(means) + 1)
    for level, mean in enumerate(means):
        for channel, fraction in enumerate(Varying(spread(field), *ends).fractions(float(mean))):
            inside = odds[channel][torch.from_numpy(group == level)]
            shifts[channel, level] = shift_for(inside[:: max(1, len(inside) // 40)], fraction)
    shifts[:, -1] = shifts[:, -2]
    places = np.interp(field, means, np.arange(len(means)))
    left = np.minimum(places.astype(np.int64), max(0, len(means) - 2))
    share, left_of = torch.from_numpy((places - left).astype(np.float32)), torch.from_numpy(left)
    wanted = [
        one + torch.lerp(shifts[channel][left_of], shifts[channel][left_of + 1], share)
        for channel, one in enumerate(odds)
    ]
    assert torch.equal(shifted(field, ends, odds), torch.stack(wanted))


def test_sections_are_told_their_own_mean() -> None:
    varying = Varying(spread(SLOPE), (0.0,), (1.0,)).padded((24, 16, 24))
    wanted = Wanted((24, 16, 20), 0, told=(0.4,), varying=varying)
    assert np.ravel(told_of(wanted, 0, slice(3, 6))) == pytest.approx(SLOPE[3:6, 0, 0])
    assert np.ravel(told_of(wanted, 1, slice(0, 2))) == pytest.approx([0.4, 0.4])
    # as told to a block of sections that begins with the third
    assert told_of(wanted, 0, slice(0, 3), 3) == told_of(wanted, 0, slice(3, 6))
    assert told_of(replace(wanted, varying=None), 1, slice(0, 2)) == [(0.4,), (0.4,)]
    # of three phases, the others share what is left in proportion
    assert Varying(spread(SLOPE), (0.25, 0.75, 0.0), (0.0, 0.0, 1.0)).fractions(0.6) == pytest.approx((0.1, 0.3, 0.6))


def test_pulling_gives_every_place_its_fraction() -> None:
    draw = torch.Generator().manual_seed(0)
    odds = torch.randn((2, *SLOPE.shape), generator=draw)
    pull = finish(Pull.over(Varying(spread(SLOPE), (0.2, 0.0), (0.0, 1.0)), Shelf()))
    pull.aim([(slice(0, 24), odds)], shift_for, odds[0].numel())
    found = torch.tanh(pull(odds, slice(0, 24)))
    for place in range(24):
        share = float(SLOPE[place, 0, 0])
        assert float(found[1, place].mean()) == pytest.approx(2 * share - 1, abs=0.06)
        assert float(found[0, place].mean()) == pytest.approx(2 * 0.2 * (1 - share) - 1, abs=0.06)


def test_a_sampled_volume_has_the_slope() -> None:
    settings = replace(TINY, steps=25, times=1000, passes=2)
    wanted = Wanted(SLOPE.shape, 1, varying=Varying(spread(SLOPE), (0.0,), (1.0,)))
    field, _ = run(sampling_volume(Independent(settings), wanted))
    inside = (field[0] > 0).mean(axis=(1, 2))
    assert np.abs(inside - SLOPE[:, 0, 0]).max() < 0.1 and inside[-4:].mean() - inside[:4].mean() > 0.4


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("wanted", [SLOPE, STEPS])
def test_labels_meet_every_level(wanted: np.ndarray, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretched, "_AT_ONCE", 5 * 16 * 20)
    draw = np.random.default_rng(0)
    field = draw.standard_normal((channels, *SLOPE.shape)).astype(np.float32)

    def shares(share: float) -> tuple[float, ...]:
        return (1 - share, share) if channels == 1 else (0.4 * (1 - share), share, 0.6 * (1 - share))

    def made(**asked: Any) -> np.ndarray:
        labels = np.full(SLOPE.shape, 9, np.uint8)
        finish(labelling_by_level(field, spread(wanted), shares, labels=labels, **asked))
        return labels

    given = draw.random(SLOPE.shape) < 0.1
    known = np.where(given, draw.integers(max(2, channels), size=SLOPE.shape), 0).astype(np.uint8)
    labels = made(known=None, label=labelling_by_sorting, shelf=Shelf())
    around = made(known=(known, given), label=labelling_by_sorting, shelf=Shelf())
    assert np.array_equal(around[given], known[given])
    group, means = plain_levels(wanted)
    for level, mean in enumerate(means):
        inside = group == level
        assert (labels[inside] == 1).mean() == pytest.approx(mean, abs=1 / inside.sum())
        plain = labels_around(field[:, inside], shares(float(mean)), known[inside], given[inside])
        assert np.array_equal(around[inside], plain)
    # on the disk, by counting
    assert np.array_equal(made(known=None, label=labelling_by_counting, shelf=Shelf(on_disk=True)), labels)
    assert np.array_equal(made(known=(known, given), label=labelling_by_counting, shelf=Shelf(on_disk=True)), around)
