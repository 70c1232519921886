"""A model of several classes on the command line, from images that the program made to volumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.__main__ import main
from core.images.reading import read_volume
from core.reconstruction.checkpoints import CheckpointFile
from core.reconstruction.model_file import load_model
from tests.app.test_diffusion_command import TINY


def test_from_synthetic_images_to_volumes_of_a_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, model, volume = tmp_path / "set", tmp_path / "m.microloom-model", tmp_path / "v.tif"
    settings = [part for assignment in TINY for part in ("--set", assignment)]
    small = ["--count", "3", "--size", "24", "--length", "8", "--quiet"]
    assert main(["synthesise", "fibres", "ceramic", *small, "-o", str(folder)]) == 0
    assert main(["train", str(folder), "-o", str(model), "--device", "cpu", "--quiet", *settings]) == 0
    assert "fibres: 3 images" in capsys.readouterr().err
    asked = ["generate", str(model), "-o", str(volume), "--size", "16", "--quiet"]
    assert main([*asked, "--class", "ceramic"]) == 0
    assert [phase.name for phase in read_volume(volume).phases] == ["Grains", "Walls"]
    capsys.readouterr()
    for wrong, words in (
        ([], "Choose with --class: ceramic, fibres"),
        (["--class", "steel"], "no class 'steel'"),
    ):
        assert main([*asked, "--force", *wrong]) == 2
        assert words in capsys.readouterr().err
    assert main(["train", str(folder), "-o", str(model), "--quiet"]) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, kept = tmp_path / "set", tmp_path / "kept"
    whole, broken = tmp_path / "whole.microloom-model", tmp_path / "broken.microloom-model"
    assert main(["synthesise", "fibres", "--count", "2", "--size", "24", "--quiet", "-o", str(folder)]) == 0
    asked = ["train", str(folder), "--device", "cpu", "--quiet", *(f"--set={text}" for text in TINY)]
    assert main([*asked, "-o", str(whole)]) == 0
    asked += ["-o", str(broken)]
    assert main([*asked, "--resume"]) == 2
    assert "--checkpoint DIR" in capsys.readouterr().err
    write = CheckpointFile.write

    def interrupting(self: CheckpointFile, facts: object, arrays: dict[str, np.ndarray]) -> None:
        write(self, facts, arrays)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointFile, "is_due", property(lambda self: True))
        patch.setattr(CheckpointFile, "write", interrupting)
        assert main([*asked, "--checkpoint", str(kept)]) == 130
    assert "The same command with --resume goes on" in capsys.readouterr().err
    assert (kept / "training.safetensors").is_file() and not broken.exists()
    assert main([*asked, "--checkpoint", str(kept)]) == 2
    assert "A training that was interrupted is kept in" in capsys.readouterr().err
    assert main([*asked, "--checkpoint", str(kept), "--resume"]) == 0
    assert "Going on with the training kept in" in capsys.readouterr().err
    one, other = (load_model(path).weights() for path in (whole, broken))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert not kept.exists(), "once the model is written, it is not needed"
