"""How far the curves of a sample as small as the exemplar scatter, from the exemplar alone.

A picture shows one piece of a material; another piece of the same size has other curves. A reconstruction that lies
within that scatter agrees with the exemplar as well as a second micrograph would.

Estimator: a block bootstrap (Künsch, Ann. Statist. 17, 1217, 1989; overlapping blocks in the plane after Hall,
Stoch. Process. Appl. 20, 231, 1985) on pair counts instead of pixels. Each pair of pixels (for S2) or segment (for L)
belongs to the block that holds its first pixel, so no block cuts a pair and nothing is joined that was not
neighbours. Per block, axis and lag, the hits (pairs in the phase) and the trials (all pairs) are summed once. A copy
(replica) draws as many blocks, with replacement, as cover the exemplar's area. Its curve, the ratio Σ hits / Σ trials,
is taken to first order about the exemplar's own S: S + Σ (hits − S·trials) / E[Σ trials], which stays finite where far
lags leave a block no pairs; then the axes are averaged. Overlapping blocks slightly favour the picture's middle, so the
replicas are centred on the exemplar's own curve. The band is the quantiles of the replicas at each lag.

Limits: blocks are drawn independently, which loses the correlation between neighbouring blocks, so the band is rather
too narrow. On thresholded Gaussian random fields (128² and 256², correlation lengths of 3 to 6 px; mean of 60 bands
against the scatter of 144 samples) its width was 0.86 to 1.04 of the true one at lags of 0 to 3 px, 0.6 to 1.0 at 20 px
and 0.5 to 0.8 at 40 px. Where L is all but 0 it has no events to learn from, and the band closes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import finish
from core.statistics.curves import correlation_length
from core.statistics.indicator import Indicator, checked_indicator, checked_lag
from core.statistics.lineal_path import lineal_path_axes
from core.statistics.two_point import two_point_axes

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

REPLICAS = 1000
BLOCK_LENGTHS = 8.0
"""Width of a block in correlation lengths."""
BLOCKS_A_SIDE = 3
"""A block is at most this part of the exemplar's shorter side, so that a replica draws from different places."""


@dataclass(frozen=True, eq=False)
class SamplingBand:
    """Where the axis-averaged curves of another sample of the exemplar's size would lie.

    Attributes
    ----------
    s2_low, s2_high, lineal_path_low, lineal_path_high
        Shape (max_lag + 1,), probabilities within 0 to 1.
    confidence
        Probability, at each lag apart, to lie inside.
    block
        Side of the bootstrap's blocks in pixels.
    """

    s2_low: Floats
    s2_high: Floats
    lineal_path_low: Floats
    lineal_path_high: Floats
    confidence: float
    block: int


def sampling_band(exemplar_indicator: Indicator, max_lag: int, confidence: float = 0.95, seed: int = 0) -> SamplingBand:
    """The band of S2 and L within which samples of the exemplar's size scatter (see this module's head).

    Parameters
    ----------
    exemplar_indicator
        Shape (Y, X), bool or 0 and 1; at least 8 pixels along each axis.
    max_lag
        Largest lag in pixels, below the shorter side.
    confidence
        Above 0 and below 1; the band holds this share of the replicas at each lag.
    seed
        Of the draws: the same seed gives the same band.

    Raises
    ------
    InputError
        Where the exemplar, the lag or the confidence cannot be used.
    """
    return finish(estimating_band(exemplar_indicator, max_lag, confidence, seed))


def estimating_band(
    exemplar_indicator: Indicator, max_lag: int, confidence: float = 0.95, seed: int = 0
) -> Generator[None, None, SamplingBand]:
    """As `sampling_band`, but yields after each lag and axis, so that a job can be left there."""
    inside = checked_indicator(exemplar_indicator)
    if inside.ndim != 2 or min(inside.shape) < 8:
        raise InputError(f"A sampling band needs a picture of at least 8 × 8 pixels, not shape {inside.shape}.")
    if not 0 < confidence < 1:
        raise InputError(f"A confidence must lie between 0 and 1, not {confidence}.")
    lag = checked_lag(max_lag, inside.shape)
    block = _block_size(inside)
    draws = _draws(inside.shape, block, np.random.default_rng(seed))
    counted = yield from _hits(inside, lag, block, whole_segments=False)
    s2 = _band(counted, two_point_axes(inside, lag), draws, confidence)
    yield
    counted = yield from _hits(inside, lag, block, whole_segments=True)
    lineal_path = _band(counted, lineal_path_axes(inside, lag), draws, confidence)
    return SamplingBand(*s2, *lineal_path, confidence=confidence, block=block)


def _block_size(inside: Bools) -> int:
    """Side of the blocks in pixels: eight correlation lengths, at least 4 px, at most a third of the shorter side."""
    largest: int = max(2, min(inside.shape) // BLOCKS_A_SIDE)
    if inside.all() or not inside.any():
        return largest
    wanted: int = round(BLOCK_LENGTHS * correlation_length(inside))
    return min(max(wanted, 4), largest)


def _block_starts(length: int, block: int) -> npt.NDArray[np.int64]:
    """Starts of blocks that overlap by half, the first and last flush with the ends."""
    count = max(2, int(np.ceil(2 * (length - block) / block)) + 1)
    return np.rint(np.linspace(0, length - block, count)).astype(np.int64)


def _membership(length: int, block: int) -> npt.NDArray[np.float32]:
    """Shape (blocks, length): 1 where a block holds the pixel."""
    starts = _block_starts(length, block)[:, None]
    pixel = np.arange(length)
    return ((pixel >= starts) & (pixel < starts + block)).astype(np.float32)


def _hits(
    inside: Bools, max_lag: int, block: int, *, whole_segments: bool
) -> Generator[None, None, list[tuple[Floats, Floats]]]:
    """Per axis: hits and trials in each block, shape (blocks, max_lag + 1)."""
    down, right = _membership(inside.shape[0], block), _membership(inside.shape[1], block)
    counted = []
    for axis in range(2):
        hits = []
        for ends in _first_pixels(inside, axis, max_lag, whole_segments):
            held = (down[:, : ends.shape[0]] @ ends.astype(np.float32)) @ right[:, : ends.shape[1]].T
            hits.append(held.ravel())
            yield
        trials = [_trials(down, right, axis, lag) for lag in range(max_lag + 1)]
        counted.append((np.stack(hits, axis=1).astype(np.float64), np.stack(trials, axis=1)))
    return counted


def _first_pixels(inside: Bools, axis: int, max_lag: int, whole_segments: bool) -> Iterator[Bools]:
    """At each lag, the pixels that start a pair (or whole segment) in the phase; the axis shrinks by the lag."""
    moved = np.moveaxis(inside, axis, 0)
    length = len(moved)
    path = moved
    for lag in range(max_lag + 1):
        path = (path if whole_segments else moved)[: length - lag] & moved[lag:]
        yield np.moveaxis(path, 0, axis)


def _trials(down: npt.NDArray[np.float32], right: npt.NDArray[np.float32], axis: int, lag: int) -> Floats:
    """All pairs ``lag`` apart along ``axis`` that start in each block, shape (blocks,)."""
    rows = down[:, : down.shape[1] - (lag if axis == 0 else 0)].sum(axis=1)
    columns = right[:, : right.shape[1] - (lag if axis == 1 else 0)].sum(axis=1)
    return np.outer(rows, columns).ravel().astype(np.float64)


def _draws(shape: tuple[int, ...], block: int, random: np.random.Generator) -> Floats:
    """How often each replica draws each block, shape (REPLICAS, blocks)."""
    blocks = len(_block_starts(shape[0], block)) * len(_block_starts(shape[1], block))
    covering = max(1, round(shape[0] * shape[1] / block**2))
    return random.multinomial(covering, np.full(blocks, 1 / blocks), size=REPLICAS).astype(np.float64)


def _band(counted: list[tuple[Floats, Floats]], own: Floats, draws: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Low and high quantiles of the replicas about the exemplar's own curves ``own``, shape (2, max_lag + 1)."""
    drawn = draws[0].sum()
    scatter = np.zeros((len(draws), own.shape[1]))
    for (hits, trials), curve in zip(counted, own, strict=True):
        excess = hits - curve * trials
        excess -= excess.mean(axis=0)
        scatter += draws @ excess / (drawn * trials.mean(axis=0)) / len(counted)
    # The blocks' own mean stands for the true one, which takes one of them away (Bessel's correction).
    scatter *= np.sqrt(drawn / max(1.0, drawn - 1))
    low, high = np.quantile(scatter, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    mean = own.mean(axis=0)
    return np.clip(mean + low, 0, 1), np.clip(mean + high, 0, 1)
