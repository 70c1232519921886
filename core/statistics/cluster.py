"""Two-point cluster function C2: the chance that two points a lag apart lie in the same piece of the phase.

Definition: C2(r) = P(x and x + r lie in the same component of the phase) (Torquato, Beasley and Chiew, J. Chem. Phys.
88, 6540, 1988; Jiao, Stillinger and Torquato, PNAS 106, 17634, 2009). C2(0) is the volume fraction φ, C2 ≤ S2, and it
stays above 0 at far lags only where the phase percolates: it is the descriptor that tells connection from nearness.
Lags are in pixels, C2 has no unit. Components are those of `core.statistics.components`.

Estimator, exact (pairs are counted): pairs with both ends inside the array and in the same component, divided by the
number of all pairs inside the array. For the numbered components this is unbiased; the components themselves are those
of the array, so that two pieces which meet only beyond its border count as two, and C2 is somewhat too small at lags
that are not small against the array. In a section, pieces of one body are apart: C2 of sections compares with C2 of
sections.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from core.errors import InputError
from core.job import finish
from core.statistics.components import Labels, label_steps
from core.statistics.indicator import Indicator, checked_indicator, checked_lag
from core.statistics.maps import radial_average
from core.statistics.two_point import places

Floats = npt.NDArray[np.float64]

BLOCK_VALUES = 1 << 18
"""Labels compared at a time: few enough to stay in the cache for all lags."""

_IN_SECTION = np.zeros((3, 3, 3), dtype=np.bool_)
_IN_SECTION[1] = ndimage.generate_binary_structure(2, 1)


def cluster_axes(indicator: Indicator, max_lag: int, diagonal: bool = False) -> Floats:
    """C2 along each axis.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1.
    max_lag
        Largest lag in pixels, below the shortest side.
    diagonal
        Whether pixels that share an edge or a corner only are connected.

    Returns
    -------
    Floats
        Shape (ndim, max_lag + 1): row a is C2 for lags 0 to max_lag along axis a.

    Raises
    ------
    InputError
        Where the indicator or the lag cannot be used.
    """
    return finish(cluster_steps(indicator, max_lag, diagonal))


def cluster_steps(indicator: Indicator, max_lag: int, diagonal: bool = False) -> Generator[None, None, Floats]:
    """As `cluster_axes`, but yields after each block of work."""
    lag = checked_lag(max_lag, checked_indicator(indicator).shape)
    labels, _ = yield from label_steps(indicator, diagonal)
    rows = []
    for axis in range(labels.ndim):
        row = yield from _same_label(labels, axis, lag)
        rows.append(row)
    return np.stack(rows)


def section_cluster_axes(indicator: Indicator, max_lag: int) -> Floats:
    """C2 of a volume's sections: pieces connect within a section only.

    Parameters
    ----------
    indicator
        Shape (Z, Y, X), bool or 0 and 1.
    max_lag
        Largest lag in pixels, below the shortest side.

    Returns
    -------
    Floats
        Shape (3, max_lag + 1): along each axis, the mean of the two families of sections that hold it.
    """
    return finish(section_cluster_steps(indicator, max_lag))


def section_cluster_steps(indicator: Indicator, max_lag: int) -> Generator[None, None, Floats]:
    """As `section_cluster_axes`, but yields after each block of work."""
    inside = checked_indicator(indicator)
    if inside.ndim != 3:
        raise InputError(f"Sections are taken of a volume with three axes, not of shape {inside.shape}.")
    lag = checked_lag(max_lag, inside.shape)
    found = np.zeros((3, lag + 1))
    for normal in range(3):
        sections = np.moveaxis(inside, normal, 0)
        labels = np.empty(sections.shape, dtype=np.int32)
        ndimage.label(sections, structure=_IN_SECTION, output=labels)
        yield
        for place, axis in enumerate(other for other in range(3) if other != normal):
            row = yield from _same_label(labels, place + 1, lag)
            found[axis] += row / 2
    return found


def _same_label(labels: Labels, axis: int, max_lag: int) -> Generator[None, None, Floats]:
    """Pairs with the same label other than 0, along ``axis``, over all pairs; shape (max_lag + 1,)."""
    length = labels.shape[axis]
    lines = np.moveaxis(labels, axis, -1)
    if lines.ndim == 2:
        lines = lines[None]
    pairs = np.zeros(max_lag + 1, dtype=np.int64)
    planes = max(1, BLOCK_VALUES // lines[0].size)
    since = 0
    for start in range(0, len(lines), planes):
        block = np.ascontiguousarray(lines[start : start + planes]).reshape(-1, length)
        # outside the phase no two pixels of a line are alike, so that one comparison suffices
        block = np.where(block > 0, block, -1 - np.arange(length, dtype=block.dtype))
        pairs[0] += np.count_nonzero(block > 0)
        for lag in range(1, max_lag + 1):
            pairs[lag] += np.count_nonzero(block[:, lag:] == block[:, :-lag])
        since += block.size
        if since >= 1 << 20:
            since = 0
            yield
    yield
    starts = places(length, np.arange(max_lag + 1), False)
    return np.asarray(pairs / (labels.size // length * starts), dtype=np.float64)


def cluster_map(indicator: Indicator, max_lag: int, diagonal: bool = False) -> Floats:
    """C2 for every lag vector with components from −max_lag to max_lag; arguments as for `cluster_axes`.

    Each component is cut out and its pairs are counted by its own transform, so that many small pieces cost little; a
    component as large as the array needs about 40 times the array's bytes.

    Returns
    -------
    Floats
        Shape (2·max_lag + 1,) · ndim, lag zero at the centre; symmetric about it.
    """
    return finish(cluster_map_steps(indicator, max_lag, diagonal))


def cluster_map_steps(indicator: Indicator, max_lag: int, diagonal: bool = False) -> Generator[None, None, Floats]:
    """As `cluster_map`, but yields after each component."""
    lag = checked_lag(max_lag, checked_indicator(indicator).shape)
    labels, _ = yield from label_steps(indicator, diagonal)
    pairs = np.zeros((2 * lag + 1,) * labels.ndim)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        piece = labels[box] == number
        reach = [min(lag, side - 1) for side in piece.shape]
        padded = [int(fft.next_fast_len(side + far, real=True)) for side, far in zip(piece.shape, reach, strict=True)]
        spectrum = fft.rfftn(piece.astype(np.float64), s=padded)
        counts = fft.irfftn(spectrum.real**2 + spectrum.imag**2, s=padded)
        lags = np.ix_(*(np.arange(-far, far + 1) % size for far, size in zip(reach, padded, strict=True)))
        pairs[tuple(slice(lag - far, lag + far + 1) for far in reach)] += np.rint(counts[lags])
        yield
    steps = np.abs(np.arange(-lag, lag + 1))
    for axis, length in enumerate(labels.shape):
        pairs /= np.expand_dims(
            places(length, steps, False), tuple(other for other in range(labels.ndim) if other != axis)
        )
    return pairs


def cluster_radial(indicator: Indicator, max_lag: int, diagonal: bool = False) -> tuple[Floats, Floats]:
    """C2 averaged over directions; shells and result as `core.statistics.maps.two_point_radial`."""
    return radial_average(cluster_map(indicator, max_lag, diagonal))
