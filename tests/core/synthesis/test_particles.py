"""Sphere packing and fibre composite: fractions, sections, determinism."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.synthesis.fibres import FibreSettings, fibre_composite
from core.synthesis.spheres import SphereSettings, sphere_packing, sphere_radii


@pytest.mark.parametrize("seed", [0, 1])
def test_spheres_fill_the_wanted_fraction(seed: int) -> None:
    settings = SphereSettings(fraction=0.25, radius=7)
    radii = sphere_radii(64.0**3, seed, settings)
    assert float((4 / 3 * np.pi * radii**3).sum()) == pytest.approx(0.25 * 64**3)
    assert (np.diff(radii) <= 0).all()
    assert sphere_packing((64, 64, 64), seed, settings).fractions[1] == pytest.approx(0.25, abs=0.005)


def test_every_section_of_the_composite_has_the_wanted_fraction() -> None:
    volume = fibre_composite((12, 160, 140), 4)
    np.testing.assert_allclose(volume.labels.mean(axis=(1, 2)), 0.35, atol=0.005)


def test_misalignment_moves_the_fibres_along_z_and_none_keeps_them() -> None:
    tilted = fibre_composite((40, 120, 120), 5, FibreSettings(misalignment=2.0)).labels
    straight = fibre_composite((40, 120, 120), 5, FibreSettings(misalignment=0.0)).labels
    assert (straight == straight[0]).all()
    assert 0.005 < (tilted[0] != tilted[-1]).mean() < 0.2


@pytest.mark.parametrize("make", [sphere_packing, fibre_composite])
def test_same_seed_same_volume_other_seed_another(make: object) -> None:
    assert callable(make)
    first, again, other = (make((48, 72, 64), seed).labels for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="Fraction"):
        sphere_packing((48, 48, 48), 0, SphereSettings(fraction=0.9))
    with pytest.raises(InputError, match="Misalignment"):
        fibre_composite((4, 96, 96), 0, FibreSettings(misalignment=45.0))
