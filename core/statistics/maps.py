"""S2 for lags in every direction: the full map, its radial average, and the mean map of a volume's sections.

Definitions and estimators are those of `core.statistics.two_point`; here the lag r is a vector of whole pixels.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt
from scipy import fft

from core.errors import InputError
from core.job import finish
from core.statistics.indicator import Indicator, checked_indicator, checked_lag
from core.statistics.two_point import WORKERS, padded_length, places

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BLOCK_BYTES = 48 << 20
"""Working memory of one block of transforms; the whole spectrum is kept besides."""


def two_point_map(indicator: Indicator, max_lag: int, periodic: bool = False) -> Floats:
    """S2 for every lag vector with components from −max_lag to max_lag.

    Pairs are counted by the transform of the array, padded by ``max_lag`` so that no pair wraps around, slab by slab:
    only the part of the spectrum and of the lags that is needed is ever held. 256³ at 128 px takes about 0.5 GB.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1.
    max_lag
        Largest lag in pixels along each axis, below the shortest side.
    periodic
        Whether the array repeats in space; otherwise only pairs inside it count, divided by their number.

    Returns
    -------
    Floats
        Shape (2·max_lag + 1,) · ndim; lag zero (the volume fraction) is at the centre; symmetric about it.

    Raises
    ------
    InputError
        Where the indicator or the lag cannot be used.
    """
    return finish(two_point_map_steps(indicator, max_lag, periodic))


def two_point_map_steps(indicator: Indicator, max_lag: int, periodic: bool = False) -> Generator[None, None, Floats]:
    """As `two_point_map`, but yields after each slab, so that a job can be left there."""
    inside = checked_indicator(indicator)
    lag = checked_lag(max_lag, inside.shape)
    if inside.ndim == 2:
        flat = yield from _pair_probability(inside[None], (0, lag, lag), periodic)
        return np.asarray(flat[0])
    return (yield from _pair_probability(inside, (lag, lag, lag), periodic))


def _pair_probability(inside: Bools, lags: tuple[int, int, int], periodic: bool) -> Generator[None, None, Floats]:
    padded = [
        length if periodic else padded_length(length, lag) for length, lag in zip(inside.shape, lags, strict=True)
    ]
    spectrum = yield from _spectrum_along_first(inside, padded[0])
    half = np.empty((spectrum.shape[0], lags[1] + 1, 2 * lags[2] + 1), dtype=np.complex128)
    step = max(1, BLOCK_BYTES // (16 * padded[1] * padded[2]))
    for start in range(0, len(spectrum), step):
        planes = slice(start, start + step)
        half[planes] = _correlate_planes(spectrum[planes], padded[1:], lags[1:])
        yield
    del spectrum
    return (yield from _counts_to_probability(half, padded[0], inside.shape, lags, periodic))


def _spectrum_along_first(inside: Bools, padded: int) -> Generator[None, None, npt.NDArray[np.complex128]]:
    """The real transform along the first axis, padded with zeros; shape (padded // 2 + 1, Y, X)."""
    depth, rows, columns = inside.shape
    spectrum = np.empty((padded // 2 + 1, rows, columns), dtype=np.complex128)
    step = max(1, BLOCK_BYTES // (8 * (depth + 2 * padded) * columns))
    for start in range(0, rows, step):
        block = inside[:, start : start + step].astype(np.float64)
        spectrum[:, start : start + step] = fft.rfft(block, n=padded, axis=0, workers=WORKERS)
        yield
    return spectrum


def _correlate_planes(
    spectrum: npt.NDArray[np.complex128], padded: list[int], lags: tuple[int, ...]
) -> npt.NDArray[np.complex128]:
    """Finish the transform over the last two axes, take its power, and go back to lags along them.

    The power is real, so going back along rows gives conjugate values at opposite lags, and half of them suffice.
    Returns shape (planes, lag_y + 1, 2·lag_x + 1): lags 0 to lag_y, and −lag_x to lag_x.
    """
    full = fft.fft(spectrum, n=padded[1], axis=2, workers=WORKERS)
    full = fft.fft(full, n=padded[0], axis=1, overwrite_x=True, workers=WORKERS)
    power = full.real**2 + full.imag**2
    rows = np.conj(fft.rfft(power, axis=1, workers=WORKERS)) / padded[0]
    rows = rows[:, _folded(lags[0], padded[0])] if lags[0] > padded[0] // 2 else rows[:, : lags[0] + 1]
    if lags[0] > padded[0] // 2:
        beyond = np.arange(lags[0] + 1) > padded[0] // 2
        rows[:, beyond] = np.conj(rows[:, beyond])
    columns = fft.ifft(rows, axis=2, workers=WORKERS)
    return np.asarray(columns[:, :, np.arange(-lags[1], lags[1] + 1) % padded[1]])


def _folded(max_lag: int, padded: int) -> npt.NDArray[np.int64]:
    """Where lags 0 to max_lag lie in a half transform: past the middle, at the opposite lag."""
    lag = np.arange(max_lag + 1)
    return np.minimum(lag, padded - lag)


def _counts_to_probability(
    half: npt.NDArray[np.complex128], padded: int, shape: tuple[int, ...], lags: tuple[int, int, int], periodic: bool
) -> Generator[None, None, Floats]:
    """Go back to lags along the first axis, round the counts, divide by the pairs, and mirror the missing half."""
    shift_z, shift_y, shift_x = lags
    table = np.empty((2 * shift_z + 1, 2 * shift_y + 1, 2 * shift_x + 1), dtype=np.float64)
    order = np.arange(-shift_z, shift_z + 1) % padded
    along_z = places(shape[0], np.abs(np.arange(-shift_z, shift_z + 1)), periodic)
    along_y = places(shape[1], np.arange(shift_y + 1), periodic)
    along_x = places(shape[2], np.abs(np.arange(-shift_x, shift_x + 1)), periodic)
    step = max(1, BLOCK_BYTES // (8 * 3 * padded * (2 * shift_x + 1)))
    for start in range(0, shift_y + 1, step):
        rows = slice(start, start + step)
        pairs = np.rint(fft.irfft(half[:, rows], n=padded, axis=0, workers=WORKERS)[order])
        pairs /= along_z[:, None, None] * along_y[None, rows, None] * along_x[None, None]
        table[:, shift_y + start : shift_y + start + pairs.shape[1]] = pairs
        yield
    table[:, :shift_y] = table[::-1, :shift_y:-1, ::-1]
    return table


def two_point_radial(indicator: Indicator, max_lag: int, periodic: bool = False) -> tuple[Floats, Floats]:
    """S2 averaged over directions.

    The full map is averaged over shells one pixel thick: shell k holds the lag vectors with k − ½ ≤ |r| < k + ½, each
    with the same weight, so that an anisotropic structure's directions count alike.

    Parameters
    ----------
    indicator, max_lag, periodic
        As for `two_point_map`.

    Returns
    -------
    tuple
        ``r``, shape (max_lag + 1,): the mean length, in pixels, of the lag vectors in each shell (0 for the first); and
        ``s2``, the same shape.
    """
    return radial_average(two_point_map(indicator, max_lag, periodic))


def radial_average(table: Floats) -> tuple[Floats, Floats]:
    """Average a centred S2 map over shells one pixel thick; returns as `two_point_radial`."""
    max_lag = table.shape[0] // 2
    squared = np.arange(-max_lag, max_lag + 1, dtype=np.float64) ** 2
    count, length, total = np.zeros(max_lag + 1), np.zeros(max_lag + 1), np.zeros(max_lag + 1)
    plane = sum(np.meshgrid(*[squared] * (table.ndim - 1), indexing="ij", sparse=True))
    for offset, values in zip(squared, table, strict=True):
        distance = np.sqrt(plane + offset)
        shell = np.floor(distance + 0.5).astype(np.intp)
        kept = shell <= max_lag
        shells = shell[kept]
        count += np.bincount(shells, minlength=max_lag + 1)
        length += np.bincount(shells, weights=distance[kept], minlength=max_lag + 1)
        total += np.bincount(shells, weights=values[kept], minlength=max_lag + 1)
    return length / count, total / count


def section_two_point_map(indicator: Indicator, axis: int, max_lag: int) -> Floats:
    """The mean S2 map of a volume's sections perpendicular to ``axis`` (non-periodic).

    All sections have as many pairs, so the mean of their maps is the map of their summed pair counts.

    Parameters
    ----------
    indicator
        Shape (Z, Y, X), bool or 0 and 1.
    axis
        0, 1 or 2: the normal of the sections.
    max_lag
        Largest lag in pixels, below the shorter side of the sections.

    Returns
    -------
    Floats
        Shape (2·max_lag + 1, 2·max_lag + 1), lag zero at the centre; axes in the volume's order, without ``axis``.
    """
    inside = checked_indicator(indicator)
    if inside.ndim != 3:
        raise InputError(f"Sections are taken of a volume with three axes, not of shape {inside.shape}.")
    if axis not in (0, 1, 2):
        raise InputError(f"The normal of sections is axis 0, 1 or 2, not axis {axis}.")
    sections = np.moveaxis(inside, axis, 0)
    depth, rows, columns = sections.shape
    lag = checked_lag(max_lag, (rows, columns))
    padded = (padded_length(rows, lag), padded_length(columns, lag))
    power = np.zeros((padded[0], padded[1] // 2 + 1))
    step = max(1, BLOCK_BYTES // (24 * padded[0] * padded[1]))
    for start in range(0, depth, step):
        block = np.ascontiguousarray(sections[start : start + step]).astype(np.float64)
        spectrum = fft.rfft2(block, s=padded, workers=WORKERS)
        power += (spectrum.real**2 + spectrum.imag**2).sum(axis=0)
    lags = np.arange(-lag, lag + 1)
    pairs = np.rint(fft.irfft2(power, s=padded)[np.ix_(lags % padded[0], lags % padded[1])])
    per_section = np.outer(places(rows, np.abs(lags), False), places(columns, np.abs(lags), False))
    return np.asarray(pairs / (depth * per_section), dtype=np.float64)
