"""Effective stiffness against closed forms: layers, equal shear moduli, one phase; and what must hold anyhow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.job import finish
from core.properties.elastic_grid import ElasticGrid, GreenOperator
from core.properties.elasticity import Elasticity, Moduli, effective_elasticity

GLASS, RESIN, PORE = Moduli(70e9, 0.22), Moduli(3e9, 0.35), Moduli(0.0, 0.0)


def computed(labels: np.ndarray, *phases: Moduli, **more: Any) -> Elasticity:
    return finish(effective_elasticity(labels.astype(np.uint8), dict(enumerate(phases)), **more))


def isotropic_stiffness(one: Moduli) -> np.ndarray:
    c = np.diag([2 * one.shear] * 3 + [one.shear] * 3)
    c[:3, :3] += one.bulk_lambda
    return c


def layered(phases: tuple[Moduli, ...], shares: tuple[float, ...], normal: int) -> np.ndarray:
    """Stiffness of layers across ``normal`` (Backus, J. Geophys. Res. 67, 4427, 1962)."""

    def mean(value: Any) -> float:
        return float(sum(share * value(one) for share, one in zip(shares, phases, strict=True)))

    def p_wave(one: Moduli) -> float:
        return one.bulk_lambda + 2 * one.shear

    stiff = 1 / mean(lambda one: 1 / p_wave(one))
    ratio = mean(lambda one: one.bulk_lambda / p_wave(one))
    c = np.zeros((6, 6))
    for a in range(3):
        for b in range(3):
            if a == b == normal:
                c[a, b] = stiff
            elif normal in (a, b):
                c[a, b] = ratio * stiff
            else:
                own = p_wave if a == b else lambda one: one.bulk_lambda
                c[a, b] = mean(lambda one, own=own: own(one) - one.bulk_lambda**2 / p_wave(one)) + ratio**2 * stiff
    for place, pair in enumerate(((1, 2), (0, 2), (0, 1)), 3):
        c[place, place] = 1 / mean(lambda one: 1 / one.shear) if normal in pair else mean(lambda one: one.shear)
    return c


@pytest.mark.parametrize("normal", [0, 1, 2])
def test_layers_are_exact(normal: int) -> None:
    labels = np.zeros((6, 6, 6), int)
    np.moveaxis(labels, normal, 0)[2:4] = 1
    found = computed(labels, GLASS, RESIN, tolerance=1e-11)
    expected = layered((GLASS, RESIN), (2 / 3, 1 / 3), normal)
    assert np.abs(found.stiffness - expected).max() < 1e-9 * expected.max()
    assert found.asymmetry < 1e-9 and found.anisotropy > 0.1
    compliance = np.linalg.inv(expected)
    assert found.youngs == pytest.approx([1 / compliance[axis, axis] for axis in range(3)], rel=1e-6)


def test_layers_of_an_odd_number_of_flat_voxels() -> None:
    labels = np.zeros((5, 3, 7), int)
    labels[1:3] = 1
    found = computed(labels, GLASS, RESIN, tolerance=1e-11, spacing=(1, 2, 3))
    expected = layered((GLASS, RESIN), (0.6, 0.4), 0)
    assert np.abs(found.stiffness - expected).max() < 1e-9 * expected.max()


def test_one_phase_is_itself() -> None:
    found = computed(np.zeros((4, 4, 4), int), GLASS)
    assert found.stiffness == pytest.approx(isotropic_stiffness(GLASS), rel=1e-12)
    assert found.voigt == pytest.approx((GLASS.bulk, GLASS.shear)) and found.reuss == pytest.approx(
        found.voigt, rel=1e-6
    )
    assert found.isotropic.young == pytest.approx(70e9, rel=1e-6)
    assert found.isotropic.poisson == pytest.approx(0.22, rel=1e-6)
    assert found.anisotropy == pytest.approx(0, abs=1e-6) and found.loads[0].iterations == 0


def test_equal_shear_moduli_in_any_arrangement() -> None:
    # Hill (J. Mech. Phys. Solids 11, 357, 1963): 1 / (K + 4 G / 3) is the mean of the phases', however they lie
    shear = 10.0
    phases = [Moduli(9 * bulk * shear / (3 * bulk + shear), (3 * bulk - 2 * shear) / (2 * (3 * bulk + shear)))
              for bulk in (5.0, 80.0)]  # fmt: skip
    assert phases[0].shear == pytest.approx(shear) and phases[1].bulk == pytest.approx(80)
    labels = np.random.default_rng(0).random((7, 7, 7)) < 0.4
    found = computed(labels, *phases, tolerance=1e-9)
    share = labels.mean()
    bulk = 1 / ((1 - share) / (5 + 4 * shear / 3) + share / (80 + 4 * shear / 3)) - 4 * shear / 3
    assert found.voigt == pytest.approx((bulk, shear), rel=1e-7)
    assert found.anisotropy == pytest.approx(0, abs=1e-6)


def test_between_the_bounds_and_symmetric() -> None:
    labels = np.random.default_rng(1).random((8, 8, 8)) < 0.5
    found = computed(labels, GLASS, RESIN, tolerance=1e-7)
    share = labels.mean()
    upper = (1 - share) * isotropic_stiffness(GLASS) + share * isotropic_stiffness(RESIN)
    lower = np.linalg.inv(
        (1 - share) * np.linalg.inv(isotropic_stiffness(GLASS)) + share * np.linalg.inv(isotropic_stiffness(RESIN))
    )
    assert np.linalg.eigvalsh(upper - found.stiffness).min() > 0
    assert np.linalg.eigvalsh(found.stiffness - lower).min() > 0
    assert found.asymmetry < 1e-6 and found.relative_residual <= 1.1e-7
    # moved, it is the same structure
    moved = computed(np.roll(labels, (3, 1, 5), (0, 1, 2)), GLASS, RESIN, tolerance=1e-7)
    assert np.abs(moved.stiffness - found.stiffness).max() < 1e-6 * found.stiffness.max()


def test_the_tolerance_is_that_of_forces_and_the_stiffness_is_nearer() -> None:
    labels = np.random.default_rng(3).random((8, 8, 8)) < 0.3
    rough, fine = computed(labels, GLASS, PORE), computed(labels, GLASS, PORE, tolerance=1e-9)
    assert rough.relative_residual <= 1.1e-4 and fine.relative_residual <= 1.1e-9
    # from above, as the energy of what is missing is added
    off = np.diag(rough.stiffness - fine.stiffness)
    assert (off > -1e-9 * fine.stiffness.max()).all() and off.max() < 1e-3 * fine.stiffness[0, 0]


def test_the_unit_does_not_matter() -> None:
    labels = np.random.default_rng(2).random((4, 5, 6)) < 0.5
    pascal = computed(labels, GLASS, RESIN).stiffness
    giga = computed(labels, Moduli(70, 0.22), Moduli(3, 0.35)).stiffness
    assert pascal == pytest.approx(1e9 * giga, rel=1e-9)


def test_pores_and_what_does_not_hold_together() -> None:
    labels = np.zeros((6, 6, 6), int)
    labels[:3] = 1
    found = computed(labels, GLASS, PORE, tolerance=1e-9)
    # half of it is plates of glass: in the plane half of plane stress, across nothing
    plane = GLASS.young / (1 - GLASS.poisson**2)
    assert found.stiffness[1, 1] == pytest.approx(plane / 2, rel=1e-6)
    assert found.stiffness[1, 2] == pytest.approx(GLASS.poisson * plane / 2, rel=1e-6)
    assert found.youngs[0] == 0 and found.youngs[1:] == pytest.approx([GLASS.young / 2] * 2, rel=1e-4)
    assert math.isinf(found.anisotropy)


def test_force_is_the_transpose_of_strain_and_the_operator_is_undone() -> None:
    generator = torch.Generator().manual_seed(0)
    shape, spacing = (4, 5, 6), (1.0, 2.0, 0.5)

    def random(*sides: int) -> torch.Tensor:
        return torch.rand(sides, generator=generator, dtype=torch.float64)

    grid = ElasticGrid(random(*shape), random(*shape), spacing)
    u, s = random(3, *shape), random(6, *shape)
    weights = torch.tensor([1.0, 1, 1, 2, 2, 2], dtype=torch.float64).reshape(6, 1, 1, 1)
    assert float((grid.strain(u) * s * weights).sum()) == pytest.approx(float((u * grid.force(s)).sum()), rel=1e-12)
    v = random(3, *shape)
    assert float((v * grid.apply(u)).sum()) == pytest.approx(float((u * grid.apply(v)).sum()), rel=1e-12)
    same = ElasticGrid(torch.full(shape, 2.0).double(), torch.full(shape, 3.0).double(), spacing)
    force = same.apply(u)
    back = same.apply(GreenOperator(shape, spacing, 2.0, 3.0, torch.device("cpu"))(force))
    assert float((back - force).abs().max()) < 1e-4 * float(force.abs().max())


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ({0: GLASS}, "moduli of phase 1 are missing"),
        ({0: GLASS, 1: Moduli(-1.0, 0.2)}, "cannot be -1"),
        ({0: GLASS, 1: Moduli(1.0, 0.5)}, "cannot be 0.5"),
        ({0: PORE, 1: PORE}, "No phase of the volume is stiff"),
    ],
)
def test_what_cannot_be_computed(phases: dict[int, Moduli], words: str) -> None:
    labels = np.zeros((3, 3, 3), np.uint8)
    labels[0] = 1
    with pytest.raises(InputError, match=words):
        finish(effective_elasticity(labels, phases))


def test_an_iteration_that_is_not_finished_says_so() -> None:
    labels = np.random.default_rng(1).random((6, 6, 6)) < 0.5
    found = computed(labels, GLASS, RESIN, limit=2)
    assert all("not finished" in load.sentence for load in found.loads) and found.loads[0].iterations == 2
