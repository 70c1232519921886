"""The diffusion engine on the command line, from a phase image to volumes in every kind of file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core.images.reading import read_volume
from core.images.zarr_volume import open_zarr

TINY = ["iterations=2", "steps=2", "passes=3", "crop=16", "batch=2", "channels=8", "levels=2", "attention=1", "patch=1"]


def test_reconstruct_and_generate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, model = tmp_path / "phases.tif", tmp_path / "m.microloom-model"
    blocks = np.kron(np.random.default_rng(0).random((10, 10)) < 0.4, np.ones((4, 4))).astype(np.uint8)
    tifffile.imwrite(image, 255 * blocks)
    volume, report = tmp_path / "v.tif", tmp_path / "report"
    code = main(["reconstruct", str(image), "-o", str(volume), "--size", "16,18,20", "--engine", "diffusion",
                 "--device", "cpu", "--model-out", str(model), "--report", str(report), "--seed", "3", "--quiet",
                 *(part for assignment in TINY for part in ("--set", assignment))])  # fmt: skip
    assert code == 0
    made = read_volume(volume)
    assert made.shape == (16, 18, 20)
    assert made.fractions[1] == pytest.approx(blocks.mean(), abs=1e-3)
    said = json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert (said["engine"], said["preset"], said["settings"]["steps"]) == ("diffusion", "small", 2)

    again = tmp_path / "again.tif"
    assert main(["generate", str(model), "-o", str(again), "--size", "16,18,20", "--seed", "3", "--quiet"]) == 0
    assert np.array_equal(read_volume(again).labels, made.labels)
    other = tmp_path / "other.tif"
    asked = ["--size", "16,18,20", "--volume-fraction", "0.6", "--periodic", "zyx", "--quiet"]
    assert main(["generate", str(model), "-o", str(other), *asked]) == 0
    assert read_volume(other).fractions[1] == pytest.approx(0.6, abs=1e-3)
    # all the way towards another seed is that seed
    there, asked = [tmp_path / "there-1.tif", tmp_path / "there-2.tif"], ["--size", "16,18,20", "--quiet"]
    assert main(["generate", str(model), "-o", str(there[0]), "--towards", "5", "--weight", "1", *asked]) == 0
    assert main(["generate", str(model), "-o", str(there[1]), "--seed", "5", *asked]) == 0
    assert np.array_equal(read_volume(there[0]).labels, read_volume(there[1]).labels)
    # a store of blocks takes the parts of the same volume
    store = tmp_path / "v.ome.zarr"
    assert main(["generate", str(model), "-o", str(store), "--size", "16,18,20", "--seed", "3", "--quiet"]) == 0
    assert np.array_equal(open_zarr(store).volume().labels, made.labels)
    capsys.readouterr()
    # other ways of sampling, without training again
    asked = ["generate", str(model), "--size", "16,18,20", "--seed", "3", "--quiet", "-o"]
    quick = tmp_path / "quick.tif"
    assert main([*asked, str(quick), "--steps", "3", "--sampler", "ddpm", "--set", "planes=together"]) == 0
    assert not np.array_equal(read_volume(quick).labels, made.labels)
    for wrong, words in (
        (["--steps", "5000"], "at most 4000"),
        (["--sampler", "guess"], "Sampler"),
        (["--set", "channels=16"], "channels shapes the training"),
    ):
        assert main([*asked, str(tmp_path / "w.tif"), *wrong]) == 2
        assert words in capsys.readouterr().err
    # the picture itself as a plane
    held = tmp_path / "held.tif"
    assert main([*asked, str(held), "--anchor", f"y=3:{image}"]) == 0
    assert np.array_equal(read_volume(held).labels[:, 3], blocks[:16, :20])
    assert main([*asked, str(tmp_path / "w.tif"), "--anchor", f"z=16:{image}"]) == 2
    assert "z = 16 lies outside" in capsys.readouterr().err
    assert main(["info", str(model)]) == 0
    assert "diffusion" in capsys.readouterr().out


def test_settings_are_listed_by_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconstruct", "--engine", "diffusion", "--list-settings"]) == 0
    said = capsys.readouterr().out
    assert "guidance" in said
    assert "paper" in said


def test_a_mask_is_followed(tmp_path: Path) -> None:
    image, mask, volume = tmp_path / "phases.tif", tmp_path / "mask.tif", tmp_path / "v.tif"
    tifffile.imwrite(image, 255 * np.kron(np.eye(10, dtype=np.uint8), np.ones((4, 4), dtype=np.uint8)))
    wanted = np.repeat(np.array([0.1, 0.4], dtype=np.float32), 8)[:, None, None] * np.ones((1, 16, 16), np.float32)
    tifffile.imwrite(mask, wanted, photometric="minisblack")
    code = main(["reconstruct", str(image), "-o", str(volume), "--engine", "diffusion", "--size", "16", "--mask",
                 str(mask), "--quiet", *(part for assignment in TINY for part in ("--set", assignment))])  # fmt: skip
    assert code == 0
    made = read_volume(volume).labels
    assert made[:8].mean() == pytest.approx(0.1, abs=1e-3) and made[8:].mean() == pytest.approx(0.4, abs=1e-3)


def test_a_plane_of_the_volume_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, volume = tmp_path / "phases.tif", tmp_path / "v.tif"
    blocks = np.kron(np.random.default_rng(1).random((10, 10)) < 0.4, np.ones((4, 4))).astype(np.uint8)
    tifffile.imwrite(image, 255 * blocks)
    settings = [part for assignment in TINY for part in ("--set", assignment)]
    asked = ["reconstruct", str(image), "-o", str(volume), "--size", "16", "--device", "cpu", "--quiet"]
    diffusion = ["--engine", "diffusion", *settings, "--steps", "3"]
    assert main([*asked, *diffusion, "--anchor", f"z=8:{image}", "--anchor", f"z=2:{image}"]) == 0
    made = read_volume(volume).labels
    assert np.array_equal(made[8], blocks[:16, :16]) and np.array_equal(made[2], blocks[:16, :16])
    capsys.readouterr()
    assert main([*asked, "--force", "--anchor", f"z=8:{image}"]) == 2
    assert "SWNN cannot keep given planes" in capsys.readouterr().err
    assert main([*asked, "--force", "--steps", "3"]) == 2
    assert "There is no setting steps" in capsys.readouterr().err
    for text in ("q=3:a.tif", "z=-1:a.tif", "z=3", "z:3"):
        assert main([*asked, "--anchor", text]) == 2
        assert "is not a plane: give axis, place and picture" in capsys.readouterr().err
