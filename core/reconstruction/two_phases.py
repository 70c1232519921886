"""How an exemplar of several phases becomes a volume of two: the phase of interest and the rest."""

from __future__ import annotations

from core.images.values import PHASE_COLORS, Phase, PhaseImage


def volume_phases(exemplar: PhaseImage, phase: int) -> tuple[tuple[Phase, Phase], int]:
    """Phases of a reconstructed volume in label order, and the label of the phase of interest.

    A volume tells one phase from all others. The phase keeps its place where it can: label 0 stays 0, with 1 for the
    rest; any other becomes 1, with 0 for the rest. With a two-phase exemplar the labels are those of the exemplar.
    """
    chosen = exemplar.phases[phase]
    others = [item for label, item in enumerate(exemplar.phases) if label != phase]
    if len(others) == 1:
        rest = others[0]
    else:
        grey = PHASE_COLORS[0]
        rest = Phase("Other phases", grey if chosen.color != grey else PHASE_COLORS[1])
    return ((chosen, rest), 0) if phase == 0 else ((rest, chosen), 1)
