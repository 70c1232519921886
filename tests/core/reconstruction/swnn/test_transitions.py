"""Between volume fractions: a continuous transition from one to another, and how wide a mask's sharp edge becomes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from core.job import finish
from core.reconstruction.swnn.model import SwnnModel
from core.reconstruction.swnn.reach import receptive_field
from tests.core.reconstruction.swnn.test_serving import field_of

SIZE = (96, 32, 32)


def profile(model: SwnnModel, fractions: np.ndarray, seeds: Sequence[int]) -> np.ndarray:
    """Share of the phase in each section across z, a mean over seeds, with a mask that varies along z."""
    mask = field_of(fractions[:, None, None])
    volumes = [finish(model.generate(SIZE, seed, mask=mask)).labels == 1 for seed in seeds]
    found: np.ndarray = np.mean(volumes, axis=(0, 2, 3))
    return found


def test_volumes_pass_continuously_from_one_fraction_to_another(trained: SwnnModel) -> None:
    """SWNN, Fig. 12: the same noise, and the fraction in small steps."""
    fractions = np.linspace(0.25, 0.55, 7)
    volumes = [
        finish(trained.generate((32, 32, 32), 5, volume_fraction=float(share))).labels == 1 for share in fractions
    ]
    shares = np.array([volume.mean() for volume in volumes])
    assert (np.diff(shares) > 0).all()
    changed = np.array([(one != other).mean() for one, other in pairwise(volumes)])
    # each step changes little more than the voxels that it has to, and no step is a jump
    assert (changed < 2 * np.diff(shares) + 0.01).all()
    assert changed.max() < 0.5 * changed.sum()
    # what is phase at a small fraction is nearly all phase at a larger one
    kept = [(one & other).sum() / one.sum() for one, other in pairwise(volumes)]
    assert min(kept) > 0.9
    assert (volumes[0] != volumes[-1]).mean() > 0.25


def test_a_ramp_in_space_is_followed(trained: SwnnModel) -> None:
    ramp = np.linspace(0.25, 0.55, SIZE[0])
    found = profile(trained, ramp, range(4))
    windows = np.lib.stride_tricks.sliding_window_view
    width = 24
    means, wanted = (windows(line, width).mean(axis=1) for line in (found, ramp))
    assert np.abs(means - wanted).max() < 0.05
    assert (np.diff(means[::width]) > 0).all()


def test_a_sharp_edge_of_the_mask_becomes_no_wider_than_the_receptive_field(trained: SwnnModel) -> None:
    low, high, edge = 0.25, 0.55, SIZE[0] // 2
    found = profile(trained, np.where(np.arange(SIZE[0]) < edge, low, high), range(6))
    reach = receptive_field(trained._network)
    assert reach < edge
    before, after = found[: edge - reach // 2], found[edge + -(-reach // 2) :]
    assert before.mean() == pytest.approx(low, abs=0.02)
    assert after.mean() == pytest.approx(high, abs=0.02)
    # nowhere beyond the receptive field does the fraction lie nearer to the other side's
    middle = (low + high) / 2
    assert (before < middle).all() and (after > middle).all()
