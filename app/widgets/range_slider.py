"""Sliders with two handles in the window's accent, whether or not the window has the focus."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent
from superqt import QDoubleRangeSlider, QRangeSlider

from app import theme


class _InAccent:
    """superqt has colours of its own for windows without the focus and for disabled sliders; these follow the theme."""

    _style: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.take_colors()

    def take_colors(self) -> None:
        """Use the colours of the theme in force."""
        self._style.brush_active = self._style.brush_inactive = theme.accent()
        self._style.brush_disabled = theme.disabled()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)  # type: ignore[misc]
        # the palette may change while Qt still builds the slider
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_style"):
            self.take_colors()


class RangeSlider(_InAccent, QRangeSlider):  # type: ignore[misc]
    """Whole numbers."""


class DoubleRangeSlider(_InAccent, QDoubleRangeSlider):  # type: ignore[misc]
    """Numbers with a fraction."""
