"""Training that ends early, once S2 and L of its previews no longer come nearer to the exemplar's."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from core.job import Job, Progress
from core.reconstruction.engine import Engine, Model, Target
from core.reconstruction.pipeline import CurvesProgress, Reconstruction, finish_from_model, reconstruct
from core.statistics.comparison import discrepancy
from core.statistics.curves import Curves, measure_curves
from core.statistics.indicator import default_max_lag

LEAST = 0.02
"""Share by which the distance must fall to count as coming nearer: previews are small and scatter."""
_FEWEST_LAGS = 4


class Patience:
    """Watches the curves of previews.

    Parameters
    ----------
    exemplar
        True where the exemplar shows the phase; shape (Y, X), bool.
    steps
        Training steps without coming nearer after which it is enough.
    """

    def __init__(self, exemplar: np.ndarray, steps: int) -> None:
        self._exemplar = measure_curves(exemplar, default_max_lag(exemplar.shape, exemplar.shape))
        self._steps = steps
        self._best, self._since = float("inf"), 0

    @property
    def best(self) -> float:
        """The least distance so far; infinite before the first preview."""
        return self._best

    def distance(self, curves: Curves) -> float:
        """Mean discrepancy of S2 and L, of each the part that does not depend on the volume fraction.

        S2 as autocovariance over variance, L over its value at 0: a volume that is to have another fraction than the
        exemplar is not held to the exemplar's.
        """
        n = min(len(curves.lags), len(self._exemplar.lags))
        if n < _FEWEST_LAGS:
            return float("inf")
        apart = [
            discrepancy(shape(mine[:n]), shape(known[:n]))
            for shape, mine, known in (
                (_covariance, curves.s2_mean, self._exemplar.s2_mean),
                (_from_one, curves.lineal_path_mean, self._exemplar.lineal_path_mean),
            )
        ]
        return sum(apart) / 2

    def ends(self, progress: Progress) -> bool:
        """Take in one report; whether training has not come nearer for so many steps."""
        if not isinstance(progress, CurvesProgress) or progress.curves is None:
            return False
        now = self.distance(progress.curves)
        if now < (1 - LEAST) * self._best:
            self._best, self._since = now, progress.step
        return progress.step - self._since >= self._steps


def reconstruct_patiently(
    engine: Engine,
    target: Target,
    settings: Any,
    *,
    patience: int | None,
    preset: str = "",
    device: str = "cpu",
    **options: Any,
) -> Job[Reconstruction]:
    """A job as `core.reconstruction.pipeline.reconstruct`, whose training ends when it no longer helps.

    Parameters
    ----------
    patience
        Training steps without the curves coming nearer after which the latest usable model is taken. None: training
        goes to its own end.
    options
        Others of `core.reconstruction.pipeline.reconstruct`.
    """
    if patience is None:
        return (yield from reconstruct(engine, target, settings, preset=preset, device=device, **options))
    began = time.monotonic()
    watch = Patience(target.indicator, patience)
    kept: Model | None = None
    job = reconstruct(engine, target, settings, preset=preset, device=device, **options)
    try:
        while True:
            try:
                progress = next(job)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            yield progress
            kept = getattr(progress, "snapshot", None) or kept
            if watch.ends(progress) and kept is not None:
                break
    finally:
        job.close()
    return (
        yield from finish_from_model(kept, target, preset=preset, device=device, train_seconds=time.monotonic() - began)
    )


def _covariance(curve: np.ndarray) -> np.ndarray:
    share = float(curve[0])
    return (curve - share**2) / max(share - share**2, 1e-12)


def _from_one(curve: np.ndarray) -> np.ndarray:
    return curve / max(float(curve[0]), 1e-12)
