"""Volumes as OME-Zarr: levels, metadata, reading, and folders that are none."""

from __future__ import annotations

import json
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from core.errors import InputError, OutputExistsError
from core.images.pyramid import coarser, halved, level_shapes
from core.images.reading import read_volume
from core.images.values import Phase, Volume, default_phases
from core.images.writing import write_volume
from core.images.zarr_volume import is_zarr, open_zarr
from core.provenance import Provenance


def made(shape: tuple[int, int, int] = (70, 65, 130), phases: int = 3) -> Volume:
    labels = np.random.default_rng(0).integers(0, phases, shape).astype(np.uint8)
    names = (Phase("Mätrix", "#8A9099"), Phase("Pores ∅", "#E69F00"), *default_phases(phases)[2:])[:phases]
    return Volume(labels, names, (1e-9, 2e-9, 5e-9), "made", Provenance("generate", seed=4))


@pytest.mark.parametrize("shape", [(4, 6, 2), (5, 3, 7), (1, 1, 9)])
@pytest.mark.parametrize("count", [2, 5])
def test_a_coarse_voxel_has_the_commonest_label(shape: tuple[int, int, int], count: int) -> None:
    labels = np.random.default_rng(count).integers(0, count, shape).astype(np.uint8)
    result = halved(labels)
    assert result.shape == tuple(-(-side // 2) for side in shape)
    padded = np.pad(labels, [(0, side % 2) for side in shape], mode="edge")
    for z, y, x in np.ndindex(result.shape):
        cell = padded[2 * z : 2 * z + 2, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
        votes = Counter(cell.reshape(-1).tolist())
        best = {label for label, n in votes.items() if n == max(votes.values())}
        assert result[z, y, x] == (cell[0, 0, 0] if cell[0, 0, 0] in best else min(best))


def test_blocks_are_made_coarser_alone() -> None:
    labels = made((70, 64, 190)).labels
    levels = 4
    whole = coarser((0, 0, 0), labels, levels)
    for z, x in product((0, 64), (0, 64, 128)):
        for (start, block), (_, full) in zip(
            coarser((z, 0, x), labels[z : z + 64, :, x : x + 64], levels), whole, strict=True
        ):
            box = tuple(slice(first, first + side) for first, side in zip(start, block.shape, strict=True))
            assert np.array_equal(full[box], block)


def test_levels_end_where_all_can_be_seen() -> None:
    assert level_shapes((128, 64, 1)) == ((128, 64, 1),)
    assert level_shapes((129, 100, 3)) == ((129, 100, 3), (65, 50, 2))
    assert level_shapes((1024,) * 3)[-1] == (128, 128, 128)
    assert len(level_shapes((100_000, 10, 10))) == 7


def test_a_volume_comes_back_as_it_was(tmp_path: Path) -> None:
    volume = made()
    path = write_volume(volume, tmp_path / "v.ome.zarr")
    back = read_volume(path)
    assert np.array_equal(back.labels, volume.labels)
    assert back.phases == volume.phases
    assert back.voxel_size == volume.voxel_size
    assert back.provenance.inputs[0].seed == 4
    with pytest.raises(OutputExistsError):
        write_volume(volume, path)
    write_volume(made((9, 8, 7)), path, overwrite=True)
    assert read_volume(path).shape == (9, 8, 7)
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"


def test_metadata_are_those_of_ome_ngff(tmp_path: Path) -> None:
    path = write_volume(made(), tmp_path / "v.ome.zarr")
    told = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
    assert told["zarr_format"] == 3 and told["node_type"] == "group"
    ome = told["attributes"]["ome"]
    assert ome["version"] == "0.5"
    (multiscale,) = ome["multiscales"]
    assert multiscale["axes"] == [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    fine, coarse = multiscale["datasets"]
    assert fine["path"] == "0"
    assert fine["coordinateTransformations"] == [{"type": "scale", "scale": pytest.approx([0.001, 0.002, 0.005])}]
    scale, shift = coarse["coordinateTransformations"]
    assert scale == {"type": "scale", "scale": pytest.approx([0.002, 0.004, 0.01])}
    assert shift == {"type": "translation", "translation": pytest.approx([0.0005, 0.001, 0.0025])}
    array = json.loads((path / "0" / "zarr.json").read_text(encoding="utf-8"))
    assert array["dimension_names"] == ["z", "y", "x"]
    assert array["codecs"][0]["name"] == "sharding_indexed"
    # any other program that reads Zarr sees the same
    assert np.array_equal(zarr.open_group(path, mode="r")["0"][:], made().labels)


def test_levels_can_be_read_alone(tmp_path: Path) -> None:
    stored = open_zarr(write_volume(made(), tmp_path / "v.ome.zarr"))
    assert stored.shapes == ((70, 65, 130), (35, 33, 65))
    assert np.array_equal(stored.volume(1).labels, halved(made().labels))
    assert stored.volume(1).voxel_size == (2e-9, 4e-9, 1e-8)
    assert np.array_equal(stored.read(0, (3, 4, 5), (6, 7, 8)), made().labels[3:9, 4:11, 5:13])
    assert stored.complete is True
    assert stored.fractions == made().fractions
    assert [stored.finest_within(n) for n in (70 * 65 * 130, 70 * 65 * 130 - 1, 1)] == [0, 1, 1]


def test_a_volume_beyond_memory_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core import devices

    path = write_volume(made(), tmp_path / "v.ome.zarr")
    monkeypatch.setattr(devices, "free_memory", lambda device="cpu": 7_000_000)
    assert open_zarr(path).volume().shape == (70, 65, 130)
    with pytest.raises(InputError, match=r"70 × 65 × 130 voxels, which take about 0\.0 GB"):
        read_volume(path)


def other_labels(path: Path) -> Any:
    group = zarr.open_group(path, mode="w", zarr_format=3)
    group.create_array("a", data=np.eye(3, dtype=np.uint8)[None].repeat(3, 0))
    return group


def test_what_another_program_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.zarr"
    group = other_labels(path)
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    data = [{"path": "a", "coordinateTransformations": [{"type": "scale", "scale": [3.0, 2.0, 1.0]}]}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": data}]}
    volume = read_volume(path)
    assert volume.labels.tolist() == np.eye(3)[None].repeat(3, 0).tolist()
    assert volume.voxel_size == pytest.approx((3e-9, 2e-9, 1e-9))
    assert len(volume.phases) == 2


@pytest.mark.parametrize(
    "ome",
    [None, 3, {}, {"multiscales": []}, {"multiscales": [{"axes": [], "datasets": []}]},
     {"multiscales": [{"axes": [{"name": "c"}], "datasets": [{"path": "a"}]}]},
     {"multiscales": [{"axes": [{"name": n} for n in "zyx"], "datasets": [{"path": "../../x"}]}]}],
)  # fmt: skip
def test_folders_that_hold_no_volume_are_refused(tmp_path: Path, ome: Any) -> None:
    path = tmp_path / "v.zarr"
    other_labels(path).attrs["ome"] = ome
    with pytest.raises(InputError):
        open_zarr(path)


def test_an_empty_or_missing_file_is_never_read_as_label_0(tmp_path: Path) -> None:
    path = write_volume(made((70, 65, 300)), tmp_path / "v.ome.zarr")
    near, far = (path / "0" / "c" / "0" / "0" / number for number in "01")
    expected = open_zarr(path).read(0, (0, 0, 0), (70, 65, 300))
    whole = far.read_bytes()
    for damage, said in (
        (lambda: far.write_bytes(b""), r"its file 0/c/0/0/1 is empty"),
        (far.unlink, r"its file 0/c/0/0/1 is missing"),
        (lambda: far.write_bytes(whole[:3]), r"its file 0/c/0/0/1 cannot be read"),
        (lambda: far.write_bytes(whole[:-1]), r"its file 0/c/0/0/1 cannot be read"),
        # a byte of a compressed chunk, which the index knows nothing of
        (lambda: far.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:]), r"0/c/0/0/1 cannot be read"),
    ):
        damage()
        stored = open_zarr(path)
        for origin, size in (((0, 0, 0), (70, 65, 300)), ((0, 0, 256), (64, 64, 44)), ((0, 0, 280), (1, 1, 1))):
            with pytest.raises(InputError, match=said) as caught:
                stored.read(0, origin, size)
            assert caught.value.remedy == "Copy it again, or make it again."
        with pytest.raises(InputError, match=said):
            read_volume(path)
        # the rest can still be read
        assert np.array_equal(stored.read(0, (0, 0, 0), (70, 65, 256)), expected[:, :, :256])
        far.write_bytes(whole)
    assert np.array_equal(open_zarr(path).read(0, (0, 0, 0), (70, 65, 300)), expected)
    near.write_bytes(b"")
    with pytest.raises(InputError, match="0/c/0/0/0 is empty"):
        open_zarr(path).volume()
    assert open_zarr(path).volume(1).shape == (35, 33, 150), "each level has its own files"


def test_a_volume_of_label_0_alone_has_all_of_its_files(tmp_path: Path) -> None:
    volume = Volume(np.zeros((3, 4, 300), np.uint8), default_phases(2), None, "0", Provenance("made"))
    path = write_volume(volume, tmp_path / "v.ome.zarr")
    assert not read_volume(path).labels.any()
    (path / "0" / "c" / "0" / "0" / "1").unlink()
    with pytest.raises(InputError, match="is missing"):
        read_volume(path)


def test_files_of_other_programs_may_be_missing_but_not_empty(tmp_path: Path) -> None:
    path = tmp_path / "other.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=3)
    labels = np.zeros((4, 4, 8), np.uint8)
    labels[:, :, 4:] = 1
    group.create_array("a", data=labels, chunks=(4, 4, 4), compressors=None)
    data = [{"path": "a", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1.0, 1.0]}]}]
    axes = [{"name": name, "type": "space"} for name in "zyx"]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": data}]}
    first, second = (path / "a" / "c" / "0" / "0" / number for number in "01")
    assert not first.exists() and second.exists()
    assert np.array_equal(open_zarr(path).volume().labels, labels)
    whole = second.read_bytes()
    for keep, said in ((0, "is empty"), (10, "cannot be read")):
        second.write_bytes(whole[:keep])
        with pytest.raises(InputError, match=f"its file a/c/0/0/1 {said}"):
            open_zarr(path).volume()


def test_a_folder_that_goes_away_does_not_read_as_label_0(tmp_path: Path) -> None:
    path = write_volume(made(), tmp_path / "v.ome.zarr")
    told = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
    told["attributes"]["microloom"]["complete"] = False
    (path / "zarr.json").write_text(json.dumps(told), encoding="utf-8")
    stored = open_zarr(path)
    path.rename(tmp_path / "other.ome.zarr")
    with pytest.raises(InputError, match="moved or removed"):
        stored.read(0, (0, 0, 0), (70, 65, 130))


def test_damaged_stores_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an OME-Zarr volume"):
        open_zarr(tmp_path)
    path = write_volume(made(), tmp_path / "v.ome.zarr")
    assert is_zarr(path)
    chunk = path / "0" / "c" / "0" / "0" / "0"
    whole = chunk.read_bytes()
    for data in (whole[: len(whole) // 2], whole[:-40] + bytes(40)):
        chunk.write_bytes(data)
        with pytest.raises(InputError):
            read_volume(path)
    chunk.write_bytes(whole)
    text = (path / "zarr.json").read_text(encoding="utf-8")
    two = json.loads(text)
    two["attributes"]["microloom"]["phases"].pop()
    (path / "zarr.json").write_text(json.dumps(two), encoding="utf-8")
    with pytest.raises(InputError, match="label 2, but names 2 phases"):
        read_volume(path)
    (path / "zarr.json").write_text(text[:-30], encoding="utf-8")
    with pytest.raises(InputError, match="no OME-Zarr volume that can be read"):
        open_zarr(path)
