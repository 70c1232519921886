"""reconstruct straight onto the disk: the voxels of the volume in memory, interrupted and gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from app import onto_disk
from app.__main__ import main
from core.generation.block_writing import part_path, unfinished
from core.generation.journal import Journal
from core.images.reading import read_volume
from core.images.zarr_volume import open_zarr
from core.reconstruction import to_disk
from core.reconstruction.checkpoints import CheckpointFile
from core.reconstruction.model_file import load_model
from core.reconstruction.swnn import model as room
from core.reconstruction.swnn import training
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.to_disk import model_beside
from core.report import Findings
from tests.app.test_command_line import TINY, blobs
from tests.app.test_reconstruct_checkpoint import interrupt_after

SIZE = (16, 20, 70)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(room, "CALIBRATION_SIZE", (48, 48, 48))
    monkeypatch.setattr(training, "STATISTICS_BLOCKS", 1)
    monkeypatch.setattr(to_disk, "SAMPLE", 24)
    picture = tmp_path / "phases.tif"
    tifffile.imwrite(picture, 255 * blobs())
    small = ("cube=16", "windows=64", "fine_convolutions=1", "coarse_convolutions=1", "time_limit=none")
    return ["reconstruct", str(picture), "--size", "16,20,70", "--device", "cpu", "--quiet", *TINY,
            *(f"--set={text}" for text in small)]  # fmt: skip


def test_what_is_written_in_blocks_is_the_volume_in_memory(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    memory, zarr, tif = tmp_path / "memory.tif", tmp_path / "v.ome.zarr", tmp_path / "v.tif"
    assert main([*command, "-o", str(memory)]) == 0
    said = capsys.readouterr()
    assert "Sample" not in said.out and "a sample of 16" not in said.err, "all of it was measured"
    expected = read_volume(memory)
    assert expected.shape == SIZE
    reports: list[Findings] = []
    monkeypatch.setattr("core.report.write_report", lambda found, *_args, **_options: reports.append(found))
    assert main([*command, "-o", str(zarr), "--report", str(tmp_path / "report")]) == 0
    said = capsys.readouterr()
    assert np.array_equal(open_zarr(zarr).volume().labels, expected.labels)
    # nobody takes what was measured for the whole
    assert "a sample of 16 × 20 × 24 voxels" in said.err and "not the volume of 16 × 20 × 70" in said.err
    assert "Sample of 16 × 20 × 24 voxels: " in said.out
    assert f"1 {expected.phases[1].name}: {100 * expected.fractions[1]:.2f} %" in said.out, "of the whole"
    (report,) = reports
    assert report.subject.name.endswith("sample of 16 × 20 × 24 for a volume of 16 × 20 × 70")
    assert report.subject.shape == (16, 20, 24)
    assert [path.name for path in tmp_path.glob("v*")] == ["v.ome.zarr"], "nothing is left beside it"
    # a large TIFF as well, whatever the blocks
    monkeypatch.setattr(onto_disk, "IN_MEMORY", 16 * 20 * 70 - 1)
    assert main([*command, "-o", str(tif), "--block", "64"]) == 0
    assert "Sample of" in capsys.readouterr().out
    assert np.array_equal(read_volume(tif).labels, expected.labels)
    assert main([*command, "-o", str(tmp_path / "v.nrrd"), "--block", "64"]) == 2
    assert "cannot be written block by block" in capsys.readouterr().err


def test_training_and_writing_go_on(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    series = [*command, "--seeds", "1,2", "--train-once"]
    assert main([*series, "-o", str(tmp_path / "e.tif")]) == 0
    model, kept = tmp_path / "m.microloom-model", tmp_path / "kept"
    asked = [*series, "-o", str(tmp_path / "v.ome.zarr"), "--block", "64", "--model-out", str(model),
             "--checkpoint", str(kept)]  # fmt: skip
    first, second = (tmp_path / f"v_seed{seed}.ome.zarr" for seed in (1, 2))
    monkeypatch.setattr(CheckpointFile, "is_due", property(lambda self: True))
    with monkeypatch.context() as patch:
        interrupt_after(2, patch)
        assert main(asked) == 130
    assert (kept / "training.safetensors").is_file() and not model_beside(part_path(first)).exists()
    # trained to its end, and the second volume half written
    add = Journal.add
    added: list[Any] = []

    def interrupted(self: Journal, *block: Any) -> None:
        add(self, *block)
        added.append(block)
        if first.exists():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", interrupted)
        capsys.readouterr()
        assert main([*asked, "--resume"]) == 130
    said = capsys.readouterr().err
    assert "Going on with the training kept in" in said and "are in" in said
    assert len(added) == 3 and 0 < (unfinished(second) or 0) < 1 and not second.exists()
    before = model.read_bytes()

    def never(*_args: Any, **_options: Any) -> Any:
        raise AssertionError("trained again")

    monkeypatch.setattr(SwnnEngine, "train", never)
    assert main(asked) == 2, "not begun again by accident"
    assert main([*asked, "--resume", "--set=window=3"]) == 2
    assert "is the model of another training (it differs in: window)" in capsys.readouterr().err
    assert main([*asked, "--resume"]) == 0
    said = capsys.readouterr().err
    assert "seed 1: it is there already" in said and "Going on with the model kept in" in said
    for path, seed in ((first, 1), (second, 2)):
        labels = open_zarr(path).volume().labels
        assert np.array_equal(labels, read_volume(tmp_path / f"e_seed{seed}.tif").labels)
    assert model.read_bytes() == before and load_model(model).card["seed"] == 1
    assert not list(tmp_path.glob("*.part*")) and not kept.exists(), "nothing is left beside them"
