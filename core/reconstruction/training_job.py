"""An engine's own training as the contract wants it: reports with usable models, and plain words where memory ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from core import devices
from core.errors import JobError
from core.job import Job
from core.reconstruction.engine import Model, TrainingProgress


def as_contract(job: Job[Any], model_of: Callable[[Any], Model], remedy: str) -> Job[Model]:
    """A job that trains as ``job`` does and makes models of what it gives.

    Parameters
    ----------
    job
        Yields reports with ``step``, ``of``, ``what``, ``loss``, ``preview`` and ``snapshot``, and
        ``held_out`` where a part of the data is.
    model_of
        Makes a model of a snapshot or of the job's result.
    remedy
        What to do where memory is not enough.

    Raises
    ------
    JobError
        Where memory is not enough.
    """
    try:
        while True:
            try:
                report: Any = next(job)
            except StopIteration as end:
                return model_of(end.value)
            snapshot = None if report.snapshot is None else model_of(report.snapshot)
            held_out = getattr(report, "held_out", math.nan)
            yield TrainingProgress(report.step, report.of, report.what, report.loss, report.preview, snapshot, held_out)
    except (MemoryError, RuntimeError) as error:
        if not devices.is_out_of_memory(error):
            raise
        raise JobError("Training needs more memory than there is.", remedy) from error
    finally:
        job.close()
