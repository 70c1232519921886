"""Masks as Zarr folders: back to the bit, seen by other programs, and refused where they are foreign or damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zarr

from core.errors import InputError, OutputExistsError
from core.images.values import Volume, default_phases
from core.images.zarr_volume import open_zarr, write_zarr
from core.masks import Mask
from core.masks.files import read_mask, write_mask
from core.provenance import Provenance


def mask(shape: tuple[int, int, int] = (70, 5, 130), size: tuple[float, float, float] | None = None) -> Mask:
    field = np.random.default_rng(0).random(shape).astype(np.float32)
    return Mask(field, size, "m", Provenance("test", settings={"a": [1, 2]}))


@pytest.mark.parametrize("shape", [(1, 5, 6), (4, 1, 6), (70, 5, 130), (1, 1, 1), (64, 64, 64)])
def test_a_mask_comes_back_to_the_bit(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    made = mask(shape, (1.5e-9, 1 / 3 * 1e-9, 2.5e-9))
    path = write_mask(made, tmp_path / "m.ome.zarr")
    for back in (read_mask(path), read_mask(path / "zarr.json")):
        assert np.array_equal(back.fraction, made.fraction) and back.fraction.dtype == np.float32
        assert back.voxel_size == made.voxel_size and back.provenance.inputs == (made.provenance,)
    assert read_mask(write_mask(mask(), tmp_path / "n.zarr")).voxel_size is None
    assert sorted(item.name for item in tmp_path.iterdir()) == ["m.ome.zarr", "n.zarr"]


def test_zeros_and_ones_are_written_too(tmp_path: Path) -> None:
    field = np.zeros((4, 4, 4), np.float32)
    field[2:] = 1
    path = write_mask(Mask(field, None, "m", Provenance("test")), tmp_path / "m.ome.zarr")
    assert np.array_equal(read_mask(path).fraction, field)


def test_other_programs_see_its_size(tmp_path: Path) -> None:
    path = write_mask(mask((4, 5, 6), (3e-6, 2e-6, 1e-6)), tmp_path / "m.ome.zarr")
    group = zarr.open_group(path, mode="r")
    multiscale = group.attrs["ome"]["multiscales"][0]  # type: ignore[index,call-overload]
    assert [(axis["name"], axis["unit"]) for axis in multiscale["axes"]] == [(name, "micrometer") for name in "zyx"]
    scale = multiscale["datasets"][0]["coordinateTransformations"][0]["scale"]
    assert scale == pytest.approx([3, 2, 1])
    # without the card's own size, OME's is taken
    text = json.loads((path / "zarr.json").read_text())
    del text["attributes"]["microloom"]["voxel_size_m"]
    (path / "zarr.json").write_text(json.dumps(text))
    assert read_mask(path).voxel_size == pytest.approx((3e-6, 2e-6, 1e-6))


def test_what_is_there_is_replaced_only_when_asked_and_only_a_zarr_folder(tmp_path: Path) -> None:
    path = write_mask(mask(), tmp_path / "m.ome.zarr")
    with pytest.raises(OutputExistsError):
        write_mask(mask((1, 2, 3)), path)
    assert read_mask(path).shape == (70, 5, 130)
    assert read_mask(write_mask(mask((1, 2, 3)), path, overwrite=True)).shape == (1, 2, 3)
    own = tmp_path / "photos.zarr"
    own.mkdir()
    (own / "cat.txt").write_text("mine")
    with pytest.raises(InputError, match="no Zarr folder"):
        write_mask(mask(), own, overwrite=True)
    assert (own / "cat.txt").read_text() == "mine"


def test_what_is_foreign_or_damaged_is_refused(tmp_path: Path) -> None:
    volume = Volume(np.ones((4, 4, 4), np.uint8), default_phases(2), None, "v", Provenance("test"))
    write_zarr(volume, tmp_path / "labels.ome.zarr")
    with pytest.raises(InputError, match="holds no mask, but a volume of labels"):
        read_mask(tmp_path / "labels.ome.zarr")
    group = zarr.open_group(tmp_path / "other.zarr", mode="w", zarr_format=3)
    group.create_array("0", shape=(2, 2, 2), dtype="float32")
    with pytest.raises(InputError, match=r"other\.zarr holds no mask\."):
        read_mask(tmp_path / "other.zarr")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_mask(tmp_path / "folder")
    (tmp_path / "folder" / "zarr.json").write_text("no JSON")
    with pytest.raises(InputError, match="folder is no Zarr folder that can be read"):
        read_mask(tmp_path / "folder")
    for damage, words in ((b"", "is damaged"), (b"nonsense", "is damaged"), (None, "a part of it is missing")):
        path = write_mask(mask(), tmp_path / "m.ome.zarr", overwrite=True)
        chunk = path / "0" / "c" / "1" / "0" / "2"
        chunk.unlink() if damage is None else chunk.write_bytes(damage)
        with pytest.raises(InputError, match=words):
            read_mask(path)
    path = write_mask(mask(), tmp_path / "m.ome.zarr", overwrite=True)
    (path / "0" / "zarr.json").unlink()
    with pytest.raises(InputError, match="damaged"):
        read_mask(path)
    with pytest.raises(InputError, match="not labels"):
        open_zarr(write_mask(mask(), tmp_path / "n.ome.zarr"))
    wrong = zarr.open_group(tmp_path / "flat.zarr", mode="w", zarr_format=3)
    wrong.attrs["microloom"] = {"mask": "target volume fraction"}
    wrong.create_array("0", shape=(2, 2), dtype="float32")
    with pytest.raises(InputError, match="which is no mask"):
        read_mask(tmp_path / "flat.zarr")
