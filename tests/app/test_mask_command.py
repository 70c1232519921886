"""`microloom mask`: bad input first, then what is in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core.masks.files import read_mask


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "needs a layer"),
        (["--gradient", "0.1:0.3"], "names no axis"),
        (["--gradient", "w:0.1:0.3"], "names no axis"),
        (["--gradient", "z:0.1"], "2 numbers"),
        (["--gradient", "z:0.1:3"], "at most 1"),
        (["--gradient", "z:0.1:0.3:wobbly"], "Easing"),
        (["--gradient", "z:nan:0.3"], "2 numbers"),
        (["--uniform", "much"], "a number"),
        (["--uniform", "-0.1"], "at least 0"),
        (["--band", "z:2.5:0.1:0.3"], "2.5 pairs"),
        (["--band", "z:0:0.1:0.3"], "at least 1"),
        (["--stack", "z:1*0.1,2"], "is no layer"),
        (["--stack", "z"], "names no axis"),
        (["--sphere", "0.5"], "2 numbers"),
        (["--blobs", "0.001:0.1:0.5"], "at least 0.04"),
        (["--from", "nothing.tif"], "does not exist"),
        (["--uniform", "0.3", "--operation", "divide"], "no operation"),
        (["--uniform", "0.3", "--smooth", "2"], "out of range"),
        (["--uniform", "0.3", "--voxel-size", "3 apples"], "apples"),
        (["--uniform", "0.3", "--range", "0:2", "--from", "mask.tif"], "does not exist"),
    ],
)
def test_bad_input_gets_one_line_and_leaves_nothing(
    options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mask.tif"
    assert main(["mask", "--shape", "8", "-o", str(path), *options]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and said.out == ""
    assert not path.exists()


def test_a_shape_is_needed_and_another_suffix_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mask", "--uniform", "0.3", "-o", str(tmp_path / "m.tif")]) == 2
    assert main(["mask", "--shape", "0", "--uniform", "0.3", "-o", str(tmp_path / "m.tif")]) == 2
    assert main(["mask", "--shape", "8", "--uniform", "0.3", "-o", str(tmp_path / "m.png")]) == 2
    assert ".tif" in capsys.readouterr().err


def test_a_file_that_is_there_is_not_replaced_without_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mask.tif"
    path.write_bytes(b"mine")
    given = ["mask", "--shape", "4", "--uniform", "0.3", "-o", str(path)]
    assert main(given) != 0 and path.read_bytes() == b"mine"
    assert main([*given, "--force"]) == 0
    assert read_mask(path).mean == pytest.approx(0.3)


def test_a_gradient_is_written_exactly_with_its_voxel_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mask.tif"
    given = ["mask", "--shape", "10,6,4", "--gradient", "z:0.1:0.3", "--voxel-size", "10nm", "-o", str(path)]
    assert main(given) == 0
    mask = read_mask(path)
    assert mask.shape == (10, 6, 4)
    wanted = 0.1 + 0.2 * (np.arange(10) + 0.5) / 10
    assert np.allclose(mask.fraction, wanted[:, None, None], atol=1e-7)
    assert mask.voxel_size == pytest.approx((1e-8,) * 3)
    assert "mean target fraction: 0.2000" in capsys.readouterr().out


def test_a_name_that_ends_in_zarr_makes_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mask.ome.zarr"
    given = ["mask", "--shape", "4,5,6", "--gradient", "x:0.1:0.3", "--voxel-size", "10nm", "-o", str(path)]
    assert main(given) == 0 and path.is_dir()
    assert main([*given[:-1], str(tmp_path / "mask.tif")]) == 0
    found, same = read_mask(path), read_mask(tmp_path / "mask.tif")
    assert np.array_equal(found.fraction, same.fraction) and found.voxel_size == pytest.approx((1e-8,) * 3)
    assert main(given) != 0, "it is there already"
    # it is a layer of another
    again = ["mask", "--shape", "4,5,6", "--from", str(path), "-o", str(tmp_path / "again.tif")]
    assert main(again) == 0
    assert np.array_equal(read_mask(tmp_path / "again.tif").fraction, found.fraction)


def test_layers_lie_over_each_other_in_the_order_given(tmp_path: Path) -> None:
    path = tmp_path / "mask.tif"
    layers = ["--uniform", "0.2", "--sphere", "0.6:0.3", "--band", "x:1:0.1:0.5"]
    assert main(["mask", "--shape", "12", *layers, "--operation", "max", "-o", str(path)]) == 0
    z, y, x = np.meshgrid(*[np.arange(12) - 5.5] * 3, indexing="ij")
    ball = np.where(z**2 + y**2 + x**2 <= 3.6**2, 0.6, 0.2)
    wanted = np.maximum(ball, np.where(x < 0, 0.1, 0.5))
    assert np.allclose(read_mask(path).fraction, wanted, atol=1e-7)


def test_a_picture_becomes_a_mask_and_the_same_seed_the_same_blobs(tmp_path: Path) -> None:
    picture = np.array([[0, 255], [51, 102]], np.uint8)
    tifffile.imwrite(tmp_path / "p.tif", picture)
    path = tmp_path / "mask.tif"
    given = ["mask", "--shape", "3,2,2", "--from", str(tmp_path / "p.tif"), "--range", "0.1:0.6", "-o", str(path)]
    assert main([*given, "--invert"]) == 0
    assert np.allclose(read_mask(path).fraction, 1 - (0.1 + 0.5 * picture / 255), atol=1e-6)
    for name in ("a.tif", "b.tif"):
        given = ["mask", "--shape", "16", "--blobs", "0.3:0.1:0.5", "--seed", "7", "-o", str(tmp_path / name)]
        assert main(given) == 0
    assert np.array_equal(read_mask(tmp_path / "a.tif").fraction, read_mask(tmp_path / "b.tif").fraction)
