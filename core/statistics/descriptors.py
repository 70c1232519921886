"""The table of descriptors: command line, window and report know them from here alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import InputError
from core.statistics import measuring
from core.statistics.measured import Sample, Steps

LINES, SECTIONS, ALONE = "lines", "sections", "alone"
"""How a volume compares with a picture: as it is, through its sections, or not at all."""


@dataclass(frozen=True)
class Descriptor:
    """One line of the table.

    Attributes
    ----------
    name, title
        On the command line, and on the screen.
    unit
        Of its numbers, or of its curve's lengths and values.
    measure
        Measures a sample.
    help
        One line.
    compares
        `LINES` where it is read along lines, which are alike in a volume and its sections; `SECTIONS` where a volume's
        sections are measured as pictures for the comparison; `ALONE` where a picture says nothing about a volume.
    dimensions
        Numbers of axes that it can be measured for.
    """

    name: str
    title: str
    unit: str
    measure: Callable[[Sample], Steps]
    help: str
    compares: str = ALONE
    dimensions: tuple[int, ...] = (2, 3)


DESCRIPTORS: tuple[Descriptor, ...] = (
    Descriptor("s2", "Two-point probability S₂", "–, r in px", measuring.two_point,
               "chance that two points a distance r apart both lie in the phase", LINES),
    Descriptor("lineal-path", "Lineal path L", "–, r in px", measuring.lineal_path,
               "chance that a whole segment of length r lies in the phase", LINES),
    Descriptor("cross-s2", "Cross-probabilities S₂ⁱʲ", "–, r in px", measuring.cross_probability,
               "chance that two points a distance r apart lie in two given phases, for all pairs of phases", LINES),
    Descriptor("autocovariance", "Autocovariance C", "–, r in px", measuring.normalised_autocovariance,
               "S₂ normalised: 1 at r = 0, 0 where the structure remembers nothing", LINES),
    Descriptor("correlation-length", "Correlation length", "px", measuring.correlation,
               "distance at which the autocovariance has fallen to 1/e, and its integral", LINES),
    Descriptor("chord-length", "Chord lengths", "px", measuring.chords,
               "lengths of the pieces into which lines cut the phase", LINES),
    Descriptor("cluster", "Cluster function C₂", "–, r in px", measuring.cluster,
               "chance that two points a distance r apart lie in one connected piece", SECTIONS),
    Descriptor("local-thickness", "Pore or particle size", "px", measuring.thickness,
               "diameter of the largest ball that fits at each place (local thickness)", SECTIONS),
    Descriptor("specific-surface", "Specific surface", "px⁻¹", measuring.surface,
               "surface per volume: from S₂'s slope, by marching cubes, and as voxel faces", SECTIONS),
    Descriptor("connectivity", "Connected components", "%", measuring.connected,
               "share of the phase connected face to face along each axis, largest component, number"),
    Descriptor("euler", "Euler number", "px⁻³ (px⁻²)", measuring.euler,
               "pieces less tunnels plus cavities, per volume", SECTIONS),
    Descriptor("anisotropy", "Anisotropy of S₂", "px", measuring.correlation_anisotropy,
               "ellipsoid of the correlation lengths in all directions"),
    Descriptor("mean-intercept", "Mean intercept lengths", "px", measuring.intercept_anisotropy,
               "ellipsoid of the mean intercepts and degree of anisotropy"),
)  # fmt: skip

ALL = "all"


def descriptor(name: str) -> Descriptor:
    """The descriptor called ``name``.

    Raises
    ------
    InputError
        Where there is none.
    """
    for one in DESCRIPTORS:
        if one.name == name:
            return one
    raise InputError(f"There is no statistic {name!r}.", f"Choose among: {_known()}.")


def chosen(text: str) -> tuple[Descriptor, ...]:
    """The descriptors of a list such as "s2,cluster", or "all", in the table's order, each once; errors as above."""
    names = [part.strip().lower().replace("_", "-") for part in text.split(",") if part.strip()]
    if not names:
        raise InputError("No statistic was named.", f"Choose among: {_known()}.")
    if ALL in names:
        return DESCRIPTORS
    wanted = {descriptor(name).name for name in names}
    return tuple(one for one in DESCRIPTORS if one.name in wanted)


def _known() -> str:
    return ", ".join([*(one.name for one in DESCRIPTORS), ALL])
