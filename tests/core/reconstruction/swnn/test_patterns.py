"""The sliced-Wasserstein distance against closed forms and explicit windows, and the control of the fraction."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.reconstruction.swnn.patterns import (
    PACKED,
    ExemplarPatterns,
    Projections,
    _quick_order,
    all_windows,
    controlled,
    quantiles,
    random_basis,
    random_directions,
    random_windows,
    sliced_wasserstein,
    sorted_projections,
    wasserstein,
)


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_equal_sets_are_at_distance_zero() -> None:
    patterns = torch.randn(50, 9, generator=draw())
    shuffled = patterns[torch.randperm(50, generator=draw(1))]
    directions = random_directions(7, 9, draw(2))
    assert float(sliced_wasserstein(patterns, shuffled, directions)) == pytest.approx(0, abs=1e-6)


def test_one_dimension_is_the_mean_of_rank_differences() -> None:
    p, q = torch.tensor([[3.0], [0.0], [1.0]]), torch.tensor([[5.0], [6.0], [8.0]])
    assert float(sliced_wasserstein(p, q, torch.ones(1, 1))) == pytest.approx((5 + 5 + 5) / 3)
    # two coins, one with a share of 1/4, the other of 3/4 heads: half of the mass moves by 1
    p, q = torch.tensor([[0.0], [0.0], [0.0], [1.0]]), torch.tensor([[1.0], [0.0], [1.0], [1.0]])
    assert float(sliced_wasserstein(p, q, torch.ones(1, 1))) == pytest.approx(0.5)


def test_a_shift_costs_its_projection() -> None:
    # moving a set by v costs |θ·v| along θ; over all directions of the plane the mean is 2/π
    patterns = torch.randn(40, 2, generator=draw())
    angle = torch.arange(360) * (2 * np.pi / 360)
    directions = torch.stack([angle.cos(), angle.sin()], dim=1)
    shifted = patterns + torch.tensor([0.6, 0.8])
    assert float(sliced_wasserstein(patterns, shifted, directions)) == pytest.approx(2 / np.pi, rel=1e-3)


def test_against_explicit_windows_and_the_best_matching() -> None:
    rng = np.random.default_rng(0)
    sections = [rng.choice([-1.0, 1.0], (4, 4)) for _ in range(2)]
    sets = []
    for section in sections:
        rows = [section[y : y + 3, x : x + 3].reshape(-1) for y in range(2) for x in range(2)]
        sets.append(np.array(rows))
    directions = random_directions(5, 9, draw()).double()
    costs = []
    for direction in directions.numpy():
        p, q = sets[0] @ direction, sets[1] @ direction
        costs.append(min(np.abs(p - q[list(order)]).mean() for order in itertools.permutations(range(4))))
    mine = [all_windows(torch.from_numpy(section), 3) for section in sections]
    assert np.array_equal(mine[0].numpy(), sets[0])
    assert float(sliced_wasserstein(*mine, directions)) == pytest.approx(np.mean(costs))


def test_a_basis_is_orthonormal() -> None:
    basis = random_basis(25, draw())
    assert torch.allclose(basis @ basis.T, torch.eye(25), atol=1e-5)


def test_quantiles_are_the_ranks_themselves_where_counts_agree() -> None:
    ranked = torch.sort(torch.randn(3, 11, generator=draw()), dim=1).values
    assert torch.equal(quantiles(ranked, 11), ranked)
    doubled = ranked.repeat_interleave(2, dim=1)
    assert torch.allclose(quantiles(doubled, 11), ranked, atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("scale", [1, 2])
def test_windows_of_a_block_are_those_of_its_sections(axis: int, scale: int) -> None:
    block = torch.randn(2, 1, 8, 9, 10, generator=draw())
    found = random_windows(block, axis, 3, scale, 300, draw(1))
    allowed = [
        window
        for volume in block[:, 0]
        for section in volume.unbind(axis)
        for window in all_windows(section, 3, scale).numpy()
    ]
    distance = np.abs(found.numpy()[:, None] - np.array(allowed)[None]).max(axis=2).min(axis=1)
    assert distance.max() < 1e-6
    assert len(np.unique(found.numpy(), axis=0)) > (100 if scale == 1 else 30)


def test_all_windows_of_a_slab() -> None:
    slab = torch.randn(1, 1, 6, 1, 7, generator=draw())
    found = random_windows(slab, 1, 3, 1, 0, draw())
    assert torch.equal(found, all_windows(slab[0, 0, :, 0], 3))


def test_windows_average_over_the_scale() -> None:
    section = torch.arange(36, dtype=torch.float32).reshape(6, 6)
    first = all_windows(section, 3, 2)[0].reshape(3, 3)
    wanted = section.reshape(3, 2, 3, 2).mean(dim=(1, 3))
    assert torch.equal(first, wanted)


@pytest.mark.parametrize("fraction", [0.2, 0.35, 0.6, 0.8])
def test_control_meets_the_fraction_with_the_exemplars_own_patterns(fraction: float) -> None:
    rng = np.random.default_rng(1)
    patterns = torch.from_numpy(np.where(rng.random((4000, 9)) < rng.random((4000, 1)), 1.0, -1.0))
    chosen = controlled(patterns, fraction, draw())
    assert chosen.shape == patterns.shape
    assert float((chosen.mean() + 1) / 2) == pytest.approx(fraction, abs=0.01)
    known = {tuple(row) for row in patterns.int().tolist()}
    assert all(tuple(row) in known for row in chosen.int().tolist())


def test_control_takes_the_longest_run_from_the_right_end() -> None:
    # fractions 0, 1/4, 1/2, 3/4, 1: for 3/8 the run 0 … 3/4 has just that mean; for 3/4 it is 1/2, 3/4, 1
    patterns = torch.tensor([[-1.0] * (4 - n) + [1.0] * n for n in (2, 0, 4, 1, 3)])
    low = controlled(patterns, 0.375, draw())
    assert set(((low.mean(dim=1) + 1) / 2).tolist()) == {0.0, 0.25, 0.5, 0.75}
    high = controlled(patterns, 0.75, draw())
    assert set(((high.mean(dim=1) + 1) / 2).tolist()) == {0.5, 0.75, 1.0}


def test_a_fraction_out_of_reach_names_the_interval() -> None:
    patterns = torch.tensor([[-1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(InputError, match=r"0\.500 to 1\.000"):
        controlled(patterns, 0.3, draw())


def stripes(horizontal: bool) -> np.ndarray:
    line = np.arange(32) % 8 < 4
    image = np.broadcast_to(line, (32, 32))
    return np.ascontiguousarray(image.T if horizontal else image)


@pytest.mark.parametrize(("directions", "bent"), [(0, 0), (64, 0), (0, 2)])
def test_a_block_of_the_exemplars_sections_is_nearer_than_another(directions: int, bent: int) -> None:
    exemplar = ExemplarPatterns(
        stripes(False), 5, (1, 2), directions=directions, windows=512, bent_bases=bent, generator=draw()
    )
    same = torch.from_numpy(stripes(False).astype(np.float32) * 2 - 1).expand(1, 1, 32, 32, 32)
    other = torch.from_numpy(stripes(True).astype(np.float32) * 2 - 1).expand(1, 1, 32, 32, 32)
    near, far = (float(exemplar.distance(block, (0,), draw(3))) for block in (same, other))
    assert near < 0.3 * far


def test_every_window_and_fixed_directions_give_equation_18() -> None:
    exemplar = ExemplarPatterns(stripes(False), 5, (1,), directions=16, windows=0, generator=draw())
    section = torch.randn(32, 32, generator=draw(1))
    found = exemplar.distance(section.reshape(1, 1, 1, 32, 32), (0,), draw(2))
    wanted = sliced_wasserstein(all_windows(section, 5), exemplar.patterns[1], random_directions(16, 25, draw(2)))
    assert float(found) == pytest.approx(float(wanted), rel=1e-5)
    assert sorted_projections(exemplar.patterns[1], random_directions(16, 25, draw(2))).shape == (16, 28 * 28)


def test_bent_projections_are_relu_between_two_rotations() -> None:
    patterns = torch.randn(6, 4, generator=draw())
    layer, bias, mixing = torch.eye(4), torch.tensor([0.0, 0.5, -0.5, 9.0]), 2 * torch.eye(4)
    found = Projections(torch.ones(1, 4), ((layer, bias, mixing),))(patterns)
    wanted = torch.cat((patterns.sum(dim=1, keepdim=True), 2 * (patterns + bias).clamp(min=0)), dim=1)
    assert torch.allclose(found, wanted)


def test_the_distance_has_a_gradient() -> None:
    exemplar = ExemplarPatterns(stripes(False), 5, (1, 2), windows=256, generator=draw())
    block = torch.zeros(1, 1, 16, 16, 16, requires_grad=True)
    exemplar.distance(torch.tanh(block + torch.randn(block.shape, generator=draw())), (0, 1, 2), draw()).backward()
    assert block.grad is not None
    assert float(block.grad.abs().sum()) > 0


@pytest.mark.parametrize("count", [1, 2, 37, 4096, PACKED])
def test_sorting_with_places_in_the_last_digits_changes_neither_distance_nor_gradient(count: int) -> None:
    """Against a plain sort: the distance to a part in a thousand, the gradient but for ranks that are almost tied."""
    projected = torch.randn(count, 5, generator=draw(3)).requires_grad_()
    ranked = torch.sort(torch.randn(5, count, generator=draw(4)) + 0.3, dim=1).values
    mine = wasserstein(projected, ranked)
    (gradient,) = torch.autograd.grad(mine, projected)
    plain = (torch.sort(projected.T, dim=1).values - ranked).abs().mean()
    (expected,) = torch.autograd.grad(plain, projected)
    assert mine.item() == pytest.approx(plain.item(), rel=1e-3)
    assert float((gradient != expected).float().mean()) <= 0.02


def test_values_of_both_signs_and_equal_ones_are_put_in_order() -> None:
    """Whole numbers have no last digits to lose, so their order is exact."""
    values = torch.tensor([[3.0, -2.0, 0.0, -7.0, 3.0, 1.0, -0.0]])
    order = _quick_order(values)
    assert sorted(order[0].tolist()) == list(range(7))
    assert values[0, order[0]].tolist() == sorted(values[0].tolist())
