"""Data sets from the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from app.__main__ import main
from core.images.reading import read_labels


def test_a_folder_of_images_and_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "set"
    asked = ["synthesise", "fibres", "ceramic", "--count", "3", "--size", "48", "--fraction", "0.3", "--seed", "7"]
    assert main([*asked, "-o", str(folder), "--quiet"]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "truth.csv")
    with (folder / "truth.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["file"] for row in rows] == [
        f"{kind}/{kind}_{n}.tif" for kind in ("fibres", "ceramic") for n in range(3)
    ]
    read = read_labels(folder / rows[4]["file"])
    assert read.shape == (48, 48) and [phase.name for phase in read.phases] == ["Grains", "Walls"]
    assert float(rows[4]["fraction"]) == pytest.approx(0.3, abs=1e-3)
    assert main([*asked, "-o", str(folder), "--quiet"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([*asked, "-o", str(folder), "--quiet", "--force"]) == 0


def test_kinds_are_listed_and_others_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synthesise", "--list"]) == 0
    said = capsys.readouterr().out
    for key in ("polycrystal", "fibres", "spheres", "carbonate", "ceramic", "copolymer", "pmma"):
        assert f"{key}: " in said
    for wrong, words in (
        (["magic", "-o", str(tmp_path / "a")], "There is no kind 'magic'"),
        (["fibres"], "A kind and a folder are needed"),
        (["fibres", "-o", str(tmp_path / "a"), "--fraction", "2"], "Fraction"),
        (["copolymer", "-o", str(tmp_path / "a"), "--fraction", "0.1", "--count", "1"], "do not part"),
    ):
        assert main(["synthesise", *wrong]) == 2
        assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
