"""Shapes in three dimensions whose sections are like a picture's: a Gaussian random field cut at a level.

The field's correlation is chosen so that the cut field has the picture's two-point probability (Quiblier, Journal of
Colloid and Interface Science 98 (1984) 84), and with it its share and, as S2's slope at 0 says, as much border in its
sections. Unlike shapes drawn out along an axis, these meet a section's plane at every angle, as real ones do.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, stats

from core.generation.periods import Triple
from core.statistics import two_point_axes

_REACH = 64
"""Largest lag, in pixels, up to which shapes are alike."""
_ANGLES = 2049
_WIDEST, _HALVINGS = 12.0, 9
"""Widest blur of the field, pixels, and how often the search for its width halves what is left."""


def curve_of(inside: np.ndarray) -> list[float]:
    """S2 of shapes in a picture, a mean over rows and columns, at lags from 0 up to half its smaller side."""
    reach = max(1, min(_REACH, min(inside.shape) // 2 - 1))
    return [float(value) for value in two_point_axes(inside, reach).mean(axis=0)]


def shapes_like(curve: list[float], size: Triple, seed: int) -> np.ndarray:
    """True inside, shape ``size``, periodic; the share is ``curve``'s to one voxel.

    Parameters
    ----------
    curve
        S2 at lags 0, 1, …; the first is the share, between 0 and 1, both excluded.
    """
    lags = np.sqrt(sum(np.square(np.minimum(axis, side - axis)) for axis, side in _places(size)))
    correlation = np.interp(lags, np.arange(len(curve)), correlation_of(curve), right=0.0)
    # what no field can have is left out: negative power
    amplitude = np.sqrt(np.clip(fft.rfftn(correlation).real, 0, None))
    spectrum = fft.rfftn(np.random.default_rng((seed, 5)).standard_normal(size)) * amplitude
    waves = [np.square(fft.fftfreq(side)) for side in size[:2]] + [np.square(fft.rfftfreq(size[2]))]
    squares = sum(np.meshgrid(*waves, indexing="ij", sparse=True))
    # left out power, and lags between pixels, make the field rough; a blur gives it the picture's border
    wanted, low, high = curve[0] - curve[1], 0.0, _WIDEST
    found = _cut(spectrum, size, curve[0])
    for _ in range(_HALVINGS if _border(found) > wanted else 0):
        blur = (low + high) / 2
        found = _cut(spectrum * np.exp(-2 * np.square(np.pi * blur) * squares), size, curve[0])
        low, high = (blur, high) if _border(found) > wanted else (low, blur)
    return found


def _cut(spectrum: np.ndarray, size: Triple, share: float) -> np.ndarray:
    """The highest values of a field, in their share."""
    field = fft.irfftn(spectrum, s=size).reshape(-1)
    count = min(field.size - 1, max(1, round(share * field.size)))
    found = np.zeros(field.size, dtype=bool)
    found[np.argpartition(field, field.size - count)[field.size - count :]] = True
    return found.reshape(size)


def _border(inside: np.ndarray) -> float:
    """S2 at lag 0 less that at lag 1, periodic."""
    unlike = [float((inside != np.roll(inside, 1, axis)).mean()) for axis in range(3)]
    return sum(unlike) / 6


def correlation_of(curve: list[float]) -> np.ndarray:
    """At each lag, the field's correlation ρ with which two points are above the level as often as S2 says.

    Of two standard Gaussians with correlation ρ, both are above t with the probability
    P(t)² + 1/(2π) ∫ exp(−t²/(1 + sin θ)) dθ from 0 to arcsin ρ. Towards the last lag it is led to 0, where noise is all
    that a picture still tells.
    """
    share = curve[0]
    level = float(stats.norm.isf(share))
    angles = np.linspace(-np.pi / 2, np.pi / 2, _ANGLES)[1:]
    inner = np.exp(-np.square(level) / (1 + np.sin(angles)))
    summed = np.concatenate([[0.0], np.cumsum((inner[1:] + inner[:-1]) / 2 * np.diff(angles))])
    both = share**2 + (summed - np.interp(0.0, angles, summed)) / (2 * np.pi)
    found = np.interp(curve, both, np.sin(angles))
    found[0] = 1.0
    tail = np.linspace(0, 1, len(curve))
    faded: np.ndarray = found * np.where(tail < 0.5, 1.0, np.square(np.cos(np.pi * (tail - 0.5))))
    return faded


def _places(size: Triple) -> list[tuple[np.ndarray, int]]:
    return [
        (np.arange(side).reshape([-1 if a == axis else 1 for a in range(3)]), side) for axis, side in enumerate(size)
    ]
