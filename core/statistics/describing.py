"""Measures chosen descriptors of a structure, and of its exemplar, and says how sure the exemplar's are.

How sure: the exemplar is cut into overlapping windows of a third of its sides, the descriptor is measured in each, and
the scatter of the windows gives that of the whole picture: the variance of a mean over an area falls as one over the
area, where the structure is forgotten within a window (subsampling, Politis and Romano, Ann. Statist. 22, 2031, 1994;
its scaling for fields, Sherman, J. R. Stat. Soc. B 58, 509, 1996). About nine windows' worth of independent places
decide, so the band is as wide as Student's distribution with eight degrees of freedom asks. Windows see sizes near
their own less well than the whole does; that moves their mean, which is not used, rather than their scatter. S2 and L
have a band of their own (`core.statistics.sampling_band`).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import Job, Progress, reported
from core.statistics.descriptors import ALONE, SECTIONS, Descriptor
from core.statistics.measured import Measured, Sample, mean_of
from core.statistics.sampling_band import SamplingBand

Floats = npt.NDArray[np.float64]

SECTIONS_AN_AXIS = 8
"""A volume's sections that are measured as pictures, across each axis, spread evenly."""
WINDOWS_A_SIDE = 5
"""Windows along each side of the exemplar, each a third of it long."""
_STUDENT = 2.306
"""97.5 % point of Student's distribution with eight degrees of freedom."""


@dataclass(frozen=True, eq=False)
class Described:
    """What one descriptor says.

    Attributes
    ----------
    descriptor
        Which one.
    own
        What was found in the structure, or None where it cannot be measured there.
    compared
        What compares with the exemplar: ``own``, or the mean over sections; None where nothing does.
    exemplar
        What was found in the exemplar, or None.
    numbers_half
        Half the width of the exemplar's 95 % band of each number; NaN where unknown.
    band
        Low and high ends of the exemplar's 95 % band of its first curve, shape (2, n), NaN where unknown; or None.
    problem
        Why it could not be measured, or empty.
    """

    descriptor: Descriptor
    own: Measured | None
    compared: Measured | None = None
    exemplar: Measured | None = None
    numbers_half: tuple[float, ...] = ()
    band: Floats | None = None
    problem: str = ""


def describing(
    sample: Sample, chosen: tuple[Descriptor, ...], exemplar: Sample | None = None, band: SamplingBand | None = None
) -> Job[tuple[Described, ...]]:
    """A job that measures ``chosen`` descriptors of a structure and, where given, of its exemplar.

    Parameters
    ----------
    sample, exemplar
        A volume or picture, and a picture. Both get the lag of ``sample``, so that curves compare.
    chosen
        Which descriptors.
    band
        The exemplar's band of S2 and L, where that is known already.

    Returns
    -------
    tuple
        One `Described` for each. What cannot be measured (a phase without an end, a picture too small) says why.
    """
    found = []
    for number, one in enumerate(chosen):
        progress = Progress(number, len(chosen), f"Measuring: {one.title}")
        yield progress
        found.append((yield from reported(_described(one, sample, exemplar, band), progress)))
    yield Progress(len(chosen), len(chosen), "Measuring")
    return tuple(found)


def _described(
    one: Descriptor, sample: Sample, exemplar: Sample | None, band: SamplingBand | None
) -> Generator[None, None, Described]:
    try:
        own = yield from one.measure(sample)
    except InputError as error:
        return Described(one, None, problem=str(error))
    if exemplar is None or one.compares == ALONE:
        return Described(one, own)
    try:
        reference = yield from one.measure(exemplar)
        compared = own
        if one.compares == SECTIONS and sample.labels.ndim == 3:
            compared = yield from over_sections(one, sample)
        half, curve_half = yield from scatter(one, exemplar, reference)
    except InputError as error:
        return Described(one, own, problem=f"The exemplar: {error}")
    limits = None
    if reference.curves:
        middle = reference.curves[0].main
        limits = np.stack([middle - curve_half, middle + curve_half])
        if band is not None and one.name in ("s2", "lineal-path"):
            ends = (band.s2_low, band.s2_high) if one.name == "s2" else (band.lineal_path_low, band.lineal_path_high)
            n = min(limits.shape[1], len(ends[0]))
            limits[0, :n], limits[1, :n] = ends[0][:n], ends[1][:n]
    return Described(one, own, compared, reference, half, limits)


def over_sections(one: Descriptor, sample: Sample) -> Generator[None, None, Measured]:
    """The mean over a volume's sections, `SECTIONS_AN_AXIS` across each axis; those without the phase are left out.

    Raises
    ------
    InputError
        Where no section can be measured.
    """
    found, problem = [], None
    for axis, length in enumerate(sample.labels.shape):
        count = min(SECTIONS_AN_AXIS, length)
        for place in np.unique(np.linspace(0, length - 1, count + 2)[1:-1].round().astype(int)):
            section = replace(sample, labels=np.ascontiguousarray(np.take(sample.labels, place, axis)), periodic=False)
            try:
                found.append((yield from one.measure(section)))
            except InputError as error:
                problem = error
            yield
    if not found:
        raise InputError("None of its sections can be measured.", "" if problem is None else str(problem))
    return mean_of(found)


def scatter(
    one: Descriptor, exemplar: Sample, whole: Measured
) -> Generator[None, None, tuple[tuple[float, ...], Floats]]:
    """Half the widths of the 95 % bands of an exemplar's numbers, and of its first curve; NaN where unknown."""
    rows, columns = exemplar.labels.shape
    sides = rows // 3, columns // 3
    length = len(whole.curves[0].x) if whole.curves else 0
    unknown = tuple(float("nan") for _ in whole.numbers), np.full(length, np.nan)
    if min(sides) < 8:
        return unknown
    found = []
    for y in np.linspace(0, rows - sides[0], WINDOWS_A_SIDE).round().astype(int):
        for x in np.linspace(0, columns - sides[1], WINDOWS_A_SIDE).round().astype(int):
            part = exemplar.part(np.ascontiguousarray(exemplar.labels[y : y + sides[0], x : x + sides[1]]))
            try:
                found.append((yield from one.measure(part)))
            except InputError:  # a window without the phase, say
                continue
            yield
    if len(found) < WINDOWS_A_SIDE**2 // 2:
        return unknown
    shrink = _STUDENT * (sides[0] * sides[1] / exemplar.labels.size) ** 0.5
    half = []
    for place in range(len(whole.numbers)):
        values = np.array([part.numbers[place].value for part in found])
        known = values[np.isfinite(values)]
        half.append(float(shrink * known.std(ddof=1)) if len(known) > 1 else float("nan"))
    curve_half = np.full(length, np.nan)
    if length:
        curves = np.array([part.curves[0].main for part in found])
        # a window shorter than twice a lag sees too few places
        seen = min(curves.shape[1], length, min(sides) // 2 + 1)
        curve_half[:seen] = shrink * curves[:, :seen].std(axis=0, ddof=1)
    return tuple(half), curve_half
