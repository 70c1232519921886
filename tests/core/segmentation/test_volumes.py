"""Grey volumes segmented from disk to disk: the labels are those of the whole in memory, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.errors import InputError
from core.images.grey_volume import GreyVolume, open_grey_volume
from core.images.reading import read_labels
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.segmentation import volumes
from core.segmentation.classifier import TrainingSettings, train
from core.segmentation.settings import TRAINED, CleaningStep, SegmentationSettings
from core.segmentation.volumes import segmenting_file, segmenting_slices, segmenting_volume

SHAPE = (9, 34, 41)
RECIPES = {
    "otsu": SegmentationSettings(),
    "three classes, blurred": SegmentationSettings(
        threshold="multi-otsu", phases=3, denoise="gaussian", gaussian_sigma=1.2, min_island=6, min_hole=4
    ),
    "manual": SegmentationSettings(threshold="manual", manual_thresholds=(90.0, 140.0), denoise="median"),
    "hysteresis": SegmentationSettings(threshold="hysteresis", flatten="rolling ball", flatten_radius=9),
    "sauvola, opened": SegmentationSettings(
        threshold="sauvola", local_radius=5, cleaning=(CleaningStep("open", 1, 1.5), CleaningStep("fill holes", 1, 0))
    ),
}


def cube(dtype: str) -> np.ndarray:
    """Blobs on a slope, with noise; each slice with greys of its own."""
    generator = np.random.default_rng(0)
    z, y, x = np.indices(SHAPE)
    blobs = 60 * (np.sin(y / 4) * np.cos(x / 5 + z / 3) > 0.2) + 40 * (np.sin(x / 3 - z) > 0.7)
    values = 50 + 5 * z + blobs + generator.normal(0, 9, SHAPE)
    return np.clip(values, 0, 255).astype(dtype)


def stored(grey: np.ndarray, path: Path, kind: str) -> GreyVolume:
    """``grey`` in a file of a kind, opened again."""
    match kind:
        case "npy":
            np.save(path := path / "grey.npy", grey)
        case "tiff":
            tifffile.imwrite(path := path / "grey.tif", grey, byteorder=">")
        case "imagej":
            tifffile.imwrite(path := path / "grey.tif", grey, imagej=True, metadata={"axes": "ZYX"})
        case "pages":
            tifffile.imwrite(path := path / "grey.tif", grey, compression="zlib", photometric="minisblack")
        case _:
            import zarr

            form = 2 if kind == "zarr 2" else 3
            if kind == "ome":
                group = zarr.open_group(path := path / "grey.ome.zarr", mode="w", zarr_format=3)
                axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
                scale = [{"type": "scale", "scale": [2.0, 0.5, 0.5]}]
                datasets = [{"path": "0", "coordinateTransformations": scale}]
                group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
                array = group.create_array("0", shape=grey.shape, dtype=grey.dtype, chunks=(4, 16, 16))
            else:
                array = zarr.create_array(
                    path := path / "grey.zarr", shape=(1, *grey.shape), dtype=grey.dtype, chunks=(1, 4, 16, 16),
                    zarr_format=form,
                )  # fmt: skip
            array[...] = grey.reshape(array.shape)
    opened = open_grey_volume(path)
    assert opened is not None
    return opened


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("kind", ["npy", "tiff", "imagej", "pages", "zarr 2", "zarr 3", "ome"])
def test_slices_are_those_of_the_file(kind: str, dtype: str, tmp_path: Path) -> None:
    grey = cube(dtype)
    opened = stored(grey, tmp_path, kind)
    assert opened.shape == SHAPE
    for z in (8, 0, 3, 4):
        plane = opened.plane(z)
        assert plane.dtype == grey.dtype and plane.dtype.isnative and np.array_equal(plane, grey[z])
    assert opened.voxel_size == ((2e-6, 0.5e-6, 0.5e-6) if kind == "ome" else None)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("recipe", list(RECIPES))
def test_from_the_disk_the_labels_are_those_of_the_whole(
    recipe: str, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volumes, "_SLAB", 4 * SHAPE[1] * SHAPE[2])
    grey, settings = cube(dtype), RECIPES[recipe]
    whole = finish(segmenting_volume(grey, settings, voxel_size=(1e-6, 1e-6, 1e-6)))
    source = stored(grey, tmp_path, "tiff")
    path, made = finish(segmenting_slices(source, tmp_path / "out.tif", settings, None, (1e-6, 1e-6, 1e-6)))
    found = read_labels(path)
    assert np.array_equal(found.labels, whole.labels) and 0 < whole.labels.mean() < 3
    assert made.phases == whole.phases and made.fractions == pytest.approx(whole.fractions, abs=1e-12)
    assert found.phases == whole.phases and getattr(found, "voxel_size", None) == pytest.approx((1e-6,) * 3)
    used = whole.provenance.settings["thresholds_used"]
    assert found.provenance.inputs[0].settings["thresholds_used"] == used


def test_a_zarr_folder_becomes_one_and_a_classifier_serves(tmp_path: Path) -> None:
    grey = cube("uint8")
    marks = np.zeros(SHAPE[1:], np.uint8)
    marks[::3] = np.where(grey[4] > 110, 2, 1)[::3]
    forest = train(grey[4], marks, TrainingSettings(trees=2), (1.0,))
    settings = SegmentationSettings(threshold=TRAINED)
    source = stored(grey, tmp_path, "ome")
    path, made = finish(segmenting_file(source.path, tmp_path / "out.ome.zarr", settings, forest))
    whole = finish(segmenting_volume(grey, settings, forest))
    back = open_zarr(path)
    assert np.array_equal(back.read(0, (0, 0, 0), SHAPE), whole.labels)
    assert back.complete and back.fractions == made.fractions and back.outline.voxel_size == source.voxel_size
    for_volumes = train(grey, np.broadcast_to(marks, SHAPE).copy(), TrainingSettings(trees=2), (1.0,))
    with pytest.raises(InputError, match="whole volume in memory"):
        finish(segmenting_file(source.path, tmp_path / "other.tif", settings, for_volumes))


def test_what_is_beyond_memory_goes_by_slices_and_cancelling_leaves_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = cube("uint16")
    source, target = stored(grey, tmp_path, "pages"), tmp_path / "out.tif"
    assert not source.beyond_memory
    _, in_memory = finish(segmenting_file(source.path, target, SegmentationSettings()))
    monkeypatch.setattr("core.devices.free_memory", lambda device="cpu": 1000)
    assert source.beyond_memory
    monkeypatch.setattr(volumes, "read_grey_volume", lambda path: pytest.fail("it was read as a whole"))
    before = target.read_bytes()
    job = segmenting_file(source.path, target, SegmentationSettings())
    for _ in range(13):
        next(job)
    job.close()
    assert target.read_bytes() == before and len(list(tmp_path.iterdir())) == 2
    _, made = finish(segmenting_file(source.path, target, SegmentationSettings()))
    assert made.fractions == pytest.approx(in_memory.fractions)
    assert np.array_equal(read_labels(target).labels, in_memory.labels)  # type: ignore[union-attr]
    with pytest.raises(InputError, match=r"\.tif or \.ome\.zarr"):
        finish(segmenting_file(source.path, tmp_path / "out.nrrd", SegmentationSettings()))


def test_what_is_no_grey_volume_on_the_disk(tmp_path: Path) -> None:
    page, colours, short = tmp_path / "page.tif", tmp_path / "colours.tif", tmp_path / "short.tif"
    tifffile.imwrite(page, cube("uint8")[0])
    tifffile.imwrite(colours, np.zeros((5, 12, 13, 3), np.uint8), photometric="rgb")
    assert open_grey_volume(page) is None and open_grey_volume(colours) is None
    tifffile.imwrite(short, cube("uint8"))
    short.write_bytes(short.read_bytes()[:-2000])
    with pytest.raises(InputError, match="truncated"):
        open_grey_volume(short)
    empty = tmp_path / "empty.zarr"
    empty.mkdir()
    (empty / "zarr.json").write_text("{}")
    with pytest.raises(InputError, match="no Zarr volume"):
        open_grey_volume(empty)
    flat = stored(np.full(SHAPE, 7, np.uint8), tmp_path, "npy")
    with pytest.raises(InputError, match="one grey level"):
        finish(segmenting_slices(flat, tmp_path / "out.tif", SegmentationSettings()))
    holed = cube("float32")
    holed[3, 4, 5] = np.nan
    with pytest.raises(InputError, match="Slice 3"):
        finish(segmenting_slices(stored(holed, tmp_path, "npy"), tmp_path / "out.tif", SegmentationSettings()))
