"""Fractions that vary in space: levels, what sections are told, and how the sampling is pulled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.reconstruction.diffusion.levels import MOST, Levels, Pull, Varying, labels_by_level
from core.reconstruction.diffusion.planes import Wanted, sampling_volume, shift_for, told_of
from tests.core.reconstruction.diffusion.test_planes import Independent, run
from tests.core.reconstruction.diffusion.tiny import TINY

SLOPE = np.broadcast_to(np.linspace(0.1, 0.7, 24, dtype=np.float32)[:, None, None], (24, 16, 20)).copy()


def test_few_values_are_a_level_each_and_many_are_grouped() -> None:
    few = Levels.of(np.array([[[0.5, 0.2, 0.5, 0.9]]], dtype=np.float32))
    assert few.group.tolist() == [[[1, 0, 1, 2]]]
    assert few.means == pytest.approx([0.2, 0.5, 0.9])
    many = Levels.of(SLOPE)
    assert len(many.means) == MOST and (np.diff(many.means) > 0).all()
    for level, mean in enumerate(many.means):
        assert SLOPE[many.group == level].mean() == pytest.approx(mean, rel=1e-6)
        assert np.ptp(SLOPE[many.group == level]) < 0.1
    assert len(Levels.of(np.full((2, 2, 2), 0.3, dtype=np.float32)).means) == 1


def test_sections_are_told_their_own_mean() -> None:
    varying = Varying(SLOPE, (0.0,), (1.0,)).padded((24, 16, 24))
    wanted = Wanted((24, 16, 20), 0, told=(0.4,), varying=varying)
    assert np.ravel(told_of(wanted, 0, slice(3, 6))) == pytest.approx(SLOPE[3:6, 0, 0])
    assert np.ravel(told_of(wanted, 1, slice(0, 2))) == pytest.approx([0.4, 0.4])
    assert told_of(replace(wanted, varying=None), 1, slice(0, 2)) == [(0.4,), (0.4,)]
    # of three phases, the others share what is left in proportion
    assert Varying(SLOPE, (0.25, 0.75, 0.0), (0.0, 0.0, 1.0)).fractions(0.6) == pytest.approx((0.1, 0.3, 0.6))


def test_pulling_gives_every_place_its_fraction() -> None:
    draw = torch.Generator().manual_seed(0)
    odds = torch.randn((2, *SLOPE.shape), generator=draw)
    found = torch.tanh(Pull(Varying(SLOPE, (0.2, 0.0), (0.0, 1.0)), "cpu", shift_for)(odds))
    for place in range(24):
        share = float(SLOPE[place, 0, 0])
        assert float(found[1, place].mean()) == pytest.approx(2 * share - 1, abs=0.06)
        assert float(found[0, place].mean()) == pytest.approx(2 * 0.2 * (1 - share) - 1, abs=0.06)


def test_a_sampled_volume_has_the_slope() -> None:
    settings = replace(TINY, steps=25, times=1000, passes=2)
    wanted = Wanted(SLOPE.shape, 1, varying=Varying(SLOPE, (0.0,), (1.0,)))
    field, _ = run(sampling_volume(Independent(settings), wanted))
    inside = (field[0] > 0).mean(axis=(1, 2))
    assert np.abs(inside - SLOPE[:, 0, 0]).max() < 0.1 and inside[-4:].mean() - inside[:4].mean() > 0.4


def test_labels_meet_every_level() -> None:
    field = np.random.default_rng(0).standard_normal((1, *SLOPE.shape)).astype(np.float32)
    nothing = np.zeros(SLOPE.shape, dtype=bool)
    labels = labels_by_level(field, SLOPE, lambda share: (1 - share, share), nothing, nothing)
    levels = Levels.of(SLOPE)
    for level, mean in enumerate(levels.means):
        inside = levels.group == level
        assert labels[inside].mean() == pytest.approx(mean, abs=1 / inside.sum())
