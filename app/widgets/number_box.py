"""A box for a number that may be small: as many decimals as its values need, without noughts at their end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from PySide6.QtWidgets import QDoubleSpinBox

_SHOWN, _TYPED, _MOST = 2, 4, 9
"""Decimals that are always shown, that can always be typed, and of the smallest number."""


def places_of(value: Any) -> int:
    """Decimals that a number has when it is written in full."""
    if value is None:
        return 0
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return min(_MOST, max(0, -int(exponent)))


class NumberBox(QDoubleSpinBox):
    """Shows 0.50, 0.995 and 0.0001 in full; steps of a number of many decimals are a tenth of it."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.setDecimals(max(_TYPED, places))
        self.setSingleStep(0.1)
        if places > _SHOWN:
            self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:
        """The number without noughts that say nothing."""
        whole, point, decimals = super().textFromValue(value).partition(self.locale().decimalPoint())
        return whole + point + decimals.rstrip("0").ljust(_SHOWN, "0")
