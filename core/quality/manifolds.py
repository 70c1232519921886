"""Improved precision and recall: are the generated pictures like real ones, and are all real ones covered?

Each cloud's manifold is the union of balls about its samples, each as wide as the distance to its k-th nearest
neighbour within the cloud. Precision is the share of the generated samples that lie in the manifold of the real ones,
recall the share of the real ones in that of the generated (Kynkäänniemi et al., *Improved Precision and Recall Metric
for Assessing Generative Models*, NeurIPS 2019, with their k = 3).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import finish

Floats = npt.NDArray[np.float64]

NEIGHBOURS = 3
_WORK = 1 << 25
"""Differences of features that are found between two yields."""


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares, 0 to 1, and the k they were found with."""

    precision: float
    recall: float
    neighbours: int


def precision_recall(generated: npt.ArrayLike, real: npt.ArrayLike, neighbours: int = NEIGHBOURS) -> PrecisionRecall:
    """Improved precision and recall; arguments and errors as `precision_recall_steps`."""
    return finish(precision_recall_steps(generated, real, neighbours))


def precision_recall_steps(
    generated: npt.ArrayLike, real: npt.ArrayLike, neighbours: int = NEIGHBOURS
) -> Generator[None, None, PrecisionRecall]:
    """As `precision_recall` (see the module's head), yielding between blocks.

    Parameters
    ----------
    generated, real
        Features, shapes (n, d) and (m, d).
    neighbours
        k, below n and m.

    Raises
    ------
    InputError
        Where the shapes do not fit, or there are too few samples.
    """
    a, b = np.asarray(generated, dtype=np.float64), np.asarray(real, dtype=np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise InputError(f"Two clouds in one space are compared, not shapes {a.shape} and {b.shape}.")
    if not 1 <= neighbours < min(len(a), len(b)):
        raise InputError(
            f"Precision and recall with {neighbours} neighbours need more than {neighbours} samples on each side.",
            "Give more pictures.",
        )
    precision = yield from covered(a, b, neighbours)
    recall = yield from covered(b, a, neighbours)
    return PrecisionRecall(precision, recall, neighbours)


def covered(samples: Floats, by: Floats, neighbours: int) -> Generator[None, None, float]:
    """The share of ``samples`` that lie in the manifold of ``by``."""
    rows = max(1, _WORK // max(1, by.size))
    radii, inside = [], []
    for start in range(0, len(by), rows):
        # the nearest of a cloud's own samples is the sample itself
        found = _squares(by[start : start + rows], by)
        radii.append(np.partition(found, neighbours, axis=1)[:, neighbours])
        yield
    reach = np.concatenate(radii)
    for start in range(0, len(samples), rows):
        inside.append((_squares(samples[start : start + rows], by) <= reach).any(axis=1))
        yield
    return float(np.concatenate(inside).mean())


def _squares(some: Floats, others: Floats) -> Floats:
    """Squared distances, shape (n, m), by differences: equal samples are exactly 0 apart."""
    found = np.empty((len(some), len(others)))
    for row, sample in enumerate(some):
        found[row] = ((others - sample) ** 2).sum(axis=1)
    return found
