"""The model of the microscope: what it does to a known section."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.errors import InputError
from core.images.info_bar import propose_info_bar_row
from core.images.reading import read_micrograph
from core.images.values import PhaseImage, default_phases
from core.provenance import Provenance
from core.synthesis.fields import bicontinuous
from core.synthesis.sem import SemSettings, section_of, sem_micrograph, sem_picture, with_info_bar, write_sample

BARE = SemSettings(texture=0, edge=0, shadow=0, tilt=0, blur=0, charging=0, lines=0, amplifier=0, electrons=1e9)
"""A microscope that shows nothing but the phases: a thousand million electrons have no shot noise to speak of."""


def _halves() -> np.ndarray:
    section = np.zeros((64, 96), dtype=np.uint8)
    section[:, 48:] = 1
    return section


def test_without_any_defect_each_phase_has_its_level() -> None:
    section = np.tile(np.arange(3, dtype=np.uint8), (40, 20))
    grey = sem_picture(section, 3, 0, replace(BARE, dark=40, bright=200))
    np.testing.assert_array_equal(grey, np.array([40, 120, 200], dtype=np.uint8)[section])


def test_shot_noise_is_that_of_counted_electrons() -> None:
    """Grey = 255 n / N with n Poisson about N g / 255, so its variance is 255 g / N (and 1/12 for rounding)."""
    grey = sem_picture(np.zeros((400, 400), dtype=np.uint8), 2, 1, replace(BARE, dark=120, electrons=300))
    variance = 255 * 120 / 300 + 1 / 12
    # the variance of 160 000 pixels scatters by √(2/n) = 0.35 %; four of these
    assert grey.mean() == pytest.approx(120, abs=4 * np.sqrt(variance / grey.size))
    assert grey.var() == pytest.approx(variance, rel=0.015)


def test_rims_are_bright_and_fade_inwards() -> None:
    grey = sem_picture(_halves(), 2, 0, replace(BARE, dark=60, bright=120, edge=50, rim=2.0)).astype(float)
    expected = 120 + 50 * np.exp(-(np.arange(48) + 0.5) / 2.0)
    np.testing.assert_allclose(grey[:, 48:], np.broadcast_to(expected, (64, 48)), atol=0.6)
    np.testing.assert_array_equal(grey[:, :48], 60)


def test_the_side_towards_the_detector_is_the_brighter() -> None:
    section = np.zeros((60, 60), dtype=np.uint8)
    section[20:40, 20:40] = 1
    grey = sem_picture(section, 2, 0, replace(BARE, tilt=30)).astype(int)
    assert grey[21, 30] > grey[30, 30] > grey[38, 30]
    assert grey[30, 38] > grey[30, 30] > grey[30, 21]


def test_grains_of_one_phase_have_one_level_each() -> None:
    grains = np.repeat(np.arange(8), 5)[None, :].repeat(10, axis=0)
    grey = sem_picture(np.zeros((10, 40), dtype=np.uint8), 2, 3, replace(BARE, dark=120, grains=12))
    np.testing.assert_array_equal(grey, 120)
    grey = sem_picture(np.zeros((10, 40), dtype=np.uint8), 2, 3, replace(BARE, dark=120, grains=12), grains)
    assert all(np.ptp(grey[grains == grain]) == 0 for grain in range(8))
    assert len(np.unique(grey)) > 4


def test_same_seed_same_picture_other_seed_another() -> None:
    first, again, other = (sem_picture(_halves(), 2, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="Blur"):
        sem_picture(_halves(), 2, 0, SemSettings(blur=-1))


def test_scale_bar_is_as_long_as_it_says() -> None:
    """0.2 · 512 px · 1.2 nm = 123 nm, so 100 nm, which is 83 px; the picture above is untouched."""
    grey = np.full((512, 512), 99, dtype=np.uint8)
    whole = with_info_bar(grey, 1.2e-9, SemSettings())
    np.testing.assert_array_equal(whole[:512], 99)
    bar = whole[512:]
    line = bar[round(0.7 * len(bar))]
    lit = np.flatnonzero(line[400:] == 235)
    assert len(lit) == np.ptp(lit) + 1 == 83
    # letters to the left, and room between them and the scale bar
    assert (bar[:, :380] > 128).any()
    assert not bar[:, 512 - 11 - 83 - 20 : 512 - 11 - 83 - 2].any()


def test_micrograph_carries_pixel_size_bar_and_origin() -> None:
    volume = bicontinuous((4, 128, 160), 2)
    micrograph = sem_micrograph(section_of(volume, 1), 5)
    assert micrograph.shape == (128 + 24, 160)
    assert micrograph.info_bar_row == 128
    assert micrograph.pixel_size == 1.2e-9
    assert micrograph.provenance.inputs[0].inputs[0] == volume.provenance
    np.testing.assert_array_equal(micrograph.grey[:128], sem_picture(volume.labels[1], 2, 5))


def test_a_section_of_unknown_pixel_size_has_no_bar() -> None:
    section = PhaseImage(_halves(), default_phases(2), None, "halves", Provenance("test"))
    micrograph = sem_micrograph(section, 0)
    assert micrograph.shape == (64, 96)
    assert micrograph.info_bar_row is None


def test_written_file_says_its_pixel_size_and_shows_its_bar(tmp_path: Path) -> None:
    micrograph = sem_micrograph(section_of(bicontinuous((4, 256, 256), 2), 1), 5)
    path = tmp_path / "sample.tif"
    write_sample(micrograph, path)
    again = read_micrograph(path)
    np.testing.assert_array_equal(again.grey, micrograph.grey)
    assert again.pixel_size == pytest.approx(1.2e-9, rel=1e-6)
    assert propose_info_bar_row(again) == 256
    with tifffile.TiffFile(path) as file:
        assert file.is_imagej and file.imagej_metadata["unit"] == "micron"
