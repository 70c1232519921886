"""A grey volume from a model, in the window: seen emerging, written, begun and gone on with, set beside the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.context import Context
from app.workspaces.reconstruct import grey_pictures
from app.workspaces.reconstruct.grey_pictures import GreyDialog, GreyPictures, ShownGrey, shown_of, volume
from core.generation.block_writing import part_path
from core.images.grey_volume import open_grey_volume
from core.job import finish
from core.reconstruction import model_file
from core.reconstruction.diffusion import grey_model
from core.reconstruction.model_record import picture_entry
from core.statistics.grey_agreement import GreyRecord, levels_of
from tests.core.reconstruction.diffusion.test_grey import micrograph
from tests.core.reconstruction.diffusion.test_grey_on_disk import model

LEFT = Qt.MouseButton.LeftButton
LONG = 60_000


@pytest.fixture
def asked(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> tuple[GreyPictures, GreyDialog]:
    """The gesture, with a model of grey values 40 to 200 in its dialog."""
    record = GreyRecord.of([micrograph().grey], levels_of(40, 200, True))
    assert record is not None
    pair = [picture_entry(np.full((16, 16), grey, np.uint8)) for grey in (0, 255)]
    known = model(
        grey={"low": 40, "high": 200, "type": "uint8"}, classes=[{"name": "one", "statistics": record.to_json()}],
        copying={"least_pixel_mse": 0.04, "among": 0.09, "copies": 0, "pair": pair},
    )  # fmt: skip
    monkeypatch.setattr(model_file, "load_model", lambda *_a, **_k: known)
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    gesture = GreyPictures(Context(), window)
    gesture.action.trigger()
    assert gesture.dialog is not None
    gesture.dialog.take(Path("m.microloom-model"))
    return gesture, gesture.dialog


def test_whether_samples_are_copies_is_told_with_the_nearest_pair(asked: tuple[GreyPictures, GreyDialog]) -> None:
    dialog = asked[1]
    assert "by 20.0 % of the range of grey values (root mean square)" in dialog.where.text()
    assert dialog.copied.isVisible()
    colors = [label.pixmap().toImage().pixelColor(8, 8).name() for label in dialog.copied.pictures]
    assert colors == ["#000000", "#ffffff"]


def test_a_volume_is_seen_emerging_and_told_of(
    asked: tuple[GreyPictures, GreyDialog], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gesture, dialog = asked
    seen: list[ShownGrey] = []
    said: list[str] = []
    gesture.showed.connect(seen.append)
    gesture.told.connect(said.append)
    dialog.edge.setValue(8)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(tmp_path / "v"), "TIFF stack (*.tif)"))
    with qtbot.waitSignals([gesture.begun, gesture.written], timeout=LONG):
        qtbot.mouseClick(dialog.write, LEFT)
    # step by step, and as it was written
    assert len(seen) == 4 and "8³ voxels, emerging from noise: " in seen[0].caption
    assert all(one.levels.shape == (8, 8, 8) and one.voxel_size == 2e-6 for one in seen)
    first, second, third, last = seen[-1].caption.split("\n")
    assert (first, last) == ("8³ voxels, seed 0: v.tif", "black 40, white 200")
    assert second.startswith("ε of the autocovariance along z ") and third.startswith("Histogram ")
    assert said == [f"Done: v.tif.\n{second}\n{third}"]
    grey = tifffile.imread(tmp_path / "v.tif")
    assert np.abs(seen[-1].levels - (grey - 40.0) * 255 / 160).max() <= 0.501


def test_a_volume_in_blocks_goes_on_where_it_was_left(
    asked: tuple[GreyPictures, GreyDialog], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gesture, dialog = asked
    place = tmp_path / "v.ome.zarr"
    writing = volume(dialog.chosen, 8, 0, place)
    while not part_path(place).exists():
        next(writing)
    writing.close()
    questions: list[str] = []

    def yes(*words: object) -> QMessageBox.StandardButton:
        questions.append(str(words[2]))
        return QMessageBox.StandardButton.Yes

    monkeypatch.setattr(QMessageBox, "question", yes)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(tmp_path / "v"), "OME-Zarr, …"))
    dialog.edge.setValue(8)
    with qtbot.waitSignal(gesture.written, timeout=LONG):
        qtbot.mouseClick(dialog.write, LEFT)
    assert dialog.resumes and questions == ["0 % of v.ome.zarr are there already. Go on with them? No begins again."]
    found = open_grey_volume(place)
    assert found is not None and found.shape == (8, 8, 8) and not part_path(place).exists()


@pytest.mark.parametrize("compares", [True, False])
def test_one_that_goes_on_with_a_whole_sampling_is_seen_at_its_end_too(
    asked: tuple[GreyPictures, GreyDialog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compares: bool
) -> None:
    monkeypatch.setattr(grey_model, "beyond_memory", lambda _size: True)
    monkeypatch.setattr(grey_pictures, "_SHOWN", 4)
    known = asked[1].chosen if compares else model()
    place = tmp_path / "v.ome.zarr"
    writing = volume(known, 8, 0, place)
    while not part_path(place).exists():
        next(writing)
    writing.close()
    made = finish(volume(known, 8, 0, place, resume=True))
    found = open_grey_volume(place)
    assert found is not None and made.shown is not None and (made.agreement is not None) is compares
    expected = shown_of(known, found.whole()[::2, ::2, ::2], (8, 8, 8), "")
    assert np.array_equal(made.shown.levels, expected.levels) and made.shown.voxel_size == expected.voxel_size == 4e-6
