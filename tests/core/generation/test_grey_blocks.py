"""Grey volumes written block by block: coarser levels, what a broken disk took, and who may open them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from core.errors import InputError
from core.generation.block_writing import journal_path, part_path, unfinished, write_by_blocks
from core.generation.recipe import Recipe
from core.images.big_tiff import GREY_END
from core.images.grey_volume import is_grey_store, open_grey_volume
from core.images.pyramid import halved_grey
from core.images.tiff_volume import is_block_tiff
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.reconstruction.diffusion.sampled_model import cut_out
from tests.core.generation.recipes import fake_recipe

SIZE = (66, 130, 40)


def values(kind: str = "uint16") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 250, SIZE).astype(kind) * np.dtype(kind).type(1)


def recipe(grey: np.ndarray) -> Recipe:
    return fake_recipe(SIZE, make_tile=lambda start, edge: cut_out(grey, start, edge), phases=(), dtype=str(grey.dtype))


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_a_coarse_voxel_is_the_mean_of_its_cell(kind: str) -> None:
    grey = np.random.default_rng(1).integers(0, 200, (5, 4, 3)).astype(kind)
    found = halved_grey(grey)
    assert found.shape == (3, 2, 2) and found.dtype == grey.dtype
    padded = np.pad(grey, [(0, 1), (0, 0), (0, 1)], mode="edge").astype(float)
    for z, y, x in np.ndindex(found.shape):
        mean = padded[2 * z : 2 * z + 2, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean()
        assert found[z, y, x] == (np.float32(mean) if kind == "float32" else np.rint(mean))


def test_levels_metadata_and_that_it_is_no_volume_of_labels(tmp_path: Path) -> None:
    grey = values("uint8")
    path = finish(write_by_blocks(recipe(grey), tmp_path / "v.ome.zarr", block=64))
    store = zarr.open_group(path, mode="r")
    assert np.array_equal(store["0"][:], grey) and np.array_equal(store["1"][:], halved_grey(grey))
    told = dict(store.attrs)["microloom"]
    assert told["grey"] == "uint8" and told["complete"] is True and "phases" not in told
    assert is_grey_store(path)
    with pytest.raises(InputError, match="grey values, not labels"):
        open_zarr(path)
    stack = finish(write_by_blocks(recipe(grey), tmp_path / "v.tif"))
    assert not is_block_tiff(stack) and stack.read_bytes().endswith(GREY_END)
    found = open_grey_volume(stack)
    assert found is not None and np.array_equal(found.whole(), grey)
    assert found.voxel_size == pytest.approx((2e-9, 3e-9, 4e-9))


@pytest.mark.parametrize("name", ["v.ome.zarr", "v.tif"])
def test_what_was_lost_is_made_again(name: str, tmp_path: Path) -> None:
    grey = values()
    made, path = recipe(grey), tmp_path / name
    writing = write_by_blocks(made, path, block=64)
    while (unfinished(path) or 0) < 0.5:
        next(writing)
    writing.close()
    assert journal_path(path).is_file()
    part = part_path(path)
    if part.is_dir():
        next(file for file in sorted(part.rglob("*")) if file.is_file() and file.name != "zarr.json").write_bytes(b"")
    else:
        # a value in the first block
        with part.open("r+b") as file:
            place = part.read_bytes().index(grey[0, 0].tobytes())
            file.seek(place)
            file.write(b"\xff\xff")
    found = open_grey_volume(finish(write_by_blocks(made, path, block=64, resume=True)))
    assert found is not None and np.array_equal(found.whole(), grey)
