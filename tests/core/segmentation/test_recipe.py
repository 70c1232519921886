"""A recipe says the same as the settings, as a list, and survives a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.segmentation import CleaningStep, SegmentationSettings, segment, settings_from_json, settings_to_json
from core.segmentation.recipe import (
    Step,
    read_recipe,
    recipe_from_json,
    recipe_to_json,
    settings_of,
    steps_of,
    write_recipe,
)
from tests.core.segmentation.test_segmenting import three_phases

FULL = SegmentationSettings(
    flatten="rolling ball, bright ground", flatten_radius=33, denoise="non-local means", nlm_strength=1.5,
    threshold="hysteresis", manual_thresholds=(3.5, 9.0), min_island=5,
    cleaning=(CleaningStep("open", 1, 2.0), CleaningStep("split touching", 0, 1.5), CleaningStep("open", 1, 1.0)),
)  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        SegmentationSettings(),
        FULL,
        SegmentationSettings(threshold="sauvola", local_radius=9, sauvola_k=-0.4, local_offset=2.0),
        SegmentationSettings(threshold="adaptive gaussian", flatten="gaussian", flatten_width=80.0),
        SegmentationSettings(threshold="manual", manual_thresholds=(1.0, 2.0), denoise="bilateral", min_hole=9),
        SegmentationSettings(threshold="hysteresis"),
    ],
)
def test_steps_and_settings_say_the_same(settings: SegmentationSettings, tmp_path: Path) -> None:
    assert settings_of(steps_of(settings)) == settings
    path = write_recipe(settings, tmp_path / "recipe.json")
    assert read_recipe(path) == settings


def test_the_list_is_in_words_and_in_order() -> None:
    assert [str(step) for step in steps_of(FULL)] == [
        "flatten: rolling ball, bright ground, ball radius 33 px",
        "denoise: non-local means, non-local means strength 1.5, search distance 4 px",
        "threshold: hysteresis, at 3.5, 9",
        "open: phase 2, size 2 px",
        "split touching: phase 1, size 1.5 px",
        "open: phase 2, size 1 px",
        "small pieces: smallest island 5 px, smallest hole 0 px",
    ]


def test_fields_that_do_nothing_are_left_out_and_change_no_label() -> None:
    picture, _ = three_phases(np.uint8)
    settings = SegmentationSettings(median_radius=3, local_radius=77, phases=4, min_island=1)
    again = settings_of(steps_of(settings))
    assert again == SegmentationSettings()
    assert np.array_equal(segment(picture, again).labels, segment(picture, settings).labels)


def test_steps_run_in_the_order_of_the_list() -> None:
    picture, _ = three_phases(np.uint8)
    one = (CleaningStep("dilate", 1, 3.0), CleaningStep("erode", 1, 3.0))
    first = segment(picture, SegmentationSettings(cleaning=one)).labels
    second = segment(picture, SegmentationSettings(cleaning=one[::-1])).labels
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([Step("threshold", {"method": "otsu"}), Step("denoise", {"method": "median"})], "cannot come after"),
        ([Step("threshold", {"method": "otsu"}), Step("threshold", {"method": "otsu"})], "cannot come after"),
        ([Step("small pieces", {}), Step("open", {})], "cannot come after"),
        ([Step("shake", {})], "not known"),
        ([Step("denoise", {"method": "median"})], "no threshold"),
        ([Step("threshold", {})], "does not name its method"),
        ([Step("threshold", {"method": "otsu", "min_island": 3})], "has no setting min_island"),
        ([Step("threshold", {"method": "best"})], "must be one of"),
        ([Step("threshold", {"method": ["otsu"]})], "must be"),
        ([Step("threshold", {"method": "otsu"}), Step("open", {"size": "big"})], "must be a number"),
        ([Step("threshold", {"method": "otsu"}), Step("open", {"width": 3})], "Unknown setting width"),
        ([Step("threshold", {"method": "otsu"})] + [Step("open", {})] * 51, "at most 50"),
    ],
)
def test_lists_that_cannot_be_run_are_refused(steps: list[Step], words: str) -> None:
    with pytest.raises(InputError, match=words):
        settings_of(steps)


@pytest.mark.parametrize(
    "document",
    [
        [], 3, "x", None, {}, {"format": "microloom-project"}, {"format": "microloom-recipe"},
        {"format": "microloom-recipe", "format_version": 2, "steps": []},
        {"format": "microloom-recipe", "format_version": 1, "steps": {}},
        {"format": "microloom-recipe", "format_version": 1, "steps": [3]},
        {"format": "microloom-recipe", "format_version": 1, "steps": [{"method": "otsu"}]},
        {"format": "microloom-recipe", "format_version": 1, "steps": [{"step": "threshold", "method": {}}]},
    ],
)  # fmt: skip
def test_foreign_documents_are_refused(document: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        recipe_from_json(document)
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"recipe\.json"):
        read_recipe(path)


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": 1e999}'])
def test_files_that_are_no_json_are_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"recipe\.json"):
        read_recipe(path)


def test_a_step_for_a_phase_that_is_not_there_is_named() -> None:
    picture, _ = three_phases(np.uint8)
    with pytest.raises(InputError, match="phase 3 of 2"):
        segment(picture, SegmentationSettings(cleaning=(CleaningStep("open", 2, 1.0),)))


def test_settings_of_an_older_file_are_read_as_before() -> None:
    old = {
        "denoise": "median", "median_radius": 2, "gaussian_sigma": 1.0, "nlm_strength": 1.0, "nlm_distance": 4,
        "bilateral_sigma": 1.5, "bilateral_contrast": 10.0, "threshold": "manual", "phases": 2, "min_island": 3,
        "min_hole": 4, "manual_thresholds": [90.5],
    }  # fmt: skip
    expected = SegmentationSettings(
        denoise="median", median_radius=2, threshold="manual", min_island=3, min_hole=4, manual_thresholds=(90.5,)
    )
    assert settings_from_json(old) == expected
    assert settings_from_json(settings_to_json(FULL)) == FULL
    assert recipe_from_json(json.loads(json.dumps(recipe_to_json(FULL)))) == FULL
