"""Regions of a mask, what a volume achieved in them, and what an exemplar shows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.masks.fields import bands, constant, linear_gradient
from core.masks.regions import achieved, regions, seen_range, share_outside


def test_regions_of_few_values_are_those_values_and_shares_add_up() -> None:
    mask = bands((8, 1, 1), 0, [1, 2, 1], [0.1, 0.4, 0.2])
    found = regions(mask)
    assert [(round(r.target, 6), r.share) for r in found] == [(0.1, 0.25), (0.2, 0.25), (0.4, 0.5)]
    many = linear_gradient((100, 1, 1), (0, 0, 0), (1, 0, 0), (0.0, 1.0))
    steps = regions(many, 4)
    assert len(steps) == 4 and sum(r.share for r in steps) == pytest.approx(1)
    assert all(a.high < b.low for a, b in pairwise(steps))
    assert sum(r.share * r.target for r in steps) == pytest.approx(many.mean)
    assert [r.share for r in regions(constant(0.3))] == [1.0]


def test_achieved_fractions_are_counted_exactly_and_judged() -> None:
    mask = bands((32, 1, 1), 0, [1, 1], [0.2, 0.6])
    generator = np.random.default_rng(0)
    volume = generator.random((32, 32, 32)) < np.where(np.arange(32) < 16, 0.2, 0.3)[:, None, None]
    low, high = achieved(mask, volume)
    assert low.fraction == volume[:16].mean() and high.fraction == volume[16:].mean()
    assert low.region.share == high.region.share == 0.5
    assert low.passed and not high.passed
    assert high.interval[0] <= high.fraction <= high.interval[1] < 0.6


def test_the_interval_holds_the_target_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        # blocks of 2 voxels a side make neighbours alike
        volume = (generator.random((12, 12, 12)) < 0.4).repeat(2, 0).repeat(2, 1).repeat(2, 2)
        (row,) = achieved(constant(0.4), volume)
        held += row.interval[0] <= 0.4 <= row.interval[1]
    assert 0.88 <= held / 200 <= 0.99


def test_the_seen_range_is_that_of_all_windows() -> None:
    indicator = np.random.default_rng(2).random((20, 33)) < 0.3
    windows = np.lib.stride_tricks.sliding_window_view(indicator, (5, 5)).mean(axis=(2, 3))
    assert seen_range(indicator) == pytest.approx((windows.min(), windows.max()))
    assert seen_range(np.ones((2, 2), bool)) == (1.0, 1.0)


def test_the_share_outside_a_reach() -> None:
    mask = bands((10, 1, 1), 0, [3, 7], [0.05, 0.3])
    assert share_outside(mask, (0.1, 0.5)) == pytest.approx(0.3)
    assert share_outside(mask, (0.05, 0.3)) == 0
