"""What a reconstruction is asked for, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.reconstruction.towards import Towards

MOST_RUNS = 1000
"""Runs of one series."""


@dataclass(frozen=True)
class Plan:
    """What the next reconstruction is asked for.

    Attributes
    ----------
    phase
        Label of the phase of interest, or None: the phase the program proposes (the rarer of two, else the highest).
    volume_fraction
        Wanted fraction, or None for the exemplar's own.
    volume_fractions
        Wanted fraction of every phase, where all are rebuilt; None: the exemplar's own.
    size
        Voxels along z, y, x.
    max_seconds
        Longest time of training, or None.
    patience
        Training ends after so many steps without its curves coming nearer to the exemplar's, or None: it does not.
    periodic
        For z, y, x: whether the volume repeats along that axis.
    all_phases
        Whether the volume holds every phase of an exemplar of three or more, not just one and the rest.
    changed_settings
        Engine settings that differ from the preset, by name.
    towards
        Another seed, into whose volume this one passes, or None.
    exact
        Whether the volume has its fraction exactly, by a threshold of its own.
    """

    engine: str = "swnn"
    preset: str = "fast"
    phase: int | None = None
    volume_fraction: float | None = None
    size: tuple[int, int, int] = (128, 128, 128)
    seed: int = 0
    device: str = "auto"
    max_seconds: float | None = None
    patience: int | None = None
    volume_fractions: tuple[float, ...] | None = None
    periodic: tuple[bool, bool, bool] = (False, False, False)
    all_phases: bool = True
    changed_settings: Mapping[str, Any] = field(default_factory=dict)
    towards: Towards | None = None
    exact: bool = True


@dataclass(frozen=True)
class Series:
    """How many runs of one plan are wanted: every seed with every volume fraction.

    Attributes
    ----------
    seeds
        So many, from the plan's on.
    fractions
        Volume fractions; empty: the plan's alone.
    train_once
        Whether all seeds share one training.
    """

    seeds: int = 1
    fractions: tuple[float, ...] = ()
    train_once: bool = False
