"""What a solving job reports: how far the residual has come."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core.job import Progress
from core.properties.krylov import Solution

T = TypeVar("T")
PARTS = 100
"""A run along one axis counts as so many steps of progress."""


@dataclass(frozen=True)
class SolverProgress(Progress):
    """One iteration of a solver.

    Attributes
    ----------
    iteration
        Iterations done along this axis.
    residual, tolerance
        The relative residual, and what it is to become. ``step`` counts the orders of magnitude between the first
        residual and the tolerance, 100 for each axis.
    axis
        0, 1 or 2; of elastic moduli 0 to 5, the strain that is imposed.
    """

    iteration: int = 0
    residual: float = math.nan
    tolerance: float = math.nan
    axis: int = 0


class Descent:
    """Turns residuals along several axes (or for several loads, which have other names) into progress."""

    def __init__(
        self,
        what: str,
        axes: tuple[int, ...],
        tolerance: float,
        names: Sequence[str] = ("along z", "along y", "along x"),
    ) -> None:
        self._what, self._axes, self._tolerance, self._names = what, axes, tolerance, names
        self._first, self._farthest = 0.0, 0
        self._last: SolverProgress | None = None

    def at(self, axis: int, iteration: int, residual: float) -> SolverProgress:
        """The progress to report; iteration 0 begins an axis."""
        if iteration == 0:
            self._first, self._farthest = residual, 0
        if residual > 0 and self._first > self._tolerance:
            share = math.log(self._first / residual) / math.log(self._first / self._tolerance)
            self._farthest = max(self._farthest, min(PARTS - 1, int(PARTS * share)))  # a bar that never goes back
        done = PARTS * self._axes.index(axis) + self._farthest
        name = f"{self._what} {self._names[axis]}"
        return SolverProgress(done, PARTS * len(self._axes), name, iteration, residual, self._tolerance, axis)

    def before(self, axis: int, steps: Generator[None, None, T]) -> Generator[SolverProgress, None, T]:
        """Run what an axis needs before its first iteration."""
        told = self.at(axis, 0, 1.0)
        try:
            while True:
                yield told
                next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            steps.close()

    def after(self, steps: Generator[None, None, T]) -> Generator[SolverProgress, None, T]:
        """Run what an axis needs after its last iteration, reporting that one."""
        told = self._last
        try:
            while True:
                next(steps)
                if told is not None:
                    yield told
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            steps.close()

    def follow(
        self, axis: int, solving: Generator[float | None, None, Solution]
    ) -> Generator[SolverProgress, None, Solution]:
        """Run an iteration to its end, reporting each residual, and the last one again wherever it can be left."""
        iteration, told = 0, None
        try:
            while True:
                residual = next(solving)
                if residual is not None:
                    told = self._last = self.at(axis, iteration, residual)
                    iteration += 1
                yield self.at(axis, 0, 1.0) if told is None else told
        except StopIteration as end:
            solution: Solution = end.value
            return solution
        finally:
            solving.close()
