"""Volume fractions of several phases at once."""

from __future__ import annotations

from collections.abc import Sequence


def shared(fractions: Sequence[float], phase: int, share: float) -> tuple[float, ...]:
    """Fractions in which ``phase`` has ``share`` and the others divide the rest in the same proportion as before.

    Parameters
    ----------
    fractions
        One a phase, in label order; their sum is 1, and those of the others are not all 0.
    share
        0 to 1.
    """
    rest = sum(fraction for label, fraction in enumerate(fractions) if label != phase)
    scale = (1 - share) / rest
    return tuple(share if label == phase else fraction * scale for label, fraction in enumerate(fractions))
