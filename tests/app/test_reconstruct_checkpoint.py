"""reconstruct --checkpoint: an interrupted training goes on and gives the volume of an unbroken one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core.images.reading import read_volume
from core.reconstruction.checkpoints import CheckpointFile
from core.reconstruction.model_file import load_model
from core.reconstruction.model_record import read_record
from core.reconstruction.swnn import model as room
from core.reconstruction.swnn import training
from core.reconstruction.swnn.engine import SwnnEngine
from tests.app.test_command_line import TINY, blobs

STEPS = 4


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(room, "CALIBRATION_SIZE", (64, 64, 64))
    monkeypatch.setattr(CheckpointFile, "is_due", property(lambda self: True))
    picture = tmp_path / "phases.tif"
    tifffile.imwrite(picture, 255 * blobs())
    small = ("cube=16", "windows=64", "fine_convolutions=1", "coarse_convolutions=1", "time_limit=none")
    return ["reconstruct", str(picture), "--size", "16", "--device", "cpu", "--quiet", *TINY,
            *(f"--set={text}" for text in small)]  # fmt: skip


def interrupt_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C once so many steps were kept."""
    write = CheckpointFile.write

    def writing(self: CheckpointFile, facts: object, arrays: dict[str, np.ndarray]) -> None:
        write(self, facts, arrays)  # type: ignore[arg-type]
        if len(arrays["losses"]) == steps:
            raise KeyboardInterrupt

    monkeypatch.setattr(CheckpointFile, "write", writing)


def test_a_training_goes_on(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, out, unbroken = tmp_path / "kept", tmp_path / "v.tif", tmp_path / "unbroken.tif"
    model = tmp_path / "m.microloom-model"
    asked = [*command, "-o", str(out), "--checkpoint", str(kept), "--model-out", str(model)]
    assert main([*command, "-o", str(unbroken)]) == 0
    with monkeypatch.context() as patch:
        interrupt_after(2, patch)
        assert main(asked) == 130
    assert "The same command with --resume goes on" in capsys.readouterr().err
    assert (kept / "training.safetensors").is_file() and not out.exists()
    # not by accident thrown away, nor taken for another
    assert main(asked) == 2
    assert "A training that was interrupted is kept in" in capsys.readouterr().err
    assert main([*asked, "--resume", "--seed", "9"]) == 2
    assert "is another one (it differs in: seed)" in capsys.readouterr().err
    steps: list[int] = []
    share = training.rate_share
    monkeypatch.setattr(
        training, "rate_share", lambda step, done, **rest: steps.append(step) or share(step, done, **rest)
    )
    assert main([*asked, "--resume"]) == 0
    assert steps == [2, 3], "what was trained is not trained again"
    assert "Going on with the training kept in" in capsys.readouterr().err
    assert np.array_equal(read_volume(out).labels, read_volume(unbroken).labels)
    assert not kept.exists(), "once the volume is written, it is not needed"
    # the model tells where it came from, and what its first volume measured
    record = read_record(load_model(model).card)
    assert record is not None and record.result is not None
    assert record.result_facts["size"] == [16, 16, 16]
    assert record.thumbnail.shape == blobs().shape and np.array_equal(record.thumbnail, blobs())
    capsys.readouterr()
    assert main(["info", str(model)]) == 0
    said = capsys.readouterr().out
    assert f"trained for volume fractions: {100 * blobs().mean():.2f} %" in said
    assert "S2 of exemplar" in said and "L of volume" in said


def test_what_does_not_go_together_is_refused(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "-o", str(tmp_path / "v.tif"), "--resume"]) == 2
    assert "--checkpoint DIR" in capsys.readouterr().err
    monkeypatch.delattr(SwnnEngine, "uses_checkpoints")
    assert main([*command, "-o", str(tmp_path / "v.tif"), "--checkpoint", str(tmp_path / "kept")]) == 2
    assert "cannot go on with a training" in capsys.readouterr().err
