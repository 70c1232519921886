"""generate, measure and info with volumes that are made block by block."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from app.__main__ import main
from core.images.reading import read_volume
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.masks.files import read_mask, write_mask
from core.masks.mask import Mask
from core.provenance import Provenance
from core.reconstruction.model_file import load_model, save_model
from core.reconstruction.swnn import model as room
from core.reconstruction.towards import Ramp, Towards
from tests.core.reconstruction.models import tiny_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(room, "CALIBRATION_SIZE", (64, 64, 64))
    made = tiny_model()
    finish(made.recipe((8, 8, 8), 0))  # sets the threshold
    return save_model(made, tmp_path / "m.microloom-model")


def test_zarr_and_tiff_in_blocks_are_the_volume_in_memory(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = finish(load_model(model).generate((66, 40, 70), 11, exact=True)).labels
    zarr, tif = tmp_path / "v.ome.zarr", tmp_path / "v.tif"
    asked = ["generate", str(model), "--size", "66,40,70", "--quiet", "-o"]
    assert main([*asked, str(zarr), "--block", "50"]) == 0
    said = capsys.readouterr().out
    assert f"1 Metal: {100 * (expected == 1).mean():.2f} %" in said
    assert main([*asked, str(tif), "--block", "128"]) == 0
    assert np.array_equal(read_volume(zarr).labels, expected)
    assert np.array_equal(read_volume(tif).labels, expected)
    assert main([*asked, str(zarr)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([*asked, str(tmp_path / "v.nrrd"), "--resume"]) == 2
    assert "cannot be written block by block" in capsys.readouterr().err
    assert main([*asked, str(tmp_path / "w.tif"), "--block", "0"]) == 2

    # what it is, and what it measures, as of any other volume
    assert main(["info", str(zarr)]) == 0
    said = capsys.readouterr().out
    for words in (
        "v.ome.zarr: volume in blocks\n",
        "shape: 66 × 40 × 70",
        "voxel size: 100 nm",
        "made by: generate with",
    ):
        assert words in said
    for path in (zarr, tif):
        assert main(["measure", str(path), "-o", str(tmp_path / f"{path.name}-report"), "--quiet"]) == 0
    reports = [json.loads((tmp_path / f"{p.name}-report" / "report.json").read_text("utf-8")) for p in (zarr, tif)]
    assert reports[0]["s2"] == reports[1]["s2"]
    assert reports[0]["labels_sha256"] == reports[1]["labels_sha256"]


def test_between_two_seeds_and_as_calibrated(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["generate", str(model), "--size", "24", "--quiet", "--force", "-o", str(tmp_path / "v.tif")]
    made = load_model(model)
    field = write_mask(Mask(np.float32([[[0]], [[1]]]), None, "step", Provenance("test")), tmp_path / "weights.tif")
    for options, wish in (
        (["--towards", "5", "--weight", "0.3"], Towards(5, 0.3)),
        (["--towards", "5"], Towards(5, 0.5)),
        (["--towards", "5", "--weight", "y:0.1:1"], Towards(5, Ramp(1, 0.1, 1.0))),
        (["--towards", "5", "--weight", str(field)], Towards(5, read_mask(field))),
    ):
        assert main([*asked, *options, "--as-calibrated"]) == 0
        found = read_volume(tmp_path / "v.tif")
        assert np.array_equal(found.labels, finish(made.generate((24, 24, 24), 11, towards=wish)).labels)
    assert main(asked) == 0
    assert abs(read_volume(tmp_path / "v.tif").fractions[1] - 0.4) <= 24**-3
    capsys.readouterr()
    for wrong, said in (
        (["--weight", "0.5"], "Add --towards"),
        (["--towards", "5", "--weight", "1.5"], "outside 0 to 1"),
        (["--towards", "5", "--weight", "z:0"], "is not a weight"),
    ):
        assert main([*asked, *wrong]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_killed_generate_goes_on_with_resume(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "v.ome.zarr"
    asked = ["generate", str(model), "--size", "16,64,250", "--block", "64", "-o", str(path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *asked], cwd=ROOT, stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    journal = tmp_path / "v.part.journal"
    while process.poll() is None and not (journal.is_file() and journal.read_bytes().count(b"\n") > 1):
        time.sleep(0.01)  # looking all the time would take the core that it needs
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not path.exists()
    assert main(["info", str(tmp_path / "v.part.ome.zarr")]) == 0
    assert "not finished" in capsys.readouterr().out
    assert main(["measure", str(tmp_path / "v.part.ome.zarr"), "-o", str(tmp_path / "r")]) == 2
    assert "generate --resume" in capsys.readouterr().err
    assert main(asked) == 2
    assert "an earlier run was not finished. Go on with it (--resume)" in capsys.readouterr().err
    assert main([*asked, "--resume", "--seed", "3"]) == 2
    assert "seed: 11, now 3" in capsys.readouterr().err
    assert main([*asked, "--resume"]) == 0
    assert "Going on with" in capsys.readouterr().err
    expected = finish(load_model(model).generate((16, 64, 250), 11, exact=True)).labels
    assert np.array_equal(open_zarr(path).volume().labels, expected)
