"""What would stop or harm an SWNN run, found in milliseconds and without torch (apart from looking for CUDA)."""

from __future__ import annotations

import math

import numpy as np

from core.errors import InputError
from core.images.values import PhaseImage
from core.masks.mask import REGION_FROM
from core.reconstruction.engine import Problem, Target
from core.reconstruction.preflight import (
    device_problems,
    exemplar_problems,
    far_problems,
    fraction_problems,
    misfit_problems,
    scatter_problems,
    setting_problems,
    size_problems,
)
from core.reconstruction.swnn.serving import checked_range
from core.reconstruction.swnn.settings import OWN, SwnnSettings, largest_window, resolve
from core.reconstruction.swnn.tilting import tilted_weights
from core.statistics import axis_ratio, correlation_length
from core.statistics.indicator import window_fractions, window_shares

SMALLEST_SIDE = 8
BYTES_PER_VOXEL = 12
"""Labels, their indicator, and what measuring S2 and L takes; measured, rounded up."""
MOST_WINDOWS = 10_000
"""Of a larger exemplar, so many windows say which fractions can be had together."""
LONGEST = 7.0
"""Of several phases at once, correlation length in pixels from which on is warned.

Up to 5.6 (a fuel cell's anode) sections look like the exemplar's; at 8 (a sandstone with four) and 14 (a superalloy)
rare phases become rims and grains lose their shape.
"""
USUAL = 4.5
"""The length in pixels that is advised then."""
STRETCHED = 1.5
"""Ratio of lengths along rows and columns from which on one exemplar for all axes is warned about."""


def find_problems(target: Target, settings: SwnnSettings, device: str) -> list[Problem]:
    """Errors and warnings for this target, these settings and this device."""
    wrong = setting_problems(settings)
    room = size_problems(
        target.size, SMALLEST_SIDE, BYTES_PER_VOXEL, remedy="Choose a smaller size or close other programs."
    )
    exemplar = exemplar_problems(target)
    found = [*wrong, *device_problems(device), *room, *exemplar]
    if exemplar or wrong:
        return found
    try:
        resolved = resolve(settings, *target.indicators)
    except InputError as error:
        return [*found, Problem("error", "exemplar", error.what, error.remedy)]
    if target.region_of is not None:
        found += _region(target, resolved)
    else:
        found += _several(target, resolved) if target.several else _fraction(target, resolved)
    # noise repeats in whole cells of the coarsest level
    return [*found, *_structure(target), *misfit_problems(target, 2 ** ((resolved.levels or 1) - 1))]


def _region(target: Target, settings: SwnnSettings) -> list[Problem]:
    """Whether the rest can be made around a phase that is given."""
    if not target.several:
        return [
            Problem("error", "mask", "Shapes of a phase can only be given where the exemplar has two others, and all "
                    "are rebuilt.", "Rebuild all phases of three or more, or let the mask say fractions.")
        ]  # fmt: skip
    reasons = (
        (not 0 <= (target.region_of or 0) < len(target.exemplar.phases), "the exemplar has no such phase"),
        (target.mask is None, "no mask says where it is"),
        (target.mask is not None and not 0 < target.mask.share_from(REGION_FROM) < 1, "the mask holds only one side"),
        (target.anisotropic, "there are exemplars of other planes"),
        (settings.conditional, "a range of volume fractions is set"),
        (target.volume_fraction is not None or target.volume_fractions is not None, "volume fractions are chosen"),
        (settings.geometry != "cubes", "the training blocks are slabs"),
    )
    wrong = [words for yes, words in reasons if yes]
    if not wrong:
        return []
    return [Problem("error", "mask", f"A phase cannot be given: {', '.join(wrong)}.", "Change that.")]


def _fraction(target: Target, settings: SwnnSettings) -> list[Problem]:
    no_fraction = fraction_problems(target)
    if no_fraction:
        return no_fraction
    if settings.lowest_fraction is not None and settings.highest_fraction is not None:
        return _range(target, settings, settings.lowest_fraction, settings.highest_fraction)
    if target.volume_fraction is None:
        return []
    low, high = reachable_everywhere(target, settings)
    wanted = target.wanted_fraction
    if not low <= wanted <= high:
        return [
            Problem("error", "volume_fraction", f"A volume fraction of {wanted:.3f} is out of reach: the exemplar's "
                    f"patterns allow {low:.3f} to {high:.3f}.",
                    "Choose a fraction in that interval, or an exemplar nearer to it.")
        ]  # fmt: skip
    return far_problems(target)


def _several(target: Target, settings: SwnnSettings) -> list[Problem]:
    """Whether the fractions of more than two phases at once can be had, alone or over a range."""
    wanted = target.volume_fractions
    count = len(target.exemplar.phases)
    if wanted is not None:
        good = len(wanted) == count and all(0 < share < 1 for share in wanted) and abs(sum(wanted) - 1) < 1e-6
        if not good:
            return [
                Problem("error", "volume_fractions", f"The volume fractions of {count} phases must each lie between 0 "
                        "and 1, both excluded, and make up 1 together.", "Give one for each phase, in label order.")
            ]  # fmt: skip
    found = fraction_problems(target)
    if found:
        return found
    shares = [target.wanted_fraction]
    if settings.lowest_fraction is not None and settings.highest_fraction is not None:
        shares = [settings.lowest_fraction, settings.highest_fraction]
        found = _range(target, settings, *shares)
        if found:
            return found
    field = "volume_fractions" if wanted is not None else "volume_fraction" if target.mask is None else "mask"
    for share in shares:
        fractions = target.fractions_at(share)
        for image in target.distinct_exemplars:
            if max(abs(a - b) for a, b in zip(fractions, image.fractions, strict=True)) < OWN:
                continue
            try:
                tilted_weights(_window_shares(target, image, largest_window(settings)), fractions)
            except InputError as error:
                return [Problem("error", field, error.what, error.remedy)]
    return []


def _window_shares(target: Target, image: PhaseImage, edge: int) -> np.ndarray:
    """Share of each phase in windows of the exemplar, shape (n, C): every window, or evenly chosen ones of many."""
    windows = [window_shares(inside, edge) for inside in target.channels_of(image)]
    thinned: np.ndarray = np.stack(windows, axis=-1)[:: max(1, len(windows[0]) // MOST_WINDOWS)]
    return thinned


def _range(target: Target, settings: SwnnSettings, lowest: float, highest: float) -> list[Problem]:
    """Of a model for a range of volume fractions: whether it can be had, and holds what is asked for."""
    low, high = reachable_everywhere(target, settings)
    field = "volume_fraction" if target.mask is None else "mask"
    if lowest < low or highest > high:
        return [
            Problem("error", field, f"Volume fractions from {lowest:.3f} to {highest:.3f} are out of reach: the "
                    f"exemplar's patterns allow {low:.3f} to {high:.3f}.",
                    "Choose a range in that interval, or an exemplar nearer to it.")
        ]  # fmt: skip
    asked = (target.wanted_fraction,) * 2 if target.mask is None else target.mask.range
    try:
        checked_range(lowest, highest, asked)
    except InputError as error:
        return [Problem("error", field, error.what, error.remedy)]
    return []


def reachable_fractions(indicator: np.ndarray, settings: SwnnSettings) -> tuple[float, float]:
    """Smallest and largest share of the phase in the exemplar's patterns of the coarsest scale or overview.

    Patterns with a wanted mean are picked from the exemplar's own (SWNN, Sec. 2.2.3), so no mean outside can be had.
    """
    return window_fractions(indicator, largest_window(settings))


def reachable_everywhere(target: Target, settings: SwnnSettings) -> tuple[float, float]:
    """As `reachable_fractions`, for the phase of interest in the exemplars of all planes."""
    ranges = [reachable_fractions(image.labels == target.phase, settings) for image in target.distinct_exemplars]
    return max(low for low, _ in ranges), min(high for _, high in ranges)


def _structure(target: Target) -> list[Problem]:
    indicator = target.indicator
    found = scatter_problems(target.size, correlation_length(indicator), "fractions and curves")
    longest = max(correlation_length(inside) for inside in target.indicators) if target.several else 0.0
    if longest > LONGEST:
        times = math.ceil(longest / USUAL)
        found.append(
            Problem("warning", "exemplar", f"A phase's structure is {longest:.0f} px long. With several phases at "
                    "once, SWNN has been good up to 6 px; of longer ones it loses the shape, of rare phases first.",
                    f"Make the pixels {times} times as large (step 1, or --bin {times}), or judge the "
                    "sections with care.")
        )  # fmt: skip
    ratio = axis_ratio(indicator)
    if ratio > STRETCHED and not target.anisotropic:
        found.append(
            Problem("warning", "exemplar", f"The exemplar's structure is {ratio:.1f} times longer along one axis than "
                    "along the other. One exemplar stands for all three axes, so the volume's sections will all look "
                    "like it, which no real structure of this kind does.",
                    "Add exemplars of the planes xz and yz, or judge the result with care.")
        )  # fmt: skip
    return found
