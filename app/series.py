"""Several runs of one plan: every seed with every volume fraction, what they are called, who shares a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.projects.plan import MOST_RUNS

_LONG_SUFFIXES = (".ome.zarr", ".ome.tiff", ".ome.tif", ".microloom-model")
MOST = MOST_RUNS


@dataclass(frozen=True)
class Member:
    """One run of a series.

    Attributes
    ----------
    seed
        Of its volume, and of its training where it trains.
    fraction
        Wanted volume fraction, or None for the exemplar's own.
    leader
        Place in the series of the run whose model it uses, or None: it trains one.
    """

    seed: int
    fraction: float | None = None
    leader: int | None = None


def members(
    seeds: Sequence[int],
    fractions: Sequence[float | None] = (None,),
    *,
    served: tuple[float, float] | None = None,
    train_once: bool = False,
) -> tuple[Member, ...]:
    """Every seed with every fraction, those that share a model one after the other.

    Parameters
    ----------
    seeds, fractions
        In the wanted order; what is there twice counts once.
    served
        Lowest and highest volume fraction that one model is going to serve, or None where it is trained for one alone.
        Runs of one seed whose fractions lie in it share a model.
    train_once
        Whether all seeds share the models of the first: realisations of one training. Otherwise each seed trains anew,
        as it would in a run of its own.
    """
    seeds, fractions = tuple(dict.fromkeys(seeds)), tuple(dict.fromkeys(fractions))

    def training(seed: int, fraction: float | None) -> tuple[object, ...]:
        # of the exemplar's own fraction nobody knows here whether it lies in the range; the preflight sees to that
        shared = served is not None and (fraction is None or served[0] <= fraction <= served[1])
        return (None if train_once else seed, "range" if shared else fraction)

    pairs = [(seed, fraction) for seed in seeds for fraction in fractions]
    order = list(dict.fromkeys(training(*pair) for pair in pairs))
    pairs.sort(key=lambda pair: order.index(training(*pair)))
    leaders: dict[tuple[object, ...], int] = {}
    found = []
    for place, pair in enumerate(pairs):
        key = training(*pair)
        found.append(Member(*pair, leader=leaders.get(key)))
        leaders.setdefault(key, place)
    return tuple(found)


def served_range(settings: Any) -> tuple[float, float] | None:
    """The range of volume fractions that a model trained with an engine's settings will serve; None for one alone."""
    if getattr(settings, "serves_every_fraction", False):
        return 0.0, 1.0
    low, high = getattr(settings, "lowest_fraction", None), getattr(settings, "highest_fraction", None)
    return None if low is None or high is None else (low, high)


def varying(all_of_them: Sequence[Member]) -> tuple[bool, bool]:
    """Whether fractions, and whether seeds differ within a series."""
    return len({member.fraction for member in all_of_them}) > 1, len({member.seed for member in all_of_them}) > 1


def label(member: Member, all_of_them: Sequence[Member]) -> str:
    """What sets a run apart from the others of its series, in words; empty where it is alone."""
    fractions, seeds = varying(all_of_them)
    parts = [f"volume fraction {_share(member)}"] if fractions else []
    return ", ".join([*parts, *([f"seed {member.seed}"] if seeds else [])])


def named(path: Path, member: Member, all_of_them: Sequence[Member]) -> Path:
    """``path`` with what sets a run apart before its suffix: ``v.tif`` becomes ``v_f0.1_seed2.tif``."""
    fractions, seeds = varying(all_of_them)
    if not (fractions or seeds):
        return path
    suffix = next((path.name[-len(end) :] for end in _LONG_SUFFIXES if path.name.lower().endswith(end)), path.suffix)
    stem = path.name.removesuffix(suffix) if suffix else path.name
    stem += f"_f{_share(member)}" if fractions else ""
    stem += f"_seed{member.seed}" if seeds else ""
    return path.with_name(stem + suffix)


def _share(member: Member) -> str:
    return "own" if member.fraction is None else f"{member.fraction:.6g}"
