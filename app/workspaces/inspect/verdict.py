"""The result in words and in a table: what a user reads first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.session import Result
from app.widgets.job_strip import format_seconds

AXES = "zyx"


def percent(ratio: float, digits: int = 1) -> str:
    """ "2.3 %"."""
    return f"{100 * ratio:.{digits}f} %"


@dataclass(frozen=True)
class Verdict:
    """One sentence, and whether it is good news."""

    sentence: str
    good: bool


def share_inside(result: Result) -> tuple[float, float] | None:
    """Shares of the lags at which the volume's S2 and L lie inside the exemplar's sampling band, or None."""
    band = result.band
    if band is None:
        return None
    shares = []
    for curve, low, high in (
        (result.comparison.volume.s2_mean, band.s2_low, band.s2_high),
        (result.comparison.volume.lineal_path_mean, band.lineal_path_low, band.lineal_path_high),
    ):
        n = min(len(curve), len(low))
        shares.append(float(np.mean((curve[:n] >= low[:n]) & (curve[:n] <= high[:n]))))
    return shares[0], shares[1]


def verdict(result: Result) -> Verdict:
    """Say in one sentence how near the volume's statistics are to the exemplar's."""
    comparison = result.comparison
    e2, el = comparison.epsilon_s2, comparison.epsilon_lineal_path
    numbers = f"S₂ differs by {percent(e2)} and L by {percent(el)} from the micrograph's"
    shares = share_inside(result)
    if shares is None:
        return Verdict(f"{numbers}.", max(e2, el) < 0.05)
    worst = min(shares)
    if worst >= 0.9:
        return Verdict(f"{numbers}: within the scatter expected of a sample of this size.", True)
    if worst >= 0.6:
        return Verdict(
            f"{numbers}: mostly within the scatter expected of a sample of this size; look at the curves.", True
        )
    advice = "Try the preset thorough." if result.plan.engine == "swnn" else "Train longer."
    return Verdict(f"{numbers}: outside the scatter expected of a sample of this size. {advice}", False)


def training_steps(result: Result) -> tuple[int, int] | None:
    """Steps done and steps asked for, or None where the model does not say."""
    card = result.model.card if result.model is not None else {}
    done = card.get("training", {}).get("iterations")
    asked = card.get("settings", {}).get("iterations")
    return (int(done), int(asked)) if done and asked else None


def rows(result: Result) -> list[tuple[str, str]]:
    """Label and value of each line of the result table."""
    comparison = result.comparison
    target = result.plan.volume_fraction
    own = result.exemplar.fractions[result.phase]
    lines = [
        ("Volume fraction, target", percent(own if target is None else target, 2)),
        ("Volume fraction, achieved", percent(result.fraction_after, 2)),
        ("… before the threshold was set", percent(result.fraction_before, 2)),
        ("ε of S₂ (average of the axes)", percent(comparison.epsilon_s2)),
        ("ε of S₂ along z, y, x", ", ".join(percent(value) for value in comparison.epsilon_s2_axes)),
        ("ε of L (average of the axes)", percent(comparison.epsilon_lineal_path)),
        ("ε of L along z, y, x", ", ".join(percent(value) for value in comparison.epsilon_lineal_path_axes)),
    ]
    shares = share_inside(result)
    if shares is not None:
        lines.append(("Lags inside the band, S₂ and L", f"{100 * shares[0]:.0f} %, {100 * shares[1]:.0f} %"))
    steps = training_steps(result)
    if steps is not None and steps[0] < steps[1]:
        lines.append(("Training steps until the time limit", f"{steps[0]} of {steps[1]}"))
    lines += [(f"Time, {what}", format_seconds(seconds)) for what, seconds in result.seconds.items()]
    return lines
