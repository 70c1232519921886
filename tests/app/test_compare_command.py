"""microloom compare: a folder of generated pictures against real ones."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from tests.app.test_measure_command import write


def test_a_folder_against_one_large_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = tmp_path / "made"
    made.mkdir()
    reference = write(tmp_path / "real.tif", (96, 96), 9)
    for seed in range(5):
        write(made / f"g{seed}.tif", (32, 32), seed)
    # a copy of one of the tiles
    tifffile.imwrite(made / "g5.tif", tifffile.imread(reference)[32:64, 64:96])
    (made / "torn.png").write_bytes(b"no picture")
    out = tmp_path / "q"
    asked = ["compare", str(made), "--against", str(reference), "-o", str(out)]
    assert main(asked) == 1
    said = capsys.readouterr()
    assert said.err.count("torn.png") == 1 and "One file could not be read" in said.err
    assert "look for copies" in said.err and "Fréchet distance: " in said.out and "FID" not in said.out
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["generated"]["pictures"] == 6 and report["reference"]["pictures"] == 9
    assert report["nearest"]["pair"] == {"generated": "g5.tif", "reference": "real.tif [32:64, 64:96]"}
    assert report["nearest"]["pixel_mse_min"] == 0
    with (out / "pictures.csv").open(encoding="utf-8", newline="") as file:
        assert [line["name"] for line in csv.DictReader(file)] == [f"g{seed}.tif" for seed in range(6)]
    assert main(asked) == 2 and "exists already" in capsys.readouterr().err


def test_features_of_a_network_in_tiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.quality import pretrained
    from tests.core.quality.test_pretrained import Small

    # the network itself is tested with its file; here a small one stands for it
    monkeypatch.setattr(pretrained, "_arrays", lambda _path: {})
    monkeypatch.setattr(pretrained, "_network", lambda _arrays, _path: (pretrained.VGG, Small(), 24))
    weights = tmp_path / "vgg19-12345678.pth"
    weights.write_bytes(b"anything")
    made, real = write(tmp_path / "made.tif", (64, 64), 1), write(tmp_path / "real.tif", (96, 64), 9)
    out = tmp_path / "q"
    asked = ["compare", str(made), "--against", str(real), "-o", str(out), "--weights", str(weights), "--tile", "32"]
    assert main([*asked, "--device", "cpu"]) == 0
    assert "Fréchet distance: " in capsys.readouterr().out
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["generated"]["pictures"] == 4 and report["reference"]["pictures"] == 6 and report["size"] == [32, 32]
    assert report["feature_space"].startswith("VGG-19, unknown weights (sha256 ") and "fid" not in report
    assert report["feature_weights"]["file"] == weights.name and len(report["feature_weights"]["sha256"]) == 64
    assert main([*asked, "--force", "--weights", str(tmp_path / "none.pth")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_what_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small, picture = tmp_path / "s.tif", write(tmp_path / "p.tif", (64, 64), 1)
    tifffile.imwrite(small, np.eye(9, dtype=np.uint8))
    assert main(["compare", str(small), "--against", str(picture), "-o", str(tmp_path / "q")]) == 2
    assert "9 × 9 pixels" in capsys.readouterr().err
    # one picture alone is no set
    assert main(["compare", str(picture), "--against", str(picture), "-o", str(tmp_path / "q")]) == 2
    assert "At least two pictures" in capsys.readouterr().err
    assert not (tmp_path / "q").exists()
