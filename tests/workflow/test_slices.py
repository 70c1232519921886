"""A grey volume is opened, looked at slice by slice, painted on, learned from, segmented onto the disk and kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.project_state import project_of, state_of
from core.images.reading import read_labels
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.painting.rules import over
from core.projects.reading import read_project
from core.projects.writing import write_project
from core.segmentation import SegmentationSettings
from core.segmentation.classifier import SIGMAS_2D, lesson, train
from core.segmentation.settings import TRAINED
from core.segmentation.volumes import segmenting_volume
from tests.workflow.test_segmentation import LEFT, scribble

SHAPE = (7, 40, 48)


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    """Discs that grow from slice to slice, each slice brighter than the last."""
    z, y, x = np.indices(SHAPE)
    discs = (y % 20 - 10) ** 2 + (x % 24 - 12) ** 2 < 30 + 4 * z
    noise = np.random.default_rng(1).normal(0, 6, SHAPE)
    return np.clip(60 + 70 * discs + 3 * z + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def volume(grey: np.ndarray, tmp_path: Path) -> Path:
    path = tmp_path / "grey.tif"
    scale = {"axes": "ZYX", "spacing": 3.0, "unit": "um"}
    tifffile.imwrite(path, grey, imagej=True, resolution=(0.5, 0.5), metadata=scale)
    return path


def opened(window: MainWindow, qtbot: QtBot, path: Path) -> None:
    window.opener.open(path)
    qtbot.waitUntil(lambda: window.session.state.source == path and not window.exemplar.segmenting, timeout=60_000)


def slice_is(window: MainWindow, qtbot: QtBot, place: int) -> None:
    qtbot.waitUntil(lambda: window.session.state.place == place and not window.exemplar.segmenting, timeout=60_000)


def test_it_opens_in_the_middle_and_every_slice_can_be_looked_at(
    window: MainWindow, qtbot: QtBot, volume: Path, grey: np.ndarray
) -> None:
    opened(window, qtbot, volume)
    step, state = window.micrograph, window.session.state
    bar = step.slice_bar
    assert state.place == 3 and state.opened is not None and np.array_equal(state.opened.grey, grey[3])
    assert bar.isVisible() and bar.number.text() == "4 of 7" and bar.where.text() == "z 9 µm"
    assert "7 slices of 48 × 40 pixels" in step.facts.text() and step.pixel.text() == "2 µm"
    some = grey[[0, 2, 3, 4, 6]]
    assert (step.levels.minimum(), step.levels.maximum()) == (some.min(), some.max())
    step.levels.setValue((70.0, 120.0))
    step.image.view.setRange(xRange=(10, 20), yRange=(10, 20), padding=0)
    seen = step.image.view.viewRect()
    QTest.keyClick(window, Qt.Key.Key_PageUp)
    slice_is(window, qtbot, 4)
    assert np.array_equal(step.image.image.image, grey[4]) and bar.number.value() == 5
    assert tuple(step.image.image.levels) == step.levels.value() == (70.0, 120.0), "the contrast stays"
    assert step.image.view.viewRect() == seen, "and the place"
    bar.number.setFocus()
    bar.number.selectAll()
    QTest.keyClicks(bar.number, "7")
    QTest.keyClick(bar.number, Qt.Key.Key_Return)
    slice_is(window, qtbot, 6)
    assert window.commands.stack.undoText() == "another slice" and window.commands.stack.count() == 1
    window.undo_action.trigger()
    slice_is(window, qtbot, 3)
    assert np.array_equal(step.image.image.image, grey[3]) and bar.slider.value() == 4
    # a single picture has no bar
    page = volume.with_name("page.tif")
    tifffile.imwrite(page, grey[0])
    opened(window, qtbot, page)
    assert not bar.isVisible() and not window.phases.whole.segment_action.isEnabled()


def test_what_is_set_for_one_slice_is_done_on_all_of_them(
    window: MainWindow, qtbot: QtBot, volume: Path, grey: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(window, qtbot, volume)
    window.show_step("phases")
    whole, commands = window.phases.whole, window.commands
    settings = SegmentationSettings(threshold="multi-otsu", phases=3, min_island=5)
    commands.do("settings", segmentation=settings, crop=(2, 38, 4, 44))
    qtbot.waitUntil(lambda: not window.exemplar.segmenting, timeout=60_000)
    # painted on two slices
    window.phases.corrections.row.tools["brush"].trigger()
    scribble(window, 2, 5, (3, 9))
    QTest.keyClick(window, Qt.Key.Key_PageDown)
    slice_is(window, qtbot, 2)
    assert window.session.state.corrections is None
    scribble(window, 0, 8, (20, 30))
    qtbot.waitUntil(lambda: window.session.state.corrections is not None)
    stack, here = window.session.state.stack, window.session.state.corrections
    assert stack is not None and here is not None and set(stack.painted) == {3}
    assert "What was painted goes into its slices" in whole.note.text()
    target = tmp_path / "out.tif"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    assert not whole.buttons[whole.look_action].isVisible()
    QTest.mouseClick(whole.buttons[whole.segment_action], LEFT)
    assert window.context.jobs.busy
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    part = np.ascontiguousarray(grey[:, 2:38, 4:44])
    wanted = finish(segmenting_volume(part, settings)).labels.copy()
    for place, painted in ((3, stack.painted[3]), (2, here)):
        wanted[place] = over(wanted[place], painted.sheet.values[2:38, 4:44], 3)
    found = read_labels(target)
    assert np.array_equal(found.labels, wanted)
    assert getattr(found, "voxel_size", None) == pytest.approx((3e-6, 2e-6, 2e-6))
    # what was written is compared with, slice by slice
    comparing = window.phases.comparing
    comparing.open(target)
    qtbot.waitUntil(lambda: comparing._shown is not None and not comparing.busy, timeout=60_000)
    assert "out.tif: " in comparing.note.text() and window.session.state.compared is not None
    assert np.array_equal(window.session.state.compared.image.labels, wanted[2])
    QTest.keyClick(window, Qt.Key.Key_PageUp)
    slice_is(window, qtbot, 3)
    assert "shows another slice" in comparing.note.text()
    for _ in range(2):
        window.undo_action.trigger()
    slice_is(window, qtbot, 2)
    # the thresholds of all slices, taken over as one gesture
    levels = found.provenance.inputs[0].settings["thresholds_used"]
    QTest.mouseClick(whole.buttons[whole.levels_action], LEFT)
    qtbot.waitUntil(lambda: window.session.state.segmentation.threshold == "manual", timeout=60_000)
    assert window.session.state.segmentation.manual_thresholds == pytest.approx(levels)
    assert not whole.levels_action.isEnabled()
    # undone slice by slice
    for _ in range(3):
        window.undo_action.trigger()
    slice_is(window, qtbot, 3)
    state = window.session.state
    assert state.corrections is not None and state.stack is not None and not state.stack.painted
    # and what was written is looked at in step 5
    whole.look_wanted.disconnect()  # reading volumes in blocks is tested elsewhere
    with qtbot.waitSignal(whole.look_wanted) as wanted_path:
        QTest.mouseClick(whole.buttons[whole.look_action], LEFT)
    assert wanted_path.args == [target]


def test_strokes_on_other_slices_teach_too_and_go_with_the_project(
    window: MainWindow, qtbot: QtBot, volume: Path, grey: np.ndarray, tmp_path: Path
) -> None:
    opened(window, qtbot, volume)
    window.show_step("phases")
    window.commands.do("settings", segmentation=SegmentationSettings(threshold=TRAINED))
    window.phases.corrections.row.tools["brush"].trigger()
    qtbot.waitUntil(lambda: not window.exemplar.segmenting, timeout=60_000)
    scribble(window, 1, 10, (8, 14))
    window.slices.show(5)
    slice_is(window, qtbot, 5)
    assert window.exemplar.classifier is None, "one phase is not enough"
    scribble(window, 0, 20, (4, 40))
    qtbot.waitUntil(lambda: window.exemplar.classifier is not None and not window.exemplar.segmenting, timeout=60_000)
    state = window.session.state
    assert state.stack is not None and state.corrections is not None and window.exemplar.automatic is not None
    marks = [(sheet.sheet.values + np.uint8(1)) for sheet in (state.stack.painted[3], state.corrections)]
    taught = lesson(grey[3], marks[0], sigmas=SIGMAS_2D)
    wanted = train(grey[5], marks[1], sigmas=SIGMAS_2D, more=[taught]).predict(grey[5])[0]
    assert np.array_equal(window.exemplar.automatic.labels, wanted)
    # it all comes back from a file, and goes on
    path = write_project(project_of(state, window.session.phase_image), tmp_path / "p.microloom")
    again = state_of(read_project(path))
    assert again.stack is not None and again.stack.volume is not None and again.place == 5
    assert np.array_equal(again.stack.painted[3].sheet.values, state.stack.painted[3].sheet.values)
    volume.unlink()
    window.opener.guard = lambda then: then()
    window.opener.open(path)
    qtbot.waitUntil(lambda: window.session.path == path and not window.exemplar.segmenting, timeout=60_000)
    bar, whole = window.phases.slice_bar, window.phases.whole
    assert window.session.state.place == 5 and bar.slider.value() == 6
    assert not bar.isEnabled() and not whole.segment_action.isEnabled() and "not where it was" in whole.note.text()
    assert window.exemplar.automatic is not None and window.session.state.stack is not None
    assert set(window.session.state.stack.painted) == {3}, "nothing is lost"


def test_a_store_in_chunks_beyond_memory_is_opened_all_the_same(
    window: MainWindow, qtbot: QtBot, grey: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zarr

    store = zarr.create_array(tmp_path / "g.zarr", shape=grey.shape, dtype=np.uint16, chunks=(3, 16, 16))
    store[...] = grey.astype(np.uint16) * 50
    monkeypatch.setattr("core.devices.free_memory", lambda device="cpu": 100)
    monkeypatch.setattr("core.segmentation.volumes.read_grey_volume", lambda path: pytest.fail("it was read whole"))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "g.zarr"))
    window.open_volume_action.trigger()
    qtbot.waitUntil(lambda: window.session.state.place == 3 and not window.exemplar.segmenting, timeout=60_000)
    window.phases.whole.segment(target := tmp_path / "out.ome.zarr")
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    wanted = finish(segmenting_volume(grey.astype(np.uint16) * 50, SegmentationSettings())).labels
    assert np.array_equal(open_zarr(target).read(0, (0, 0, 0), SHAPE), wanted)
    # cancelled, the file stays as it was
    job = window.context.jobs
    whole = replace(window.session.state.segmentation, denoise="non-local means")
    window.commands.do("settings", segmentation=whole)
    window.phases.whole.segment(target)
    job.cancel()
    qtbot.waitUntil(lambda: not job.busy, timeout=60_000)
    assert np.array_equal(open_zarr(target).read(0, (0, 0, 0), SHAPE), wanted)


def test_the_controls_of_a_volume_are_reached_and_named(window: MainWindow, qtbot: QtBot, volume: Path) -> None:
    opened(window, qtbot, volume)
    for step in (window.micrograph, window.phases):
        window.show_step(step.key)
        bar = step.slice_bar
        for control in (bar.slider, bar.number):
            assert control.isVisible() and control.accessibleName() and "PgUp" in control.toolTip()
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
    for button in window.phases.whole.buttons.values():
        assert button.text() and button.toolTip() and button.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_a_part_of_the_slices_with_larger_voxels_is_used_and_kept(
    window: MainWindow, qtbot: QtBot, volume: Path, grey: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(window, qtbot, volume)
    step = window.micrograph
    window.opener.guard = lambda then: then()
    window.commands.do("crop", crop=(4, 36, 0, 48))
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("9-2", True))
    qtbot.mouseClick(step.slices_button, LEFT)
    assert window.session.state.stack is not None and window.session.state.stack.count == 7, "that names none"
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("2 – 7", True))
    qtbot.mouseClick(step.slices_button, LEFT)
    qtbot.waitUntil(lambda: window.session.state.stack.count == 6 and not window.exemplar.segmenting, timeout=60_000)
    assert np.array_equal(window.session.state.opened.grey, grey[3, 4:36])
    monkeypatch.setattr(QInputDialog, "getInt", lambda *a, **k: (2, True))
    qtbot.mouseClick(step.larger_button, LEFT)
    qtbot.waitUntil(lambda: window.session.state.stack.count == 3 and not window.exemplar.segmenting, timeout=60_000)
    state = window.session.state
    means = grey[1:7, 4:36].reshape(3, 2, 16, 2, 24, 2).mean(axis=(1, 3, 5))
    wanted = np.floor(means + 0.5).astype(np.uint8)
    assert np.array_equal(state.opened.grey, wanted[1]) and state.micrograph.pixel_size == pytest.approx(4e-6)
    assert state.stack.found.voxel_size == pytest.approx((6e-6, 4e-6, 4e-6))
    assert step.pixel_note.text() == "2 µm × 2: the pixels were made larger."
    # a project finds the same part of the file again
    path = write_project(project_of(state, window.session.phase_image), tmp_path / "p.microloom")
    back = state_of(read_project(path)).stack
    assert back is not None and np.array_equal(back.found.plane(2), wanted[2])
