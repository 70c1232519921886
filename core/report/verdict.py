"""The findings in one sentence of plain words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.images.pixel_size import format_length
from core.images.values import Volume
from core.report.findings import Findings
from core.statistics.comparison import Comparison
from core.statistics.sampling_band import SamplingBand


@dataclass(frozen=True)
class Verdict:
    """One sentence or two, and whether it is good news ("good", "fair", "poor", or "" for a plain fact)."""

    sentence: str
    grade: str


INSIDE, MOSTLY = 0.9, 0.6
"""Shares of the lags within the band from which a curve counts as inside, and as at the edge."""
_WORDS = {"good": "inside", "fair": "at the edge", "poor": "outside"}


def grade_of_share(share: float) -> str:
    """ "good", "fair" or "poor" for a curve of whose lags this share lies within the band."""
    return "good" if share >= INSIDE else "fair" if share >= MOSTLY else "poor"


def word(grade: str) -> str:
    """ "inside", "at the edge", "outside", or nothing."""
    return _WORDS.get(grade, "")


def share_inside(comparison: Comparison, band: SamplingBand) -> tuple[float, float]:
    """Shares of the lags at which the measured S2 and L lie inside the exemplar's sampling band."""
    shares = []
    for curve, low, high in (
        (comparison.volume.s2_mean, band.s2_low, band.s2_high),
        (comparison.volume.lineal_path_mean, band.lineal_path_low, band.lineal_path_high),
    ):
        shares.append(float(np.mean((curve >= low - 1e-12) & (curve <= high + 1e-12))))
    return shares[0], shares[1]


def verdict(findings: Findings) -> Verdict:
    """How near the subject's statistics are to the exemplar's, or what was measured where there is none."""
    thing = "volume" if isinstance(findings.subject, Volume) else "picture"
    fills = f"{findings.interest.name} fills {100 * findings.achieved_fraction:.2f} % of the {thing}"
    comparison, band = findings.comparison, findings.band
    if comparison is None:
        length = ""
        if findings.correlation is not None:
            edge = findings.edges[-1] if findings.edges else None
            size = f"{findings.correlation:.1f} px" + (
                f" ({format_length(findings.correlation * edge)})" if edge else ""
            )
            length = f"; its structure has a correlation length of {size}"
        return Verdict(f"{fills}{length}.", "")
    numbers = (
        f"S₂ differs by {100 * comparison.epsilon_s2:.1f} % and the lineal path L by "
        f"{100 * comparison.epsilon_lineal_path:.1f} % from the exemplar's"
    )
    start = f"{fills} (target {100 * (findings.target_fraction or 0):.2f} %). {numbers}: "
    worst = grade_of_share(0.0 if band is None else min(share_inside(comparison, band)))
    if worst == "good":
        return Verdict(start + "within the scatter expected of a sample of the exemplar's size.", "good")
    if worst == "fair":
        return Verdict(start + "mostly within the scatter expected of a sample of the exemplar's size.", "fair")
    return Verdict(
        start + "outside the scatter expected of a sample of the exemplar's size; look at the curves.", "poor"
    )
