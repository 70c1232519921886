"""Permeability: plane walls, ducts, lattices of spheres, a dense solution, and a lattice Boltzmann one."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.job import finish
from core.properties import DARCY, Permeability, SolverProgress, absolute_permeability

BOTH: dict[str, Any] = {"ends": "periodic", "sides": "periodic"}


def solved(pores: np.ndarray, **options: Any) -> Permeability:
    return finish(absolute_permeability(pores, **options))


def along(pores: np.ndarray, axis: int = 0, **options: Any) -> float:
    return solved(pores, axes=(axis,), **options).along[0].voxels


def sphere_array(edge: int, solid: float) -> tuple[np.ndarray, float]:
    """Pores around one sphere in a cube that repeats, and the permeability by Zick and Homsy's drag over K."""
    radius = (3 * solid / (4 * math.pi)) ** (1 / 3) * edge
    square = (np.arange(edge) - (edge - 1) / 2) ** 2
    pores = square[:, None, None] + square[:, None] + square >= radius**2
    return pores, edge**3 / (6 * math.pi * radius)


@pytest.mark.parametrize(("ends", "sides"), [*itertools.product(("fixed", "periodic"), ("closed", "periodic"))])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_plane_walls(axis: int, ends: str, sides: str) -> None:
    """h² / 12 of each channel, and 1 + 2 / h² as the only error."""
    for gap in (1, 2, 5):
        pores = np.zeros((4, 5, 6), bool)
        across = (axis + 1) % 3
        wide = np.moveaxis(np.zeros((gap + 2, 3, 4), bool), 0, across)
        np.moveaxis(wide, across, 0)[1:-1] = True
        pores = wide
        found = along(pores, axis, ends=ends, sides=sides, tolerance=1e-11)
        assert found == pytest.approx(gap**2 / 12 * (1 + 2 / gap**2) * gap / (gap + 2), rel=1e-9)


def test_square_duct_converges_to_its_series() -> None:
    """Exact: White, *Viscous Fluid Flow*, section 3-3.3: 0.035144 a⁴ for a square of edge a."""
    odd = np.arange(1, 200, 2)
    exact = 1 / 12 * (1 - 192 / math.pi**5 * np.sum(np.tanh(odd * math.pi / 2) / odd**5))
    assert exact == pytest.approx(0.035144, rel=1e-4)
    errors = []
    for edge in (4, 8, 16):
        pores = np.zeros((2, edge + 2, edge + 2), bool)
        pores[:, 1:-1, 1:-1] = True
        errors.append(along(pores, tolerance=1e-9) * (edge + 2) ** 2 / edge**4 / exact - 1)
    assert abs(errors[-1]) < 0.016
    for coarser, finer in itertools.pairwise(errors):
        assert coarser / finer == pytest.approx(4, abs=0.5)  # second order


@pytest.mark.parametrize(("solid", "drag"), [(0.064, 2.810), (0.216, 7.442), (0.45, 28.1)])
def test_spheres_converge_to_zick_and_homsy(solid: float, drag: float) -> None:
    """Simple cubic lattices (Zick and Homsy, *J. Fluid Mech.* 115, 1982, table 2)."""
    ratios = []
    for edge in (8, 16, 32):
        pores, over_drag = sphere_array(edge, solid)
        ratios.append(along(pores, **BOTH, tolerance=1e-4) * drag / over_drag)
    off = [abs(ratio - 1) for ratio in ratios]
    assert off[2] < 0.07
    assert off[2] < off[0]


def dense(pores: np.ndarray, axis: int) -> float:
    """The permeability of a structure that repeats, from the dense matrix of the whole system, written face by face.

    Every face has a velocity here, those at solid being set to 0, and every voxel a pressure.
    """
    shape, size = np.array(pores.shape), pores.size

    def unknown(component: int, place: Any) -> int:
        return component * size + int(np.ravel_multi_index(tuple(np.mod(place, shape)), tuple(shape)))

    def is_pore(place: Any) -> bool:
        return bool(pores[tuple(np.mod(place, shape))])

    matrix, rhs = np.zeros((4 * size, 4 * size)), np.zeros(4 * size)
    steps = np.eye(3, dtype=int)
    for component in range(3):
        for place in itertools.product(*map(range, shape)):
            here, row = np.array(place), unknown(component, place)
            if not (is_pore(here) and is_pore(here - steps[component])):
                matrix[row, row] = 1.0
                continue
            rhs[row] = 1.0 if component == axis else 0.0
            for direction, sign in itertools.product(range(3), (1, -1)):
                there = here + sign * steps[direction]
                walls = not is_pore(there) and not is_pore(there - steps[component])
                if direction != component and walls:
                    matrix[row, row] += 2.0
                else:
                    matrix[row, row] += 1.0
                    matrix[row, unknown(component, there)] -= 1.0
            matrix[row, unknown(3, here)] += 1.0
            matrix[row, unknown(3, here - steps[component])] -= 1.0
    for place in itertools.product(*map(range, shape)):
        row = unknown(3, place)
        if not pores[place]:
            matrix[row, row] = 1.0
            continue
        for component in range(3):
            matrix[row, unknown(component, np.array(place) + steps[component])] += 1.0
            matrix[row, unknown(component, place)] -= 1.0
    solution = np.linalg.lstsq(matrix, rhs, rcond=None)[0]
    return float(solution[axis * size : (axis + 1) * size].sum() / size)


def random_pores(shape: tuple[int, int, int], seed: int = 5) -> np.ndarray:
    pores: np.ndarray = np.random.default_rng(seed).random(shape) < 0.7
    return pores


def test_equals_a_dense_solution() -> None:
    pores = random_pores((5, 4, 6))
    found = solved(pores, **BOTH, tolerance=1e-12)
    for axis in range(3):
        assert found.along[axis].voxels == pytest.approx(dense(pores, axis), rel=1e-9)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_fixed_and_closed_is_a_mirrored_structure_that_repeats(axis: int) -> None:
    pores = random_pores((4, 5, 3))
    doubled = pores
    for other in range(3):
        doubled = np.concatenate([doubled, np.flip(doubled, other)], other)
    one = along(pores, axis, tolerance=1e-12)
    assert one > 0
    assert one == pytest.approx(along(doubled, axis, **BOTH, tolerance=1e-12), rel=1e-9)
    half_open = np.concatenate([pores, np.flip(pores, axis)], axis)
    one = along(pores, axis, sides="periodic", tolerance=1e-12)
    assert one == pytest.approx(along(half_open, axis, **BOTH, tolerance=1e-12), rel=1e-9)


def lattice_boltzmann(pores: np.ndarray, steps: int) -> float:
    """The permeability of a structure that repeats, along z, by D3Q19 with two relaxation times (Ginzburg 2008).

    The product of the two, 3/16, puts the walls half way between nodes for plane channels, whatever the viscosity.
    """
    ways = np.array([way for way in itertools.product((-1, 0, 1), repeat=3) if np.abs(way).sum() < 3])
    weight = np.array([{0: 1 / 3, 1: 1 / 18, 2: 1 / 36}[int(np.abs(way).sum())] for way in ways])
    opposite = [int(np.flatnonzero((ways == -way).all(axis=1))[0]) for way in ways]
    even = 1.0  # τ⁺: viscosity (τ⁺ − ½) / 3
    odd = 0.5 + 3 / 16 / (even - 0.5)
    force = 1e-6
    parts = weight[:, None, None, None] * np.ones(pores.shape)
    push = 3 * weight * ways[:, 0] * force
    for _ in range(steps):
        density = parts.sum(axis=0)
        momentum = np.tensordot(ways.T.astype(float), parts, 1)
        rest = weight[:, None, None, None] * (density + 3 * np.tensordot(ways.astype(float), momentum, 1))
        off = parts - rest
        symmetric, skew = (off + off[opposite]) / 2, (off - off[opposite]) / 2
        parts = parts - symmetric / even - skew / odd + push[:, None, None, None]
        moved = np.stack([np.roll(part, tuple(way), (0, 1, 2)) for part, way in zip(parts, ways, strict=True)])
        for number, way in enumerate(ways):
            from_solid = pores & ~np.roll(pores, tuple(way), (0, 1, 2))
            moved[number][from_solid] = parts[opposite[number]][from_solid]
        parts = moved * pores
    flow = np.tensordot(ways.T.astype(float), parts, 1)[0].sum() + force / 2 * pores.sum()
    return float(flow / pores.size / force * (even - 0.5) / 3)


def test_agrees_with_lattice_boltzmann() -> None:
    """Another method altogether: the difference is what the voxels themselves are off in both."""
    pores, _ = sphere_array(12, 0.216)
    pores[:3, :3, :4] = False  # nothing symmetric
    one, other = along(pores, **BOTH), lattice_boltzmann(pores, 700)
    assert other == pytest.approx(lattice_boltzmann(pores, 500), rel=1e-4)  # steady
    assert one == pytest.approx(other, rel=0.06)


def test_the_velocity_is_kept_and_nothing_is_lost() -> None:
    pores = random_pores((6, 5, 7))
    found = solved(pores, axes=(0,), tolerance=1e-12).along[0]
    assert found.velocity.shape == (3, 6, 5, 7)
    assert not found.velocity[:, ~pores].any()
    # the middle of a voxel shows the mean of its two faces, and every face plane carries the same flow
    np.testing.assert_allclose(found.velocity[0].mean(axis=(1, 2)), found.voxels, rtol=1e-5)
    np.testing.assert_allclose(found.speed, np.linalg.norm(found.velocity, axis=0), rtol=1e-6)


@pytest.mark.parametrize("ends", ["fixed", "periodic"])
def test_what_does_not_percolate_is_said(ends: str) -> None:
    pores = np.ones((5, 4, 6), bool)
    pores[:, :, 3] = False
    pores[2, 2, 3] = ends == "periodic"
    found = solved(pores, ends=ends)
    if ends == "fixed":
        assert found.along[2].voxels == 0
        assert "nothing flows" in found.along[2].sentence
    else:  # through the hole, and round
        assert found.along[2].voxels > 0
    assert found.along[0].voxels > 0 and found.along[0].sentence == ""
    alone = np.zeros((5, 5, 5), bool)
    alone[1:4, 1:4, 1:4] = True
    for item in solved(alone, ends=ends).along:
        assert item.voxels == 0 and item.sentence and not item.velocity.any()


def test_pores_that_lead_nowhere_change_nothing() -> None:
    pores = np.zeros((6, 9, 9), bool)
    pores[:, 1:4, 1:4] = True
    alone = solved(pores, axes=(0,))
    pores[2:4, 6:8, 6:8] = pores[:3, 6:8, 1] = True
    found = solved(pores, axes=(0,))
    assert found.along[0].voxels == alone.along[0].voxels
    assert found.along[0].connected == alone.porosity < found.porosity


def test_units_and_edges() -> None:
    """In metres, k goes with the square of the edge; stretched voxels are no obstacle."""
    pores = np.zeros((3, 10, 4), bool)
    pores[:, 1:-1] = True
    found = solved(pores, axes=(0, 2), voxel_size=(3e-6,) * 3, tolerance=1e-10)
    for item in found.along:
        assert item.metres == pytest.approx(item.voxels * 9e-12)
        assert item.darcy == pytest.approx(item.metres / DARCY)
    assert solved(pores, axes=(0,)).along[0].darcy is None
    # a gap of 8 voxels of 2 µm, walls of 2
    stretched = solved(pores, axes=(0,), voxel_size=(1e-6, 2e-6, 5e-6), tolerance=1e-10).along[0]
    assert stretched.metres == pytest.approx((16e-6) ** 2 / 12 * (1 + 2 / 64) * 0.8, rel=1e-8)


def test_progress_and_cancel() -> None:
    pores = random_pores((8, 8, 8))
    seen: list[SolverProgress] = []
    found = finish(absolute_permeability(pores, axes=(1,)), seen.append)
    steps = [item.step for item in seen]
    assert steps == sorted(steps) and len(set(steps)) > 10
    assert found.along[0].relative_residual <= 1.1e-5
    assert tuple({item.iteration: item.residual for item in seen}.values()) == found.along[0].residuals
    job = absolute_permeability(pores)
    for _ in range(6):
        next(job)
    job.close()
    with pytest.raises(StopIteration):
        next(job)


def test_an_unfinished_iteration_is_said() -> None:
    assert "not finished" in solved(random_pores((8, 8, 8)), axes=(0,), limit=2).along[0].sentence


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="no pores"):
        solved(np.zeros((3, 3, 3), bool))
    with pytest.raises(InputError, match="axes"):
        solved(np.ones((3, 3, 3), bool), axes=(4,))
    with pytest.raises(InputError, match="three axes"):
        solved(np.ones((3, 3), bool))
    with pytest.raises(InputError, match="tolerance"):
        solved(np.ones((3, 3, 3), bool), tolerance=2.0)
