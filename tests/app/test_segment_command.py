"""`microloom segment` with recipes and with many pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core.images.reading import read_labels, read_micrograph, read_volume
from core.segmentation import CleaningStep, SegmentationSettings, apply_thresholds, clean, segment, thresholds
from core.segmentation.classifier_file import load_classifier
from core.segmentation.recipe import read_recipe, write_recipe


def discs(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:48, :60]
    inside = ((yy % 16 - 8) ** 2 + (xx % 16 - 8) ** 2) < 25
    return np.clip(70 + 90 * inside + xx / 3 + rng.normal(0, 6, inside.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        tifffile.imwrite(folder / f"p{number}.tif", discs(number))
    return sorted(folder.iterdir())


RECIPE = SegmentationSettings(
    flatten="gaussian", flatten_width=20.0, denoise="median", threshold="sauvola", sauvola_k=-0.1, local_radius=12,
    cleaning=(CleaningStep("open", 1, 1.5), CleaningStep("remove border pieces", 1, 0.0)), min_hole=4,
)  # fmt: skip


def test_a_recipe_gives_the_labels_that_its_settings_give(pictures: list[Path], tmp_path: Path) -> None:
    recipe, out, kept = (tmp_path / name for name in ("r.json", "labels.tif", "kept.json"))
    write_recipe(RECIPE, recipe)
    assert main(["segment", str(pictures[0]), "--recipe", str(recipe), "-o", str(out), "--save-recipe", str(kept)]) == 0
    expected = segment(read_micrograph(pictures[0]), RECIPE).labels
    assert np.array_equal(read_labels(out).labels, expected) and 0 < expected.mean() < 1
    assert read_recipe(kept) == RECIPE
    # options change a recipe's steps
    command = ["segment", str(pictures[0]), "--recipe", str(recipe), "-o", str(out), "--force"]
    assert main([*command, "--method", "adaptive-mean", "--set", "local_radius=9", "--save-recipe", str(kept)]) == 0
    changed = read_recipe(kept)
    assert (changed.threshold, changed.local_radius) == ("adaptive mean", 9) and changed.cleaning == RECIPE.cleaning


def test_methods_are_options_too(pictures: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "labels.tif"
    command = ["segment", str(pictures[0]), "-o", str(out), "--force"]
    for method in ("sauvola", "adaptive-mean", "adaptive-gaussian", "hysteresis"):
        assert main([*command, "--method", method]) == 0
        assert len(read_labels(out).phases) == 2
    assert main([*command, "--method", "hysteresis", "--thresholds", "90,140"]) == 0
    assert main([*command, "--method", "hysteresis", "--thresholds", "90"]) == 2
    assert main([*command, "--method", "sauvola", "--phases", "3"]) == 2


def test_a_folder_becomes_a_folder_of_phase_images(
    pictures: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["segment", str(pictures[0].parent), "-o", str(out), "--quiet"]) == 0
    assert sorted(path.name for path in out.iterdir()) == [f"p{n}.tif.phases.tif" for n in range(3)]
    for path in pictures:
        expected = segment(read_micrograph(path), SegmentationSettings())
        found = read_labels(out / f"{path.name}.phases.tif")
        assert np.array_equal(found.labels, expected.labels)
    assert capsys.readouterr().out.count("phases.tif: 0 ") == 3
    # a second time nothing is replaced, and it is said
    assert main(["segment", *map(str, pictures), "-o", str(out), "--quiet"]) == 1
    assert "3 of 3" in capsys.readouterr().err
    assert main(["segment", *map(str, pictures), "-o", str(out), "--quiet", "--force"]) == 0


def test_one_bad_picture_stops_no_other(
    pictures: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures[1].write_bytes(b"no picture")
    out = tmp_path / "out"
    assert main(["segment", str(pictures[0].parent), "-o", str(out), "--quiet"]) == 1
    assert len(list(out.iterdir())) == 2
    said = capsys.readouterr().err
    assert "p1.tif" in said and "1 of 3" in said


def test_batches_that_cannot_be(pictures: list[Path], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["segment", str(empty), "-o", str(tmp_path / "out")]) == 2
    assert main(["segment", str(pictures[0]), str(pictures[0]), "-o", str(tmp_path / "out")]) == 2
    assert main(["segment", *map(str, pictures), "-o", str(pictures[0])]) == 2


def test_a_recipe_that_is_none_is_refused(pictures: list[Path], tmp_path: Path) -> None:
    recipe = tmp_path / "r.json"
    recipe.write_text(json.dumps({"format": "microloom-recipe", "format_version": 1, "steps": [{"step": "guess"}]}))
    out = tmp_path / "labels.tif"
    assert main(["segment", str(pictures[0]), "--recipe", str(recipe), "-o", str(out)]) == 2
    assert not out.exists()


def test_a_classifier_is_trained_and_used(
    pictures: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = segment(read_micrograph(pictures[0]), RECIPE).labels
    scribbles = np.zeros(truth.shape, np.uint8)
    scribbles[::8] = truth[::8] + 1
    marks, forest, out = tmp_path / "s.tif", tmp_path / "c.microloom-classifier", tmp_path / "o.tif"
    tifffile.imwrite(marks, scribbles)
    train = ["train-classifier", str(pictures[0]), "--labels", str(marks), "-o", str(forest)]
    assert main([*train, "--set", "trees=5", "--sigmas", "1,2"]) == 0
    assert "labelled pixels" in capsys.readouterr().out
    assert main(["segment", str(pictures[0]), "--classifier", str(forest), "-o", str(out)]) == 0
    expected = load_classifier(forest).predict(read_micrograph(pictures[0]).grey)[0]
    assert np.array_equal(read_labels(out).labels, expected) and (expected == truth).mean() > 0.9
    assert main(["segment", *map(str, pictures), "--classifier", str(forest), "-o", str(tmp_path / "all")]) == 0
    # what cannot be
    assert main([*train, "--set", "trees=5"]) == 2, "the file is there already"
    assert main(["segment", str(pictures[0]), "--classifier", str(marks), "-o", str(out), "--force"]) == 2
    alone = ["--set", "threshold=trained (scribbles)", "-o", str(tmp_path / "n.tif")]
    assert main(["segment", str(pictures[0]), *alone]) == 2
    both = ["--classifier", str(forest), "--method", "otsu"]
    assert main(["segment", str(pictures[0]), *both, "-o", str(out), "--force"]) == 2
    tifffile.imwrite(marks, scribbles[1:])
    assert main([*train, "--force"]) == 2


def test_volumes_are_segmented_slice_by_slice_or_by_a_classifier_for_volumes(tmp_path: Path) -> None:
    grey = np.stack([discs(number) for number in range(12)])
    stack, out, forest, marks = (tmp_path / name for name in ("v.tif", "l.tif", "c.microloom-classifier", "s.tif"))
    tifffile.imwrite(stack, grey)
    assert main(["segment", str(stack), "--volume", "--set", "min_hole=4", "-o", str(out), "--quiet"]) == 0
    level = thresholds(grey.reshape(12, -1), "otsu")
    expected = np.stack([clean(apply_thresholds(plane, level), 0, 4) for plane in grey])
    assert np.array_equal(read_volume(out).labels, expected)
    scribbles = np.zeros(grey.shape, np.uint8)
    scribbles[::4, ::6] = expected[::4, ::6] + 1
    tifffile.imwrite(marks, scribbles)
    train = ["train-classifier", str(stack), "--labels", str(marks), "-o", str(forest), "--set", "trees=4"]
    assert main([*train, "--sigmas", "1"]) == 0
    assert load_classifier(forest).ndim == 3
    command = ["segment", str(stack), "--volume", "--classifier", str(forest), "-o", str(out), "--quiet", "--force"]
    assert main(command) == 0
    assert np.array_equal(read_volume(out).labels, load_classifier(forest).predict(grey)[0])
    assert main(["segment", str(stack), "--classifier", str(forest), "-o", str(out), "--force"]) == 2


@pytest.mark.parametrize("kind", ["npy", "zarr"])
def test_a_part_of_a_volume_with_larger_voxels(kind: str, tmp_path: Path) -> None:
    import zarr

    grey = np.stack([discs(number) for number in range(8)])
    source, out, other = tmp_path / f"grey.{kind}", tmp_path / "l.tif", tmp_path / "o.tif"
    if kind == "npy":
        np.save(source, grey)
    else:
        zarr.create_array(source, shape=grey.shape, dtype=grey.dtype)[...] = grey
    command = ["segment", str(source), "--volume", "--pixel-size", "2nm", "--quiet", "--force", "-o"]
    assert main([*command, str(out), "--crop", "1:8,4:,:51", "--bin", "2"]) == 0
    cubes = grey[1:7, 4:48, :50].reshape(3, 2, 22, 2, 25, 2).mean(axis=(1, 3, 5))
    wanted = np.floor(cubes + 0.5).astype(np.uint8)
    level = thresholds(wanted.reshape(3, -1), "otsu")
    made = read_volume(out)
    assert np.array_equal(made.labels, apply_thresholds(wanted.reshape(3, -1), level).reshape(wanted.shape))
    assert made.voxel_size == pytest.approx((4e-9,) * 3)
    told = made.provenance.inputs[0].settings["taken"]
    assert told == [{"cropped": [[1, 8], [4, 48], [0, 51]]}, {"binned": 2}]
    # rows and columns alone are those of every slice
    assert main([*command, str(other), "--crop", "4:20,:30"]) == 0
    assert read_volume(other).labels.shape == (8, 16, 30)
    for wrong in (["--crop", "20:30,:,:"], ["--bin", "9"]):
        assert main([*command, str(out), *wrong]) == 2
    picture = tmp_path / "picture.tif"
    tifffile.imwrite(picture, grey[0])
    assert main(["segment", str(picture), "--crop", "0:1,0:9,0:9", "-o", str(other), "--force"]) == 2


def test_a_zarr_folder_is_segmented_from_disk_to_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import zarr

    grey = np.stack([discs(number) for number in range(6)])
    folder, out = tmp_path / "grey.zarr", tmp_path / "l.tif"
    zarr.create_array(folder, shape=grey.shape, dtype=grey.dtype)[...] = grey
    command = ["segment", str(folder), "--volume", "--pixel-size", "2nm", "-o", str(out), "--quiet"]
    assert main(command) == 0
    level = thresholds(grey.reshape(6, -1), "otsu")
    made = read_volume(out)
    assert np.array_equal(made.labels, apply_thresholds(grey.reshape(6, -1), level).reshape(grey.shape))
    assert made.voxel_size == pytest.approx((2e-9,) * 3)
    assert f"1 {made.phases[1].name}: {100 * made.fractions[1]:.2f} %" in capsys.readouterr().out
    assert main(command) == 2 and "--force" in capsys.readouterr().err
    assert main([*command, "--force", "--compare-with", str(out)]) == 2 and "itself" in capsys.readouterr().err
    # compared with another one, slice by slice
    other = tmp_path / "other.tif"
    tifffile.imwrite(other, 100 * (grey > 90).astype(np.uint8) + 7)
    monkeypatch.setattr("core.images.label_slices.read_labels", lambda path: pytest.fail("it was read as a whole"))
    assert main([*command, "--force", "--compare-with", str(other)]) == 0
    said = capsys.readouterr().out
    assert f"compared with other.tif: {100 * (made.labels == (grey > 90)).mean():.2f} % of the pixels agree" in said
    before = out.read_bytes()
    tifffile.imwrite(other, made.labels[1:])
    assert main([*command, "--force", "--compare-with", str(other)]) == 2
    assert "cannot be compared" in capsys.readouterr().err and out.read_bytes() == before


def test_two_segmentations_are_compared(
    pictures: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "one.tif", tmp_path / "other.tif"
    command = ["segment", str(pictures[0]), "-o"]
    assert main([*command, str(other), "--thresholds", "100"]) == 0
    capsys.readouterr()
    assert main([*command, str(one), "--compare-with", str(other)]) == 0
    lines = capsys.readouterr().out.splitlines()
    first, second = (read_labels(path).labels for path in (one, other))
    counts = np.array([[((first == i) & (second == j)).sum() for j in (0, 1)] for i in (0, 1)])
    assert 0 < counts[0, 1] + counts[1, 0] < 1000, "they differ, and not by much"
    assert f"compared with other.tif: {100 * (first == second).mean():.2f} % of the pixels agree" in lines
    dice = 2 * counts[1, 1] / (first.sum() + second.sum())
    assert any(line.split()[:3] == ["1", "Phase", "1"] and line.endswith(f"{dice:.4f}") for line in lines)
    assert any(line.split() == ["0", "Matrix", *map(str, counts[0])] for line in lines)
    # the other shows the whole picture, this one a part of it
    part = [*command, str(tmp_path / "part.tif"), "--crop", "8:40,10:50", "--compare-with"]
    assert main([*part, str(other)]) == 0
    found = read_labels(tmp_path / "part.tif").labels
    share = 100 * (found == second[8:40, 10:50]).mean()
    assert f"other.tif: {share:.2f} % of the pixels agree" in capsys.readouterr().out
    # what cannot be compared leaves no file
    small, none = tmp_path / "small.tif", tmp_path / "none.tif"
    tifffile.imwrite(small, second[:20, :20])
    assert main([*command, str(none), "--compare-with", str(small)]) == 2
    assert main([*command, str(none), "--compare-with", str(pictures[1])]) == 2, "a grey picture"
    assert main([*command, str(none), "--compare-with", str(tmp_path / "missing.tif")]) == 2
    assert not none.exists()
    assert main(["segment", *map(str, pictures), "-o", str(tmp_path / "all"), "--compare-with", str(other)]) == 2


def test_two_volumes_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack, one, other = (tmp_path / name for name in ("v.tif", "one.tif", "other.tif"))
    tifffile.imwrite(stack, np.stack([discs(number) for number in range(6)]))
    command = ["segment", str(stack), "--volume", "--quiet", "-o"]
    assert main([*command, str(other), "--set", "min_island=40"]) == 0
    assert main([*command, str(one), "--compare-with", str(other)]) == 0
    share = 100 * (read_volume(one).labels == read_volume(other).labels).mean()
    assert f"compared with other.tif: {share:.2f} % of the pixels agree" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["fibers_150x150x150", "cement_128x128x128"])
def test_a_corner_of_a_real_volume(name: str, data_folder: Path, tmp_path: Path) -> None:
    source = data_folder / "volumes" / f"{name}.tif"
    if not source.is_file():
        pytest.skip(f"{source} is not there")
    grey = np.ascontiguousarray(tifffile.imread(source).squeeze()[40:64, 40:64, 40:64])
    stack, recipe, out, marks, forest = (tmp_path / part for part in ("v.tif", "r.json", "o.tif", "m.tif", "c"))
    forest = forest.with_suffix(".microloom-classifier")
    tifffile.imwrite(stack, grey, photometric="minisblack")
    settings = SegmentationSettings(denoise="median", cleaning=(CleaningStep("open", 1, 1.0),))
    write_recipe(settings, recipe)
    segmented = ["segment", str(stack), "--volume", "--quiet", "-o", str(out)]
    assert main([*segmented, "--recipe", str(recipe)]) == 0
    labels = read_volume(out).labels
    assert labels.shape == grey.shape and 0.02 < labels.mean() < 0.98
    assert grey[labels == 1].mean() > grey[labels == 0].mean() + 10
    # a classifier in 3-D, from two per cent of those labels
    scribbles = np.zeros_like(labels)
    scribbles[::10, ::5] = labels[::10, ::5] + 1
    tifffile.imwrite(marks, scribbles, photometric="minisblack")
    train = ["train-classifier", str(stack), "--labels", str(marks), "-o", str(forest), "--set", "trees=6"]
    assert main([*train, "--sigmas", "1,2"]) == 0
    assert main([*segmented, "--classifier", str(forest), "--force", "--compare-with", str(out)]) == 0
    assert (read_volume(out).labels == labels).mean() > 0.8
