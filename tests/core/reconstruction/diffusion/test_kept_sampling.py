"""A sampling on the disk that is ended and goes on: the same bits as an unbroken one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError, OutputExistsError
from core.generation.block_writing import write_by_blocks
from core.images.reading import read_volume
from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.masks import stretched
from core.masks.mask import Mask
from core.provenance import Provenance
from core.reconstruction.anchors import Anchor
from core.reconstruction.diffusion import model as models
from core.reconstruction.diffusion import planes
from core.reconstruction.diffusion.kept_sampling import KeptSampling
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.diffusion.planes import Wanted, sampling_volume
from core.reconstruction.diffusion.shelf import Shelf
from core.reconstruction.to_disk import keeping, sampled_share, sampling_beside
from tests.core.reconstruction.diffusion.test_planes import made
from tests.core.reconstruction.diffusion.test_restoring import THREE, card
from tests.core.reconstruction.diffusion.tiny import tiny_denoiser

WANTED = Wanted((6, 8, 10), 3, fractions=(0.4,))


def shelf(folder: Path, identity: str = "one", *, resume: bool = True) -> Shelf:
    kept = Shelf(on_disk=True, kept=KeptSampling(folder, resume))
    kept.begin({"what": identity})
    return kept


@pytest.mark.parametrize(
    "changed",
    [{}, {"sampler": "dpm-solver++"}, {"sampler": "sde-dpm-solver++"}, {"bound_weight": 0.001, "planes": "together"}],
)
def test_wherever_it_ends_it_goes_on_to_the_same_bits(
    changed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    denoiser = tiny_denoiser(**changed)
    monkeypatch.setitem(planes.PIXELS_AT_ONCE, "cpu", 2 * 16 * 18)
    monkeypatch.setattr(planes, "BLOCK", 8 * 16 * 18)
    # what reaches the disk when is the system's affair, and slow
    monkeypatch.setattr(np.memmap, "flush", lambda _self: None)
    whole = made(denoiser, WANTED)
    count = sum(1 for _ in sampling_volume(denoiser, WANTED))
    # in the middle of a turn, and of the passes of a step
    folder = tmp_path / "s"
    job = sampling_volume(denoiser, WANTED, shelf=shelf(folder))
    for _ in range(count // 2):
        next(job)
    job.close()
    again = shelf(folder)
    assert 2 <= again.done < 6
    assert np.array_equal(made(denoiser, WANTED, shelf=again), whole)
    if changed:
        return
    # what is done with the field afterwards spoils nothing
    done = shelf(folder)
    assert done.done == 6
    field = made(denoiser, WANTED, shelf=done)
    field[...] = 7
    assert np.array_equal(made(denoiser, WANTED, shelf=shelf(folder)), whole)
    # a file that is lost: it begins anew
    (folder / "1").unlink()
    lost = shelf(folder)
    assert lost.done == 0 and np.array_equal(made(denoiser, WANTED, shelf=lost), whole)


def test_another_volume_and_an_unasked_new_begin_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "s"
    finish(sampling_volume(tiny_denoiser(), WANTED, shelf=shelf(place)))
    assert KeptSampling(place).share == 1
    with pytest.raises(InputError, match="it differs in: what"):
        shelf(place, "other")
    with pytest.raises(OutputExistsError, match="--resume"):
        shelf(place, resume=False)
    assert Shelf(on_disk=True, kept=KeptSampling(place, overwrite=True)).keeps
    KeptSampling(place, overwrite=True).begin({"what": "other"})
    assert KeptSampling(place).share == 0
    (place / "sampling.json").write_text("{", encoding="utf-8")
    assert KeptSampling(place).share is None
    with pytest.raises(InputError, match="cannot be read"):
        shelf(place)


def test_a_volume_is_gone_on_with_until_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = DiffusionModel(tiny_denoiser(), card())
    path, size = tmp_path / "v.tif", (16, 18, 20)
    in_memory = finish(model.generate(size, 2))
    monkeypatch.setattr(models, "beyond_memory", lambda _size: True)
    ended = model.recipe(size, 2, **keeping(model, path, resume=True))
    for _ in range(8):
        next(ended)
    ended.close()
    assert 0 < (sampled_share(path) or 0) < 1 and sampling_beside(path).is_dir()
    # memory has room again: what is there goes on all the same
    monkeypatch.setattr(models, "beyond_memory", lambda _size: False)
    recipe = finish(model.recipe(size, 2, **keeping(model, path, resume=True)))
    assert sampled_share(path) == 1
    written = read_volume(finish(write_by_blocks(recipe, path)))
    assert np.array_equal(written.labels, in_memory.labels)
    assert not sampling_beside(path).exists() and sampled_share(path) is None
    assert keeping(model, None, resume=True) == {}


@pytest.mark.parametrize(("phases", "field", "anchored"), [(2, "rough", False), (3, "two layers", True)])
def test_a_mask_is_followed_on_the_disk_to_the_same_labels_also_after_a_kill(
    phases: int, field: str, anchored: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size, draw = (10, 12, 16), np.random.default_rng(2)
    values = np.array([0.2, 0.6]).reshape(1, 1, 2) if field == "two layers" else draw.random((14, 9, 16))
    mask = Mask(values.astype(np.float32), None, field, Provenance("drawn"))
    shares = {"exemplar_fractions": [0.2, 0.5, 0.3], "exemplar_fraction": 0.3, "volume_fraction": 0.3}
    told = {"volume_phase": 0} if phases == 2 else {"phases": THREE, "volume_phase": 2, **shares}
    model = DiffusionModel(tiny_denoiser(channels=1 if phases == 2 else 3), card(**told))
    section = draw.integers(phases, size=(10, 16)).astype(np.uint8)
    image = PhaseImage(section, default_phases(phases), 1e-7, "given", Provenance("read"))
    # whole vectors of numbers in a section, and a section at a time: see the test of blocks
    asked: dict[str, Any] = {"mask": mask, "periodic": (False, True, False)}
    asked |= {"anchors": [Anchor(1, 7, image)]} if anchored else {}
    monkeypatch.setitem(planes.PIXELS_AT_ONCE, "cpu", 1)
    in_memory = finish(model.generate(size, 2, **asked))
    monkeypatch.setattr(models, "beyond_memory", lambda _size: True)
    monkeypatch.setattr(planes, "BLOCK", 2 * 18 * 24)
    monkeypatch.setattr(stretched, "_AT_ONCE", 3 * 18 * 24)
    monkeypatch.setattr(np.memmap, "flush", lambda _self: None)
    path = tmp_path / "v.ome.zarr"
    ended = model.recipe(size, 2, **asked, **keeping(model, path, resume=True))
    while (sampled_share(path) or 0) < 0.5:
        next(ended)
    next(ended)
    ended.close()
    with pytest.raises(InputError, match="it differs in: mask"):
        finish(model.recipe(size, 2, **{**asked, "mask": mask.inverted()}, **keeping(model, path, resume=True)))
    # nothing of the mask is looked for again but its levels
    recipe = finish(model.recipe(size, 2, **asked, **keeping(model, path, resume=True)))
    assert np.array_equal(finish(recipe.volume()).labels, in_memory.labels)
    assert recipe.identity["volume_fraction"] == in_memory.provenance.settings["volume_fraction"]
    if anchored:
        assert np.array_equal(in_memory.labels[:, 7], section)


def test_several_phases_are_sampled_on_the_disk_to_the_same_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {"exemplar_fractions": [0.2, 0.5, 0.3], "exemplar_fraction": 0.3, "volume_fraction": 0.3}
    model = DiffusionModel(tiny_denoiser(channels=3), card(phases=THREE, volume_phase=2, **shares))
    asked: dict[str, Any] = {"volume_fraction": 0.4}
    in_memory = finish(model.generate((10, 12, 14), 2, **asked))
    monkeypatch.setattr(models, "beyond_memory", lambda _size: True)
    recipe = finish(model.recipe((10, 12, 14), 2, **asked))
    assert np.array_equal(finish(recipe.volume()).labels, in_memory.labels)
    assert in_memory.fractions[2] == pytest.approx(0.4, abs=1e-3)
