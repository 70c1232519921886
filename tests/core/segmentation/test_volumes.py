"""Grey volumes segmented from disk to disk: the labels are those of the whole in memory, to the bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.errors import InputError
from core.images.grey_volume import GreyVolume, open_grey_volume
from core.images.reading import read_labels
from core.images.values import Phase, Volume
from core.images.zarr_volume import open_zarr
from core.job import finish
from core.painting.rules import AUTOMATIC
from core.segmentation import volume_blocks, volumes
from core.segmentation.classifier import Classifier, TrainingSettings, train
from core.segmentation.morphology import changed_by
from core.segmentation.settings import TRAINED, CleaningStep, SegmentationSettings
from core.segmentation.stack import open_stack, volume_again
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


def for_volumes(grey: np.ndarray) -> Classifier:
    marks = np.zeros(grey.shape, np.uint8)
    marks[:, ::3] = np.where(grey > 110, 2, 1)[:, ::3]
    return train(grey, marks, TrainingSettings(trees=2), (0.5,))


@pytest.mark.parametrize(
    "cleaning", [(), (CleaningStep("open", 1, 1.5), CleaningStep("close", 0, 1.0), CleaningStep("erode", 1, 1.0))]
)
def test_blocks_of_slices_get_the_labels_of_the_whole_volume(
    cleaning: tuple[CleaningStep, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume_blocks, "_THINNEST", 3)
    monkeypatch.setattr(volume_blocks, "_BUDGET", 0)
    monkeypatch.setattr("core.devices.free_memory", lambda device="cpu": None)
    grey = np.concatenate([cube("uint16"), cube("uint16")[::-1], cube("uint16")])
    forest = for_volumes(grey)
    settings = SegmentationSettings(threshold=TRAINED, denoise="median", min_island=5, cleaning=cleaning)
    whole = finish(segmenting_volume(grey, settings, forest))
    source, read = stored(grey, tmp_path, "npy"), []
    seen = replace(source, _read=lambda z: read.append(z) or source.plane(z))
    path, made = finish(segmenting_slices(seen, tmp_path / "out.tif", settings, forest))
    found = read_labels(path)
    assert isinstance(found, Volume)
    assert np.array_equal(found.labels, whole.labels) and 0.1 < whole.labels.mean() < 0.9
    assert len(read) == 2 * len(grey), "to measure, and once to classify"
    assert found.provenance.inputs[0].settings["slice_by_slice"] is False
    assert made.fractions == pytest.approx(whole.fractions)


GLOBAL = (
    CleaningStep("open", 1, 1.0), CleaningStep("fill holes", 1, 0), CleaningStep("split touching", 1, 0.5),
    CleaningStep("remove border pieces", 0, 0),
)  # fmt: skip


def test_steps_that_look_at_the_whole_volume_follow_a_classifier_for_volumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume_blocks, "_THINNEST", 3)
    grey = cube("uint8")
    forest, source = for_volumes(grey), stored(grey, tmp_path, "npy")
    settings = SegmentationSettings(threshold=TRAINED, cleaning=GLOBAL)
    whole = finish(segmenting_volume(grey, settings, forest)).labels
    finish(segmenting_slices(source, tmp_path / "out.tif", settings, forest))
    found = read_labels(tmp_path / "out.tif")
    assert np.array_equal(found.labels, whole), "to the bit"
    assert found.provenance.inputs[0].settings["cleaned_slice_by_slice"] == []
    # where the labels do not fit into memory, each of these steps works on every slice by itself
    monkeypatch.setattr("core.devices.free_memory", lambda device="cpu": 1000)
    plain = replace(settings, cleaning=())
    wanted = finish(segmenting_volume(grey, plain, forest)).labels
    for step in GLOBAL:
        wanted = changed_by(wanted, step) if step.kind == "open" else np.stack([changed_by(p, step) for p in wanted])
    finish(segmenting_slices(source, tmp_path / "slices.tif", settings, forest))
    found = read_labels(tmp_path / "slices.tif")
    assert np.array_equal(found.labels, wanted) and not np.array_equal(wanted, whole)
    told = found.provenance.inputs[0].settings["cleaned_slice_by_slice"]
    assert told == ["fill holes", "split touching", "remove border pieces"]


def test_painted_slices_and_names_go_into_the_volume(tmp_path: Path) -> None:
    grey = cube("uint8")
    plain = finish(segmenting_volume(grey, SegmentationSettings())).labels
    painted = np.full(SHAPE[1:], AUTOMATIC, np.uint8)
    painted[3:9, 5:20], painted[20:24, 5:20] = 1, 7  # there is no phase 7
    phases = (Phase("air", "#000000"),)
    job = segmenting_slices(
        stored(grey, tmp_path, "npy"), tmp_path / "out.tif", SegmentationSettings(), phases=phases, painted={2: painted}
    )
    finish(job)
    found = read_labels(tmp_path / "out.tif")
    wanted = plain.copy()
    wanted[2, 3:9, 5:20] = 1
    assert np.array_equal(found.labels, wanted) and not np.array_equal(wanted, plain)
    assert [phase.name for phase in found.phases] == ["air", "Phase 1"]
    assert found.provenance.inputs[0].settings["slices_corrected_by_hand"] == [2]


def test_a_part_of_every_slice_and_the_grey_values_of_a_few(tmp_path: Path) -> None:
    grey = cube("uint16")
    source = stored(grey, tmp_path, "ome")
    part = source.cropped(slice(3, 20), slice(10, 40))
    assert part.shape == (9, 17, 30) and np.array_equal(part.plane(4), grey[4, 3:20, 10:40])
    with pytest.raises(InputError, match="Nothing"):
        source.cropped(slice(40, 50), slice(None))
    some = grey[[0, 2, 4, 6, 8]]
    assert source.grey_range() == (
        (some.min(), some.max()), tuple(np.percentile(some, (0.2, 99.8)))
    )  # fmt: skip
    picture = source.picture(4)
    assert picture.name == "grey.ome.zarr, slice 5" and picture.pixel_size == 0.5e-6
    assert np.array_equal(picture.grey, grey[4])
    assert replace(source, voxel_size=(1.0, 2.0, 1.0)).picture(4).pixel_size is None, "pixels that are not square"


def test_which_slice_is_on_show_and_what_was_painted_on_the_others(tmp_path: Path) -> None:
    opened = open_stack(stored(cube("uint8"), tmp_path, "npy").path)
    assert opened is not None
    stack, picture = opened
    assert (stack.count, stack.place, picture.name) == (9, 4, "grey.npy, slice 5")
    there, nothing = stack.at(6, "on the fifth")
    assert nothing is None and (there.place, dict(there.painted)) == (6, {4: "on the fifth"})
    back, again = there.at(4, None)
    assert again == "on the fifth" and (back.place, dict(back.painted)) == (4, {})
    with pytest.raises(InputError, match="no slice 10 among 9"):
        stack.at(9, None)
    assert volume_again(stack.found.path, 9, SHAPE[1:]) is not None
    assert volume_again(stack.found.path, 9, (34, 40)) is None
    assert volume_again(tmp_path / "elsewhere.npy", 9, SHAPE[1:]) is None
    page = tmp_path / "page.tif"
    tifffile.imwrite(page, cube("uint8")[0])
    assert open_stack(page) is None
    with pytest.raises(InputError, match="not where it was"):
        _ = replace(stack, volume=None).found


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
