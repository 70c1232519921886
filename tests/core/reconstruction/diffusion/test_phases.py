"""Labels to channels and back, with fractions to the voxel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from core.reconstruction.diffusion.phases import (
    as_channels,
    channel_fractions,
    channels_of,
    labels_around,
    labels_with,
    plain_labels,
    whole_numbers,
)


@pytest.mark.parametrize("phases", [2, 3, 5])
def test_channels_give_the_labels_back(phases: int) -> None:
    labels = np.random.default_rng(0).integers(phases, size=(6, 7)).astype(np.uint8)
    channels = as_channels(labels, phases)
    assert channels.shape == (channels_of(phases), 6, 7)
    assert channels.dtype == np.float32
    assert set(np.unique(channels)) == {-1, 1}
    assert np.array_equal(plain_labels(channels), labels)
    shares = np.bincount(labels.ravel(), minlength=phases) / labels.size
    assert np.allclose((channels.mean((1, 2)) + 1) / 2, channel_fractions(shares.tolist()))


def test_whole_numbers_sum_to_all() -> None:
    assert whole_numbers([1 / 3, 1 / 3, 1 / 3], 10) == [4, 3, 3]
    assert whole_numbers([0.5, 0.5], 7) in ([4, 3], [3, 4])
    assert whole_numbers([0.0, 1.0], 9) == [0, 9]
    assert sum(whole_numbers([0.12345, 0.4, 0.47655], 99991)) == 99991


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.5, 1.0])
def test_the_highest_values_become_the_phase(fraction: float) -> None:
    field = np.random.default_rng(1).normal(size=(1, 5, 6, 10)).astype(np.float32)
    labels = labels_with(field, (1 - fraction, fraction))
    assert labels.sum() == round(300 * fraction)
    if 0 < fraction < 1:
        assert field[0][labels == 1].min() > field[0][labels == 0].max()


def test_ties_do_not_spoil_the_fraction() -> None:
    assert labels_with(np.ones((1, 4, 5, 5), dtype=np.float32), (0.73, 0.27)).sum() == 27
    labels = labels_with(np.zeros((3, 4, 5, 5), dtype=np.float32), (0.5, 0.3, 0.2))
    assert np.bincount(labels.ravel()).tolist() == [50, 30, 20]


@pytest.mark.parametrize("phases", [3, 4])
def test_several_phases_are_shared_out_as_well_as_can_be(phases: int) -> None:
    rng = np.random.default_rng(phases)
    field = rng.normal(size=(phases, 3, 4, 5)).astype(np.float32)
    fractions = rng.dirichlet(np.ones(phases)).tolist()
    labels = labels_with(field, fractions)
    wanted = whole_numbers(fractions, 60)
    assert np.bincount(labels.ravel(), minlength=phases).tolist() == wanted
    # each phase offers as many places as it is to have; which voxel takes which is an assignment
    flat = field.reshape(phases, -1)
    offers = np.repeat(np.arange(phases), wanted)
    rows, columns = linear_sum_assignment(flat.T[:, offers], maximize=True)
    best = flat.T[rows, offers[columns]].sum()
    assert flat[labels.ravel(), np.arange(60)].sum() == pytest.approx(best, rel=1e-5)


def test_plain_labels_that_fit_are_left_alone() -> None:
    labels = np.random.default_rng(2).integers(4, size=(4, 5, 6)).astype(np.uint8)
    shares = (np.bincount(labels.ravel(), minlength=4) / labels.size).tolist()
    assert np.array_equal(labels_with(as_channels(labels, 4), shares), labels)


@pytest.mark.parametrize("phases", [2, 3])
def test_given_labels_stay_and_the_rest_makes_up_for_them(phases: int) -> None:
    draw = np.random.default_rng(0)
    field = draw.standard_normal((channels_of(phases), 6, 7, 8)).astype(np.float32)
    fractions = (0.25, 0.75) if phases == 2 else (0.25, 0.5, 0.25)
    nothing = np.zeros((6, 7, 8), dtype=bool)
    assert np.array_equal(labels_around(field, fractions, nothing, nothing), labels_with(field, fractions))
    known, given = draw.integers(phases, size=(6, 7, 8)), draw.random((6, 7, 8)) < 0.2
    found = labels_around(field, fractions, known, given)
    assert np.array_equal(found[given], known[given])
    assert np.bincount(found.ravel()).tolist() == [round(share * 336) for share in fractions]
    # more of a phase than there is to be: nothing else of it
    found = labels_around(field, fractions, np.zeros((6, 7, 8)), np.indices((6, 7, 8))[0] < 4)
    assert (found[4:] != 0).all() and not found[:4].any()
    assert labels_around(field, fractions, known, ~nothing).tolist() == known.tolist()
