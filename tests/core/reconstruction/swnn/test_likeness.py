"""Shapes in three dimensions like a picture's, and what is calibrated around them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from scipy import stats

from core.job import Progress, finish
from core.reconstruction.swnn.calibration import around_calibrated
from core.reconstruction.swnn.likeness import correlation_of, curve_of, shapes_like
from core.reconstruction.swnn.region import others_of
from core.statistics import two_point_axes


def discs() -> np.ndarray:
    y, x = np.mgrid[:96, :96]
    inside = np.zeros((96, 96), dtype=bool)
    for row, column, radius in ((14, 20, 10), (40, 60, 13), (70, 25, 9), (80, 78, 12), (12, 84, 8), (52, 14, 7)):
        inside |= (y - row) ** 2 + (x - column) ** 2 < radius**2
    return inside


def test_correlations_are_those_of_two_gaussians_above_a_level() -> None:
    # above the mean: ¼ + arcsin ρ / 2π (Sheppard)
    wanted = np.array([1.0, 0.8, 0.3, 0.0, -0.4])
    both = (0.25 + np.arcsin(wanted) / (2 * np.pi)).tolist()
    # lags of the first half are not led to 0
    assert correlation_of([*both, *[0.25] * 5])[:5] == pytest.approx(wanted, abs=2e-4)
    level, share = 0.7, float(stats.norm.sf(0.7))
    pair = stats.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]])
    assert correlation_of([share, float(pair.cdf([-level, -level])), share**2, share**2])[1] == pytest.approx(
        0.6, abs=1e-3
    )


def test_shapes_have_the_pictures_share_border_and_two_point_probability() -> None:
    curve = curve_of(discs())
    assert curve[0] == discs().mean()
    assert len(curve) == 48
    shapes = shapes_like(curve, (64, 64, 64), 2)
    assert abs(shapes.mean() - curve[0]) <= 1 / shapes.size
    found = two_point_axes(shapes, 16, periodic=True).mean(axis=0)
    assert found[0] - found[1] == pytest.approx(curve[0] - curve[1], rel=0.03)
    assert np.abs(found - curve[:17]).max() < 0.16 * curve[0]
    assert np.array_equal(shapes, shapes_like(curve, (64, 64, 64), 2))
    assert not np.array_equal(shapes, shapes_like(curve, (64, 64, 64), 3))


@pytest.mark.parametrize(("channels", "label"), [(1, 0), (1, 1), (3, 2)])
def test_the_others_share_the_rest_as_in_the_exemplar(channels: int, label: int) -> None:
    draw = np.random.default_rng(0)
    given = draw.random((20, 20, 20)) < 0.3
    field = draw.standard_normal((20, 20, 20, channels)).astype(np.float32)
    field = field[..., 0] if channels == 1 else field
    # inside the given phase there is no telling
    field[given] += 10

    def field_of(*asked: Any) -> Generator[Progress, None, np.ndarray]:
        assert np.array_equal(asked[0].fraction > 0, given)
        yield Progress(1, 1, "Calibrating")
        return field

    fractions = np.array([0.5, 0.2, 0.3] if channels == 1 else [0.4, 0.1, 0.3, 0.2])
    wanted = np.delete(fractions, label) / np.delete(fractions, label).sum()
    found = finish(around_calibrated(field_of, given, fractions.tolist(), label))
    shares = np.bincount(others_of(field, np.float32(found["around"]))[~given], minlength=len(wanted)) / (~given).sum()
    assert shares == pytest.approx(wanted, abs=2e-4)
    assert found["around_after"] == pytest.approx(shares.tolist(), abs=1e-12)
    assert np.abs(np.array(found["around_before"]) - wanted).max() > 0.02
