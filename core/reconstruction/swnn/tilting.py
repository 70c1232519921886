"""Patterns of several phases with chosen volume fractions: the control strategy (SWNN, Sec. 2.2.3) for more than one.

With one phase, patterns are sorted by their volume fraction and the longest run with the wanted mean is taken. With
several there is no order to sort by. Of all ways to weigh the exemplar's patterns so that their mean fractions are the
wanted ones, the one that changes their distribution least (in relative entropy) gives a pattern with the fractions s
the weight exp(λ·s), an exponential tilt (Csiszár, Annals of Probability 3 (1975) 146), and λ is where a convex function
is least.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import InputError

STEPS = 100
CLOSE = 1e-5
"""Mean fractions are met to this."""
FEWEST = 4.0
"""With weights that come to fewer patterns than this (inverse sum of squares), the fractions count as out of reach."""


def tilted_weights(shares: np.ndarray, fractions: Sequence[float]) -> np.ndarray:
    """Weights of patterns, shape (n,), sum 1, with which their mean volume fractions are ``fractions``.

    Parameters
    ----------
    shares
        Volume fraction of each of C phases in each pattern: shape (n, C), rows of sum 1.
    fractions
        The wanted ones, C numbers of sum 1.

    Raises
    ------
    InputError
        Where no weights give them.
    """
    # the last phase is what the others leave
    apart = np.asarray(shares, np.float64)[:, :-1] - np.asarray(fractions, np.float64)[:-1]
    tilt = np.zeros(apart.shape[1])
    value, weights = _tilted(apart, tilt)
    for _ in range(STEPS):
        gradient = weights @ apart
        if np.abs(gradient).max() < CLOSE:
            if 1 / float(np.square(weights).sum()) < FEWEST:
                break
            return weights
        centred = apart - gradient
        curvature = (centred * weights[:, None]).T @ centred
        step = np.linalg.lstsq(curvature + 1e-12 * np.eye(len(tilt)), gradient, rcond=None)[0]
        length = 1.0
        while length > 1e-6:
            tried, found = _tilted(apart, tilt - length * step)
            if tried < value - 1e-4 * length * float(gradient @ step):
                break
            length /= 2
        else:
            break
        tilt, value, weights = tilt - length * step, tried, found
    told = ", ".join(f"{fraction:.3f}" for fraction in fractions)
    low, high = np.min(shares, axis=0), np.max(shares, axis=0)
    each = ", ".join(f"{least:.3f} to {most:.3f}" for least, most in zip(low, high, strict=True))
    raise InputError(
        f"Volume fractions of {told} are out of reach together: the exemplar's patterns allow at most {each}.",
        "Choose fractions nearer to the exemplar's, or a smaller window or fewer scales.",
    )


def picked(weights: np.ndarray, start: float) -> np.ndarray:
    """As many places as there are weights, each as often as its weight says, to a whole number: shape (n,), ascending.

    ``start``, 0 to 1 (exclusive), decides which way is rounded (systematic sampling).
    """
    count = len(weights)
    edges = np.cumsum(weights)
    places = np.searchsorted(edges / edges[-1], (np.arange(count) + start) / count, side="right")
    taken: np.ndarray = places.clip(max=count - 1)
    return taken


def _tilted(apart: np.ndarray, tilt: np.ndarray) -> tuple[float, np.ndarray]:
    """The convex function log Σ exp(λ·(s − f)) at ``tilt``, and the weights there."""
    exponents = apart @ tilt
    most = float(exponents.max())
    weights: np.ndarray = np.exp(exponents - most)
    total = float(weights.sum())
    return most + float(np.log(total)), weights / total
