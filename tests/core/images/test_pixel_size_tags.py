"""Pixel size, info bar and notes from the tags of TIFF files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.images.reading import read_labels, read_micrograph
from core.images.values import Micrograph, Volume

GREY = np.random.default_rng(3).integers(0, 256, (60, 80), dtype=np.uint8)


def read(folder: Path, array: np.ndarray = GREY, **options: object) -> Micrograph:
    path = folder / "picture.tif"
    tifffile.imwrite(path, array, **options)
    return read_micrograph(path)


@pytest.mark.parametrize(
    ("unit", "metres"), [("nm", 1e-9), ("micron", 1e-6), ("um", 1e-6), ("\\u00B5m", 1e-6), ("mm", 1e-3)]
)
def test_imagej(tmp_path: Path, unit: str, metres: float) -> None:
    found = read(tmp_path, imagej=True, resolution=(4.0, 4.0), metadata={"unit": unit})
    assert found.pixel_size == pytest.approx(0.25 * metres, rel=1e-9)


@pytest.mark.parametrize("unit", ["pixel", "", "inch"])
def test_imagej_without_a_scale(tmp_path: Path, unit: str) -> None:
    # 72 dots per inch are what ImageJ makes of a picture from a screen
    assert read(tmp_path, imagej=True, resolution=(72.0, 72.0), metadata={"unit": unit}).pixel_size is None


def test_imagej_stack_has_a_voxel_size(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    labels = np.random.default_rng(0).integers(0, 2, (3, 8, 9), dtype=np.uint8)
    tifffile.imwrite(
        path, labels, imagej=True, resolution=(1 / 0.2, 1 / 0.3), metadata={"axes": "ZYX", "unit": "nm", "spacing": 0.5}
    )
    found = read_labels(path)
    assert isinstance(found, Volume)
    assert found.voxel_size == pytest.approx((0.5e-9, 0.3e-9, 0.2e-9), rel=1e-6)


def test_ome(tmp_path: Path) -> None:
    words = {"axes": "YX", "PhysicalSizeX": 12.5, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 12.5}
    found = read(tmp_path, ome=True, metadata=words | {"PhysicalSizeYUnit": "nm"})
    assert found.pixel_size == pytest.approx(12.5e-9, rel=1e-12)


def test_ome_says_micrometres_where_it_says_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, ome=True, metadata={"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5})
    assert found.pixel_size == pytest.approx(0.5e-6, rel=1e-12)
    assert "Pixels" not in found.notes


def test_pixels_that_are_not_square_are_said(tmp_path: Path) -> None:
    found = read(tmp_path, ome=True, metadata={"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 1.0})
    assert found.pixel_size == pytest.approx(0.5e-6)
    assert "2 times as high" in found.notes["Pixels"]


def fei(text: str) -> dict[str, object]:
    raw = text.replace("\n", "\r\n").encode() + b"\0"
    return {"extratags": [(34682, "s", len(raw), raw, True)]}


FEI = """[System]
SystemType=Versa 3D

[Beam]
HV=30000

[Scan]
PixelWidth={width}
PixelHeight={width}

[Image]
ResolutionX=80
ResolutionY={rows}
"""


def test_fei(tmp_path: Path) -> None:
    found = read(tmp_path, **fei(FEI.format(width="2.5e-09", rows=52)))
    assert found.pixel_size == 2.5e-9
    assert found.info_bar_row == 52
    assert found.notes["Instrument"] == "Versa 3D"
    assert found.notes["Voltage"] == "30 kV"


def test_fei_without_an_info_bar(tmp_path: Path) -> None:
    assert read(tmp_path, **fei(FEI.format(width="2.5e-09", rows=60))).info_bar_row is None


@pytest.mark.parametrize("width", ["0", "-1e-9", "wide", "1e30"])
def test_a_tag_that_makes_no_sense_says_nothing(tmp_path: Path, width: str) -> None:
    assert read(tmp_path, **fei(FEI.format(width=width, rows=60))).pixel_size is None


@pytest.mark.parametrize(("shown", "metres"), [("5.43 nm", 5.43e-9), ("1.25 µm", 1.25e-6), ("850 pm", 850e-12)])
def test_zeiss(tmp_path: Path, shown: str, metres: float) -> None:
    lines = ["0"] * 33 + ["3", "AP_MAG", "Mag = 500.00 K X", "AP_IMAGE_PIXEL_SIZE", f"Image Pixel Size = {shown}"]
    raw = "\r\n".join([*lines, "AP_WD", "WD = 6.2 mm", ""]).encode("cp1252") + b"\0"
    found = read(tmp_path, extratags=[(34118, "s", len(raw), raw, True)])
    assert found.pixel_size == pytest.approx(metres, rel=1e-9)
    assert found.notes["Instrument"] == "Zeiss SEM"
    assert found.notes["Magnification"] == "500.00 K X"


@pytest.mark.parametrize("dpi", [72, 96, 150, 300, 600, 1200])
def test_a_printers_dots_are_no_pixel_size(tmp_path: Path, dpi: int) -> None:
    assert read(tmp_path, resolution=(dpi, dpi), resolutionunit="inch").pixel_size is None
    assert read(tmp_path, resolution=(dpi / 2.54, dpi / 2.54), resolutionunit="centimeter").pixel_size is None


def test_a_microscopes_resolution_is_one(tmp_path: Path) -> None:
    found = read(tmp_path, resolution=(1 / 250e-7, 1 / 250e-7), resolutionunit="centimeter")
    assert found.pixel_size == pytest.approx(250e-9, rel=1e-6)


def test_a_resolution_without_a_unit_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, resolution=(40000, 40000), resolutionunit="none").pixel_size is None
