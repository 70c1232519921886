"""`microloom segment` with recipes and with many pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core.images.reading import read_labels, read_micrograph
from core.segmentation import CleaningStep, SegmentationSettings, segment
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
