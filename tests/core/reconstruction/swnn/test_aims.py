"""Integral control: the aim stands still at first, then moves until the mean is met, and only so far."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.reconstruction.swnn.aims import CORRECTION, SETTLING, Aim


def test_an_aim_settles_then_moves_by_a_share_of_what_is_missing() -> None:
    aim = Aim(torch.tensor(1.0), torch.tensor(0.5), torch.tensor(2.0))
    for _ in range(SETTLING):
        assert aim.after(torch.tensor(0.0)).item() == 1
    assert aim.after(torch.tensor(0.0)).item() == pytest.approx(1 + CORRECTION)
    assert aim.after(torch.tensor(3.0)).item() == pytest.approx(1 + CORRECTION - 2 * CORRECTION)


def test_an_aim_stays_between_its_ends() -> None:
    aim = Aim(torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.9]), torch.tensor([2.0, 1.1]))
    for _ in range(SETTLING + 100):
        aim.after(torch.tensor([0.0, 5.0]))
    assert aim.after(torch.tensor([0.0, 5.0])).tolist() == pytest.approx([2.0, 0.9])


def test_what_falls_short_of_its_aim_comes_to_the_wanted_mean() -> None:
    """Something that only ever reaches 70 % of its aim, with noise: without the control its mean would be 0.7."""
    rng = np.random.default_rng(0)
    aim = Aim(torch.tensor(1.0), torch.tensor(0.1), torch.tensor(5.0))
    now, found = 1.0, []
    for _ in range(1000):
        found.append(0.7 * now + 0.2 * rng.standard_normal())
        now = aim.after(torch.tensor(found[-1])).item()
    assert np.mean(found[SETTLING + 100 :]) == pytest.approx(1.0, abs=0.02)


def test_no_gradient_goes_back_through_an_aim() -> None:
    aim = Aim(torch.tensor(1.0), torch.tensor(0.5), torch.tensor(2.0))
    value = torch.tensor(0.3, requires_grad=True)
    for _ in range(SETTLING + 1):
        assert not aim.after(value).requires_grad
