"""A range of volume fractions and masks on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core.images.reading import read_volume
from core.reconstruction.model_file import load_model
from core.reconstruction.swnn import model as model_room
from core.reconstruction.swnn import training

TINY = [
    "--set=iterations=40", "--set=levels=2", "--set=overview=0", "--set=channels=6", "--set=coarse_channels=6",
    "--set=fine_convolutions=1", "--set=coarse_convolutions=1", "--set=window=3", "--set=scales=1", "--set=cube=12",
    "--set=windows=128", "--set=bent_bases=0", "--quiet",
]  # fmt: skip


@pytest.fixture
def exemplar(tmp_path: Path) -> Path:
    path = tmp_path / "phases.tif"
    blocks = np.kron(np.random.default_rng(0).random((16, 16)) < 0.4, np.ones((3, 3)))
    tifffile.imwrite(path, (255 * blocks).astype(np.uint8))
    return path


def test_one_model_for_a_range_and_a_mask(
    exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model_room, "CALIBRATION_SIZE", (48, 48, 48))
    monkeypatch.setattr(training, "STATISTICS_BLOCKS", 1)
    model, made, mask = tmp_path / "m.microloom-model", tmp_path / "v.tif", tmp_path / "mask.tif"
    command = ["reconstruct", str(exemplar), "-o", str(made), "--model-out", str(model), "--size", "32", *TINY]
    assert main([*command, "--fraction-range", "0.25:50%"]) == 0
    settings = load_model(model).card["settings"]
    assert (settings["lowest_fraction"], settings["highest_fraction"]) == (0.25, 0.5)

    generate = ["generate", str(model), "-o", str(made), "--size", "48", "--force", "--quiet"]
    assert main([*generate, "--volume-fraction", "0.3"]) == 0
    assert float(read_volume(made).labels.mean()) == pytest.approx(0.3, abs=0.01)
    assert main(["mask", "--shape", "48,48,48", "--gradient", "z:0.25:0.5", "-o", str(mask)]) == 0
    assert main([*generate, "--mask", str(mask)]) == 0
    shares = read_volume(made).labels.mean(axis=(1, 2))
    assert shares[36:].mean() - shares[:12].mean() == pytest.approx(0.1875, abs=0.08)

    capsys.readouterr()
    for wrong, said in (
        (["--volume-fraction", "0.6"], "0.250 to 0.500"),
        (["--mask", str(mask), "--volume-fraction", "0.3"], "--mask and --volume-fraction"),
        (["--mask", str(tmp_path / "absent.tif")], "absent.tif"),
    ):
        assert main([*generate, *wrong]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("ends", ["0.3", "0.5:0.3", "0:0.3", "a:b"])
def test_a_range_that_is_none(exemplar: Path, tmp_path: Path, ends: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["reconstruct", str(exemplar), "-o", str(tmp_path / "v.tif"), f"--fraction-range={ends}"]
    assert main(command) == 2
    assert "--fraction-range" in capsys.readouterr().err


def test_a_mask_out_of_reach_is_refused_before_training(
    exemplar: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = tmp_path / "mask.tif"
    tifffile.imwrite(mask, np.linspace(0.2, 0.98, 16 * 16, dtype=np.float32).reshape(1, 16, 16))
    command = ["reconstruct", str(exemplar), "-o", str(tmp_path / "v.tif"), "--mask", str(mask), *TINY]
    assert main([*command, "--set=window=7"]) == 2
    assert "out of reach" in capsys.readouterr().err
