"""Two segmentations of one picture in the window: kept versions, files, the overlay of differences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.project_state import project_of, state_of
from core.images.values import PhaseImage
from core.images.writing import write_phase_image
from core.projects.reading import read_project
from core.projects.writing import write_project
from core.segmentation import SegmentationSettings, segment
from core.segmentation.comparing import disagreement
from tests.workflow.test_segmentation import LEFT, labels_are, picture, unfold
from tests.workflow.test_steps import opened

__all__ = ["picture"]  # the fixture
LOCAL = SegmentationSettings(threshold="adaptive mean")


def labels_of(window: MainWindow, settings: SegmentationSettings) -> np.ndarray:
    micrograph = window.session.state.micrograph
    assert micrograph is not None
    return segment(micrograph, settings).labels


def compared(window: MainWindow, qtbot: QtBot, first: np.ndarray, second: np.ndarray) -> None:
    """The card and the canvas show how ``first`` differs from ``second``."""
    wanted = disagreement(first, second, 1)
    layer, table = window.phases.comparing.layer, window.phases.comparing.table
    qtbot.waitUntil(lambda: layer.indices is not None and np.array_equal(layer.indices, wanted), timeout=60_000)
    share = 100 * (first == second).mean()
    assert f"{share:.2f} % of the pixels agree" in window.phases.comparing.note.text()
    for label in range(2):
        here, there = first == label, second == label
        dice = 2 * (here & there).sum() / (here.sum() + there.sum())
        texts = [table.item(label, column).text() for column in (1, 2, 3)]  # type: ignore[union-attr]
        assert texts == [f"{100 * here.mean():.2f} %", f"{100 * there.mean():.2f} %", f"{dice:.4f}"]


def test_a_kept_version_is_compared_with_what_follows(
    window: MainWindow, qtbot: QtBot, picture: Path, tmp_path: Path
) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    comparing = window.phases.comparing
    unfold(comparing.fold)
    assert "Keep this version" in comparing.note.text() and not comparing.table.isVisible()
    assert not comparing.differences.isVisible() and not comparing.buttons["stop"].isVisible()
    QTest.mouseClick(comparing.buttons["keep"], LEFT)
    otsu = labels_of(window, SegmentationSettings())
    compared(window, qtbot, otsu, otsu)
    assert "version 1 (otsu)" in comparing.note.text() and comparing.table.isVisible()
    window.commands.do("threshold", segmentation=LOCAL)
    labels_are(window, qtbot, LOCAL)
    local = labels_of(window, LOCAL)
    assert 0 < (local != otsu).sum() < local.size / 2
    compared(window, qtbot, local, otsu)
    # the read-out names the other's phase
    canvas = window.phases.image
    row, column = (int(place[0]) for place in np.nonzero((local == 1) & (otsu == 0)))
    scene = canvas.view.mapViewToScene(QPointF(column + 0.5, row + 0.5))
    QTest.mouseMove(canvas.viewport(), canvas.mapFromScene(scene))
    qtbot.waitUntil(lambda: "the other: Matrix   this:   Phase 1" in canvas.read_out.text())
    # the mark is switched off and on, with the mouse and with its key
    place = QPoint(8, comparing.differences.height() // 2)
    QTest.mouseClick(comparing.differences, LEFT, Qt.KeyboardModifier.NoModifier, place)
    assert not comparing.layer.isVisible() and comparing.layer.indices is None and canvas.more_to_read is None
    QTest.keyClick(window, Qt.Key.Key_D)
    assert comparing.differences.isChecked() and comparing.layer.isVisible()
    # undone, and done again
    window.undo_action.trigger()
    labels_are(window, qtbot, SegmentationSettings())
    compared(window, qtbot, otsu, otsu)
    window.undo_action.trigger()
    assert comparing.reference is None and comparing.layer.indices is None and not comparing.table.isVisible()
    window.redo_action.trigger()
    compared(window, qtbot, otsu, otsu)
    QTest.mouseClick(comparing.buttons["stop"], LEFT)
    assert comparing.reference is None and window.commands.stack.undoText() == "stop comparing"
    window.undo_action.trigger()
    compared(window, qtbot, otsu, otsu)
    # it goes with the project, and the next one has the next number
    kept = comparing.reference
    path = write_project(project_of(window.session.state, window.session.phase_image), tmp_path / "p.microloom")
    window.commands.start_anew(replace(state_of(read_project(path)), segmentation=LOCAL))
    again = comparing.reference
    assert kept is not None and again is not None and again is not kept and again.name == kept.name
    assert np.array_equal(again.image.labels, otsu)
    labels_are(window, qtbot, LOCAL)
    compared(window, qtbot, local, otsu)
    assert comparing.fold.body.isVisible()
    QTest.mouseClick(comparing.buttons["keep"], LEFT)
    assert comparing.reference is not None and comparing.reference.name == "version 2 (adaptive mean)"


def test_a_file_is_compared_and_follows_the_crop(
    window: MainWindow, qtbot: QtBot, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    comparing = window.phases.comparing
    micrograph = window.session.state.micrograph
    assert micrograph is not None
    path = write_phase_image(segment(micrograph, LOCAL), tmp_path / "other.tif")
    local, otsu = labels_of(window, LOCAL), labels_of(window, SegmentationSettings())
    unfold(comparing.fold)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    QTest.mouseClick(comparing.buttons["file"], LEFT)
    compared(window, qtbot, otsu, local)
    assert "other.tif" in comparing.note.text()
    # of a part of the picture, that part of the file
    window.commands.do("crop", crop=(10, 60, 20, 90))
    part = segment(micrograph.cropped(slice(10, 60), slice(20, 90)), SegmentationSettings()).labels
    compared(window, qtbot, part, local[10:60, 20:90])
    # what is kept of a part can be compared with that part alone
    QTest.mouseClick(comparing.buttons["keep"], LEFT)
    compared(window, qtbot, part, part)
    window.commands.do("crop", crop=(0, 60, 20, 90))
    qtbot.waitUntil(lambda: comparing.layer.indices is None, timeout=60_000)
    assert "another part of the micrograph" in comparing.note.text() and not comparing.table.isVisible()
    window.undo_action.trigger()
    compared(window, qtbot, part, part)


def test_what_cannot_be_compared_is_refused(window: MainWindow, qtbot: QtBot, picture: Path, tmp_path: Path) -> None:
    comparing = window.phases.comparing
    comparing.open(picture)
    assert "There is no micrograph yet" in window.strip.text.text()
    comparing.keep()
    assert "no phases to keep" in window.strip.text.text()
    opened(window, qtbot, picture)
    small, stack = tmp_path / "small.tif", tmp_path / "stack.tif"
    tifffile.imwrite(small, (np.indices((30, 40)).sum(axis=0) % 2).astype(np.uint8))
    tifffile.imwrite(stack, (np.indices((5, 80, 96)).sum(axis=0) % 2).astype(np.uint8))
    for path, said in (
        (small, "small.tif has 40 × 30 pixels, the micrograph 96 × 80"),
        (stack, "stack.tif is a volume"),
        (picture, "many grey levels"),
        (tmp_path / "none.tif", "none.tif"),
    ):
        comparing.open(path)
        assert said in window.strip.text.toolTip() + window.strip.text.text(), said
        assert comparing.reference is None
    # another micrograph: what was kept is gone
    comparing.keep()
    assert isinstance(comparing.reference.image if comparing.reference else None, PhaseImage)
    other = tmp_path / "again.tif"
    other.write_bytes(picture.read_bytes())
    window.session.saved_state = window.session.state  # nothing to ask about
    opened(window, qtbot, other)
    assert comparing.reference is None


def listed(window: MainWindow) -> list[str]:
    tree = window.phases.comparing.versions
    return [tree.topLevelItem(row).text(0) for row in range(tree.topLevelItemCount())]  # type: ignore[union-attr]


def test_several_versions_are_kept_chosen_renamed_and_removed(
    window: MainWindow, qtbot: QtBot, picture: Path, tmp_path: Path
) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    comparing = window.phases.comparing
    unfold(comparing.fold)
    assert not comparing.versions.isVisible()
    QTest.mouseClick(comparing.buttons["keep"], LEFT)
    window.commands.do("threshold", segmentation=LOCAL)
    labels_are(window, qtbot, LOCAL)
    QTest.mouseClick(comparing.buttons["keep"], LEFT)
    otsu, local = labels_of(window, SegmentationSettings()), labels_of(window, LOCAL)
    qtbot.waitUntil(lambda: "Compared with version 2" in comparing.note.text())
    compared(window, qtbot, local, local)
    assert listed(window) == ["version 1 (otsu)", "version 2 (adaptive mean)"]
    tree = comparing.versions
    first = tree.topLevelItem(0)
    assert (
        first is not None
        and first.text(1)
        and first.text(2) == (f"{100 * (otsu == 0).mean():.1f} · {100 * (otsu == 1).mean():.1f} %")
    )
    # another one of the list, with the mouse
    QTest.mouseClick(tree.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, tree.visualItemRect(first).center())
    assert comparing.reference is window.session.state.kept[0]
    compared(window, qtbot, local, otsu)
    assert window.commands.stack.undoText() == "compare with version 1 (otsu)"
    window.undo_action.trigger()
    assert comparing.reference is window.session.state.kept[1]
    line = tree.currentItem()
    assert line is not None and line.isSelected() and line.text(0) == "version 2 (adaptive mean)"
    # a name of its own: no name at all is none
    line.setText(0, " fine ")
    qtbot.waitUntil(lambda: listed(window) == ["version 1 (otsu)", "fine"])
    assert comparing.reference is window.session.state.kept[1] and comparing.reference.name == "fine"
    tree.topLevelItem(1).setText(0, "")  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: listed(window) == ["version 1 (otsu)", "fine"])
    # all of it goes with the project
    path = write_project(project_of(window.session.state, window.session.phase_image), tmp_path / "p.microloom")
    back = state_of(read_project(path))
    times = [(kept.name, kept.time) for kept in window.session.state.kept]
    assert [(kept.name, kept.time) for kept in back.kept] == times and back.compared is back.kept[1]
    # stopped: the list stays; removed: by key and by button, and undone
    QTest.mouseClick(comparing.buttons["stop"], LEFT)
    assert comparing.reference is None and len(listed(window)) == 2 and not tree.selectedItems()
    assert "Choose one of the list" in comparing.note.text() and not comparing.buttons["remove"].isVisible()
    tree.setCurrentItem(tree.topLevelItem(0))
    QTest.keyClick(tree, Qt.Key.Key_Delete)
    assert listed(window) == ["fine"] and comparing.reference is None
    window.undo_action.trigger()
    assert listed(window) == ["version 1 (otsu)", "fine"] and comparing.reference is window.session.state.kept[0]
    qtbot.wait(50)  # the button has its place once more
    QTest.mouseClick(comparing.buttons["remove"], LEFT)
    assert listed(window) == ["fine"]
    assert comparing.reference is None and comparing.layer.indices is None
