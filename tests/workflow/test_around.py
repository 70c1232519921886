"""Strokes on a slice of a volume teach a classifier that looks in three directions, in the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.project_state import project_of, state_of
from core.images.reading import read_labels
from core.painting.rules import over
from core.projects.reading import read_project
from core.projects.writing import write_project
from core.segmentation import SegmentationSettings
from core.segmentation.classifier import SIGMAS_2D, SIGMAS_3D, Lesson, train
from core.segmentation.classifier_file import load_classifier, save_classifier
from core.segmentation.features import features
from core.segmentation.settings import TRAINED
from tests.workflow.test_segmentation import LEFT, scribble
from tests.workflow.test_slices import grey, opened, slice_is, volume

__all__ = ["grey", "volume"]  # fixtures


def tick(box: QCheckBox) -> None:
    QTest.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))


def learned(window: MainWindow, qtbot: QtBot, ndim: int) -> None:
    def there() -> bool:
        known = window.exemplar.classifier
        return known is not None and known.ndim == ndim and not window.exemplar.segmenting

    qtbot.waitUntil(there, timeout=30_000)


def test_what_is_learned_around_a_slice_is_what_the_whole_volume_gets(
    window: MainWindow, qtbot: QtBot, volume: Path, grey: np.ndarray, tmp_path: Path
) -> None:
    opened(window, qtbot, volume)
    window.show_step("phases")
    trained, exemplar = window.phases.trained, window.exemplar
    window.commands.do("settings", segmentation=SegmentationSettings(threshold=TRAINED))
    window.phases.corrections.row.tools["brush"].trigger()
    qtbot.waitUntil(lambda: not exemplar.segmenting, timeout=30_000)
    assert trained.in_3d.isVisible() and not trained.in_3d.isChecked() and trained.in_3d.toolTip()
    tick(trained.in_3d)
    assert window.commands.stack.undoText() == "3-D features" and window.session.state.stack is not None
    scribble(window, 1, 10, (8, 14))
    window.slices.show(5)
    slice_is(window, qtbot, 5)
    scribble(window, 0, 20, (4, 40))
    learned(window, qtbot, 3)
    state, automatic = window.session.state, exemplar.automatic
    assert state.stack is not None and state.stack.in_3d and state.corrections is not None and automatic is not None
    # by hand, from the features of the whole volume
    whole = features(grey, SIGMAS_3D)
    marks = [sheet.sheet.values + np.uint8(1) for sheet in (state.stack.painted[3], state.corrections)]
    other = Lesson(whole[3][marks[0] > 0], marks[0][marks[0] > 0] - np.uint8(1))
    forest = train(grey[5:6], marks[1][None], sigmas=SIGMAS_3D, seen=whole[5:6], more=[other])
    labels, doubt = forest.of_picture(whole)
    assert np.array_equal(automatic.labels, labels[5])
    assert exemplar.doubt is not None and np.array_equal(exemplar.doubt, doubt[5])
    # the whole volume is segmented with it
    window.phases.whole.segment(target := tmp_path / "out.tif")
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=30_000)
    wanted = labels.copy()
    for place, painted in ((3, state.stack.painted[3]), (5, state.corrections)):
        wanted[place] = over(labels[place], painted.sheet.values, 2)
    assert np.array_equal(read_labels(target).labels, wanted)
    # it comes back from a file; the classifier can be kept and loaded
    again = state_of(
        read_project(write_project(project_of(state, window.session.phase_image), tmp_path / "p.microloom"))
    )
    assert again.stack is not None and again.stack.in_3d
    assert exemplar.classifier is not None
    saved = save_classifier(exemplar.classifier, tmp_path / "c.microloom-classifier")
    trained.load(saved)
    learned(window, qtbot, 3)
    assert not trained.in_3d.isVisible() and exemplar.classifier is window.session.state.classifier
    assert np.array_equal(exemplar.automatic.labels, load_classifier(saved).predict(grey)[0][5])
    window.undo_action.trigger()
    # where the volume is gone it is told, and the slice alone can be looked at
    window.commands.do("gone", stack=replace(state.stack, volume=None))
    window.commands.do("settings", segmentation=replace(state.segmentation, phases=2, denoise="median"))
    assert "not where it was" in window.session.phase_image_problem
    for _ in range(2):
        window.undo_action.trigger()
    learned(window, qtbot, 3)
    tick(trained.in_3d)
    learned(window, qtbot, 2)
    assert not window.session.phase_image_problem
    assert exemplar.classifier is not None and exemplar.classifier.sigmas == SIGMAS_2D
