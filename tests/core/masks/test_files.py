"""Masks to disk and back to the bit; pictures and stacks imported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.errors import InputError, OutputExistsError
from core.masks import Mask
from core.masks.files import read_mask, write_mask
from core.provenance import Provenance


@pytest.mark.parametrize("shape", [(1, 5, 6), (4, 1, 6), (4, 5, 1), (7, 3, 4), (1, 1, 1)])
def test_a_mask_comes_back_to_the_bit(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    field = np.random.default_rng(0).random(shape).astype(np.float32)
    mask = Mask(field, (1.5e-9, 2e-9, 2.5e-9), "m", Provenance("test", settings={"a": 1}))
    back = read_mask(write_mask(mask, tmp_path / "m.tif"))
    assert np.array_equal(back.fraction, field)
    assert back.voxel_size == mask.voxel_size
    assert back.provenance.inputs == (mask.provenance,)
    with pytest.raises(OutputExistsError):
        write_mask(mask, tmp_path / "m.tif")


def test_other_programs_see_its_size(tmp_path: Path) -> None:
    mask = Mask(np.zeros((2, 3, 4), np.float32), (3e-6, 2e-6, 1e-6), "m", Provenance("test"))
    with tifffile.TiffFile(write_mask(mask, tmp_path / "m.tif")) as tif:
        assert tif.imagej_metadata is not None
        assert tif.imagej_metadata["spacing"] == pytest.approx(3.0)
        x, y = (tif.pages[0].tags[name].value for name in ("XResolution", "YResolution"))
    assert x[0] / x[1] == pytest.approx(1.0) and y[0] / y[1] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 51, 255]], np.uint8), [0.1, 0.2, 0.6]),
        (np.array([[0, 1, 1]], np.uint8), [0.1, 0.6, 0.6]),
        (np.array([[0, 13107, 65535]], np.uint16), [0.1, 0.2, 0.6]),
        (np.array([[-2.0, 0.0, 2.0]], np.float32), [0.1, 0.35, 0.6]),
        (np.array([[0.25, 0.5, 1.0]], np.float32), [0.25, 0.5, 1.0]),
    ],
)
def test_a_picture_becomes_fractions(tmp_path: Path, array: np.ndarray, expected: list[float]) -> None:
    path = tmp_path / "picture.tif"
    tifffile.imwrite(path, np.repeat(array, 5, axis=0))
    mask = read_mask(path, low=0.1, high=0.6, axis=2)
    assert mask.shape == (5, 3, 1)
    assert np.allclose(mask.fraction[0, :, 0], expected, atol=1e-6)


def test_a_stack_is_a_volume(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    stack = np.random.default_rng(0).integers(0, 256, (6, 7, 8)).astype(np.uint8)
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"})
    assert np.allclose(read_mask(path).fraction, stack / 255, atol=1e-6)


def test_what_cannot_be_a_mask_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nan.tif"
    tifffile.imwrite(path, np.array([[0, np.nan]], np.float32))
    with pytest.raises(InputError, match="finite"):
        read_mask(path)
    (tmp_path / "bad.tif").write_bytes(b"no picture")
    with pytest.raises(InputError):
        read_mask(tmp_path / "bad.tif")
    mask = Mask(np.zeros((1, 1, 1), np.float32), None, "m", Provenance("test"))
    with pytest.raises(InputError, match=r"\.tif"):
        write_mask(mask, tmp_path / "m.png")
