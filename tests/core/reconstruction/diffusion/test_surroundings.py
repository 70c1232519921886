"""Equal values in the order of what is around them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.job import finish
from core.reconstruction.diffusion import surroundings
from core.reconstruction.diffusion.phases import labels_with
from core.reconstruction.diffusion.surroundings import SHARE, setting_apart


def test_what_a_fraction_still_needs_lies_around_the_phase() -> None:
    field = np.full((1, 30, 32, 34), -1, np.float32)
    field[0, 14:19, 10:16, 20:25] = 1
    found = field[0] > 0
    more = 400 / found.size
    share = found.mean() + more
    # without it, they fill the first section
    assert labels_with(field, (1 - share, share))[0].sum() == 400
    finish(setting_apart(field))
    labels = labels_with(field, (1 - share, share))
    assert labels.sum() == found.sum() + 400 and labels[found].all()
    assert (ndimage.distance_transform_edt(~found)[labels == 1] < 4).all()


def test_values_apart_keep_their_order_and_slabs_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = np.random.default_rng(0).uniform(-1, 1, (2, 23, 9, 10)).astype(np.float32)
    whole, by_slabs = plain.copy(), plain.copy()
    finish(setting_apart(whole))
    assert np.abs(whole - plain).max() <= 1.001 * SHARE
    monkeypatch.setattr(surroundings, "_AT_ONCE", 2 * 9 * 10)
    finish(setting_apart(by_slabs))
    assert np.array_equal(by_slabs, whole)
