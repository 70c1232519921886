"""A classifier from a file finds the phases of another micrograph; what is foreign is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.project_state import project_of, state_of
from core.images.reading import read_labels, read_micrograph
from core.projects.reading import read_project
from core.projects.writing import write_project
from core.segmentation import CleaningStep, SegmentationSettings, segment
from core.segmentation.classifier import Classifier, TrainingSettings, train
from core.segmentation.classifier_file import load_classifier, save_classifier
from tests.workflow.test_segmentation import LEFT, choose, picture, scribble
from tests.workflow.test_steps import opened

__all__ = ["picture"]  # the fixture


@pytest.fixture
def forest(picture: Path, tmp_path: Path) -> Path:
    """Learned from every eighth row of what Otsu says of the picture."""
    micrograph = read_micrograph(picture)
    labels = segment(micrograph, SegmentationSettings()).labels
    marks = np.zeros_like(labels)
    marks[::8] = labels[::8] + 1
    made = train(micrograph.grey, marks, TrainingSettings(trees=4), (1.0, 2.0))
    return save_classifier(made, tmp_path / "discs.microloom-classifier")


def settled(window: MainWindow, qtbot: QtBot, wanted: np.ndarray) -> None:
    def there() -> bool:
        automatic = window.exemplar.automatic
        return not window.exemplar.segmenting and automatic is not None and np.array_equal(automatic.labels, wanted)

    qtbot.waitUntil(there, timeout=60_000)


def test_it_is_loaded_used_corrected_and_put_away(
    window: MainWindow, qtbot: QtBot, picture: Path, forest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    trained, micrograph = window.phases.trained, window.session.state.micrograph
    assert micrograph is not None and not trained.box.isVisible()
    choose(window.phases.form.values()["threshold"], "tra")
    assert trained.load_button.isVisible() and not trained.forget_button.isVisible()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(forest), ""))
    QTest.mouseClick(trained.load_button, LEFT)
    classifier = load_classifier(forest)
    wanted, doubt = classifier.predict(micrograph.grey)
    settled(window, qtbot, wanted)
    assert window.commands.stack.undoText() == f"load {forest.name}"
    assert f"learned from {classifier.pixels} painted pixels" in trained.note.text()
    assert window.exemplar.doubt is not None and np.array_equal(window.exemplar.doubt, doubt)
    assert not window.context.messages.issues and trained.load_button.text() == "Load another classifier …"
    # cleaned after it, without asking it again
    asked: list[object] = []
    ask = Classifier.predict

    def counted(self: Classifier, grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        asked.append(grey)
        return ask(self, grey)

    monkeypatch.setattr(Classifier, "predict", counted)
    step = CleaningStep("dilate", 1, 2.0)
    settings = SegmentationSettings(threshold="trained (scribbles)", cleaning=(step,))
    window.commands.do("clean", segmentation=settings)
    settled(window, qtbot, segment(micrograph, settings, (), classifier).labels)
    assert len(asked) == 1, "by this test alone"
    window.undo_action.trigger()
    settled(window, qtbot, wanted)
    # a stroke lies over it and teaches nothing
    window.phases.corrections.row.tools["brush"].trigger()
    scribble(window, 1, 20, (2, 60))
    qtbot.waitUntil(lambda: window.session.state.corrections is not None and not window.exemplar.segmenting)
    image = window.session.phase_image
    assert image is not None and image.labels[20, 30] == 1
    settled(window, qtbot, wanted)
    # it goes with the project
    path = write_project(project_of(window.session.state, image), tmp_path / "p.microloom")
    again = state_of(read_project(path)).classifier
    assert again is not None and np.array_equal(again.predict(micrograph.grey)[0], wanted)
    # and is what is saved, and what a folder is segmented with
    trained.save(tmp_path / "again.microloom-classifier")
    assert (tmp_path / "again.microloom-classifier").read_bytes() == forest.read_bytes()
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "a.tif").write_bytes(picture.read_bytes())
    window.phases.recipes.segment_folder(folder, tmp_path / "out")
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    assert np.array_equal(read_labels(tmp_path / "out" / "a.tif.phases.tif").labels, wanted)
    # put away: one stroke alone teaches nothing, so multi-Otsu stands in
    QTest.mouseClick(trained.forget_button, LEFT, Qt.KeyboardModifier.NoModifier)
    otsu = segment(micrograph, SegmentationSettings(threshold="multi-otsu")).labels
    settled(window, qtbot, otsu)
    assert "Nothing is learned yet" in trained.note.text() and window.context.messages.issues
    for _ in range(3):
        window.undo_action.trigger()
    assert window.session.state.classifier is None and not trained.forget_button.isVisible()


def test_what_is_no_classifier_for_pictures_is_refused(
    window: MainWindow, qtbot: QtBot, picture: Path, forest: Path, tmp_path: Path
) -> None:
    window.phases.trained.load(forest)
    assert "There is no micrograph yet" in window.strip.text.text()
    opened(window, qtbot, picture)
    volume, marks = np.zeros((2, 8, 8, 8), np.uint8)
    volume[:, :4] = marks[0] = 1
    marks[7] = 2
    whole = train(volume, marks, TrainingSettings(trees=2), (1.0,))
    cut, text = tmp_path / "cut.microloom-classifier", tmp_path / "text.microloom-classifier"
    cut.write_bytes(forest.read_bytes()[:-40])
    text.write_text("no classifier")
    before = window.session.state
    for path, words in (
        (save_classifier(whole, tmp_path / "v.microloom-classifier"), "trained for volumes"),
        (picture, "no classifier, or it is damaged"),
        (cut, "no classifier, or it is damaged"),
        (text, "no classifier, or it is damaged"),
        (tmp_path / "none.microloom-classifier", "does not exist"),
    ):
        window.phases.trained.load(path)
        assert words in window.strip.text.toolTip() + window.strip.text.text(), path.name
        assert window.session.state is before
