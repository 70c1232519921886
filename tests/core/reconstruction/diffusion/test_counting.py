"""Labels by counting are those by sorting."""

from __future__ import annotations

import numpy as np
import pytest

from core.reconstruction.diffusion import counting
from core.reconstruction.diffusion.counting import label_highest, label_like, rising
from core.reconstruction.diffusion.phases import labels_around, labels_with


@pytest.mark.parametrize("digits", [1, 8])
@pytest.mark.parametrize("fraction", [0.0, 0.002, 0.3, 0.77, 1.0])
def test_counting_and_sorting_agree(digits: int, fraction: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_AT_ONCE", 200)
    rng = np.random.default_rng(3)
    # with one digit, most are equal to many
    field = rng.normal(size=(9, 10, 11)).round(digits).astype(np.float32)
    labels = np.full(field.shape, 7, np.uint8)
    label_highest(field, round(fraction * field.size), labels)
    assert np.array_equal(labels, labels_with(field[None], (1 - fraction, fraction)))
    given, known = rng.random(field.shape) < 0.2, rng.integers(2, size=field.shape, dtype=np.uint8)
    known[~given] = 0
    shares = (1 - fraction, fraction)
    label_like(field, shares, labels, known, given)
    assert np.array_equal(labels, labels_around(field[None], shares, known, given))


def test_bits_rise_with_values() -> None:
    values = np.array([-np.float32(3e38), -1, -1e-30, -0.0, 0.0, 1e-45, 1e-30, 0.5, 1, 3e38], np.float32)
    numbers = rising(values).astype(np.int64)
    assert (np.diff(numbers)[[0, 1, 2, 4, 5, 6, 7, 8]] > 0).all() and numbers[3] == numbers[4]
