"""Data sets: every kind has what is told of it, image by image, and the same seed makes the same."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError, JobError, OutputExistsError
from core.images.reading import read_labels
from core.images.values import PhaseImage
from core.job import finish
from core.synthesis.dataset_writing import COLUMNS, TABLE, write_dataset
from core.synthesis.datasets import KINDS, dataset
from core.synthesis.spinodal import spinodal_field


@pytest.mark.parametrize("key", KINDS)
def test_any_image_can_be_made_again_alone(key: str) -> None:
    first, second = dataset(key, 2, 3)
    (alone,) = dataset(key, 1, 3, first=1)
    assert np.array_equal(alone.image.labels, second.image.labels) and alone.truth == pytest.approx(
        second.truth, nan_ok=True
    )
    assert not np.array_equal(first.image.labels, second.image.labels)
    (other,) = dataset(key, 1, 4)
    assert not np.array_equal(other.image.labels, first.image.labels)
    assert first.image.labels.shape == (64, 64) and first.image.labels.max() == 1
    assert first.truth["fraction"] == first.image.fractions[1]
    wanted = KINDS[key].settings.fraction
    mean = np.mean([item.truth["fraction"] for item in dataset(key, 12, 0)])
    # fields and spinodals have it to a pixel, what is made of objects as far as these are whole
    assert mean == pytest.approx(wanted, abs=1 / 64**2 if math.isnan(first.truth["deviation"]) else 0.04)


def test_filler_gathers_in_agglomerates() -> None:
    """The share of filler differs from place to place far more than that of pores of one length."""

    def unevenness(key: str) -> float:
        settings = replace(KINDS[key].settings, size=128, fraction=0.12, length=8.0)
        cells = [item.image.labels.reshape(8, 16, 8, 16).mean(axis=(1, 3)) for item in dataset(key, 4, 0, settings)]
        return float(np.mean([np.std(cell) for cell in cells]))

    assert unevenness("pmma") > 1.5 * unevenness("carbonate")


def test_the_objects_are_those_that_are_told() -> None:
    settings = replace(KINDS["fibres"].settings, size=128, spread=0.2)
    (item,) = dataset("fibres", 1, 0, settings)
    # periodic: pieces that meet across the edges are one fibre
    tiled = np.tile(item.image.labels, (2, 2))
    pieces, count = ndimage.label(tiled[32:160, 32:160])
    whole = ndimage.label(np.tile(item.image.labels, (3, 3)))[0]
    inside = {int(label) for label in np.unique(whole[128:256, 128:256]) if label}
    touching = [np.argwhere(whole == label).mean(axis=0) for label in inside]
    centred = sum(128 <= y < 256 and 128 <= x < 256 for y, x in touching)
    assert centred == item.truth["objects"] and count >= 1 and pieces.max() == count
    area = item.truth["objects"] * math.pi / 4 * (item.truth["mean_diameter"] ** 2 + item.truth["deviation"] ** 2)
    assert area == pytest.approx(settings.fraction * 128**2, rel=1e-9), "the discs' own areas make up the fraction"


def test_grains_fill_the_plane() -> None:
    (item,) = dataset("polycrystal", 1, 0)
    mean, deviation = item.truth["mean_diameter"], item.truth["deviation"]
    assert item.truth["objects"] * math.pi / 4 * (mean**2 + deviation**2) == pytest.approx(64**2)


def test_components_part_and_their_mean_stays() -> None:
    draw = np.random.default_rng(0)
    field = spinodal_field((48, 64), 16.0, 0.4, draw)
    assert field.mean() == pytest.approx(-0.2, abs=1e-9)
    assert np.abs(field).max() < 1.3 and (np.abs(field) > 0.7).mean() > 0.6
    # the spectrum's ring lies at the length asked for, coarsened or not, to a third
    power = np.abs(np.fft.fftn(spinodal_field((128, 128), 16.0, 0.5, draw))) ** 2
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128), indexing="ij"))
    assert 1 / (float((power * k).sum() / power.sum())) == pytest.approx(16, rel=0.35)
    with pytest.raises(InputError, match="do not part"):
        spinodal_field((32, 32), 8.0, 0.1, draw)
    with pytest.raises(InputError, match="do not fit"):
        spinodal_field((32, 32), 40.0, 0.5, draw)


def test_a_set_on_the_disk(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    seen: list[float] = []
    finish(
        write_dataset(["fibres", "ceramic"], 11, 5, folder, suffix=".png"), lambda report: seen.append(report.fraction)
    )
    assert seen == pytest.approx([(number + 1) / 22 for number in range(22)])
    with (folder / TABLE).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 22
    assert rows[3]["file"] == "fibres/fibres_03.png" and rows[11]["mean_diameter_px"] == ""
    for row in (rows[3], rows[21]):
        read = read_labels(folder / row["file"])
        assert isinstance(read, PhaseImage)
        (again,) = dataset(row["kind"], 1, 5, first=int(row["number"]))
        assert np.array_equal(read.labels, again.image.labels)
        assert float(row["fraction"]) == pytest.approx(read.fractions[1], rel=1e-5)
    with pytest.raises(OutputExistsError):
        finish(write_dataset(["fibres"], 1, 5, folder))
    finish(write_dataset(["fibres"], 2, 5, folder, overwrite=True))
    assert sorted(path.name for path in folder.iterdir()) == ["fibres_0.tif", "fibres_1.tif", TABLE]
    # never instead of what is no data set, and nothing half written
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(JobError, match="other things"):
        finish(write_dataset(["fibres"], 1, 5, other, overwrite=True))
    job = write_dataset(["fibres"], 5, 5, tmp_path / "cut")
    next(job)
    job.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "set"]
    for kinds, count in (([], 3), (["fibres"], 0), (["magic"], 1)):
        with pytest.raises(InputError):
            finish(write_dataset(kinds, count, 0, tmp_path / "no"))
