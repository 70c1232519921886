"""Keeps apart what draws from the process's one generator of random numbers.

A training draws its network's first weights from it, seeded; so does, in another thread, whatever builds a network to
say what a run will cost. Mixed, the same seed would not give the same volume.
"""

from __future__ import annotations

import threading
from typing import Any

DRAWING = threading.Lock()
"""Held while somebody draws."""


def drawn_alone(job: Any) -> Any:
    """``job``, whose first step, in which a training draws its weights, is made while nobody else draws."""
    try:
        with DRAWING:
            first = next(job)
        yield first
        return (yield from job)
    except StopIteration as end:  # a job without any step
        return end.value
    finally:
        job.close()
