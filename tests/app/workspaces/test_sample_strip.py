"""Samples of a model in training, one beside the other."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QStackedWidget
from pytestqt.qtbot import QtBot

from app.widgets.volume_view import VolumeView
from app.workspaces.reconstruct.grey_pictures import ShownGrey
from app.workspaces.reconstruct.sample_strip import MOST, SampleStrip
from core.images.values import default_phases


def test_the_first_and_the_latest_are_kept(qtbot: QtBot) -> None:
    view = VolumeView()
    strip = SampleStrip(view)
    stack = QStackedWidget()
    stack.addWidget(view)
    whole = strip.under(stack)
    qtbot.addWidget(whole)
    whole.show()
    assert strip.isHidden()
    phases = default_phases(2)
    labels = np.zeros((6, 8, 8), np.uint8)
    labels[3, :4] = 1  # the upper half of the middle section
    strip.show_class(labels, phases, 10)
    assert strip.isVisible() and "step 10" in view.caption
    image = strip._samples[0][1].pixmap().toImage()
    assert image.pixelColor(image.width() // 2, 1) == QColor(phases[1].color)
    assert image.pixelColor(image.width() // 2, image.height() - 2) == QColor(phases[0].color)
    for step in range(20, 20 + 10 * MOST, 10):
        strip.add(labels, phases, step)
    assert strip.steps == [10, *range(30, 20 + 10 * MOST, 10)]
    # a narrow window shows the first and the latest
    whole.resize(1000, 500)
    assert all(holder.isVisible() for _step, _picture, holder in strip._samples)
    strip.resize(300, 110)
    assert [step for step, _picture, holder in strip._samples if holder.isVisible()] == [10, 80, 90]
    # another training begins at its own first step
    strip.add(labels, phases, 5)
    assert strip.steps == [5]
    strip.clear()
    assert strip.isHidden() and not strip.steps


def test_grey_samples_and_grey_volumes_are_shown(qtbot: QtBot) -> None:
    view, other = VolumeView(), QStackedWidget()
    strip, stack = SampleStrip(view), QStackedWidget()
    stack.addWidget(view)
    stack.addWidget(other)
    whole = strip.under(stack)
    qtbot.addWidget(whole)
    whole.show()
    stack.setCurrentWidget(other)
    levels = np.full((4, 6, 8), 90, np.uint8)
    strip.show_grey_class(levels, 10)
    assert view.grey and view.labels is levels and strip.steps == [10]
    assert view.caption == "8 × 6 × 4 voxels at step 10, made by the model so far"
    # a volume takes the place of whatever was on show, and leaves the samples alone
    stack.setCurrentWidget(other)
    strip.show_grey(ShownGrey(levels // 2, 2e-6, "emerging"))
    assert stack.currentWidget() is view and view.voxel_size == (2e-6,) * 3 and view.caption == "emerging"
    assert strip.steps == [10]
