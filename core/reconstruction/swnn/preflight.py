"""What would stop or harm an SWNN run, found in milliseconds and without torch (apart from looking for CUDA)."""

from __future__ import annotations

import numpy as np

from core import devices
from core import settings as described
from core.errors import InputError
from core.reconstruction.engine import Problem, Target
from core.reconstruction.swnn.serving import checked_range
from core.reconstruction.swnn.settings import SwnnSettings, largest_window, resolve
from core.statistics import correlation_length
from core.statistics.two_point import two_point_axes

SMALLEST_SIDE = 8
BYTES_PER_VOXEL = 12
"""Labels, their indicator, and what measuring S2 and L takes; measured, rounded up."""


def find_problems(target: Target, settings: SwnnSettings, device: str) -> list[Problem]:
    """Errors and warnings for this target, these settings and this device."""
    found = [
        Problem("error", name, message, "Change the setting.") for name, message in described.problems(settings).items()
    ]
    found += _device(device)
    found += _size(target)
    exemplar = _exemplar(target)
    found += exemplar
    if any(item.severity == "error" for item in exemplar) or described.problems(settings):
        return found
    try:
        resolved = resolve(settings, *target.indicators)
    except InputError as error:
        return [*found, Problem("error", "exemplar", error.what, error.remedy)]
    found += _several(target, resolved) if target.several else _fraction(target, resolved)
    return [*found, *_structure(target)]


def _device(device: str) -> list[Problem]:
    try:
        devices.resolve(device)
    except InputError as error:
        return [Problem("error", "device", error.what, error.remedy)]
    return []


def _size(target: Target) -> list[Problem]:
    shown = " × ".join(map(str, target.size))
    if min(target.size) < SMALLEST_SIDE:
        return [
            Problem("error", "size", f"A volume of {shown} voxels is too small.",
                    f"Choose at least {SMALLEST_SIDE} voxels along each axis.")
        ]  # fmt: skip
    needed = BYTES_PER_VOXEL * int(np.prod([int(side) for side in target.size], dtype=object))
    free = devices.free_memory("cpu")
    if free is not None and needed > free:
        return [
            Problem("error", "size", f"A volume of {shown} voxels needs about {needed / 2**30:.1f} GB of memory; "
                    f"{free / 2**30:.1f} GB are free.", "Choose a smaller size or close other programs.")
        ]  # fmt: skip
    return []


def _exemplar(target: Target) -> list[Problem]:
    image = target.exemplar
    if not 0 <= target.phase < len(image.phases):
        known = ", ".join(f"{label} ({phase.name})" for label, phase in enumerate(image.phases))
        return [
            Problem("error", "phase", f"The exemplar has no phase {target.phase}.", f"Choose one of: {known}.")
        ]  # fmt: skip
    if target.several:
        for label, phase in enumerate(image.phases):
            if any(each.fractions[label] == 0 for each in target.exemplars if len(each.phases) > label):
                return [
                    Problem("error", "all_phases", f"The phase {phase.name} does not occur in every exemplar.",
                            "Remove it in step 2, or reconstruct one phase against the rest.")
                ]  # fmt: skip
    own = image.fractions[target.phase]
    name = image.phases[target.phase].name
    if own == 0:
        return [
            Problem("error", "phase", f"The phase {name} does not occur in the exemplar.", "Choose another phase.")
        ]  # fmt: skip
    if own == 1:
        return [
            Problem("error", "phase", f"The exemplar shows only one phase, {name}, so there is nothing to reconstruct.",
                    "Set a threshold that splits the picture.")
        ]  # fmt: skip
    return []


def _fraction(target: Target, settings: SwnnSettings) -> list[Problem]:
    wanted = target.wanted_fraction
    if not 0 < wanted < 1:
        return [
            Problem("error", "volume_fraction",
                    f"The volume fraction must lie between 0 and 1, both excluded, not {wanted:g}.",
                    "Give a share such as 0.4 for 40 %.")
        ]  # fmt: skip
    if settings.lowest_fraction is not None and settings.highest_fraction is not None:
        return _range(target, settings, settings.lowest_fraction, settings.highest_fraction)
    if target.volume_fraction is None:
        return []
    low, high = reachable_everywhere(target, settings)
    if not low <= wanted <= high:
        return [
            Problem("error", "volume_fraction", f"A volume fraction of {wanted:.3f} is out of reach: the exemplar's "
                    f"patterns allow {low:.3f} to {high:.3f}.",
                    "Choose a fraction in that interval, or an exemplar nearer to it.")
        ]  # fmt: skip
    own = target.own_fraction
    if abs(wanted - own) > 0.1:
        return [
            Problem("warning", "volume_fraction", f"The wanted volume fraction, {wanted:.3f}, is far from the "
                    f"exemplar's, {own:.3f}: shapes will differ from the exemplar's.")
        ]  # fmt: skip
    return []


def _several(target: Target, settings: SwnnSettings) -> list[Problem]:
    """What cannot be had yet of more than two phases at once."""
    remedy = "Reconstruct one phase against the rest, or leave the fractions as they are in the exemplar."
    if target.volume_fraction is not None and abs(target.volume_fraction - target.own_fraction) > 1e-4:
        return [
            Problem("error", "volume_fraction", "A volume of all phases has the exemplar's fractions: none of them can "
                    "be chosen.", remedy)
        ]  # fmt: skip
    if target.mask is not None:
        return [Problem("error", "mask", "A volume of all phases cannot follow a mask.", remedy)]
    if settings.conditional:
        return [Problem("error", "lowest_fraction", "A model of all phases serves no range of fractions.", remedy)]
    return []


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
    edge = largest_window(settings)
    sums = np.pad(indicator.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    windows = sums[edge:, edge:] - sums[:-edge, edge:] - sums[edge:, :-edge] + sums[:-edge, :-edge]
    return float(windows.min()) / edge**2, float(windows.max()) / edge**2


def reachable_everywhere(target: Target, settings: SwnnSettings) -> tuple[float, float]:
    """As `reachable_fractions`, for the phase of interest in the exemplars of all planes."""
    ranges = [reachable_fractions(image.labels == target.phase, settings) for image in target.distinct_exemplars]
    return max(low for low, _ in ranges), min(high for _, high in ranges)


def _structure(target: Target) -> list[Problem]:
    indicator = target.indicator
    found = []
    length = correlation_length(indicator)
    if min(target.size) < 6 * length:
        found.append(
            Problem("warning", "size", f"The volume is only {min(target.size) / max(length, 1e-9):.1f} times as wide "
                    f"as the structure's length ({length:.1f} px): its fractions and curves will scatter.",
                    "Choose a larger size.")
        )  # fmt: skip
    ratio = anisotropy(indicator)
    if ratio > 1.5 and not target.anisotropic:
        found.append(
            Problem("warning", "exemplar", f"The exemplar's structure is {ratio:.1f} times longer along one axis than "
                    "along the other. One exemplar stands for all three axes, so the volume's sections will all look "
                    "like it, which no real structure of this kind does.",
                    "Add exemplars of the planes xz and yz, or judge the result with care.")
        )  # fmt: skip
    return found


def anisotropy(indicator: np.ndarray) -> float:
    """Ratio (≥ 1) of the lengths, along rows and columns, over which the autocovariance falls to 1/e."""
    limit = max(1, min(indicator.shape) // 2)
    curves = two_point_axes(indicator, limit)
    mean = indicator.mean()
    lengths = []
    for curve in curves:
        scaled = (curve - mean**2) / (mean - mean**2)
        below = np.flatnonzero(scaled < np.exp(-1))
        if len(below) == 0:
            lengths.append(float(limit))
            continue
        after = int(below[0])
        drop = scaled[after - 1] - scaled[after]
        lengths.append(after - 1 + float((scaled[after - 1] - np.exp(-1)) / drop))
    return max(lengths) / max(min(lengths), 1e-9)
