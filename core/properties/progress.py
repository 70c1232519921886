"""What a solving job reports: how far the residual has come."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from core.job import Progress
from core.properties.krylov import Solution

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

    def follow(self, axis: int, solving: Generator[float, None, Solution]) -> Generator[SolverProgress, None, Solution]:
        """Run an iteration to its end, reporting each residual."""
        iteration = 0
        try:
            while True:
                residual = next(solving)
                yield self.at(axis, iteration, residual)
                iteration += 1
        except StopIteration as end:
            solution: Solution = end.value
            return solution
        finally:
            solving.close()
