"""Aims that move until a mean is met: integral control of what one step of training can only see a small part of."""

from __future__ import annotations

from torch import Tensor

SETTLING, CORRECTION = 40, 0.06
"""Steps before an aim begins to move, and the share of a step's shortfall that it moves by."""


class Aim:
    """A number, or several, that the mean over many small blocks is to reach.

    A block is small and a large pore rare, so most blocks have none. Drawn towards the exemplar's mean one by one, they
    would learn to be alike instead, and their mean falls short. So, after some steps, the aim moves by a small share of
    what is still missing at each step, until the mean over blocks is the one wanted.

    Parameters
    ----------
    wanted, low, high
        The mean to reach, where the aim starts, and how far it may go; one shape.

    Attributes
    ----------
    now, steps
        What is aimed at, and the steps so far.
    """

    def __init__(self, wanted: Tensor, low: Tensor, high: Tensor) -> None:
        self._wanted, self._low, self._high = wanted, low, high
        self.now = wanted
        self.steps = 0

    def after(self, found: Tensor) -> Tensor:
        """What to aim at, given what this step's block has (no gradient goes back)."""
        self.steps += 1
        if self.steps > SETTLING:
            moved = self.now + CORRECTION * (self._wanted - found.detach())
            self.now = moved.maximum(self._low).minimum(self._high)
        return self.now

    def go_on(self, now: Tensor, steps: int) -> None:
        """Take up where an earlier training stopped: its `now` after so many `steps`."""
        if now.shape != self._wanted.shape:
            raise ValueError(f"an aim of shape {tuple(now.shape)}, not {tuple(self._wanted.shape)}")
        self.now, self.steps = now.to(self._wanted), steps
