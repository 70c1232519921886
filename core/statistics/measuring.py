"""Each descriptor of the table in `core.statistics.descriptors`: a sample in, numbers and curves out."""

from __future__ import annotations

import numpy as np

from core.errors import InputError
from core.statistics.autocovariance import autocovariance, falls_to, integral_length
from core.statistics.chord_length import chord_steps
from core.statistics.cluster import cluster_steps
from core.statistics.components import connectivity_steps
from core.statistics.configurations import configuration_steps
from core.statistics.correlation_ellipsoid import ellipsoid_steps
from core.statistics.cross_probability import cross_steps
from core.statistics.euler import density_of
from core.statistics.lineal_path import lineal_path_steps
from core.statistics.local_thickness import size_steps
from core.statistics.mean_intercept import Ellipsoid, intercept_steps
from core.statistics.measured import Curve, Measured, Number, Sample, Steps, by_axis
from core.statistics.specific_surface import surface_steps
from core.statistics.two_point import two_point_steps

DISTANCE = "distance r"


def two_point(sample: Sample) -> Steps:
    """S2 along the axes."""
    rows = yield from two_point_steps(sample.inside, sample.max_lag, sample.periodic)
    return Measured(curves=(Curve("s2", "S₂(r)", DISTANCE, _lags(sample), by_axis(sample.axes, rows)),))


def lineal_path(sample: Sample) -> Steps:
    """L along the axes."""
    rows = yield from lineal_path_steps(sample.inside, sample.max_lag, sample.periodic)
    return Measured(curves=(Curve("lineal_path", "L(r)", DISTANCE, _lags(sample), by_axis(sample.axes, rows)),))


def cross_probability(sample: Sample) -> Steps:
    """S2 of all pairs of different phases, the mean over axes and both directions."""
    found = yield from cross_steps(sample.labels, len(sample.phases), sample.max_lag, sample.periodic)
    both = (found + found.swapaxes(0, 1)).mean(axis=2) / 2
    names = sample.phases
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    # the pairs with the phase of interest first
    pairs.sort(key=lambda pair: (sample.phase not in pair, pair))
    rows = {f"{names[i]} – {names[j]}": both[i, j] for i, j in pairs}
    if not rows:
        raise InputError("There is one phase only, so there is no pair of phases.")
    return Measured(curves=(Curve("cross_s2", "S₂ of two phases", DISTANCE, _lags(sample), rows),))


def normalised_autocovariance(sample: Sample) -> Steps:
    """C along the axes."""
    fraction = float(sample.inside.mean())
    autocovariance(np.ones(1), fraction)  # one phase alone is refused before the work
    s2 = yield from two_point_steps(sample.inside, sample.max_lag, sample.periodic)
    rows = by_axis(sample.axes, autocovariance(s2, fraction))
    return Measured(curves=(Curve("autocovariance", "C(r)", DISTANCE, _lags(sample), rows),))


def correlation(sample: Sample) -> Steps:
    """Where C falls to 1/e, and its integral."""
    fraction = float(sample.inside.mean())
    autocovariance(np.ones(1), fraction)
    s2 = yield from two_point_steps(sample.inside, max(1, min(sample.inside.shape) // 2), sample.periodic)
    rows = autocovariance(s2, fraction)
    mean = rows.mean(axis=0)
    numbers = [
        Number("mean", "Correlation length", falls_to(mean), 1),
        Number("integral", "Integral length", integral_length(mean), 1),
    ]
    numbers += [
        Number(axis, f"Correlation length along {axis}", falls_to(row), 1)
        for axis, row in zip(sample.axes, rows, strict=True)
    ]
    return Measured(tuple(numbers))


def chords(sample: Sample) -> Steps:
    """Chord lengths along the axes."""
    found = yield from chord_steps(sample.inside, sample.periodic)
    numbers = [
        Number("mean", "Mean chord length", found.mean, 1),
        Number("median", "Median chord length", found.quantile(0.5), 1),
        Number("p90", "Nine in ten chords are at most", found.quantile(0.9), 1),
    ]
    numbers += [
        Number(axis, f"Mean chord length along {axis}", mean, 1)
        for axis, mean in zip(sample.axes, found.means, strict=True)
    ]
    n = max(1, sample.max_lag)
    rows = {"mean": found.distribution_mean[:n]} | by_axis(sample.axes, found.distribution[:, :n], mean=False)
    return Measured(tuple(numbers), (Curve("chord_length", "p(l)", "chord length l", found.lengths[:n], rows),))


def cluster(sample: Sample) -> Steps:
    """C2 along the axes."""
    rows = yield from cluster_steps(sample.inside, sample.max_lag)
    return Measured(curves=(Curve("cluster", "C₂(r)", DISTANCE, _lags(sample), by_axis(sample.axes, rows)),))


def thickness(sample: Sample) -> Steps:
    """Local thickness."""
    found = yield from size_steps(sample.inside)
    numbers = (
        Number("mean", "Mean local thickness", found.mean, 1),
        Number("p10", "A tenth of the phase is at most", found.quantile(0.1), 1),
        Number("median", "Half of the phase is at most", found.quantile(0.5), 1),
        Number("p90", "Nine tenths of the phase are at most", found.quantile(0.9), 1),
    )
    grid = _lags(sample)
    rows = {"share": found.finer(grid)}
    return Measured(numbers, (Curve("local_thickness", "share of the phase up to d", "diameter d", grid, rows),))


def surface(sample: Sample) -> Steps:
    """Specific surface in three readings."""
    found = yield from surface_steps(sample.inside)
    space = sample.inside.ndim == 3
    numbers = [Number("smooth", "Surface per volume, from S₂'s slope", found.smooth, -1)]
    if not space:
        numbers.append(Number("boundary", "Boundary per area, from S₂'s slope", found.boundary, -1))
    numbers += [
        Number("marching", f"… by marching {'cubes' if space else 'squares'}", found.marching, -1),
        Number("staircase", f"… as {'voxel faces' if space else 'pixel edges'}", found.staircase, -1),
    ]
    numbers += [
        Number(f"staircase_{axis}", f"… of these, across {axis}", value, -1)
        for axis, value in zip(sample.axes, found.staircase_axes, strict=True)
    ]
    return Measured(tuple(numbers))


def connected(sample: Sample) -> Steps:
    """Components and percolation."""
    found = yield from connectivity_steps(sample.inside)
    numbers = [
        Number(f"connected_{axis}", f"Connected face to face along {axis}", share, share=True)
        for axis, share in zip(sample.axes, found.connected, strict=True)
    ]
    numbers += [
        Number("largest", "In the largest component", found.largest, share=True),
        Number("components", "Components", found.components),
        Number("density", "Components per volume" if sample.inside.ndim == 3 else "Components per area", found.density,
               -sample.inside.ndim),
    ]  # fmt: skip
    return Measured(tuple(numbers))


def euler(sample: Sample) -> Steps:
    """Density of the Euler number, for both neighbourhoods."""
    counts = yield from configuration_steps(sample.inside)
    ndim = sample.inside.ndim
    few, many = ("6", "26") if ndim == 3 else ("4", "8")
    return Measured(
        tuple(
            Number(f"density_{name}", f"Euler number per {'volume' if ndim == 3 else 'area'}, {name} neighbours",
                   density_of(counts, ndim, diagonal), -ndim)
            for name, diagonal in ((few, False), (many, True))
        )
    )  # fmt: skip


def correlation_anisotropy(sample: Sample) -> Steps:
    """The ellipsoid of correlation lengths."""
    yield
    shortest = min(sample.inside.shape)
    found = yield from ellipsoid_steps(sample.inside, min(max(sample.max_lag, 1), shortest - 1))
    return _ellipsoid(found, sample.axes, "correlation length")


def intercept_anisotropy(sample: Sample) -> Steps:
    """The ellipsoid of mean intercepts."""
    found = yield from intercept_steps(sample.inside)
    return _ellipsoid(found.ellipsoid, sample.axes, "mean intercept")


def _ellipsoid(found: Ellipsoid, axes: str, what: str) -> Measured:
    names = ("longest", "shortest") if len(axes) == 2 else ("longest", "middle", "shortest")
    numbers = [Number("anisotropy", "Degree of anisotropy", found.anisotropy)]
    numbers += [
        Number(name, f"{name.capitalize()} {what}", length, 1)
        for name, length in zip(names, found.lengths, strict=True)
    ]
    notes = tuple(
        (f"Direction of the {name} ({', '.join(axes)})", ", ".join(f"{part:.2f}" for part in direction))
        for name, direction in zip(names, found.directions, strict=True)
    )
    return Measured(tuple(numbers), notes=notes)


def _lags(sample: Sample) -> np.ndarray:
    return np.arange(sample.max_lag + 1, dtype=np.float64)
