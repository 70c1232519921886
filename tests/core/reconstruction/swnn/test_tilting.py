"""Patterns and patches of several phases with chosen volume fractions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.reconstruction.shares import shared
from core.reconstruction.swnn.objective import patches_with
from core.reconstruction.swnn.patterns import all_windows, chosen
from core.reconstruction.swnn.tilting import picked, tilted_weights


def layers(side: int = 48) -> np.ndarray:
    """Squares of three pixels of three phases, one a channel: shape (3, side, side), bool."""
    draw = np.random.default_rng(0).random((side // 3, side // 3))
    labels = np.kron(np.digitize(draw, [0.5, 0.8]), np.ones((3, 3), int))
    return np.stack([labels == label for label in range(3)])


@pytest.mark.parametrize("wanted", [(0.5, 0.3, 0.2), (0.2, 0.2, 0.6), (0.2, 0.5, 0.3)])
def test_weights_have_the_wanted_mean_and_change_as_little_as_possible(wanted: tuple[float, ...]) -> None:
    draw = np.random.default_rng(1)
    shares = draw.dirichlet((2.0, 1.0, 1.0), 500)
    weights = tilted_weights(shares, wanted)
    assert weights.sum() == pytest.approx(1)
    assert np.abs(weights @ shares - wanted).max() < 2e-5
    # the logarithm of the weights is linear in the shares: the tilt of least relative entropy
    design = np.column_stack([np.ones(500), shares[:, :2]])
    residual = np.log(weights) - design @ np.linalg.lstsq(design, np.log(weights), rcond=None)[0]
    assert np.abs(residual).max() < 1e-8
    # any other weights of the same mean have a larger one
    kernel = np.linalg.svd(np.column_stack([np.ones(500), shares[:, :2]]).T)[2][10]
    other = weights + kernel * 0.2 * (weights / np.abs(kernel)).min()
    assert np.abs(other @ shares - wanted).max() < 1e-4
    assert np.sum(other * np.log(other)) > np.sum(weights * np.log(weights))


def test_own_fractions_leave_all_weights_alike() -> None:
    shares = np.random.default_rng(2).dirichlet((1.0, 1.0, 1.0, 1.0), 200)
    assert np.allclose(tilted_weights(shares, tuple(shares.mean(axis=0))), 1 / 200, rtol=1e-2)


def test_what_no_pattern_has_is_out_of_reach() -> None:
    shares = np.random.default_rng(3).dirichlet((5.0, 5.0, 5.0), 300)
    with pytest.raises(InputError, match=r"0\.980, 0\.010, 0\.010 are out of reach"):
        tilted_weights(shares, (0.98, 0.01, 0.01))
    # the hull of all patterns, not each phase's own interval, is what can be had
    low, high = shares.min(axis=0), shares.max(axis=0)
    corner = (high[0] * 0.95, high[1] * 0.95, 1 - 0.95 * (high[0] + high[1]))
    assert (np.array(corner) > 0).all() or corner[2] < low[2]
    with pytest.raises(InputError, match="out of reach"):
        tilted_weights(shares, corner)


def test_places_are_taken_as_often_as_their_weights_say() -> None:
    weights = np.array([0.5, 0.25, 0.0, 0.25])
    assert picked(weights, 0.5).tolist() == [0, 0, 1, 3]
    for start in (0.0, 0.3, 0.999):
        draw = np.random.default_rng(4).dirichlet(np.ones(1000))
        counts = np.bincount(picked(draw, start), minlength=1000)
        assert counts.sum() == 1000 and np.abs(counts - 1000 * draw).max() < 1 + 1e-9


def test_patterns_and_patches_have_the_wanted_fractions() -> None:
    wanted = (0.35, 0.35, 0.3)
    section = torch.from_numpy(layers().astype(np.float32)) * 2 - 1
    patterns = chosen(all_windows(section, 5), wanted, torch.Generator().manual_seed(0))
    found = (patterns.reshape(-1, 25, 3).mean(dim=(0, 1)) + 1) / 2
    assert len(patterns) == 44 * 44
    assert np.abs(found.numpy() - wanted).max() < 2e-3
    patches = patches_with(layers(), wanted, 16, 5, torch.Generator().manual_seed(0))
    assert patches.shape[0] == 3 and patches.shape[2] == patches.shape[3] <= 16
    assert (patches.sum(axis=0) == 1).all(), "each pixel has one phase"
    assert np.abs(patches.mean(axis=(1, 2, 3)) - wanted).max() < 2e-3
    with pytest.raises(InputError, match="out of reach"):
        patches_with(np.stack([np.ones((9, 9), bool), np.zeros((9, 9), bool)]), (0.5, 0.5), 9, 3, torch.Generator())


def test_the_others_share_the_rest_in_proportion() -> None:
    assert shared((0.2, 0.3, 0.5), 2, 0.5) == pytest.approx((0.2, 0.3, 0.5))
    assert shared((0.2, 0.3, 0.5), 2, 0.0) == pytest.approx((0.4, 0.6, 0.0))
    assert shared((0.2, 0.3, 0.5), 0, 0.6) == pytest.approx((0.6, 0.15, 0.25))
    assert sum(shared((0.1, 0.2, 0.3, 0.4), 1, 0.123)) == pytest.approx(1)
