"""microloom measure with further statistics."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from app.__main__ import main
from core.statistics.descriptors import DESCRIPTORS


def write(path: Path, shape: tuple[int, ...], seed: int) -> Path:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 2, mode="wrap")
    tifffile.imwrite(path, (smooth > 0.3 * smooth.std()).astype(np.uint8))
    return path


def test_statistics_reach_report_and_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume, picture = write(tmp_path / "v.tif", (32, 32, 32), 1), write(tmp_path / "p.tif", (96, 96), 2)
    folder = tmp_path / "m"
    asked = ["measure", str(volume), "--against", str(picture), "-o", str(folder), "--statistics", "s2,cluster,euler"]
    assert main(asked) == 0
    said = capsys.readouterr()
    assert "Measuring: Cluster function C₂" in said.err
    assert "Euler number (the volume's sections): " in said.out
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert list(report["statistics"]) == ["s2", "cluster", "euler"]
    assert report["statistics"]["cluster"]["curves"]["cluster"]["band"]["low"]
    with (folder / "curves.csv").open(encoding="utf-8", newline="") as file:
        assert "cluster_mean" in next(csv.reader(file))
    assert "Further statistics" in (folder / "report.html").read_text(encoding="utf-8")


def test_all_of_them_without_an_exemplar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = write(tmp_path / "p.tif", (64, 64), 2)
    assert main(["measure", str(picture), "-o", str(tmp_path / "m"), "--statistics", "all", "--quiet"]) == 0
    report = json.loads((tmp_path / "m" / "report.json").read_text(encoding="utf-8"))
    assert list(report["statistics"]) == [one.name for one in DESCRIPTORS]
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_an_unknown_name_is_refused_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", str(tmp_path / "none.tif"), "-o", str(tmp_path / "m"), "--statistics", "s2,porosity"]) == 2
    said = capsys.readouterr().err
    assert "no statistic 'porosity'" in said and "lineal-path" in said


def test_the_list_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", "--list-statistics"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [one.name for one in DESCRIPTORS]


def test_a_folder_is_one_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    for seed in (1, 2):
        write(folder / f"v_seed{seed}.tif", (24, 24, 24), seed)
    (folder / "torn.tif").write_bytes(b"II*\x00 no picture")
    against = write(tmp_path / "p.tif", (96, 96), 3)
    out = tmp_path / "m"
    asked = ["measure", str(folder), "--against", str(against), "-o", str(out), "--statistics", "euler", "--each"]
    asked += ["--properties", "conductivity", "--conductivity", "0=1", "--conductivity", "1=0.1", "--axis", "z"]
    assert main(asked) == 1
    said = capsys.readouterr()
    assert said.err.count("torn.tif") == 1 and "1 of 3 files could not be measured" in said.err
    assert "Measuring files 3 of 3" in said.err and "Conductivity along z" in said.out
    with (out / "runs.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["name"] for line in lines] == ["torn.tif", "v_seed1.tif", "v_seed2.tif"]
    assert lines[0]["problem"] and not lines[1]["problem"]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["failed"] == ["torn.tif"]
    # the same numbers as in each file's own report
    own = json.loads((out / "v_seed1.tif.report" / "report.json").read_text(encoding="utf-8"))
    row = report["entries"][1]["quantities"]
    assert row["epsilon_s2"] == own["s2"]["epsilon_percent"] / 100
    assert row["conductivity.z"] == own["properties"]["conductivity"]["per_axis"]["z"]
    assert row["euler.density_6"] == own["statistics"]["euler"]["numbers"]["density_6"]["found"]
    assert 'href="v_seed1.tif.report/report.html"' in (out / "report.html").read_text(encoding="utf-8")
    assert main(asked) == 2 and "exists already" in capsys.readouterr().err


def test_a_folder_of_nothing_and_each_of_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["measure", str(tmp_path / "empty"), "-o", str(tmp_path / "m")]) == 2
    assert "holds no volume or picture" in capsys.readouterr().err
    assert main(["measure", str(write(tmp_path / "p.tif", (64, 64), 1)), "--each", "-o", str(tmp_path / "m")]) == 2
    assert "--each is for a folder" in capsys.readouterr().err
