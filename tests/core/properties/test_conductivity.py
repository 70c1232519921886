"""Effective conductivity: layers, closed forms, a dense solution, bounds, and what does not conduct."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from core.errors import InputError
from core.job import finish
from core.properties import Conductivity, SolverProgress, effective_conductivity

SOLID, AIR = 1.4, 0.026
ENDS = [("fixed", "closed"), ("fixed", "periodic"), ("periodic", "periodic"), ("periodic", "closed")]


def solved(labels: np.ndarray, values: dict[int, float], **options: object) -> Conductivity:
    return finish(effective_conductivity(labels, values, **options))  # type: ignore[arg-type]


def along(labels: np.ndarray, values: dict[int, float], axis: int = 0, **options: object) -> float:
    return solved(labels, values, axes=(axis,), **options).along[0].value


def random_labels(shape: tuple[int, ...], phases: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, phases, shape, dtype=np.uint8)


def layers(axis: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Layers of uneven thickness across ``axis``."""
    pattern = np.array([0, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0], np.uint8)
    along_axis = [1, 1, 1]
    along_axis[axis] = -1
    return np.ascontiguousarray(np.broadcast_to(pattern[: shape[axis]].reshape(along_axis), shape))


@pytest.mark.parametrize(("ends", "sides"), ENDS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_layers_are_exact(axis: int, ends: str, sides: str) -> None:
    shape = (12, 11, 10)
    for across in (0, 1, 2):
        labels = layers(across, shape)
        share = labels.mean()
        mean = share * AIR + (1 - share) * SOLID
        harmonic = 1 / (share / AIR + (1 - share) / SOLID)
        found = along(labels, {0: SOLID, 1: AIR}, axis, ends=ends, sides=sides)
        assert found == pytest.approx(harmonic if across == axis else mean, rel=1e-9)


@pytest.mark.parametrize("contrast", [1e-6, 1e6])
def test_layers_at_high_contrast(contrast: float) -> None:
    labels = layers(1, (4, 12, 5))
    share = labels.mean()
    found = solved(labels, {0: 1.0, 1: contrast}, tolerance=1e-10)
    values = [item.value for item in found.along]
    mean, harmonic = share * contrast + 1 - share, 1 / (share / contrast + 1 - share)
    np.testing.assert_allclose(values, [mean, harmonic, mean], rtol=1e-7)  # rounding grows with the contrast


def dense(
    labels: np.ndarray, values: dict[int, float], axis: int, spacing: tuple[float, ...], ends: str, sides: str
) -> np.ndarray:
    """A column of the tensor by a dense solution, voxel by voxel and face by face: slow, and written independently."""
    shape, count = labels.shape, labels.size
    number = np.arange(count).reshape(shape)
    matrix, rhs = np.zeros((count, count)), np.zeros(count)
    flows = []  # (direction, voxel or None, voxel or None, conductance per area, distance, known difference)
    for place in itertools.product(*map(range, shape)):
        for direction in range(3):
            kind = ends if direction == axis else sides
            edge, k1 = spacing[direction], values[int(labels[place])]
            here = number[place]
            if place[direction] == 0 and kind == "fixed":
                flows.append((direction, None, here, k1 / (edge / 2), edge / 2, 1.0))
            if place[direction] == shape[direction] - 1:
                if kind == "fixed":
                    flows.append((direction, here, None, k1 / (edge / 2), edge / 2, 0.0))
                if kind != "periodic":
                    continue
            following = list(place)
            following[direction] = (place[direction] + 1) % shape[direction]
            k2 = values[int(labels[tuple(following)])]
            conductance = 1 / (edge / 2 / k1 + edge / 2 / k2)
            jump = 1.0 if kind == "periodic" and direction == axis and following[direction] == 0 else 0.0
            flows.append((direction, here, number[tuple(following)], conductance, edge, jump))
    for direction, one, other, conductance, _, known in flows:
        area = np.prod(spacing) / spacing[direction]
        for sign, end in ((1, one), (-1, other)):
            if end is None:
                continue
            if one is not None:
                matrix[end, one] += sign * conductance * area
            if other is not None:
                matrix[end, other] -= sign * conductance * area
            rhs[end] -= sign * conductance * area * known
    temperature = np.linalg.lstsq(matrix, rhs, rcond=None)[0]
    mean = np.zeros(3)
    for direction, one, other, conductance, distance, known in flows:
        fall = (0.0 if one is None else temperature[one]) - (0.0 if other is None else temperature[other]) + known
        mean[direction] += conductance * fall * distance / spacing[direction] / count
    column: np.ndarray = mean * shape[axis] * spacing[axis]
    return column


@pytest.mark.parametrize(("ends", "sides"), ENDS)
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 0.7)])
def test_equals_a_dense_solution(spacing: tuple[float, ...], ends: str, sides: str) -> None:
    labels = random_labels((4, 5, 6), 3)
    values = {0: 0.026, 1: 1.4, 2: 0.3}
    found = solved(labels, values, spacing=spacing, ends=ends, sides=sides, tolerance=1e-12)
    tensor = found.tensor
    assert tensor is not None
    for axis in range(3):
        expected = dense(labels, values, axis, spacing, ends, sides)
        np.testing.assert_allclose(tensor[:, axis], expected, rtol=1e-10, atol=1e-10)
        assert found.along[axis].value == tensor[axis, axis]


def test_slabs_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = random_labels((7, 5, 6), 2)
    whole = solved(labels, {0: 1.0, 1: 9.0}, tolerance=1e-12)
    monkeypatch.setattr("core.properties.conduction.BLOCK_VALUES", 60)
    pieces = solved(labels, {0: 1.0, 1: 9.0}, tolerance=1e-12)
    np.testing.assert_allclose(whole.tensor, pieces.tensor, rtol=1e-12)


def test_fixed_and_closed_is_a_mirrored_structure_that_repeats() -> None:
    labels = random_labels((4, 5, 3), 2)
    doubled = labels
    for axis in range(3):
        doubled = np.concatenate([doubled, np.flip(doubled, axis)], axis)
    for axis in range(3):
        one = along(labels, {0: 1.0, 1: 20.0}, axis, tolerance=1e-11)
        other = along(doubled, {0: 1.0, 1: 20.0}, axis, ends="periodic", sides="periodic", tolerance=1e-11)
        assert one == pytest.approx(other, rel=1e-10)


def test_tensor_of_a_structure_that_repeats() -> None:
    """Symmetric, the same for every shift, and it turns with the structure."""
    labels = random_labels((6, 6, 6), 2)
    labels[np.add.outer(np.arange(6), np.arange(6)) % 3 == 0] = 1  # slanted sheets
    both = {"ends": "periodic", "sides": "periodic", "tolerance": 1e-11}
    tensor = solved(labels, {0: 1.0, 1: 8.0}, **both).tensor
    assert tensor is not None
    np.testing.assert_allclose(tensor, tensor.T, atol=1e-9)
    assert tensor[0, 1] < -0.1  # heat follows the sheets, which fall along y where they rise along z
    shifted = solved(np.roll(labels, (1, 2, 3), (0, 1, 2)), {0: 1.0, 1: 8.0}, **both).tensor
    np.testing.assert_allclose(shifted, tensor, atol=1e-9)
    turned = solved(np.ascontiguousarray(labels.transpose(2, 0, 1)), {0: 1.0, 1: 8.0}, **both).tensor
    np.testing.assert_allclose(turned, tensor[[2, 0, 1]][:, [2, 0, 1]], atol=1e-9)


def test_checkerboard_converges_to_the_geometric_mean() -> None:
    """Keller's theorem (1964): in two dimensions √(k₁ k₂), exactly."""
    errors = []
    for cell in (4, 8, 16, 32):
        square = np.arange(2 * cell) // cell
        labels = ((square[:, None] + square) % 2).astype(np.uint8)[None]
        found = along(labels, {0: 1.0, 1: 4.0}, 1, ends="periodic", sides="periodic")
        errors.append(abs(found / 2 - 1))
    assert errors[-1] < 0.01
    assert all(finer < 0.65 * coarser for coarser, finer in itertools.pairwise(errors))


@pytest.mark.parametrize("value", [0.0, 0.1, 10.0])
def test_dilute_spheres_follow_maxwell(value: float) -> None:
    """k = (1 + 2 β φ) / (1 − β φ), β = (k₂ − 1) / (k₂ + 2); in a cubic lattice the next term is of order φ^(13/3)."""
    edge = 32
    place = np.arange(edge) - (edge - 1) / 2
    square = place**2
    labels = (square[:, None, None] + square[:, None] + square < 8.3**2).astype(np.uint8)
    share = labels.mean()
    beta = (value - 1) / (value + 2)
    maxwell = (1 + 2 * beta * share) / (1 - beta * share)
    found = along(labels, {0: 1.0, 1: value}, ends="periodic", sides="periodic")
    assert abs(found / maxwell - 1) < 0.01
    assert abs(maxwell - 1) > 0.05  # or the line above would not tell much


def test_the_value_falls_and_knows_how_far_it_may_be_off() -> None:
    labels = random_labels((16, 16, 16), 2)
    exact = along(labels, {0: SOLID, 1: AIR}, tolerance=1e-12)
    rough = solved(labels, {0: SOLID, 1: AIR}, axes=(0,), tolerance=3e-2).along[0]
    assert rough.iterations < 20
    assert 0 < rough.value - exact <= rough.uncertainty
    assert rough.uncertainty < 0.05 * exact
    default = along(labels, {0: SOLID, 1: AIR})
    assert default == pytest.approx(exact, rel=1e-6)


def test_tortuosity_of_a_winding_channel() -> None:
    """A channel of one voxel that goes 4 steps sideways on its way: longer and, at each corner, as wide as before."""
    labels = np.zeros((3, 1, 5), np.uint8)
    labels[0, 0, 0] = labels[1, 0, :] = labels[2, 0, 4] = 1
    found = solved(labels, {0: 0.0, 1: 2.0}, axes=(0,), tolerance=1e-12)
    # half a voxel, 6 steps between centres, half a voxel: 7 in all, across 5 columns and 3 layers
    value = 2.0 / 7 * 3 / 5
    assert found.along[0].value == pytest.approx(value, rel=1e-11)
    assert found.tortuosity(found.along[0]) == pytest.approx(7 / 15 * 2.0 / value)
    assert solved(labels, {0: 1.0, 1: 2.0}, axes=(0,)).tortuosity(found.along[0]) is None


@pytest.mark.parametrize("ends", ["fixed", "periodic"])
def test_what_does_not_percolate_is_said(ends: str) -> None:
    labels = np.ones((6, 5, 4), np.uint8)
    labels[2] = 0
    found = solved(labels, {0: 0.0, 1: 3.0}, ends=ends)
    assert [item.value == 0 for item in found.along] == [True, False, False]
    assert "nothing conducts" in found.along[0].sentence
    assert np.all(np.isfinite(found.along[0].field))
    assert found.tensor is not None and np.all(np.isfinite(found.tensor))
    for item in found.along[1:]:
        assert item.value == pytest.approx(3 * 5 / 6, rel=1e-9)
        assert item.sentence == ""


def test_islands_in_an_insulator_change_nothing() -> None:
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[:, 2:4, 2:4] = 1
    alone = along(labels, {0: 0.0, 1: 1.0})
    labels[3:5, 6:8, 6:8] = 1
    labels[0:3, 6, 0] = 1
    assert along(labels, {0: 0.0, 1: 1.0}) == alone == pytest.approx(1 / 16, rel=1e-12)


def test_porous_insulator_agrees_with_almost_an_insulator() -> None:
    labels = random_labels((10, 10, 10), 10)
    values = {label: float(label > 2) for label in range(10)}
    nearly = {label: value or 1e-7 for label, value in values.items()}
    one, other = along(labels, values, tolerance=1e-10), along(labels, nearly, tolerance=1e-10)
    assert one == pytest.approx(other, rel=1e-5)


def test_the_field_is_kept() -> None:
    labels = layers(2, (3, 4, 12))
    found = solved(labels, {0: SOLID, 1: AIR}, axes=(2,)).along[0]
    resistance = np.where(labels[0, 0], 1 / AIR, 1 / SOLID)
    expected = 1 - (np.cumsum(resistance) - resistance / 2) / resistance.sum()
    assert found.field.shape == labels.shape and found.field.dtype == np.float32
    np.testing.assert_allclose(found.field, np.broadcast_to(expected, labels.shape), atol=1e-5)


def test_progress_rises_and_closing_cancels() -> None:
    labels = random_labels((8, 8, 8), 2)
    seen: list[SolverProgress] = []
    found = finish(effective_conductivity(labels, {0: 1.0, 1: 50.0}, tolerance=1e-8), seen.append)
    steps = [item.step for item in seen]
    assert steps == sorted(steps) and len(set(steps)) > 10 and steps[-1] < seen[-1].of == 300
    assert [item.axis for item in seen] == sorted(item.axis for item in seen)
    # wherever the job can be left it reports, also within an iteration
    of_first = {item.iteration: item.residual for item in seen if item.axis == 0}
    assert tuple(of_first.values()) == found.along[0].residuals
    assert found.along[0].relative_residual <= 1.01e-8
    with pytest.raises(dataclasses.FrozenInstanceError):
        seen[0].residual = 0.0  # type: ignore[misc]
    job = effective_conductivity(labels, {0: 1.0, 1: 50.0})
    for _ in range(4):
        next(job)
    job.close()
    with pytest.raises(StopIteration):
        next(job)


def test_an_unfinished_iteration_is_said() -> None:
    found = solved(random_labels((9, 9, 9), 2), {0: 1.0, 1: 50.0}, axes=(1,), limit=3).along[0]
    assert "not finished" in found.sentence
    assert found.iterations == 3


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        ({0: 1.0}, {}, "phase 1 is missing"),
        ({0: 1.0, 1: -2.0}, {}, "cannot be -2"),
        ({0: 1.0, 1: float("nan")}, {}, "cannot be nan"),
        ({0: 0.0, 1: 0.0}, {}, "No phase"),
        ({0: 1.0, 1: 2.0}, {"axes": (3,)}, "axes"),
        ({0: 1.0, 1: 2.0}, {"axes": ()}, "axes"),
        ({0: 1.0, 1: 2.0}, {"spacing": (1.0, 0.0, 1.0)}, "edges"),
        ({0: 1.0, 1: 2.0}, {"tolerance": 0.0}, "tolerance"),
    ],
)
def test_bad_input_is_refused(values: dict[int, float], options: dict, said: str) -> None:
    labels = np.indices((4, 4, 4)).sum(axis=0).astype(np.uint8) % 2
    with pytest.raises(InputError, match=said):
        solved(labels, values, **options)


def test_agrees_with_taufactor() -> None:
    """Within what taufactor itself converges to."""
    taufactor = pytest.importorskip("taufactor")
    labels = random_labels((12, 12, 12), 10) > 2
    solver = taufactor.Solver(labels.astype(np.uint8), device="cpu")
    solver.solve(verbose=False, conv_crit=1e-4)
    found = solved(labels.astype(np.uint8), {0: 0.0, 1: 1.0}, axes=(0,))
    assert found.tortuosity(found.along[0]) == pytest.approx(float(np.ravel(solver.tau)[0]), rel=2e-3)
