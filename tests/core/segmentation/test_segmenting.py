"""The whole way from a micrograph to a phase image."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from core.errors import InputError
from core.images.values import Micrograph, Phase, default_phases
from core.provenance import Provenance, array_hash
from core.segmentation import (
    SegmentationSettings,
    denoise,
    named_phases,
    segment,
    segment_denoised,
    settings_from_json,
    settings_to_json,
)
from core.settings import describe


def micrograph(grey: np.ndarray, pixel_size: float | None = 2e-9) -> Micrograph:
    return Micrograph(grey, pixel_size, "sample", Provenance("read", source="sample.tif"))


def three_phases(dtype: type) -> tuple[Micrograph, np.ndarray]:
    """A picture of three phases with noise, and its true labels."""
    rng = np.random.default_rng(4)
    field = ndimage.gaussian_filter(rng.normal(size=(160, 200)), 6)
    truth = np.digitize(field, np.quantile(field, [0.3, 0.7])).astype(np.uint8)
    values = 0.2 + 0.3 * truth + rng.normal(0, 0.07, truth.shape)
    if dtype is np.float32:
        return micrograph(values.astype(np.float32)), truth
    scale = np.iinfo(dtype).max
    return micrograph(np.clip(values * scale, 0, scale).astype(dtype)), truth


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_three_phases_are_found_again(dtype: type) -> None:
    picture, truth = three_phases(dtype)
    settings = SegmentationSettings(
        denoise="median", threshold="multi-otsu", phases=3, min_island=12, min_hole=12, median_radius=2
    )
    found = segment(picture, settings)
    agreement = float(np.mean(found.labels == truth))
    assert agreement > 0.93, f"{agreement:.3f} of the pixels have their true phase"
    assert found.pixel_size == picture.pixel_size and found.name == picture.name
    assert found.phases == default_phases(3)


def test_manual_thresholds_make_one_phase_more_than_they_number() -> None:
    picture = micrograph(np.arange(256, dtype=np.uint8).reshape(16, 16))
    settings = SegmentationSettings(threshold="manual", manual_thresholds=(64, 128, 192))
    found = segment(picture, settings)
    assert settings.phase_count == 4
    assert found.fractions == (0.25, 0.25, 0.25, 0.25)
    assert np.array_equal(found.labels.reshape(-1), np.arange(256) // 64)


def test_the_provenance_tells_how_it_was_made() -> None:
    picture, _ = three_phases(np.uint8)
    settings = SegmentationSettings(denoise="gaussian", min_island=5)
    made = segment(picture, settings).provenance
    assert made.made_by == "segment"
    assert made.inputs == (picture.provenance,)
    assert made.input_hashes == (array_hash(picture.grey),)
    recorded = json.loads(json.dumps(made.to_json()))["settings"]
    assert len(recorded["thresholds_used"]) == 1
    # what was recorded makes the same labels again
    again = dict(recorded)
    del again["thresholds_used"]
    assert np.array_equal(segment(picture, settings_from_json(again)).labels, segment(picture, settings).labels)


def test_names_and_colours_are_kept_as_far_as_they_reach() -> None:
    kept = (Phase("Pore", "#000000"), Phase("Gold", "#FFCC00"))
    picture, _ = three_phases(np.uint8)
    found = segment(picture, SegmentationSettings(threshold="multi-otsu", phases=3), kept)
    assert found.phases == (*kept, default_phases(3)[2])
    assert named_phases(1, kept) == kept[:1]
    assert named_phases(2) == default_phases(2)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (SegmentationSettings(threshold="manual"), "there are 0"),
        (SegmentationSettings(threshold="manual", manual_thresholds=(900.0,)), "separates nothing"),
        (SegmentationSettings(threshold="manual", manual_thresholds=(90.0, 20.0)), "rise"),
        (SegmentationSettings(threshold="multi-otsu", phases=6), "at most 5"),
        (SegmentationSettings(min_island=-1), "at least 0 px"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings: SegmentationSettings, words: str) -> None:
    with pytest.raises(InputError, match=words):
        segment(three_phases(np.uint8)[0], settings)


def test_a_constant_picture_is_refused() -> None:
    with pytest.raises(InputError, match="one grey level"):
        segment(micrograph(np.full((8, 8), 3, np.uint8)), SegmentationSettings())


def test_settings_travel_as_json() -> None:
    settings = SegmentationSettings(denoise="bilateral", threshold="manual", manual_thresholds=(1.5, 7.0))
    assert settings_from_json(json.loads(json.dumps(settings_to_json(settings)))) == settings
    assert settings_from_json({}) == SegmentationSettings()
    with pytest.raises(InputError, match="list of numbers"):
        settings_from_json({"manual_thresholds": "1, 2"})
    with pytest.raises(InputError, match="Unknown setting"):
        settings_from_json({"thresholdd": "otsu"})


def test_every_setting_has_words_and_its_default_is_allowed() -> None:
    for spec in describe(SegmentationSettings):
        assert spec.label and spec.help.endswith("."), spec.name
    assert settings_from_json(settings_to_json(SegmentationSettings())) == SegmentationSettings()
    assert "manual_thresholds" not in {spec.name for spec in describe(SegmentationSettings)}


def test_a_kept_denoised_picture_gives_the_same_phase_image() -> None:
    picture, _ = three_phases(np.uint16)
    settings = SegmentationSettings(denoise="median", threshold="multi-otsu", phases=3, min_island=9)
    whole = segment(picture, settings)
    staged = segment_denoised(picture, denoise(picture.grey, settings), settings)
    assert np.array_equal(staged.labels, whole.labels)
    assert staged.provenance == whole.provenance


def test_the_room_opens_without_the_heavy_packages() -> None:
    script = "import sys, core.segmentation; print([n for n in ('scipy', 'skimage', 'torch') if n in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.data
def test_a_superalloy_agrees_with_its_expert_mask(data_folder: Path) -> None:
    grey = tifffile.imread(data_folder / "micrographs/superalloy_nasa_spot2.tif")
    truth = tifffile.imread(data_folder / "phase_images/superalloy_nasa_spot2_mask.tif") > 0
    picture = micrograph(np.ascontiguousarray(grey[..., 0]))
    settings = SegmentationSettings(denoise="non-local means", min_island=20, min_hole=20)
    # in this picture the γ′ particles are the dark phase
    cleaned = segment(picture, settings).labels == 0
    plain = segment(picture, replace(settings, denoise="none", min_island=0, min_hole=0)).labels == 0

    def dice(found: np.ndarray) -> float:
        return float(2 * np.sum(found & truth) / (found.sum() + truth.sum()))

    told = f"Dice {dice(cleaned):.4f} with denoising and clean-up, {dice(plain):.4f} without"
    assert dice(cleaned) > 0.89 and dice(cleaned) > dice(plain), told
