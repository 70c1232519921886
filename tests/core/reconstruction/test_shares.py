"""Fractions of several phases, of which one is chosen."""

from __future__ import annotations

import pytest

from core.reconstruction.shares import shared


def test_the_others_keep_their_proportions() -> None:
    assert shared((0.5, 0.3, 0.2), 1, 0.65) == pytest.approx((0.25, 0.65, 0.1))
    assert shared((0.5, 0.3, 0.2), 2, 0.2) == pytest.approx((0.5, 0.3, 0.2))
    assert shared((0.5, 0.3, 0.2), 0, 1.0) == pytest.approx((1, 0, 0))
