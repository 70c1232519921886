"""Fraction intervals on structures whose true fraction is known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats

from core.errors import InputError
from core.segmentation import fraction_interval
from core.segmentation.fractions import METHOD, UNKNOWN, fraction_variance


def random_fields(smoothing: float, window: int, count: int, seed: int) -> Iterator[np.ndarray]:
    """Windows on independent Gaussian random fields of mean 0 and variance 1, correlation exp(−r²/4s²)."""
    rng = np.random.default_rng(seed)
    side = window + window // 2
    squared = np.fft.fftfreq(side)[:, None] ** 2 + np.fft.fftfreq(side)[None] ** 2
    amplitude = np.exp(-2 * np.pi**2 * smoothing**2 * squared)
    deviation = np.sqrt(np.mean(amplitude**2))
    for start in range(0, count, 2):
        noise = rng.normal(size=(side, side)) + 1j * rng.normal(size=(side, side))
        # the filter is real and even, so both parts of the answer are real fields, independent of each other
        field = np.fft.ifft2(np.fft.fft2(noise) * amplitude)[:window, :window] / deviation
        yield from (field.real, field.imag)[: count - start]


@pytest.mark.parametrize(("smoothing", "fraction"), [(2.0, 0.5), (4.0, 0.5), (4.0, 0.2), (2.0, 0.05)])
def test_the_interval_holds_the_true_fraction_as_often_as_it_says(smoothing: float, fraction: float) -> None:
    count = 200
    threshold = stats.norm.isf(fraction)
    found = [fraction_interval(field > threshold) for field in random_fields(smoothing, 128, count, seed=11)]
    held = sum(one.low <= fraction <= one.high for one in found)
    assert 0.91 * count <= held, f"{held} of {count} intervals of 95 % hold the true fraction {fraction}"
    # an interval that is always right because it is endless would be useless
    spread = np.std([one.fraction for one in found])
    width = np.median([one.high - one.low for one in found])
    assert width < 1.4 * 2 * 1.96 * spread, f"median width {width:.4f}, wanted about {2 * 1.96 * spread:.4f}"


def test_a_lower_confidence_holds_less_often_and_is_narrower() -> None:
    count, fraction = 200, 0.5
    fields = list(random_fields(3.0, 128, count, seed=5))
    half = [fraction_interval(field > 0, confidence=0.5) for field in fields]
    held = sum(one.low <= fraction <= one.high for one in half)
    assert 0.40 * count <= held <= 0.68 * count, f"{held} of {count} intervals of 50 % hold the true fraction"
    wide = fraction_interval(fields[0] > 0, confidence=0.95)
    assert wide.low < half[0].low < half[0].fraction < half[0].high < wide.high


def test_the_variance_is_that_over_many_pictures() -> None:
    pictures = [field > 0.5 for field in random_fields(3.0, 128, 300, seed=2)]
    spread = np.std([picture.mean() for picture in pictures])
    estimated = np.sqrt(np.mean([fraction_variance(picture) for picture in pictures[:100]]))
    assert estimated == pytest.approx(spread, rel=0.25), f"{estimated:.4f} estimated, {spread:.4f} seen"


def test_independent_pixels_have_the_binomial_variance() -> None:
    picture = np.random.default_rng(0).random((300, 200)) < 0.3
    binomial = picture.mean() * (1 - picture.mean()) / picture.size
    assert fraction_variance(picture) == pytest.approx(binomial, rel=0.1)


def test_block_means_tell_the_same_as_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = next(random_fields(6.0, 512, 1, seed=8)) > 0
    whole = fraction_variance(picture)
    monkeypatch.setattr("core.segmentation.fractions._BINNED_SIDE", 256)
    binned = fraction_variance(picture)
    assert whole is not None and binned is not None
    assert binned != whole
    assert binned == pytest.approx(whole, rel=0.05)


def test_a_phase_and_its_complement_mirror_each_other() -> None:
    picture = next(random_fields(3.0, 96, 1, seed=1)) > 1.0
    one, other = fraction_interval(picture), fraction_interval(~picture)
    assert one.method == METHOD
    assert one.fraction + other.fraction == pytest.approx(1, abs=1e-12)
    assert one.low == pytest.approx(1 - other.high, abs=1e-9)
    assert one.high == pytest.approx(1 - other.low, abs=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (64, 64), (1, 40)])
def test_an_absent_phase_leaves_the_fraction_unknown(shape: tuple[int, int]) -> None:
    found = fraction_interval(np.zeros(shape, bool))
    assert (found.fraction, found.low, found.high, found.method) == (0.0, 0.0, 1.0, UNKNOWN)


@pytest.mark.parametrize("shape", [(64, 64), (2, 2), (1, 2), (3, 200)])
def test_two_halves_leave_the_fraction_unknown(shape: tuple[int, int]) -> None:
    picture = np.zeros(shape, bool)
    picture[:, : shape[1] // 2] = True
    found = fraction_interval(picture)
    assert 0 <= found.low <= found.fraction <= found.high <= 1
    assert found.high - found.low > 0.5, "two features say next to nothing about a material"


def test_a_rare_phase_never_has_a_negative_limit() -> None:
    picture = np.zeros((100, 100), bool)
    picture[40:43, 60:62] = True
    found = fraction_interval(picture)
    assert 0 <= found.low < found.fraction < found.high <= 1


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(InputError, match="2-D array of bool"):
        fraction_interval(np.zeros((4, 4), np.uint8))
    with pytest.raises(InputError, match="2-D array of bool"):
        fraction_interval(np.zeros((4, 4, 4), bool))
    with pytest.raises(InputError, match="confidence"):
        fraction_interval(np.zeros((4, 4), bool), confidence=1.0)
