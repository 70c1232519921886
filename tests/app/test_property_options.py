"""measure --properties: values in the report, in its table, and errors in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.command_line import run
from core.images.values import Phase, Volume
from core.images.writing import write_volume
from core.provenance import Provenance

HEAT = ("--conductivity", "0=1", "--conductivity", "1=2")
PHASES = (Phase("Solid", "#8A9099"), Phase("Pores", "#0072B2"))


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    """8 layers across z, 2 of pores, each 3 µm thick."""
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[3:5] = 1
    path = tmp_path / "layers.nrrd"
    write_volume(Volume(labels, PHASES, (3e-6,) * 3, "layers", Provenance("test")), path)
    return path


def report(folder: Path) -> dict:
    return dict(json.loads((folder / "report.json").read_text(encoding="utf-8"))["properties"])


def test_both_properties_are_in_the_report(layers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "report"
    command = ["measure", str(layers), "-o", str(folder), "--phase", "1", "--properties", "conductivity,permeability"]
    assert run([*command, "--conductivity", "0=1.4", "--conductivity", "1=0.026"]) == 0
    found = report(folder)
    heat, flow = found["conductivity"], found["permeability"]
    assert heat["unit"] == "W/(m·K)"
    assert heat["per_axis"]["z"] == pytest.approx(1 / (0.75 / 1.4 + 0.25 / 0.026), rel=1e-9)
    assert heat["per_axis"]["x"] == pytest.approx(0.75 * 1.4 + 0.25 * 0.026, rel=1e-9)
    np.testing.assert_allclose(heat["tensor"], np.diag(list(heat["per_axis"].values())), atol=1e-9)
    assert heat["relative_residual"] <= 1.1e-5 and heat["seconds"] > 0
    # a gap of two voxels: h² / 12 · (1 + 2 / h²), a quarter of the volume
    assert flow["voxel2"]["y"] == pytest.approx(4 / 12 * 1.5 / 4, rel=1e-4)
    assert flow["m2"]["y"] == pytest.approx(flow["voxel2"]["y"] * 9e-12)
    assert flow["m2"]["z"] == 0 and "nothing flows" in flow["notes"][0]
    assert flow["relative_residual"] <= 1.1e-5
    said = capsys.readouterr()
    assert "Conductivity along z: 0.09" in said.out and "Permeability along x: 1.1" in said.out
    assert "nothing flows" in said.err
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Permeability along x" in page and "darcy" in page and "nothing flows" in page


def test_one_axis_one_property(layers: Path, tmp_path: Path) -> None:
    command = ["measure", str(layers), "-o", str(tmp_path / "r"), "--properties", "conductivity", "--axis", "y"]
    assert run([*command, "--conductivity", "Solid=2", "--conductivity", "Pores=0", "--tolerance", "1e-8"]) == 0
    found = report(tmp_path / "r")
    assert set(found) == {"conductivity"}
    assert found["conductivity"]["per_axis"] == pytest.approx({"y": 1.5})
    assert found["conductivity"]["tensor"] is None
    assert found["conductivity"]["tortuosity"] == pytest.approx({"y": 1.0})


def test_elastic_moduli(layers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["measure", str(layers), "-o", str(tmp_path / "r"), "--properties", "elasticity", "--tolerance", "1e-9"]
    assert run([*command, "--modulus", "Solid=70GPa,0.22", "--modulus", "1=3e9, 0.35"]) == 0
    found = report(tmp_path / "r")["elasticity"]
    assert found["components"] == ["zz", "yy", "xx", "yx", "zx", "zy"]
    assert found["phases"]["Pores"] == {"youngs_modulus": 3e9, "poissons_ratio": 0.35}
    # shear across layers is that of springs in a row, along them that of springs side by side
    shear = [70e9 / 2.44, 3e9 / 2.7]
    assert found["stiffness"][4][4] == pytest.approx(1 / (0.75 / shear[0] + 0.25 / shear[1]), rel=1e-6)
    assert found["stiffness"][3][3] == pytest.approx(0.75 * shear[0] + 0.25 * shear[1], rel=1e-6)
    young = found["youngs_modulus"]["y"]
    assert f"Young's modulus along y: {young / 1e9:.4g} GPa" in capsys.readouterr().out
    told = (tmp_path / "r" / "methods.txt").read_text(encoding="utf-8")
    assert "[willot2015]" in told and "70 GPa and 0.22 for Solid" in told


def test_without_the_option_nothing_is_computed(layers: Path, tmp_path: Path) -> None:
    assert run(["measure", str(layers), "-o", str(tmp_path / "r")]) == 0
    assert json.loads((tmp_path / "r" / "report.json").read_text(encoding="utf-8"))["properties"] is None
    assert "<h2>Properties" not in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--conductivity", "0=1"], "--properties"),
        (["--properties", "colour"], "conductivity"),
        (["--properties", "conductivity"], "0 (Solid), 1 (Pores) is missing"),
        (["--properties", "conductivity", "--conductivity", "0"], "PHASE=VALUE"),
        (["--properties", "conductivity", "--conductivity", "7=1"], "no phase 7"),
        (["--properties", "conductivity", "--conductivity", "0=-1", "--conductivity", "1=1"], "cannot be -1"),
        (["--properties", "permeability", "--conductivity", "0=1"], "of no use"),
        (["--properties", "conductivity", *HEAT, "--pore-phase", "1"], "of no use"),
        (["--properties", "permeability", "--axis", "w"], "no axis"),
        (["--properties", "permeability", "--tolerance", "2"], "no tolerance"),
        (["--properties", "elasticity", "--modulus", "0=70GPa,0.2"], "1 (Pores) are missing"),
        (["--properties", "elasticity", "--modulus", "0=70GPa"], "PHASE=E,NU"),
        (["--properties", "elasticity", "--modulus", "0=7 apples,0.2"], "PHASE=E,NU"),
        (["--properties", "elasticity", "--modulus", "0=70GPa,0.5"], "cannot be 0.5"),
        (["--properties", "permeability", "--modulus", "0=1,0"], "of no use"),
    ],
)
def test_bad_options_are_one_line(
    layers: Path, tmp_path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", str(layers), "-o", str(tmp_path / "r"), "--quiet", *options]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0]
    assert not (tmp_path / "r").exists()
