"""Turning: orthogonal steps of a set length, with the norm of every weight kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.reconstruction.swnn.optimiser import Turning


def test_a_step_has_the_length_asked_for_and_keeps_the_norm() -> None:
    draw = torch.Generator().manual_seed(1)
    weight = nn.Parameter(torch.randn(4, 3, 3, 3, 3, generator=draw))
    before, norm = weight.detach().clone(), weight.norm().item()
    weight.grad = torch.randn(weight.shape, generator=draw)
    Turning([weight], lr=0.05).step()
    assert weight.norm().item() == pytest.approx(norm, rel=1e-6)
    # a random step is nearly at right angles to the weight, so turning back to the norm hardly shortens it
    assert (weight - before).norm().item() / norm == pytest.approx(0.05, rel=0.1)


def test_the_memory_layout_is_kept_and_does_not_matter() -> None:
    draw = torch.Generator().manual_seed(2)
    start, gradient = torch.randn(2, 4, 3, 3, 3, 3, generator=draw)
    plain, last = nn.Parameter(start.clone()), nn.Parameter(start.to(memory_format=torch.channels_last_3d))
    for weight in (plain, last):
        weight.grad = gradient.clone().to(memory_format=torch.preserve_format)
        Turning([weight], lr=0.1).step()
    assert last.is_contiguous(memory_format=torch.channels_last_3d)
    assert torch.allclose(plain, last, atol=1e-6)


def test_without_a_gradient_nothing_moves() -> None:
    weight = nn.Parameter(torch.ones(2, 3))
    Turning([weight], lr=0.1).step()
    weight.grad = torch.zeros(2, 3)
    Turning([weight], lr=0.1).step()
    assert torch.equal(weight, torch.ones(2, 3))


def test_it_finds_a_direction_that_plain_descent_is_slow_to_see() -> None:
    """A linear fit with inputs of very different size, scale left out of the loss: the weak rows are learnt as well."""
    draw = torch.Generator().manual_seed(3)
    wanted = torch.randn(4, 8, generator=draw)
    wanted /= wanted.norm()
    scale = torch.logspace(0, -1.5, 8)
    weight = nn.Parameter(torch.randn(4, 8, generator=draw))
    losses = []
    for step in range(300):
        loss = (((weight / weight.norm() - wanted) * scale) ** 2).sum()
        (weight.grad,) = torch.autograd.grad(loss, weight)
        Turning([weight], lr=0.05 * (1 - step / 300)).step()
        losses.append(loss.item())
    assert losses[-1] < 1e-4 * losses[0]
    assert np.abs((weight / weight.norm() - wanted).detach().numpy()).max() < 0.05
