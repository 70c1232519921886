"""The command reconstruct for all phases of an exemplar, and with an exemplar for each plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core.images.reading import read_labels
from core.reconstruction.swnn import model as model_room
from core.reconstruction.swnn import training

TINY = ["--preset", "fast", "--size", "24", "--seed", "1", "--quiet"]
for assignment in (
    "iterations=2", "levels=2", "overview=0", "channels=4", "coarse_channels=4", "fine_convolutions=1",
    "coarse_convolutions=1", "window=3", "scales=1", "cube=12", "windows=64", "bent_bases=0", "frozen=0",
):  # fmt: skip
    TINY += ["--set", assignment]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "STATISTICS_BLOCKS", 1)
    monkeypatch.setattr(model_room, "CALIBRATION_SIZE", (24, 24, 24))


def picture(path: Path, levels: list[int], seed: int = 0) -> Path:
    draw = np.random.default_rng(seed).integers(0, len(levels), (16, 16))
    tifffile.imwrite(path, np.kron(np.array(levels, np.uint8)[draw], np.ones((3, 3), np.uint8)))
    return path


def test_all_phases(tmp_path: Path) -> None:
    exemplar = picture(tmp_path / "three.tif", [0, 128, 255])
    out = tmp_path / "volume.tif"
    assert main(["reconstruct", str(exemplar), "-o", str(out), "--all-phases", *TINY]) == 0
    volume, wanted = read_labels(out), read_labels(exemplar)
    assert len(volume.phases) == 3
    assert np.abs(np.subtract(volume.fractions, wanted.fractions)).max() < 0.01


def test_an_exemplar_for_each_plane(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    xy, xz = picture(tmp_path / "xy.tif", [0, 255]), picture(tmp_path / "xz.tif", [0, 255], 1)
    out, model = tmp_path / "volume.tif", tmp_path / "m.microloom-model"
    asked = ["reconstruct", str(xy), "-o", str(out), "--exemplar-xz", str(xz), "--model-out", str(model), *TINY]
    assert main(asked) == 0
    from core.reconstruction.model_file import load_model

    assert load_model(model).card["planes"] == 2
    three = picture(tmp_path / "three.tif", [0, 128, 255])
    assert main([*asked[:5], str(three), *asked[6:], "--force"]) == 2
    assert "has 3 phases" in capsys.readouterr().err
