"""What a network for a range of volume fractions is told, so that it makes by itself what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.job import Progress, finish
from core.reconstruction.swnn.calibration import CLOSE, range_calibrated
from core.reconstruction.swnn.serving import Thresholds, told_for


def stepped(made: Callable[[float], float]) -> Callable[..., Generator[Progress, None, np.ndarray]]:
    """A calibration field of 2000 voxels whose share above 0 is ``made`` of what is told."""

    def field_of(told: Any, number: int, of: int) -> Generator[Progress, None, np.ndarray]:
        yield Progress(number, of, "Calibrating")
        return np.linspace(made(told) - 1, made(told), 2000, dtype=np.float32)

    return field_of


def served_of(made: Callable[[float], float]) -> Thresholds:
    return Thresholds.from_json(finish(range_calibrated(stepped(made), 0.2, (0.1, 0.3)))["served"])


def test_a_network_that_makes_too_little_is_told_more() -> None:
    entries = finish(range_calibrated(stepped(lambda told: 0.9 * told**1.1), 0.2, (0.1, 0.3)))
    served = Thresholds.from_json(entries["served"])
    assert np.abs(np.subtract(served.before, served.fractions)).max() <= CLOSE
    for fraction, told, threshold in zip(served.fractions, served.told, served.thresholds, strict=True):
        assert told == pytest.approx((fraction / 0.9) ** (1 / 1.1), abs=0.004)
        assert abs(threshold) < 0.005
    assert told_for(entries, 0.2) == pytest.approx(np.interp(0.2, served.fractions, served.told))
    assert told_for({}, 0.2) == 0.2  # a model that serves one fraction, or is calibrated just now


def test_what_is_near_is_told_as_it_is_and_what_does_not_rise_too() -> None:
    near = served_of(lambda told: told + 0.003)
    assert near.told == near.fractions
    flat = served_of(lambda told: 0.2)
    assert flat.told == flat.fractions
    # never far beyond what was learnt: a node's distance at either end
    weak = served_of(lambda told: 0.1 + told / 4)
    assert weak.told[-1] <= 0.3 + 2 * 0.2 / 6 + 1e-9
    assert weak.told[0] >= 0.1 - 2 * 0.2 / 6 - 1e-9


def test_thresholds_from_before_are_told_what_is_wanted() -> None:
    entries = [{"fraction": f, "threshold": 0.0, "before": f} for f in (0.1, 0.3)]
    assert Thresholds.from_json(entries).told == (0.1, 0.3)
    assert told_for({"served": entries}, np.array([0.1, 0.25])) == pytest.approx([0.1, 0.25])
    with pytest.raises(InputError, match="make sense"):
        Thresholds.from_json([{**entry, "told": float("nan")} for entry in entries])
