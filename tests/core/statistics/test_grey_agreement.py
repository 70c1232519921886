"""Autocovariance and histogram of grey volumes: closed forms, and brute force on small arrays."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from core.job import finish
from core.statistics import grey_agreement
from core.statistics.comparison import discrepancy
from core.statistics.grey_agreement import GreyAgreement, GreyRecord, LagSums, agreement_steps, counted, levels_of

RNG = np.random.default_rng(0)


def by_hand(arrays: list[np.ndarray], axes: tuple[int, ...], lag: int) -> np.ndarray:
    """C of all arrays and axes together, pair by pair."""
    firsts: list[list[float]] = [[] for _ in range(lag + 1)]
    seconds: list[list[float]] = [[] for _ in range(lag + 1)]
    for array, axis in product(arrays, axes):
        for line in np.moveaxis(array.astype(float), axis, -1).reshape(-1, array.shape[axis]):
            for r in range(lag + 1):
                firsts[r] += list(line[: len(line) - r])
                seconds[r] += list(line[r:])
    mean = np.mean(firsts[0])
    found = np.array(
        [np.mean((np.array(a) - mean) * (np.array(b) - mean)) for a, b in zip(firsts, seconds, strict=True)]
    )
    return np.asarray(found / found[0])


def test_the_record_of_pictures_is_that_of_brute_force() -> None:
    pictures = [RNG.integers(10, 90, (14, 12)).astype(np.uint8), RNG.integers(40, 95, (12, 20)).astype(np.uint8)]
    levels = levels_of(10, 95, True)
    record = GreyRecord.of(pictures, levels)
    assert record is not None and len(record.covariance) == 6  # half the shortest side less one
    assert record.covariance == pytest.approx(by_hand(pictures, (0, 1), 5), abs=1e-12)
    every = np.concatenate([picture.ravel() for picture in pictures])
    assert np.array_equal(record.counts, [(every == level).sum() for level in levels])
    told = record.to_json()
    again = GreyRecord.from_json(told, levels)
    assert again is not None and again.covariance == pytest.approx(record.covariance, abs=1e-6)
    for wrong in (
        None, {}, {**told, "counts": told["counts"][1:]}, {**told, "counts": [-1] * len(levels)},
        {**told, "counts": [0] * len(levels)}, {**told, "autocovariance": [1.0, float("nan")]},
        {**told, "autocovariance": "x"},
    ):  # fmt: skip
        assert GreyRecord.from_json(wrong, levels) is None
    assert GreyRecord.of([np.full((9, 9), 7, np.uint8)], levels) is None
    assert GreyRecord.of([pictures[0][:3]], levels) is None


def test_a_wave_has_the_autocovariance_of_a_cosine() -> None:
    # over whole periods: C(r) of a wave of 8 px is cos(2π r / 8), but for what its ends lack
    wave = 100 + 50 * np.cos(2 * np.pi * np.arange(8000) / 8)
    sums = LagSums(12)
    sums.add(wave[None])
    assert sums.covariance == pytest.approx(np.cos(2 * np.pi * np.arange(13) / 8), abs=2e-3)
    flat = LagSums(3)
    flat.add(np.full((2, 9), 5.0))
    assert flat.covariance is None


@pytest.mark.parametrize("kept", [1 << 25, 5 * 16 * 18])
def test_a_volume_is_compared_axis_by_axis(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grey_agreement, "KEPT", kept)
    levels = levels_of(0, 200, True)
    record = GreyRecord.of([RNG.integers(0, 201, (40, 40)).astype(np.uint8)], levels)
    assert record is not None
    # layers across z, with other greys
    volume = np.repeat(RNG.integers(0, 100, (6, 14, 18)), 3, axis=0).astype(np.uint8)[:16]
    found = finish(agreement_steps(volume, (16, 14, 18), record))
    assert found.lags == (7, 6, 8)
    rows = range(14) if kept == 1 << 25 else [0, 3, 6, 10, 13]
    for axis, (part, lag) in enumerate(zip((volume[:, list(rows)], volume, volume), found.lags, strict=True)):
        wanted = discrepancy(by_hand([part], (axis,), lag), record.covariance[: lag + 1])
        assert found.epsilon[axis] == pytest.approx(wanted, rel=1e-5)
    assert (found.epsilon[0] or 0) > 2 * (found.epsilon[1] or 0)
    # the area between the cumulative distributions, value by value
    own, theirs = (np.cumsum(counts) / counts.sum() for counts in (counted(volume, levels), record.counts))
    assert found.distance == pytest.approx(np.abs(own - theirs)[:-1].sum())
    assert found.to_json()["histogram"]["percent_of_range"] == pytest.approx(100 * found.distance / 200)


def test_a_volume_that_is_its_exemplar_agrees_and_a_brighter_one_is_apart_by_that() -> None:
    picture = RNG.integers(0, 150, (32, 32)).astype(np.uint16)
    levels = levels_of(0, 200, True)
    record = GreyRecord.of([picture], levels)
    assert record is not None
    same = finish(agreement_steps(np.stack([picture] * 3), (3, 32, 32), record))
    assert same.distance == 0 and same.epsilon[0] is None  # too thin to tell
    brighter = finish(agreement_steps(np.stack([picture + 30] * 3), (3, 32, 32), record))
    # every value moved by 30, and no structure changed
    assert brighter.distance == pytest.approx(30)
    assert brighter.epsilon[1:] == pytest.approx(same.epsilon[1:])
    flat = finish(agreement_steps(np.full((8, 8, 8), 3, np.uint16), (8, 8, 8), record))
    assert flat.epsilon == (None, None, None)


def test_levels_black_and_white_and_words() -> None:
    assert np.array_equal(levels_of(3, 7, True), [3, 4, 5, 6, 7])
    assert len(levels_of(0, 65535, True)) == len(levels_of(0, 1, False)) == 256
    assert counted(np.float32([0, 0.1, 0.5, 1.0]), np.linspace(0, 1, 3)).tolist() == [2, 1, 1]
    counts = np.zeros(256, np.int64)
    counts[[0, 50, 200, 255]] = 1, 499, 499, 1
    record = GreyRecord(np.arange(256.0), counts, np.ones(2))
    assert record.shown(0.002) == (50, 200) and record.shown(0) == (0, 255)
    told = GreyAgreement((0.125, None, 0.5), (31, 0, 31), 2.0, 160)
    assert told.lines == (
        "ε of the autocovariance along z 12.5 % (to 31 px), y not known, x 50.0 % (to 31 px).",
        "Histogram 2 grey values from the data's (1.2 % of their range, Wasserstein-1).",
    )
    assert "Histogram 3631 grey values" in GreyAgreement((None,) * 3, (0, 0, 0), 3631.34, 65386).lines[1]
