"""A picture that gestures change in place, and the frozen values that stand for its states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.painting.patch import Patch
from core.painting.pixels import Box


class Sheet:
    """Holds a painted picture. Only patches change it, so hundreds of states cost little more than one.

    Attributes
    ----------
    values
        Shape (Y, X), uint8 (corrections of labels) or float32 (a field).
    changed
        Box of the last change, or None.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = np.array(values, order="C")
        self.changed: Box | None = None

    def apply(self, patch: Patch) -> None:
        """Undo or redo the gesture that left ``patch``."""
        patch.apply(self.values)
        self.changed = patch.box


@dataclass(frozen=True, eq=False)
class Painted:
    """One state of a sheet: the same object for the same state, so that two can be compared without looking.

    The sheet holds the values of one state at a time: that of the session. Whoever wants to keep them takes a copy.
    """

    sheet: Sheet

    def values(self) -> np.ndarray:
        """A copy of the sheet's values as they are now."""
        return self.sheet.values.copy()

    def next(self) -> Painted:
        """A new state of the same sheet."""
        return Painted(self.sheet)
