"""Orthogonal steps, who moves which weight, and how the rate goes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.reconstruction.descent import Muon, movers_of, orthogonalised, rate_share, set_rates


@pytest.mark.parametrize("shape", [(1, 9), (4, 27), (24, 648), (40, 18)])
def test_singular_values_come_close_to_one(shape: tuple[int, int]) -> None:
    """Against the decomposition: the same singular vectors, values spread over two decades brought to 0.65 … 1.25."""
    draw = torch.Generator().manual_seed(0)
    u, _, v = torch.linalg.svd(torch.randn(shape, generator=draw), full_matrices=False)
    spread = torch.logspace(0, -2, min(shape))
    found = orthogonalised(u @ torch.diag(spread) @ v)
    inner = u.T @ found @ v.T
    assert float(torch.linalg.svdvals(found).min()) > 0.6
    assert float(torch.linalg.svdvals(found).max()) < 1.3
    assert float((inner - torch.diag(torch.diagonal(inner))).abs().max()) < 1e-4


def test_nothing_stays_nothing() -> None:
    assert torch.equal(orthogonalised(torch.zeros(3, 5)), torch.zeros(3, 5))


class Plain(Muon):
    """Steps along the orthogonal direction."""

    def move(self, weight: Tensor, turn: Tensor, rate: float, state: dict[str, Any]) -> None:
        weight.sub_(rate * turn)


def test_every_weight_has_one_who_moves_it() -> None:
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Linear(4, 5))
    turned = [network[0].weight]
    adam, muon = movers_of(network, turned, Plain, learning_rate=0.1, turning_rate=0.2)
    assert [id(weight) for weight in muon.param_groups[0]["params"]] == [id(turned[0])]
    others = [network[0].bias, network[1].weight, network[1].bias]
    assert [id(weight) for weight in adam.param_groups[0]["params"]] == [id(weight) for weight in others]
    assert len(movers_of(network, [], Plain, learning_rate=0.1, turning_rate=0.2)) == 1
    set_rates([adam, muon], 0.25)
    assert [mover.param_groups[0]["lr"] for mover in (adam, muon)] == [0.025, 0.05]
    set_rates([adam, muon], 0.5)  # of the full rate, not of the last one
    assert [mover.param_groups[0]["lr"] for mover in (adam, muon)] == [0.05, 0.1]


def test_a_step_goes_along_the_mean_of_the_gradients() -> None:
    weight = nn.Parameter(torch.zeros(2, 4))
    mover = Plain([weight], lr=1.0)
    first, second = torch.eye(2, 4), torch.eye(2, 4).flip(0)
    weight.grad = first
    mover.step()
    assert torch.equal(weight.detach().sign(), -first)
    weight.grad = second
    before = weight.detach().clone()
    mover.step()
    # the mean (0.9 of 0.1 of the first, 0.1 of the second) by 0.9, and the second once more by 0.1
    direction = 0.9 * (0.9 * 0.1 * first + 0.1 * second) + 0.1 * second
    assert torch.allclose(before - weight.detach(), orthogonalised(direction), atol=1e-6)


def test_rates_rise_then_fall() -> None:
    assert rate_share(0, 0.0, warm_up=10, final=0.02) == pytest.approx(0.1)
    assert rate_share(9, 0.0, warm_up=10, final=0.02) == 1
    assert rate_share(500, 0.5, warm_up=10, final=0.02) == pytest.approx(0.51)
    assert rate_share(999, 1.0, warm_up=10, final=0.02) == pytest.approx(0.02)
    assert rate_share(999, 1.5, warm_up=10, final=0.02) == pytest.approx(0.02)
