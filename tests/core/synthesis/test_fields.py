"""Bicontinuous structures: exact fraction, wavelength, determinism."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.synthesis.fields import BicontinuousSettings, bicontinuous, gaussian_field

SIZE = (24, 40, 32)


@pytest.mark.parametrize("fraction", [0.1, 0.42, 0.9])
def test_fraction_is_exact_to_the_voxel(fraction: float) -> None:
    volume = bicontinuous(SIZE, 3, BicontinuousSettings(fraction=fraction, wavelength=12))
    assert int(volume.labels.sum()) == round(fraction * np.prod(SIZE))


def test_the_metal_is_where_the_field_is_high() -> None:
    settings = BicontinuousSettings(wavelength=12)
    field = gaussian_field(SIZE, settings.wavelength, settings.spread, 3)
    labels = bicontinuous(SIZE, 3, settings).labels
    assert field[labels == 1].min() >= field[labels == 0].max()


def test_field_has_its_wavelength_and_unit_variance() -> None:
    """The power spectrum of a long line of the field peaks at one wave per ``wavelength`` pixels."""
    field = gaussian_field((4096,), 16.0, 0.1, 5)
    power = np.abs(np.fft.rfft(field)) ** 2
    frequency = np.fft.rfftfreq(4096)
    # a Gaussian band of amplitude exp(-((k·16 − 1)/0.1)²/2) has its power's mean at 1/16, to the noise of 40 modes
    assert (power * frequency).sum() / power.sum() == pytest.approx(1 / 16, rel=0.03)
    assert field.std() == pytest.approx(1, abs=1e-5)
    assert field.mean() == pytest.approx(0, abs=1e-5)


def test_same_seed_same_volume_other_seed_another() -> None:
    settings = BicontinuousSettings(wavelength=12)
    first = bicontinuous(SIZE, 7, settings)
    np.testing.assert_array_equal(first.labels, bicontinuous(SIZE, 7, settings).labels)
    assert (first.labels != bicontinuous(SIZE, 8, settings).labels).any()
    assert first.provenance.seed == 7
    assert first.voxel_size == (1.2e-9,) * 3


def test_box_without_a_wave_is_refused() -> None:
    with pytest.raises(InputError, match="No wave"):
        bicontinuous((4, 4, 4), 0, BicontinuousSettings(wavelength=400))


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="Fraction"):
        bicontinuous(SIZE, 0, BicontinuousSettings(fraction=1.0))
