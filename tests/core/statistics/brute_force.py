"""The definitions, written out pixel by pixel: slow, and too simple to be wrong."""

from __future__ import annotations

import itertools

import numpy as np


def s2_map(inside: np.ndarray, max_lag: int, periodic: bool) -> np.ndarray:
    """S2 at every lag vector by looking at every pair."""
    table = np.zeros((2 * max_lag + 1,) * inside.ndim)
    pixels = list(itertools.product(*map(range, inside.shape)))
    for lag in itertools.product(range(-max_lag, max_lag + 1), repeat=inside.ndim):
        hits = trials = 0
        for pixel in pixels:
            other = tuple(a + b for a, b in zip(pixel, lag, strict=True))
            if periodic:
                other = tuple(a % n for a, n in zip(other, inside.shape, strict=True))
            elif not all(0 <= a < n for a, n in zip(other, inside.shape, strict=True)):
                continue
            trials += 1
            hits += bool(inside[pixel] and inside[other])
        table[tuple(a + max_lag for a in lag)] = hits / trials
    return table


def lineal_path(inside: np.ndarray, max_lag: int, periodic: bool) -> np.ndarray:
    """L along each axis by looking at every pixel of every segment."""
    curves = np.zeros((inside.ndim, max_lag + 1))
    for axis, lag in itertools.product(range(inside.ndim), range(max_lag + 1)):
        length = inside.shape[axis]
        lines = np.moveaxis(inside, axis, -1).reshape(-1, length)
        starts = range(length if periodic else length - lag)
        hits = sum(all(line[(start + k) % length] for k in range(lag + 1)) for line in lines for start in starts)
        curves[axis, lag] = hits / (len(lines) * len(starts))
    return curves
