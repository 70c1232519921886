"""Two sets compared as a whole, and the report of it."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.job import finish
from core.quality import DescriptorSpace, PictureSet, Quality, comparing_sets, frechet_distance, standardised
from core.report.quality import pictures_csv, quality_json, quality_sentence, write_quality
from core.statistics import discrepancy, measure_curves
from core.statistics.euler import euler_density


def pictures(seed: int, count: int, level: float = 0.3, sigma: float = 1.5) -> PictureSet:
    generator = np.random.default_rng(seed)
    smooth = [ndimage.gaussian_filter(generator.standard_normal((32, 32)), sigma, mode="wrap") for _ in range(count)]
    return PictureSet(
        tuple(f"s{seed}_{place}" for place in range(count)), np.stack([one > level * one.std() for one in smooth])
    )


@pytest.fixture(scope="module")
def found() -> Quality:
    generated = pictures(0, 6)
    real = pictures(1, 8)
    generated.pictures[2] = real.pictures[5]
    return finish(comparing_sets(generated, real))


def test_features_are_the_descriptors() -> None:
    picture = pictures(0, 1).pictures[0]
    space = DescriptorSpace(9)
    assert space.lags == (0, 1, 2, 3, 4, 6, 8)
    features = finish(space.features(picture))
    known = dict(zip(space.labels, features, strict=True))
    curves = measure_curves(picture, 9)
    assert known["fraction"] == picture.mean()
    assert known["S2(4) along y"] == curves.s2[0, 4] and known["L(8) along x"] == curves.lineal_path[1, 8]
    assert known["boundary along x"] == np.mean(picture[:, 1:] != picture[:, :-1])
    assert known["Euler number"] == euler_density(picture)


def test_standardised_by_the_reference() -> None:
    reference = np.array([[0.0, 5, 7], [2, 5, 7]])
    some = np.array([[1.0, 5, 8], [3, 5, 9]])
    a, b = standardised(some, reference)
    # the second says nothing; the third does not vary in the reference and is scaled by √((1 + 4) / 2)
    assert b == pytest.approx(np.array([[-1.0, 0], [1, 0]]))
    assert a == pytest.approx(np.array([[0, 1 / 2.5**0.5], [2, 2 / 2.5**0.5]]))


def test_numbers_of_the_whole(found: Quality) -> None:
    space = DescriptorSpace(15)
    clouds = [
        np.stack([finish(space.features(picture)) for picture in one.pictures]) for one in (found.generated, found.real)
    ]
    assert found.frechet == pytest.approx(frechet_distance(*standardised(clouds[0], clouds[1])))
    assert found.space == space.name and "FID" not in json.dumps(quality_json(found))
    means = [
        np.mean([measure_curves(picture, 15).s2_mean for picture in one.pictures], axis=0)
        for one in (found.generated, found.real)
    ]
    assert found.epsilon_s2 == pytest.approx(discrepancy(*means))
    alone = measure_curves(found.generated.pictures[1], 15)
    assert found.epsilons_s2[1] == pytest.approx(discrepancy(alone.s2_mean, means[1]))
    assert found.nearest.pair == (2, 5) and found.nearest.squares[2] == 0 and found.nearest.suspects == (2,)
    assert math.isinf(found.psnr) and found.similarities[2].ssim == pytest.approx(1)
    assert found.manifolds is not None
    assert any("fewer pictures than features" in note for note in found.notes)


def test_a_set_against_itself() -> None:
    same = pictures(3, 5)
    found = finish(comparing_sets(same, same))
    assert found.frechet == pytest.approx(0, abs=1e-6) and found.epsilon_s2 == found.epsilon_lineal_path == 0
    assert found.manifolds is not None and (found.manifolds.precision, found.manifolds.recall) == (1, 1)
    assert found.grain_difference == 0 and found.nearest.suspects == tuple(range(5))


def test_too_few_for_neighbours_and_for_anything() -> None:
    few = finish(comparing_sets(pictures(4, 3), pictures(5, 9)))
    assert few.manifolds is None and any("more than 3 pictures" in note for note in few.notes)
    with pytest.raises(InputError, match="At least two"):
        finish(comparing_sets(pictures(4, 1), pictures(5, 9)))


def test_report(found: Quality, tmp_path: Path) -> None:
    plain = json.loads(json.dumps(quality_json(found), allow_nan=False))
    assert plain["nearest"]["pair"] == {"generated": "s0_2", "reference": "s1_5"}
    assert plain["nearest"]["copies_suspected"] == ["s0_2"] and plain["nearest"]["psnr_mean_db"] is None
    assert plain["feature_space"].startswith("descriptors")
    assert plain["s2"]["epsilon_percent"] == 100 * found.epsilon_s2
    lines = list(csv.DictReader(io.StringIO(pictures_csv(found))))
    assert len(lines) == 6 and lines[2]["nearest"] == "s1_5" and lines[2]["psnr_db"] == "inf"
    assert float(lines[0]["epsilon_s2"]) == pytest.approx(found.epsilons_s2[0], rel=1e-7)
    assert quality_sentence(found).startswith("One generated picture is nearer")
    write_quality(found, tmp_path / "q", "Made", "Real")
    page = (tmp_path / "q" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3 and page.count("<img") == 8 and "look for copies" in page
    assert {path.name for path in (tmp_path / "q").iterdir()} == {"pictures.csv", "report.json", "report.html"}
