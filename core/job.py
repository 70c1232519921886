"""A job is a generator: it yields small frozen progress values and returns its result.

A plain ``for`` runs it on the command line, a thread runs it in the window, closing the generator cancels it at the
next yield. `core` therefore needs no callbacks, no signals and no progress bars.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Progress:
    """Where a job stands. Engines subclass it to add losses and previews.

    Attributes
    ----------
    step, of
        Work done and work in all, in the job's own unit (iterations, tiles, pages). ``of`` is 0 where it is unknown.
    what
        What is being done, in words for the user ("Training", "Generating").
    """

    step: int
    of: int
    what: str

    @property
    def fraction(self) -> float | None:
        """Share of the work done, 0 to 1, or None where the total is unknown."""
        return min(1.0, self.step / self.of) if self.of > 0 else None


Job = Generator[Progress, None, R]
"""The type of a job that returns ``R``."""


def finish(job: Generator[Any, None, R], watch: Callable[[Any], None] | None = None) -> R:
    """Run ``job`` to its end in this thread and return its result; ``watch`` sees every progress value."""
    try:
        while True:
            progress = next(job)
            if watch is not None:
                watch(progress)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        job.close()


def reported(steps: Generator[Any, None, R], told: Progress | Callable[[Any], Progress]) -> Job[R]:
    """Run ``steps`` inside another job.

    For each value that they yield, ``told`` is yielded, or what ``told`` makes of the value. Closing the job closes
    ``steps``; their result is returned.
    """
    try:
        while True:
            try:
                value = next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            yield told if isinstance(told, Progress) else told(value)
    finally:
        steps.close()
