"""Volumes that pass from one seed's into another's, and volumes whose fraction is exact."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.generation.block_writing import unfinished, write_by_blocks
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.reconstruction.swnn import exactness
from core.reconstruction.swnn import model as room
from core.reconstruction.swnn.exactness import looked_at
from core.reconstruction.swnn.model import SwnnModel
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.towards import Ramp, Towards
from tests.core.reconstruction.models import TINY, tiny_model
from tests.core.reconstruction.swnn.test_serving import field_of

SIZE = (40, 34, 36)


@pytest.fixture(scope="module")
def model() -> SwnnModel:
    made = tiny_model()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "CALIBRATION_SIZE", (64, 64, 64))
        finish(made.generate((8, 8, 8), 0))
    return made


def test_the_weight_leads_from_one_volume_to_the_other(model: SwnnModel) -> None:
    weights = np.linspace(0, 1, 5)
    volumes = [finish(model.generate(SIZE, 1, towards=Towards(2, float(w)))).labels for w in weights]
    assert np.array_equal(volumes[0], finish(model.generate(SIZE, 1)).labels)
    assert np.array_equal(volumes[-1], finish(model.generate(SIZE, 2)).labels)
    changed = [float((a != b).mean()) for a, b in pairwise(volumes)]
    # in small steps, and none of them is most of the way
    assert min(changed) > 0
    assert max(changed) < 0.5 * float((volumes[0] != volumes[-1]).mean())


def test_along_an_axis_it_begins_as_one_and_ends_as_the_other(model: SwnnModel) -> None:
    one, other = (finish(model.generate(SIZE, seed)).labels for seed in (1, 2))
    steps = field_of((np.arange(40) >= 20).astype(float)[:, None, None])
    mixed = finish(model.generate(SIZE, 1, towards=Towards(2, steps)))
    assert np.array_equal(mixed.labels[:8], one[:8])
    assert np.array_equal(mixed.labels[-8:], other[-8:])
    assert mixed.provenance.settings["towards"]["seed"] == 2
    ramp = finish(model.generate(SIZE, 1, towards=Towards(2, Ramp(0)))).labels
    like = [[float((part[at] == whole[at]).mean()) for whole in (one, other)]
            for part, at in ((ramp, slice(0, 8)), (ramp, slice(32, 40)))]  # fmt: skip
    assert like[0][0] > like[0][1] and like[1][1] > like[1][0]


def test_boxes_periods_and_blocks_agree_to_the_bit(model: SwnnModel, tmp_path: Path) -> None:
    """Whatever is asked for first, and also across the faces of a volume that repeats."""
    size = (40, 66, 30)
    asked = {"towards": Towards(2, Ramp(1)), "periodic": (True, False, False), "exact": True}
    recipe = finish(model.recipe(size, 1, **asked))  # type: ignore[arg-type]
    around, _ = finish(recipe.box((33, 5, 9), (30, 60, 21)))
    whole = finish(model.generate(size, 1, **asked)).labels  # type: ignore[arg-type]
    assert np.array_equal(around, whole[np.arange(33, 63) % 40][:, 5:65, 9:30])
    path = tmp_path / "v.ome.zarr"
    job = write_by_blocks(recipe, path, block=64, order=[1, 0])
    while not unfinished(path):
        next(job)
    job.close()
    again = finish(model.recipe(size, 1, **asked))  # type: ignore[arg-type]
    finish(write_by_blocks(again, path, block=64, resume=True))
    assert np.array_equal(open_zarr(path).volume().labels, whole)


@pytest.mark.parametrize(
    "asked", [{}, {"periodic": (True, True, False)}, {"volume_fraction": 0.37, "towards": Towards(9)}]
)
def test_an_exact_volume_has_the_fraction_to_the_voxel(model: SwnnModel, asked: dict[str, object]) -> None:
    wanted = asked.get("volume_fraction", model.card["volume_fraction"])
    volume = finish(model.generate((66, 40, 38), 5, exact=True, **asked))  # type: ignore[arg-type]
    assert abs(volume.fractions[1] - wanted) <= 1 / volume.labels.size  # type: ignore[operator]
    plain = finish(model.generate((66, 40, 38), 5, **asked))  # type: ignore[arg-type]
    assert volume.provenance.settings["exact"] is True and "exact" not in plain.provenance.settings
    # the field is the same: only the threshold moved, so that voxels change in one direction alone
    changed = volume.labels.astype(int) - plain.labels
    assert changed.any() and (changed.min() >= 0 or changed.max() <= 0)


def test_a_range_is_exact_at_every_fraction_and_a_mask_stays_as_calibrated(trained: SwnnModel) -> None:
    for fraction in (0.25, 0.47):
        volume = finish(trained.generate((48, 30, 30), 3, volume_fraction=fraction, exact=True))
        assert abs(volume.fractions[1] - fraction) <= 1 / volume.labels.size
    mask = field_of(np.array([0.3, 0.5])[:, None, None])
    one, other = (finish(trained.generate((20, 20, 20), 3, mask=mask, exact=exact)).labels for exact in (True, False))
    assert np.array_equal(one, other)


def test_few_tiles_stand_for_many(model: SwnnModel, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [part.start for part in looked_at((1024, 512, 640), (None, None, None))]
    assert len(set(places)) == exactness.MOST_TILES
    for axis, tiles in enumerate((16, 8, 10)):
        counts = np.bincount([place[axis] // 64 for place in places], minlength=tiles)
        assert counts.min() > 0 and counts.max() <= 3 * exactness.MOST_TILES / tiles
    monkeypatch.setattr(exactness, "MOST_TILES", 3)
    size = (70, 66, 130)
    volume = finish(model.generate(size, 5, exact=True))
    recipe = finish(model.recipe(size, 5, exact=True))
    part, _ = finish(recipe.box((3, 60, 65), (66, 6, 65)))
    assert np.array_equal(part, volume.labels[3:69, 60:66, 65:130])
    looked = [volume.labels[part.inside] for part in looked_at(size, (None, None, None))]
    share = sum(int(part.sum()) for part in looked) / sum(part.size for part in looked)
    assert share == pytest.approx(0.4, abs=1e-4)


def test_smaller_tiles_where_memory_ends(model: SwnnModel, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = SwnnModel.field

    def hungry(self: SwnnModel, seed: int, origin: room.Triple, size: room.Triple, *more: object) -> np.ndarray:
        if size[0] > 32:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
        return plain(self, seed, origin, size, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(SwnnModel, "field", hungry)
    volume = finish(model.generate((40, 34, 33), 0, exact=True))
    assert volume.provenance.settings["tile_edge"] == 32
    assert abs(volume.fractions[1] - 0.4) <= 1 / volume.labels.size


def test_a_mask_moves_the_mean_of_the_noise_of_a_published_network(model: SwnnModel) -> None:
    """SWNN, Sec. 3.3 and Fig. 12; and the fraction follows, while the threshold stays."""
    torch.manual_seed(1)
    settings = replace(TINY, levels=1, fine_convolutions=3)
    single = SwnnModel(SwnnNetwork(settings), {**model.card, "calibration": {"threshold": 0.05}}, np.linspace(-1, 1, 9))
    size, half = (48, 20, 20), field_of(np.full((1, 1, 1), 0.5))
    plain = finish(single.generate(size, 4)).labels
    assert np.array_equal(finish(single.generate(size, 4, mask=half, exact=True)).labels, plain)
    shares = [float(finish(single.generate(size, 4, mask=field_of(np.full((1, 1, 1), value)))).labels.mean())
              for value in (0.0, 0.25, 0.5, 0.75, 1.0)]  # fmt: skip
    steps = np.diff(shares)
    assert abs(shares[-1] - shares[0]) > 0.05 and ((steps > 0).all() or (steps < 0).all())
    # a sharp edge: far from it each side is as with its own mean everywhere
    edge = field_of((np.arange(48) >= 24).astype(float)[:, None, None])
    low, high = (finish(single.generate(size, 4, mask=field_of(np.full((1, 1, 1), v)))).labels for v in (0.0, 1.0))
    recipe = finish(single.recipe(size, 4, mask=edge))
    mixed, _ = finish(recipe.box((0, 0, 0), size))
    assert np.array_equal(mixed[:21], low[:21]) and np.array_equal(mixed[27:], high[27:])
    part, _ = finish(recipe.box((13, 5, 3), (20, 9, 11)))
    assert np.array_equal(part, mixed[13:33, 5:14, 3:14])
    assert recipe.identity["mask"]["says"] == "mean of the noise"
    # a model with more levels has no such published way
    with pytest.raises(InputError, match="one volume fraction"):
        finish(model.recipe(size, 4, mask=half))
