"""Range sliders are drawn in the theme's accent, whatever the window's state."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QStyleOptionSlider
from pytestqt.qtbot import QtBot

from app import theme
from app.widgets.range_slider import DoubleRangeSlider, RangeSlider


@pytest.mark.parametrize("kind", [RangeSlider, DoubleRangeSlider])
def test_the_bar_follows_the_theme_with_and_without_the_focus(qtbot: QtBot, kind: type[RangeSlider]) -> None:
    theme.apply("light")
    slider = kind(Qt.Orientation.Horizontal)
    qtbot.addWidget(slider)
    slider.show()
    for scheme, wanted in (("light", theme.ACCENT_LIGHT), ("dark", theme.ACCENT_DARK), ("light", theme.ACCENT_LIGHT)):
        theme.apply(scheme)
        for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
            assert drawn(slider, group) == QColor(wanted)
        assert drawn(slider, QPalette.ColorGroup.Disabled) not in (QColor(wanted), QColor())


def drawn(slider: RangeSlider, group: QPalette.ColorGroup) -> QColor:
    """The bar's colour in that state of the window."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    option.palette.setCurrentColorGroup(group)
    return QColor(slider._style.brush(option).color())
