"""The table of descriptors, and what measures them against an exemplar."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.job import Progress, finish
from core.statistics import lineal_path_axes, sampling_band, two_point_axes
from core.statistics.cluster import cluster_axes
from core.statistics.components import connectivity
from core.statistics.describing import describing, over_sections, scatter
from core.statistics.descriptors import ALONE, DESCRIPTORS, LINES, chosen, descriptor
from core.statistics.local_thickness import size_distribution
from core.statistics.measured import Number, Sample, mean_of, unit_of


def field(shape: tuple[int, ...], seed: int = 0, level: float = 0.3) -> np.ndarray:
    """Labels of a thresholded Gaussian field, a correlation length of some 3 px."""
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 2, mode="wrap")
    return (smooth > level * smooth.std()).astype(np.uint8)


def sample(labels: np.ndarray, max_lag: int = 15) -> Sample:
    return Sample(labels, ("Solid", "Pore"), 1, max_lag)


def test_names_are_found_and_errors_list_them() -> None:
    assert [one.name for one in chosen("cluster, S2,lineal_path,s2")] == ["s2", "lineal-path", "cluster"]
    assert chosen("s2,all") == DESCRIPTORS
    assert len({one.name for one in DESCRIPTORS}) == len(DESCRIPTORS)
    for wrong in ("", ",", "s2,porosity"):
        with pytest.raises(InputError, match="all"):
            chosen(wrong)


@pytest.mark.parametrize("shape", [(40, 44), (24, 26, 28)])
@pytest.mark.parametrize("one", DESCRIPTORS, ids=lambda one: one.name)
def test_every_descriptor_measures_pictures_and_volumes(one: object, shape: tuple[int, ...]) -> None:
    found = finish(one.measure(sample(field(shape), 9)))  # type: ignore[attr-defined]
    assert found.numbers or found.curves
    assert all(np.isfinite(number.value) and number.text for number in found.numbers)
    assert len({number.key for number in found.numbers}) == len(found.numbers)
    for curve in found.curves:
        assert all(np.isfinite(row).all() and row.shape == curve.x.shape for row in curve.rows.values())


def test_what_is_reported_is_what_the_functions_measure() -> None:
    labels = field((24, 26, 28))
    inside = labels == 1
    everything = {one.name: finish(one.measure(sample(labels, 9))) for one in DESCRIPTORS}
    for name, rows in (
        ("s2", two_point_axes(inside, 9)),
        ("lineal-path", lineal_path_axes(inside, 9)),
        ("cluster", cluster_axes(inside, 9)),
    ):
        curve = everything[name].curves[0]
        assert list(curve.rows) == ["mean", "z", "y", "x"]
        np.testing.assert_array_equal(curve.rows["y"], rows[1])
        np.testing.assert_array_equal(curve.main, rows.mean(axis=0))
    numbers = {(name, number.key): number for name, found in everything.items() for number in found.numbers}
    assert numbers["connectivity", "connected_x"].value == connectivity(inside).connected[2]
    assert numbers["local-thickness", "mean"].value == size_distribution(inside).mean
    cross = everything["cross-s2"].curves[0].rows
    assert list(cross) == ["Solid – Pore"]
    np.testing.assert_allclose(cross["Solid – Pore"][0], 0, atol=1e-15)


def test_three_phases_give_three_pairs_those_of_interest_first() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (20, 20)).astype(np.uint8)
    found = finish(descriptor("cross-s2").measure(Sample(labels, ("a", "b", "c"), 2, 5)))
    assert list(found.curves[0].rows) == ["a – c", "b – c", "a – b"]


def test_units_follow_the_power_of_a_pixel() -> None:
    assert [unit_of(power) for power in (0, 1, -1, -3)] == ["", "px", "px⁻¹", "px⁻³"]
    assert unit_of(-2, "µm") == "µm⁻²"
    assert Number("k", "l", 0.256, share=True).text == "25.60 %"
    assert Number("k", "l", 12.3456, 1).text == "12.35 px"
    assert Number("k", "l", -8.04e-5, -3).text == "−8.04 · 10⁻⁵ px⁻³"
    assert Number("k", "l", float("nan"), 1).text == "not defined"
    assert Number("k", "l", float("inf"), 1).text == "unlimited"


def test_lines_compare_as_they_are_and_sections_as_pictures() -> None:
    volume, exemplar = sample(field((32, 32, 32))), sample(field((96, 96), seed=5))
    steps: list[Progress] = []
    found = finish(describing(volume, DESCRIPTORS, exemplar), steps.append)
    assert [one.descriptor for one in found] == list(DESCRIPTORS)
    assert steps[0].of == steps[-1].step == len(DESCRIPTORS)
    for one in found:
        assert not one.problem
        if one.descriptor.compares == ALONE:
            assert one.compared is None and one.exemplar is None
        else:
            assert one.exemplar is not None
            assert (one.compared is one.own) == (one.descriptor.compares == LINES)
            if one.exemplar.curves:
                assert one.band is not None
                low, high = one.band
                middle = one.exemplar.curves[0].main
                known = np.isfinite(low)
                assert known.sum() >= 12
                assert np.all((low[known] <= middle[known]) & (middle[known] <= high[known]))


def test_bands_of_s2_and_l_are_those_of_the_sampling_band() -> None:
    exemplar = sample(field((96, 96), seed=5))
    band = sampling_band(exemplar.inside, 15)
    s2, path = finish(describing(sample(field((32, 32, 32))), chosen("s2,lineal-path"), exemplar, band))
    np.testing.assert_array_equal(s2.band, np.stack([band.s2_low, band.s2_high]))
    np.testing.assert_array_equal(path.band, np.stack([band.lineal_path_low, band.lineal_path_high]))


def test_sections_are_the_mean_over_planes() -> None:
    """Few enough planes that all are measured but the outermost."""
    labels = field((6, 40, 40))
    one = descriptor("euler")
    found = finish(over_sections(one, sample(labels, 4)))
    planes = []
    for axis, length in enumerate(labels.shape):
        count = min(8, length)
        for place in np.unique(np.linspace(0, length - 1, count + 2)[1:-1].round().astype(int)):
            planes.append(finish(one.measure(sample(np.take(labels, place, axis), 4))))
    assert found.numbers[0].value == pytest.approx(np.mean([plane.numbers[0].value for plane in planes]))
    assert [number.key for number in found.numbers] == ["density_4", "density_8"]


@pytest.mark.parametrize("name", ["specific-surface", "chord-length", "local-thickness", "euler"])
def test_scatter_is_that_of_independent_samples(name: str) -> None:
    """Windows of one sample foretell, within a factor of two, how far the numbers of 24 samples scatter."""
    whole = field((6 * 96, 4 * 96), seed=1)
    one = descriptor(name)
    samples = [sample(whole[y : y + 96, x : x + 96].copy()) for y in range(0, 576, 96) for x in range(0, 384, 96)]
    measured = [finish(one.measure(part)) for part in samples]
    half = [finish(scatter(one, part, found))[0][0] for part, found in zip(samples[::3], measured[::3], strict=True)]
    true = 1.96 * np.std([found.numbers[0].value for found in measured], ddof=1)
    assert 0.6 < np.mean(half) / true < 2.0


def test_what_cannot_be_measured_says_why() -> None:
    full = np.ones((20, 20, 20), np.uint8)
    found = {one.descriptor.name: one for one in finish(describing(sample(full, 9), DESCRIPTORS))}
    assert found["s2"].own is not None
    assert "fills" in found["local-thickness"].problem
    assert "One phase" in found["mean-intercept"].problem
    small = finish(describing(sample(field((24, 24, 24)), 9), chosen("local-thickness"), sample(full[0], 9)))[0]
    assert small.own is not None and small.exemplar is None
    assert "exemplar" in small.problem
    tiny = sample(field((20, 20)), 9)
    half, curve = finish(scatter(descriptor("cluster"), tiny, finish(descriptor("cluster").measure(tiny))))
    assert half == () and np.isnan(curve).all()


def test_mean_of_several_leaves_out_what_is_not_defined() -> None:
    one = descriptor("chord-length")
    layers = np.zeros((32, 30), np.uint8)
    layers[np.arange(32) % 8 < 4] = 1
    turned = layers.T.copy()
    parts = [finish(one.measure(sample(part[:30, :30].copy(), 9))) for part in (layers, turned)]
    assert np.isnan(next(number for number in parts[0].numbers if number.key == "x").value)
    mean = {number.key: number.value for number in mean_of(parts).numbers}
    assert mean["x"] == 4
