"""The bimodal alloy: exact shares, rims and distances against brute force, spacing of the lamellae."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.images.values import Volume
from core.synthesis.titanium import BETA, PRIMARY, SECONDARY, TitaniumSettings, _distance, titanium

SIZE = (36, 40, 44)
SMALL = TitaniumSettings(globule=14.0, colony=20.0)


@pytest.fixture(scope="module")
def made() -> Volume:
    return titanium(SIZE, 3, SMALL)


def test_shares_are_exact(made: Volume) -> None:
    voxels = np.prod(SIZE)
    assert [phase.name for phase in made.phases] == ["Primary alpha", "Secondary alpha", "Beta"]
    counts = np.bincount(made.labels.reshape(-1), minlength=3)
    assert counts[PRIMARY] == round(0.34 * voxels)
    assert counts[BETA] == round(0.24 * voxels)


def test_along_every_globule_lies_beta_and_nothing_else(made: Volume) -> None:
    # round the faces: the box repeats
    around = ndimage.distance_transform_edt(np.pad(made.labels != PRIMARY, 3, mode="wrap"))[3:-3, 3:-3, 3:-3]
    rim = (around > 0) & (around <= SMALL.rim)
    assert rim.sum() > 1000
    assert (made.labels[rim] == BETA).all()
    # beyond, there are lamellae
    beyond = made.labels[around > SMALL.rim]
    assert 0.6 < (beyond == SECONDARY).mean() < 0.95


@pytest.mark.parametrize("most", [3.0, 9.0])
def test_distances_to_balls_are_those_of_brute_force(most: float) -> None:
    size, generator = (11, 14, 17), np.random.default_rng(0)
    centres, radii = generator.random((5, 3)) * size, 1 + 2 * generator.random(5)
    axes = np.stack(np.meshgrid(*(np.arange(side) + 0.5 for side in size), indexing="ij"), axis=-1)
    apart = np.abs(axes[..., None, :] - centres)
    apart = np.minimum(apart, np.asarray(size) - apart)
    wanted = np.minimum(most, (np.sqrt(np.square(apart).sum(axis=-1)) - radii).min(axis=-1))
    found = _distance(size, centres, radii, most)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_lamellae_are_as_far_apart_as_is_said() -> None:
    """Planes of beta a distance s apart, at every angle: their power spectrum is highest at waves s long."""
    wide = titanium((64, 64, 64), 1, replace(SMALL, primary=0.05, globule=16.0, rim=0.0, colony=400.0, spacing=8.0))
    beta = (wide.labels == BETA) - float((wide.labels == BETA).mean())
    power = np.square(np.abs(np.fft.rfftn(beta)))
    waves = [np.fft.fftfreq(64), np.fft.fftfreq(64), np.fft.rfftfreq(64)]
    lengths = np.sqrt(sum(np.square(axis) for axis in np.meshgrid(*waves, indexing="ij")))
    assert 1 / lengths.reshape(-1)[power.argmax()] == pytest.approx(8.0, rel=0.1)


def test_same_seed_same_volume_other_seed_another(made: Volume) -> None:
    np.testing.assert_array_equal(made.labels, titanium(SIZE, 3, SMALL).labels)
    assert (made.labels != titanium(SIZE, 4, SMALL).labels).any()


def test_globules_wider_than_the_box_are_refused() -> None:
    with pytest.raises(InputError, match="does not fit"):
        titanium((20, 64, 64), 0)
