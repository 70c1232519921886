"""Runs whose volume goes onto the disk: the same voxels, cancelled and gone on with, without training again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.session import Plan
from app.workspaces.reconstruct.file_choice import FileChoice
from app.workspaces.reconstruct.file_run import Stored, checked_place
from app.workspaces.reconstruct.run import Run
from core.errors import InputError, JobError
from core.generation.block_writing import WritingProgress, part_path, unfinished
from core.images.values import PhaseImage, default_phases
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.provenance import Provenance
from core.reconstruction import to_disk
from core.reconstruction.engine import Target
from core.reconstruction.swnn import model as model_room
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.to_disk import model_beside, sample_target

SMALL = {
    "levels": 2, "channels": 4, "coarse_channels": 4, "fine_convolutions": 1, "coarse_convolutions": 1, "cube": 16,
    "scales": 1, "iterations": 6, "windows": 128, "overview": 0, "bent_bases": 0,
}  # fmt: skip


def image() -> PhaseImage:
    labels = np.kron(np.random.default_rng(0).random((16, 16)) < 0.4, np.ones((3, 3))).astype(np.uint8)
    return PhaseImage(labels, default_phases(2), 1e-8, "blocks", Provenance("test"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(model_room, "CALIBRATION_SIZE", (48, 48, 48))
    monkeypatch.setattr(to_disk, "SAMPLE", 32)
    plan = Plan(size=(40, 70, 130), seed=3, device="cpu", changed_settings=SMALL)
    return Run(image(), 1, plan, None, file=tmp_path / "v.ome.zarr")


def test_the_sample_is_the_first_corner_of_what_is_written(run: Run) -> None:
    assert run.file is not None
    stored: Stored = finish(run.job())
    assert stored.path == run.file
    whole = open_zarr(stored.path).volume().labels
    assert whole.shape == (40, 70, 130)
    # each has its fraction exactly, by a threshold of its own; as calibrated, the one is a part of the other
    wanted = stored.made.target.wanted_fraction
    for labels in (whole, stored.made.volume.labels):
        assert abs((labels == 1).mean() - wanted) <= 1 / labels.size
    plain = replace(run, plan=replace(run.plan, exact=False), file=run.file.with_name("w.ome.zarr"))
    as_calibrated: Stored = finish(plain.generate(stored.model))
    whole = open_zarr(as_calibrated.path).volume().labels
    assert np.array_equal(whole[:32, :32, :32], as_calibrated.made.volume.labels)
    result = run.result(stored)
    assert result.stored == run.file
    assert np.array_equal(result.volume.labels, stored.made.volume.labels)
    assert model_beside(stored.path).is_file()


def test_what_was_cancelled_goes_on_without_training(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run.file is not None
    job: Any = run.job()
    for report in job:
        if isinstance(report, WritingProgress) and report.finished is not None and report.finished.any():
            break
    job.close()
    share = unfinished(run.file)
    assert share is not None and 0 < share < 1
    assert part_path(run.file).exists() and not run.file.exists()

    def never(*_args: Any, **_options: Any) -> Any:
        raise AssertionError("trained again")

    with monkeypatch.context() as patch:
        patch.setattr(SwnnEngine, "train", never)
        done: Stored = finish(run.job())
    broken = open_zarr(done.path).volume().labels
    again: Stored = finish(Run(run.exemplar, 1, run.plan, None, file=run.file.with_name("w.ome.zarr")).job())
    assert np.array_equal(open_zarr(again.path).volume().labels, broken)


def test_another_run_that_is_refused_leaves_the_model_of_what_was_begun(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run.file is not None
    job: Any = run.job()
    next(r for r in job if isinstance(r, WritingProgress) and r.finished is not None and r.finished.any())
    job.close()
    elsewhere = replace(run, plan=replace(run.plan, seed=5), file=run.file.with_name("w.ome.zarr"))
    other: Stored = finish(elsewhere.job())
    with pytest.raises(InputError, match="begun as another volume"):
        finish(replace(elsewhere, file=run.file).generate(other.model))
    monkeypatch.setattr(SwnnEngine, "train", None)  # what was begun needs none
    done: Stored = finish(run.job())
    assert done.model.card["seed"] == 3 and done.path == run.file


def test_a_sample_is_periodic_where_it_is_there_in_full() -> None:
    target = Target(image(), 1, None, (64, 1024, 128), 0, None, (True, True, False))
    sample = sample_target(target)
    assert sample.size == (64, 128, 128) and sample.periodic == (True, False, False)


def test_the_preflight_asks_for_room_on_the_disk_not_in_memory(tmp_path: Path) -> None:
    engine = SwnnEngine()
    plan = Plan(size=(20_000, 20_000, 20_000), changed_settings=SMALL)
    run = Run(image(), 1, plan, None, file=tmp_path / "v.ome.zarr")
    assert any("of memory" in item.message for item in engine.preflight(run.target(), run.settings, "cpu"))
    problems = to_disk.disk_problems(engine, run.target(), run.settings, "cpu", run.file)
    assert [item.field for item in problems if item.severity == "error"] == ["file"]
    assert "on the disk; " in problems[-1].message
    small = Run(image(), 1, Plan(size=(65, 64, 64), periodic=(True, False, False), changed_settings=SMALL), None)
    problems = to_disk.disk_problems(engine, small.target(), small.settings, "cpu", tmp_path / "v.tif")
    assert any("64 or 66" in f"{item.message} {item.remedy}" for item in problems)
    problems = to_disk.disk_problems(engine, small.target(), small.settings, "cpu", tmp_path / "absent" / "v.tif")
    assert "does not exist" in problems[-1].message


def test_a_place_for_the_volume(tmp_path: Path) -> None:
    assert checked_place(tmp_path / "v") == tmp_path / "v.ome.zarr"
    assert checked_place(tmp_path / "v.tif") == tmp_path / "v.tif"
    (tmp_path / "mine.ome.zarr").mkdir()
    (tmp_path / "mine.ome.zarr" / "letter.txt").write_text("dear")
    with pytest.raises(JobError, match="other things"):
        checked_place(tmp_path / "mine.ome.zarr")


def test_the_box_asks_for_a_file_and_tells_what_is_there(
    qtbot: QtBot, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Qt.MouseButton.LeftButton
    choice = FileChoice()
    qtbot.addWidget(choice)
    choice.resize(300, 120)
    choice.show()
    place = choice.box.rect().center()
    place.setX(8)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    qtbot.mouseClick(choice.box, left, pos=place)
    assert choice.path is None and not choice.box.isChecked()
    job: Any = run.job()
    next(r for r in job if isinstance(r, WritingProgress) and r.finished is not None and r.finished.any())
    job.close()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(run.file), ""))
    with qtbot.waitSignal(choice.changed):
        qtbot.mouseClick(choice.box, left, pos=place)
    assert choice.path == run.file and choice.name.text() == "v.ome.zarr"
    assert "Run goes on" in choice.begun.text()
    qtbot.mouseClick(choice.anew, left)
    assert "given up" in choice.begun.text()
    assert choice.problem == "" and not run.file.exists()
    # a finished volume is replaced only where somebody agreed to it here
    run.file.mkdir()
    assert choice.problem == ""
    choice.forget_agreement()
    assert "v.ome.zarr exists already" in choice.problem
    run.file.rmdir()
    with qtbot.assertNotEmitted(choice.changed):
        choice.show_path(None)
        choice.show_path(run.file)
    assert choice.path == run.file and choice.name.isVisible()
    with qtbot.waitSignal(choice.changed):
        qtbot.mouseClick(choice.box, left, pos=place)
    assert choice.path is None and not choice.name.isVisible()
