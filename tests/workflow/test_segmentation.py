"""Segmenting as a person does it: methods, steps of cleaning, recipes, a folder at once."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QToolButton, QWidget
from pytestqt.qtbot import QtBot

import core.segmentation
from app.main_window import MainWindow
from app.project_state import project_of, state_of
from core.images.reading import read_labels, read_micrograph
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.segmentation import CleaningStep, SegmentationSettings, segment
from core.segmentation.classifier import TrainingSettings, train
from core.segmentation.classifier_file import load_classifier, save_classifier
from core.segmentation.recipe import read_recipe
from core.segmentation.volumes import segmenting_volume
from tests.workflow.test_steps import opened

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Touching bright discs on a slope of brightness, 80 × 96."""
    rng = np.random.default_rng(3)
    yy, xx = np.mgrid[:80, :96]
    inside = ((yy % 20 - 10) ** 2 + (xx % 20 - 10) ** 2) < 36
    path = tmp_path / "discs.tif"
    grey = 50 + 60 * inside + yy / 2 + rng.normal(0, 4, inside.shape)
    tifffile.imwrite(path, np.clip(grey, 0, 255).astype(np.uint8))
    return path


def labels_are(window: MainWindow, qtbot: QtBot, settings: SegmentationSettings) -> None:
    micrograph = window.session.state.micrograph
    assert micrograph is not None
    expected = segment(micrograph, settings).labels

    def there() -> bool:
        image = window.session.phase_image
        return image is not None and np.array_equal(image.labels, expected)

    qtbot.waitUntil(there, timeout=60_000)


def choose(box: QWidget, text: str) -> None:
    assert isinstance(box, QComboBox)
    box.setFocus()
    QTest.qWait(QApplication.keyboardInputInterval() + 50)  # what was typed just before would count as its beginning
    QTest.keyClicks(box, text)


def unfold(fold: QWidget) -> None:
    button = fold.findChild(QToolButton)
    assert button is not None
    QTest.mouseClick(button, LEFT)


def test_a_local_threshold_and_its_settings(window: MainWindow, qtbot: QtBot, picture: Path) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    choose(window.phases.form.values()["threshold"], "adaptive m")
    assert window.session.state.segmentation.threshold == "adaptive mean"
    labels_are(window, qtbot, SegmentationSettings(threshold="adaptive mean"))
    assert "local_radius" in window.phases.form.values() and "sauvola_k" not in window.phases.form.values()
    assert not window.phases.histogram._lines, "no handle without a threshold of the whole picture"
    window.undo_action.trigger()
    labels_are(window, qtbot, SegmentationSettings())
    # by hand after a local threshold: the handle starts at Otsu's
    window.redo_action.trigger()
    labels_are(window, qtbot, SegmentationSettings(threshold="adaptive mean"))
    choose(window.phases.form.values()["threshold"], "man")
    assert len(window.session.state.segmentation.manual_thresholds) == 1
    choose(window.phases.form.values()["threshold"], "hys")
    labels_are(window, qtbot, SegmentationSettings(threshold="hysteresis"))
    qtbot.waitUntil(lambda: len(window.phases.histogram._lines) == 2)


def test_steps_of_cleaning_are_added_changed_moved_removed_and_undone(
    window: MainWindow, qtbot: QtBot, picture: Path
) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    unfold(window.phases.cleaning_fold)
    cleaning = window.phases.cleaning
    QTest.mouseClick(cleaning.add, LEFT)
    QTest.mouseClick(cleaning.add, LEFT)
    assert [row.kind.currentText() for row in cleaning.rows] == ["Open", "Open"]
    choose(cleaning.rows[1].kind, "dil")
    box = cleaning.rows[1].size_box
    box.selectAll()
    QTest.keyClicks(box, "3")
    QTest.keyClick(box, Qt.Key.Key_Return)
    wanted = (CleaningStep("open", 1, 2.0), CleaningStep("dilate", 1, 3.0))
    assert window.session.state.segmentation.cleaning == wanted
    labels_are(window, qtbot, SegmentationSettings(cleaning=wanted))
    QTest.mouseClick(cleaning.rows[1].up, LEFT)
    assert window.session.state.segmentation.cleaning == wanted[::-1]
    assert "Dilate: phase 2, size 3 px\n3. Open" in window.phases.recipes.list.text()
    assert window.commands.stack.undoText() == "order of the cleaning steps"
    window.undo_action.trigger()
    assert window.session.state.segmentation.cleaning == wanted
    QTest.mouseClick(cleaning.rows[0].remove, LEFT)
    assert window.session.state.segmentation.cleaning == wanted[1:] and len(cleaning.rows) == 1
    labels_are(window, qtbot, SegmentationSettings(cleaning=wanted[1:]))


def test_a_recipe_is_saved_opened_and_done_on_a_folder(
    window: MainWindow, qtbot: QtBot, picture: Path, tmp_path: Path
) -> None:
    opened(window, qtbot, picture)
    settings = SegmentationSettings(threshold="sauvola", sauvola_k=-0.1, cleaning=(CleaningStep("open", 1, 1.0),))
    window.commands.do("settings", segmentation=settings)
    recipe = tmp_path / "recipe.json"
    window.phases.recipes.save(recipe)
    assert read_recipe(recipe) == settings
    window.undo_action.trigger()
    window.phases.recipes.open(recipe)
    assert window.session.state.segmentation == settings
    window.undo_action.trigger()
    assert window.session.state.segmentation == SegmentationSettings()
    window.phases.recipes.open(picture)  # no recipe: refused, and nothing changes
    assert "recipe" in window.strip.text.text() and window.session.state.segmentation == SegmentationSettings()
    window.redo_action.trigger()

    folder, out = tmp_path / "many", tmp_path / "out"
    folder.mkdir()
    for number in range(2):
        tifffile.imwrite(folder / f"{number}.tif", tifffile.imread(picture)[number:])
    (folder / "bad.png").write_bytes(b"nothing")
    said: list[str] = []
    window.context.messages.notice.connect(lambda text, _severity: said.append(text))
    window.phases.recipes.segment_folder(folder, out)
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    assert any("2 of 3 pictures are segmented" in text for text in said) and any("bad.png" in text for text in said)
    for number in range(2):
        expected = segment(read_micrograph(folder / f"{number}.tif"), settings)
        assert np.array_equal(read_labels(out / f"{number}.tif.phases.tif").labels, expected.labels)


def test_a_grey_volume_is_segmented_with_the_recipe_and_with_a_classifier(
    window: MainWindow, qtbot: QtBot, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(window, qtbot, picture)
    settings = SegmentationSettings(threshold="adaptive mean")
    window.commands.do("settings", segmentation=settings)
    grey = np.stack([tifffile.imread(picture)[:40, :48] for _ in range(12)])
    source, target = tmp_path / "grey.tif", tmp_path / "out.tif"
    tifffile.imwrite(source, grey)
    said: list[str] = []
    window.context.messages.notice.connect(lambda text, _severity: said.append(text))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(source), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    window.phases.recipes.volume_action.trigger()
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    expected = finish(segmenting_volume(grey, settings)).labels
    assert np.array_equal(read_labels(target).labels, expected)
    assert any(text.startswith("out.tif is written: Matrix") for text in said)
    # a classifier for volumes: chosen first, then the volume; the file is replaced, as the dialog asked
    marks = np.zeros_like(expected)
    marks[::4] = expected[::4] + 1
    forest = train(grey, marks, TrainingSettings(trees=2), (1.0,))
    answers = iter([str(save_classifier(forest, tmp_path / "v.microloom-classifier")), str(source)])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (next(answers), ""))
    window.phases.recipes.classify_action.trigger()
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    assert np.array_equal(read_labels(target).labels, forest.predict(grey)[0])
    # a Zarr folder, from disk to disk
    import zarr

    store, folder = zarr.create_array(tmp_path / "g.zarr", shape=grey.shape, dtype=grey.dtype), tmp_path / "g.ome.zarr"
    store[...] = grey
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "g.zarr"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(folder), ""))
    window.phases.recipes.store_action.trigger()
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    assert np.array_equal(open_zarr(folder).read(0, (0, 0, 0), grey.shape), expected)
    # what is no volume is refused, and the file stays
    before = target.read_bytes()
    window.phases.recipes.segment_volume(picture, target)
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    assert "it is no volume" in said[-1] and target.read_bytes() == before


def scribble(window: MainWindow, label: int, row: int, columns: tuple[int, int]) -> None:
    """A stroke with the brush along a row of pixels."""
    canvas = window.phases.image
    window.phases.corrections.options.set(value=float(label), size=2.0)

    def place(column: float) -> QPoint:
        scene = canvas.view.mapViewToScene(QPointF(column + 0.5, row + 0.5))
        return canvas.mapFromScene(scene)

    start, end = place(columns[0]), place(columns[1])
    QTest.mousePress(canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(canvas.viewport(), (start + end) / 2, 10)
    QTest.mouseMove(canvas.viewport(), end, 10)
    QTest.mouseRelease(canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, end, 10)


def test_phases_are_learned_from_strokes_and_unlearned_by_undo(
    window: MainWindow, qtbot: QtBot, picture: Path, tmp_path: Path
) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    exemplar = window.exemplar
    choose(window.phases.form.values()["threshold"], "tra")
    qtbot.waitUntil(lambda: not exemplar.segmenting and window.session.phase_image is not None, timeout=60_000)
    assert exemplar.classifier is None and "Nothing is learned yet" in window.phases.trained.note.text()
    assert any("learned" in issue.message for issue in window.context.messages.issues)
    window.phases.corrections.row.tools["brush"].trigger()
    scribble(window, 1, 10, (6, 14))
    scribble(window, 0, 20, (2, 60))
    qtbot.waitUntil(lambda: exemplar.classifier is not None and not exemplar.segmenting, timeout=120_000)
    classifier, doubt, micrograph = exemplar.classifier, exemplar.doubt, window.session.state.micrograph
    assert classifier is not None and doubt is not None and micrograph is not None
    corrections = window.session.state.corrections
    assert corrections is not None
    marks = (corrections.sheet.values.astype(int) + 1) % 256
    assert set(np.unique(marks)) == {0, 1, 2}
    expected = train(micrograph.grey, marks.astype(np.uint8)).predict(micrograph.grey)
    assert exemplar.automatic is not None
    assert np.array_equal(exemplar.automatic.labels, expected[0]) and np.array_equal(doubt, expected[1])
    assert not window.context.messages.issues
    assert f"Learned from {classifier.pixels} painted pixels" in window.phases.trained.note.text()
    # where it is unsure
    unsure = window.phases.trained.unsure
    assert not unsure.isVisible()
    window.phases.trained.unsure_action.trigger()
    shown = unsure.indices
    assert unsure.isVisible() and shown is not None
    assert np.array_equal(shown, (255 * doubt).astype(np.uint8))
    # kept as a file
    path = tmp_path / "c.microloom-classifier"
    window.phases.trained.save(path)
    assert np.array_equal(load_classifier(path).predict(micrograph.grey)[0], expected[0])
    # undone: nothing is known of one phase any more
    window.undo_action.trigger()
    qtbot.waitUntil(lambda: exemplar.classifier is None and not exemplar.segmenting, timeout=60_000)
    assert unsure.indices is None
    window.redo_action.trigger()
    qtbot.waitUntil(lambda: exemplar.classifier is not None and not exemplar.segmenting, timeout=60_000)
    assert exemplar.automatic is not None and np.array_equal(exemplar.automatic.labels, expected[0])
    # what was painted and the method are in the project
    saved = state_of(project_of(window.session.state, None))
    assert saved.segmentation.threshold == "trained (scribbles)" and saved.corrections is not None
    assert np.array_equal(saved.corrections.values(), corrections.sheet.values)


def test_while_phases_are_computed_the_last_ones_stay_and_the_window_says_so(
    window: MainWindow, qtbot: QtBot, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    labels_are(window, qtbot, SegmentationSettings())
    canvas = window.phases.image
    qtbot.waitUntil(lambda: not window.exemplar.segmenting and canvas.notice.isHidden())
    before = canvas.overlay.indices
    assert before is not None
    old, go_on, real = before.copy(), Event(), core.segmentation.prepared

    def slow(grey: np.ndarray, settings: SegmentationSettings) -> np.ndarray:
        go_on.wait(30)
        return real(grey, settings)

    monkeypatch.setattr(core.segmentation, "prepared", slow)
    changed = SegmentationSettings(flatten="rolling ball", flatten_radius=9)
    window.commands.do("settings", segmentation=changed)
    try:
        qtbot.waitUntil(canvas.notice.isVisible)
        assert canvas.notice.text() == "Updating …" and window.session.phase_image is not None
        assert np.array_equal(canvas.overlay.indices, old)
    finally:
        go_on.set()
    labels_are(window, qtbot, changed)
    qtbot.waitUntil(canvas.notice.isHidden)
    assert not np.array_equal(canvas.overlay.indices, old)
