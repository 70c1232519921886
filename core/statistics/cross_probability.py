"""Two-point cross-probabilities: the chance that one point lies in phase i and another, a lag away, in phase j.

Definition: S2^ij(r) = ⟨I_i(x) I_j(x + r)⟩, with I_i the indicator of phase i (Torquato, *Random Heterogeneous
Materials*, 2002, section 2.2; Niezgoda, Fullwood and Kalidindi, Acta Mater. 56, 5285, 2008). S2^ii is S2 of phase i;
over all pairs of phases the sum is 1 at every lag; S2^ij(r) = S2^ji(−r); far away it tends to φ_i φ_j. No unit; lags in
pixels.

Estimator: as in `core.statistics.two_point`, exact. Non-periodic, pairs with both ends inside the array over the number
of such pairs, which is unbiased; or periodic.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt
from scipy import fft

from core.errors import InputError
from core.job import finish
from core.statistics.indicator import Indicator, checked_indicator, checked_lag, line_blocks
from core.statistics.maps import radial_average, two_point_map
from core.statistics.two_point import WORKERS, padded_length, places

Floats = npt.NDArray[np.float64]
LabelArray = npt.NDArray[np.uint8]


def cross_axes(labels: LabelArray, phases: int, max_lag: int, periodic: bool = False) -> Floats:
    """S2 of all pairs of phases along each axis.

    Parameters
    ----------
    labels
        Shape (Y, X) or (Z, Y, X), uint8, values below ``phases``.
    phases
        How many phases there are.
    max_lag
        Largest lag in pixels, below the shortest side.
    periodic
        Whether the array repeats in space.

    Returns
    -------
    Floats
        Shape (phases, phases, ndim, max_lag + 1): entry [i, j, a, r] is the chance that a point lies in i and the one
        r further along axis a in j.

    Raises
    ------
    InputError
        Where the labels, their number or the lag cannot be used.
    """
    return finish(cross_steps(labels, phases, max_lag, periodic))


def cross_steps(labels: LabelArray, phases: int, max_lag: int, periodic: bool = False) -> Generator[None, None, Floats]:
    """As `cross_axes`, but yields after each block of lines."""
    if labels.ndim not in (2, 3) or labels.size == 0 or labels.dtype != np.uint8:
        raise InputError(f"Labels are uint8 with two or three axes, not {labels.dtype} of shape {labels.shape}.")
    if phases < 1 or int(labels.max()) >= phases:
        raise InputError(f"Label {int(labels.max())} lies beyond the {phases} phases given.")
    lag = checked_lag(max_lag, labels.shape)
    found = np.empty((phases, phases, labels.ndim, lag + 1))
    for axis in range(labels.ndim):
        found[:, :, axis] = yield from _along_axis(labels, phases, axis, lag, periodic)
    return found


def _along_axis(
    labels: LabelArray, phases: int, axis: int, max_lag: int, periodic: bool
) -> Generator[None, None, Floats]:
    length = labels.shape[axis]
    padded = length if periodic else padded_length(length, max_lag)
    power = np.zeros((phases, phases, padded // 2 + 1), dtype=np.complex128)
    for block in line_blocks(labels, axis):
        lines = max(1, len(block) // phases)
        for start in range(0, len(block), lines):
            part = block[start : start + lines]
            spectra = [
                fft.rfft((part == phase).astype(np.float64), n=padded, axis=1, workers=WORKERS)
                for phase in range(phases)
            ]
            for i in range(phases):
                for j in range(i, phases):
                    power[i, j] += np.einsum("ij,ij->j", spectra[i].conj(), spectra[j])
            yield
    pairs = np.empty((phases, phases, max_lag + 1))
    ahead = np.arange(max_lag + 1)
    for i in range(phases):
        for j in range(i, phases):
            both = np.rint(fft.irfft(power[i, j], n=padded))
            pairs[i, j], pairs[j, i] = both[ahead], both[-ahead % padded]
    return np.asarray(pairs / (labels.size // length * places(length, ahead, periodic)), dtype=np.float64)


def cross_map(first: Indicator, second: Indicator, max_lag: int, periodic: bool = False) -> Floats:
    """S2^ij for every lag vector with components from −max_lag to max_lag.

    One transform of the whole padded array for each indicator: 256³ at 64 px takes about 1.5 GB.

    Parameters
    ----------
    first, second
        Indicators of phases i and j, of one shape, (Y, X) or (Z, Y, X), bool or 0 and 1.
    max_lag, periodic
        As for `cross_axes`.

    Returns
    -------
    Floats
        Shape (2·max_lag + 1,) · ndim; the lag leads from phase i to phase j; lag zero at the centre.
    """
    one, other = checked_indicator(first), checked_indicator(second)
    if one.shape != other.shape:
        raise InputError(f"Two phases of one structure have one shape, not {one.shape} and {other.shape}.")
    lag = checked_lag(max_lag, one.shape)
    padded = [side if periodic else padded_length(side, lag) for side in one.shape]
    spectrum = fft.rfftn(one.astype(np.float64), s=padded, workers=WORKERS).conj()
    spectrum *= fft.rfftn(other.astype(np.float64), s=padded, workers=WORKERS)
    steps = np.arange(-lag, lag + 1)
    counts = fft.irfftn(spectrum, s=padded, workers=WORKERS)[np.ix_(*(steps % size for size in padded))]
    table: Floats = np.rint(counts)
    for axis, length in enumerate(one.shape):
        around = tuple(place for place in range(one.ndim) if place != axis)
        table /= np.expand_dims(places(length, np.abs(steps), periodic), around)
    return table


def cross_radial(first: Indicator, second: Indicator, max_lag: int, periodic: bool = False) -> tuple[Floats, Floats]:
    """S2^ij averaged over directions, where i and j are different phases of one structure.

    Averaged over r and −r, S2^ij is half of S2 of both phases taken as one less S2 of each, so that the lean maps of
    `core.statistics.maps` suffice. Shells and result as `core.statistics.maps.two_point_radial`.

    Raises
    ------
    InputError
        Where the phases overlap, or as for `cross_map`.
    """
    one, other = checked_indicator(first), checked_indicator(second)
    if one.shape != other.shape or np.any(one & other):
        raise InputError("Two phases of one structure have one shape and no pixel in common.")
    table = two_point_map(one | other, max_lag, periodic)
    table -= two_point_map(one, max_lag, periodic)
    table -= two_point_map(other, max_lag, periodic)
    return radial_average(table / 2)
