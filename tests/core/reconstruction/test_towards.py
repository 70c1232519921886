"""Noise between two seeds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.generation.noise import gaussian
from core.masks.fields import constant
from core.reconstruction.towards import Ramp, Towards, blended


def noise(seed: int) -> torch.Tensor:
    return gaussian(seed, 0, 3, (0, 0, 0), (24, 24, 24))


def test_the_ends_are_the_two_noises_to_the_bit() -> None:
    assert torch.equal(blended(noise(1), noise(2), 0.0), noise(1))
    assert torch.equal(blended(noise(1), noise(2), 1.0), noise(2))
    steps = np.repeat([0.0, 1.0], 12).astype(np.float32)[:, None, None] + np.zeros((24, 24, 24), np.float32)
    mixed = blended(noise(1), noise(2), steps)
    assert torch.equal(mixed[:, :12], noise(1)[:, :12])
    assert torch.equal(mixed[:, 12:], noise(2)[:, 12:])


@pytest.mark.parametrize("weight", [0.1, 0.25, 0.5, 0.8])
def test_on_the_way_it_is_the_circle_between_them_and_its_variance_stays_one(weight: float) -> None:
    one, other = noise(1).numpy().astype(float), noise(2).numpy().astype(float)
    mixed = blended(noise(1), noise(2), weight).numpy()
    expected = np.cos(np.pi / 2 * weight) * one + np.sin(np.pi / 2 * weight) * other
    assert np.allclose(mixed, expected, atol=1e-6)
    # 41,472 numbers: the variance of so many scatters by 0.7 %
    assert mixed.var() == pytest.approx(1, abs=0.03)
    assert abs(mixed.mean()) < 0.02


def test_a_field_of_weights_is_each_weight_at_its_place() -> None:
    weights = np.random.default_rng(0).random((24, 24, 24)).astype(np.float32)
    mixed = blended(noise(1), noise(2), weights)
    place = (5, 17, 20)
    assert torch.allclose(mixed[(slice(None), *place)],
                          blended(noise(1), noise(2), float(weights[place]))[(slice(None), *place)])  # fmt: skip
    assert float(mixed.var()) == pytest.approx(1, abs=0.03)


def test_a_ramp_runs_from_the_first_section_to_the_last() -> None:
    field = Towards(3, Ramp(1, 0.2, 0.8)).over((4, 7, 5))
    assert not isinstance(field, float)
    assert field.shape == (1, 7, 1)
    assert np.allclose(field.fraction[0, :, 0], np.linspace(0.2, 0.8, 7))
    assert Towards(3, Ramp(0)).over((1, 7, 5)).fraction.item() == 0.5  # type: ignore[union-attr]
    assert Towards(3, 0.4).over((4, 7, 5)) == 0.4


def test_what_it_is_called_and_what_is_refused() -> None:
    assert Towards(3, Ramp(2)).entry() == {"seed": 3, "weight": {"axis": "x", "first": 0.0, "last": 1.0}}
    assert Towards(3, Ramp(2)).words == "0 to 100 % along x"
    assert Towards(3, 0.25).words == "25 %"
    one, other = (Towards(3, constant(value, (1, 2, 1))).entry()["weight"] for value in (0.3, 0.4))
    assert one["hash"] != other["hash"]
    for wrong in (-0.1, 1.5, float("nan")):
        with pytest.raises(InputError, match="outside 0 to 1"):
            Towards(3, wrong)
        with pytest.raises(InputError, match="outside 0 to 1"):
            Ramp(0, 0.0, wrong)
    with pytest.raises(InputError, match="no axis"):
        Ramp(3)
