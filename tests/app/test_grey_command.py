"""Grey images on the command line, from a folder of them to pictures and a volume; pictures of phases, too."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core.images.grey_volume import open_grey_volume
from core.images.reading import read_labels, read_micrograph
from core.images.values import PhaseImage
from tests.app.test_diffusion_command import TINY


def test_from_grey_images_to_grey_pictures_and_volumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, model, out = tmp_path / "set", tmp_path / "m.microloom-model", tmp_path / "out"
    folder.mkdir()
    grey = np.kron(np.random.default_rng(0).permutation(np.linspace(300, 5000, 36)).reshape(6, 6), np.ones((4, 4)))
    tifffile.imwrite(folder / "one.tif", grey.astype(np.uint16))
    settings = [part for assignment in TINY for part in ("--set", assignment)]
    assert main(["train", str(folder), "--grey", "-o", str(model), "--device", "cpu", "--quiet", *settings]) == 0
    assert "Grey values 300 to 5000, 16 bits" in capsys.readouterr().err
    assert main(["info", str(model)]) == 0
    assert "grey images: values 300 to 5000 (uint16), no phases" in capsys.readouterr().out
    asked = ["generate", str(model), "--seed", "2", "--quiet", "-o"]
    assert main([*asked, str(out), "--pictures", "3", "--size", "16"]) == 0
    assert [path.name for path in sorted(out.iterdir())] == ["0001.tif", "0002.tif", "0003.tif"]
    read = read_micrograph(out / "0001.tif")
    assert read.shape == (16, 16) and read.grey.dtype == np.uint16
    assert read.grey.min() >= 300 and read.grey.max() <= 5000
    volume = tmp_path / "v.tif"
    assert main([*asked, str(volume), "--size", "6,8,10"]) == 0
    assert tifffile.imread(volume).shape == (6, 8, 10) and tifffile.imread(volume).dtype == np.uint16
    told = capsys.readouterr().out
    # how well it agrees with the data
    assert "ε of the autocovariance along z " in told and "of their range, Wasserstein-1)" in told
    # in blocks, the same voxels, with a report
    stored, report = tmp_path / "v.ome.zarr", tmp_path / "report.json"
    assert main([*asked, str(stored), "--size", "6,8,10", "--report", str(report)]) == 0
    found = open_grey_volume(stored)
    assert found is not None and np.array_equal(found.whole(), tifffile.imread(volume))
    read_back = json.loads(report.read_text(encoding="utf-8"))
    assert read_back["size"] == [6, 8, 10] and read_back["grey"]["type"] == "uint16"
    agreement = read_back["agreement"]
    assert agreement["histogram"]["unit"] == "grey values" and agreement["histogram"]["wasserstein_1"] > 0
    assert agreement["autocovariance"]["x"]["largest_lag_px"] == 4
    assert capsys.readouterr().out.splitlines()[1:3] == told.splitlines()[-2:]
    blocks = tmp_path / "blocks.tif"
    assert main([*asked, str(blocks), "--size", "6,8,10", "--block", "64"]) == 0
    assert np.array_equal(tifffile.imread(blocks), tifffile.imread(volume))
    assert main(["info", str(stored)]) == 0
    assert "grey volume in blocks" in capsys.readouterr().out
    for wrong, words in (
        ([str(volume), "--force", "--volume-fraction", "0.3"], "there are no phases, and no volume fractions. Leave"),
        ([str(tmp_path / "v.npy")], "End the name with .tif or .ome.zarr"),
        ([str(out), "--pictures", "1", "--size", "16", "--report", str(report), "--force"], "tells of grey volumes"),
        ([str(out), "--pictures", "1", "--size", "16"], "exists already"),
        ([str(volume), "--force", "--set", "guidance=1"], "guided towards"),
    ):
        assert main([*asked, *wrong]) == 2
        assert words in capsys.readouterr().err


def test_pictures_of_phases_from_a_model_that_ships(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["generate", "synthetic", "--class", "spheres", "--quiet", "--steps", "2", "-o", str(tmp_path / "out")]
    assert main([*asked, "--pictures", "1", "--size", "16", "--volume-fraction", "0.3"]) == 0
    made = read_labels(tmp_path / "out" / "0001.tif")
    assert isinstance(made, PhaseImage) and made.shape == (16, 16) and len(made.phases) == 2
    assert main([*asked, "--pictures", "1", "--size", "16,16,20"]) == 2
    assert "Pictures are square" in capsys.readouterr().err
