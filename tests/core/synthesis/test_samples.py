"""The shipped samples: made again to the pixel, true to their volumes, easy to segment."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from skimage.filters import threshold_multiotsu

from core.images.info_bar import propose_info_bar_row
from core.images.reading import read_micrograph
from core.images.values import PhaseImage
from core.statistics import correlation_length
from core.synthesis.samples import DEPTH, SAMPLES, SIDE, Sample, main, sample_path
from core.synthesis.sem import section_of


@cache
def _section(key: str) -> PhaseImage:
    sample = SAMPLES[key]
    return section_of(sample.true_volume(), sample.plane)


EVERY = pytest.mark.parametrize("key", list(SAMPLES))


@EVERY
def test_file_is_small_and_reads_with_pixel_size_and_bar(key: str) -> None:
    path = sample_path(key)
    assert path.stat().st_size < 400_000
    micrograph = read_micrograph(path)
    assert micrograph.grey.dtype == np.uint8
    assert micrograph.shape[1] == SIDE
    small = SAMPLES[key].true_volume((48, 96, 96))
    assert small.voxel_size is not None
    assert micrograph.pixel_size == pytest.approx(small.voxel_size[0], rel=1e-6)
    assert propose_info_bar_row(micrograph) == SIDE


def test_section_is_that_of_the_true_volume() -> None:
    sample = SAMPLES["fibre_composite"]
    volume = sample.true_volume()
    assert volume.shape == (DEPTH, SIDE, SIDE)
    np.testing.assert_array_equal(sample.true_section().labels, volume.labels[sample.plane])
    # the planes differ, so that a section cut elsewhere would be found out
    assert (section_of(volume, 0).labels != volume.labels[sample.plane]).any()


@pytest.mark.slow
@EVERY
def test_shipped_file_is_made_again_to_the_pixel(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # the section takes long, and the next test needs it too
    monkeypatch.setattr(Sample, "true_section", lambda sample: _section(sample.key))
    np.testing.assert_array_equal(read_micrograph(sample_path(key)).grey, SAMPLES[key].micrograph().grey)


def test_the_command_writes_the_shipped_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"fibre_composite": SAMPLES["fibre_composite"]}
    monkeypatch.setattr("core.synthesis.samples.SAMPLES", one)
    assert main([str(tmp_path / "new folder")]) == 0
    made = read_micrograph(tmp_path / "new folder" / "fibre_composite.tif")
    np.testing.assert_array_equal(made.grey, read_micrograph(sample_path("fibre_composite")).grey)


@pytest.mark.slow
@EVERY
def test_otsu_finds_the_true_labels(key: str) -> None:
    grey, section = read_micrograph(sample_path(key)).grey[:SIDE].astype(np.float64), _section(key)
    several = len(section.phases) > 2
    # lamellae two pixels thick would be lost in a blur
    smooth = grey if several else ndimage.gaussian_filter(grey, 1.0)
    found = np.digitize(smooth, threshold_multiotsu(smooth, len(section.phases)))
    for label in range(len(section.phases)) if several else [SAMPLES[key].phase_of_interest]:
        one, true = found == label, section.labels == label
        assert 2 * (one & true).sum() / (one.sum() + true.sum()) > (0.95 if several else 0.97)
        assert one.mean() == pytest.approx(true.mean(), abs=0.015)


@EVERY
def test_a_volume_of_128_holds_many_features(key: str) -> None:
    """The structure forgets itself within a tenth of the side, so that such a volume is representative."""
    sample = SAMPLES[key]
    volume = sample.true_volume((48, 128, 128))
    assert 4 < correlation_length(volume.labels[0] == sample.phase_of_interest) < 12.8
