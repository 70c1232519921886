"""Grey volumes that memory does not hold: sampled and written on the disk, ended and gone on with, to the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from core.errors import InputError, JobError
from core.generation.block_writing import part_path, unfinished, write_by_blocks
from core.images.grey_volume import is_grey_store, open_grey_volume
from core.job import finish
from core.reconstruction.diffusion import grey_model, planes
from core.reconstruction.diffusion.grey_model import EmergingGrey, GreyModel
from core.reconstruction.to_disk import keeping, sampled_share, sampling_beside
from tests.core.reconstruction.diffusion.tiny import tiny_denoiser

SIZE = (4, 6, 66)


def model(**changed: Any) -> GreyModel:
    """Of one class; its weights are random but not zero."""
    card = {
        "engine": "diffusion", "name": "blocks", "grey": {"low": 300, "high": 5000, "type": "uint16"}, "classes": [],
        "settings": {}, "pixel_size": 2e-6, "seed": 0,
        "provenance": {"made_by": "train", "settings": {}, "inputs": [], "input_hashes": [], "versions": {}},
    }  # fmt: skip
    return GreyModel(tiny_denoiser(told=False), {**card, **changed})


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks of sections, and batches in each."""
    monkeypatch.setitem(planes.PIXELS_AT_ONCE, "cpu", 4 * 14 * 76)
    monkeypatch.setattr(planes, "BLOCK", 6 * 14 * 76)
    # what reaches the disk when is the system's affair, and slow
    monkeypatch.setattr(np.memmap, "flush", lambda _self: None)


@pytest.mark.parametrize(("kind", "name"), [("uint8", "v.tif"), ("uint16", "v.ome.zarr"), ("float32", "v.tif")])
def test_the_voxels_are_those_of_memory(kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    high = 200 if kind == "uint8" else 5000
    known = model(grey={"low": 20, "high": high, "type": kind})
    in_memory = finish(known.volume(SIZE, 3))
    monkeypatch.setattr(grey_model, "beyond_memory", lambda _size: True)
    with pytest.raises(JobError, match="does not fit into memory"):
        finish(known.volume(SIZE, 3))
    reports: list[Any] = []
    recipe = finish(known.grey_recipe(SIZE, 3), reports.append)
    # it is seen emerging there too
    seen = [one.preview for one in reports if isinstance(one, EmergingGrey) and one.preview is not None]
    assert len(seen) == 3 and reports[0].what == "Generating on the disk"
    assert seen[-1].shape == SIZE and seen[-1].dtype == np.dtype(kind)
    found = open_grey_volume(finish(write_by_blocks(recipe, tmp_path / name, block=64)))
    assert found is not None and found.dtype == np.dtype(kind) and found.shape == SIZE
    assert np.array_equal(found.whole(), in_memory.grey)
    assert found.voxel_size == pytest.approx((2e-6,) * 3)
    assert is_grey_store(tmp_path / name) == name.endswith("zarr")


def test_a_sampling_that_was_ended_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grey_model, "beyond_memory", lambda _size: True)
    known, path = model(), tmp_path / "v.tif"
    ended = known.grey_recipe(SIZE, 3, **keeping(known, path, resume=True))
    while (sampled_share(path) or 0) < 0.3:
        assert isinstance(next(ended), EmergingGrey)
    next(ended)  # in the middle of a turn
    ended.close()
    assert 0.3 <= (sampled_share(path) or 0) < 1
    with pytest.raises(InputError, match="it differs in: seed"):
        finish(known.grey_recipe(SIZE, 4, **keeping(known, path, resume=True)))
    # memory has room again: what is there goes on all the same
    monkeypatch.setattr(grey_model, "beyond_memory", lambda _size: False)
    recipe = finish(known.grey_recipe(SIZE, 3, **keeping(known, path, resume=True)))
    assert sampled_share(path) == 1
    # the writing is ended too, after its first block, and goes on
    writing = write_by_blocks(recipe, path, block=64)
    while unfinished(path) in (None, 0.0):
        next(writing)
    writing.close()
    assert part_path(path).is_file() and sampling_beside(path).is_dir()
    again = finish(known.grey_recipe(SIZE, 3, **keeping(known, path, resume=True)))
    finish(write_by_blocks(again, path, block=64, resume=True))
    assert np.array_equal(tifffile.imread(path), finish(known.volume(SIZE, 3)).grey)
    assert not sampling_beside(path).exists() and not part_path(path).exists()


def test_another_class_does_not_go_on_with_what_is_there(tmp_path: Path) -> None:
    classes = [{"name": "a"}, {"name": "b"}]
    known, path = GreyModel(tiny_denoiser(2, told=False), model(classes=classes).card), tmp_path / "v.tif"
    writing = write_by_blocks(finish(known.of_class("a").grey_recipe(SIZE, 3)), path, block=64)
    while unfinished(path) in (None, 0.0):
        next(writing)
    writing.close()
    with pytest.raises(InputError, match="begun as another volume"):
        finish(write_by_blocks(finish(known.of_class("b").grey_recipe(SIZE, 3)), path, resume=True))
