"""Data copying: how near each generated picture comes to the training set, pixel by pixel, and to which picture of it.

The minimum of the mean squared difference over the training set, (1 / N) Σ (x − y)² (Eq. 24 of Lee and Yun,
*Microstructure reconstruction using diffusion-based generative models*); between two-phase pictures it is the share of
pixels that differ. How near the training pictures come to each other tells what is near: a generated picture that is
much nearer to one of them than they are to each other is a copy.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import finish

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_ROWS = 64
_GREY_ROWS = 512


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest pictures.

    Attributes
    ----------
    squares
        Shape (n,): mean squared difference of each generated picture from its nearest of the training set, 0 to 1.
    places
        Shape (n,): which that is.
    among
        Shape (m,): of each training picture from its nearest other one; NaN where there is only one.
    """

    squares: Floats
    places: npt.NDArray[np.int64]
    among: Floats

    @property
    def pair(self) -> tuple[int, int]:
        """The generated picture that comes nearest to the training set, and which of its pictures that is."""
        first = int(self.squares.argmin())
        return first, int(self.places[first])

    @property
    def suspects(self) -> tuple[int, ...]:
        """Generated pictures that are nearer to a training picture than half the nearest pair of these is."""
        known = self.among[np.isfinite(self.among)]
        if not known.size:
            return ()
        return tuple(int(place) for place in np.flatnonzero(self.squares < known.min() / 2))


def nearest(generated: Bools, training: Bools) -> Nearest:
    """Find the nearest pictures; arguments and errors as `nearest_steps`."""
    return finish(nearest_steps(generated, training))


def nearest_steps(generated: Bools, training: Bools) -> Generator[None, None, Nearest]:
    """As `nearest`, yielding between blocks.

    Parameters
    ----------
    generated, training
        Shapes (n, Y, X) and (m, Y, X), True in the phase.

    Raises
    ------
    InputError
        Where the shapes do not fit.
    """
    if generated.ndim != 3 or generated.shape[1:] != training.shape[1:] or not (len(generated) and len(training)):
        raise InputError(
            f"Pictures of one size are compared, not {generated.shape[1:]} and {training.shape[1:]} pixels."
        )
    known = training.reshape(len(training), -1)
    squares, places = [], []
    for start in range(0, len(generated), _ROWS):
        found = differing(generated[start : start + _ROWS].reshape(-1, known.shape[1]), known)
        places.append(found.argmin(axis=1))
        squares.append(found.min(axis=1))
        yield
    among = []
    for start in range(0, len(known), _ROWS):
        found = differing(known[start : start + _ROWS], known)
        found[np.arange(len(found)), start + np.arange(len(found))] = np.inf
        among.append(found.min(axis=1))
        yield
    apart = np.concatenate(among)
    return Nearest(np.concatenate(squares), np.concatenate(places), np.where(np.isinf(apart), np.nan, apart))


def squares_apart(some: np.ndarray, others: np.ndarray) -> Floats:
    """Mean squared difference of each of ``some`` grey pictures, shape (n, p), from each of ``others``, (m, p)."""
    found = np.empty((len(some), len(others)))
    some = some.astype(np.float64)
    own = np.einsum("ij,ij->i", some, some)
    # what is compared is made double here, some at a time
    for start in range(0, len(others), _GREY_ROWS):
        block = np.asarray(others[start : start + _GREY_ROWS], np.float64)
        both = np.matmul(some, block.T)
        found[:, start : start + len(block)] = own[:, None] + np.einsum("ij,ij->i", block, block)[None] - 2 * both
    # rounding must not make anything nearer than the same
    return np.asarray(np.maximum(found, 0) / some.shape[1])


def differing(some: Bools, others: Bools) -> Floats:
    """Share of the pixels in which each of ``some``, shape (n, p), differs from each of ``others``, shape (m, p)."""
    # counts of up to 2²⁴ pixels are whole numbers in single precision
    exact: type[np.floating] = np.float32 if some.shape[1] < 1 << 24 else np.float64
    both = np.matmul(some.astype(exact), others.astype(exact).T).astype(np.float64)
    counts = some.sum(axis=1)[:, None] + others.sum(axis=1)[None] - 2 * both
    return np.asarray(counts / some.shape[1])
