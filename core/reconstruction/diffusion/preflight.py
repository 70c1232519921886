"""What would stop or harm a diffusion run, found in milliseconds and without torch (apart from looking for CUDA)."""

from __future__ import annotations

import math

from core import devices
from core.errors import InputError
from core.reconstruction.diffusion.phases import channels_of
from core.reconstruction.diffusion.settings import DiffusionSettings, resolve
from core.reconstruction.engine import Problem, Target
from core.reconstruction.preflight import (
    LENGTHS_ACROSS,
    device_problems,
    exemplar_problems,
    far_problems,
    fraction_problems,
    misfit_problems,
    scatter_problems,
    setting_problems,
    size_problems,
)
from core.statistics import correlation_length
from core.statistics.indicator import window_fractions

SMALLEST_SIDE = 16
BYTES_PER_VOXEL = 48
"""The field while it is sampled, what measuring takes, rounded up."""
CHANNEL_ON_DISK = 24
"""Bytes that a voxel of a channel takes while it is sampled on the disk: as it is, as it will be, as it is expected and
as it was expected a step before."""
MASK_ON_DISK, CHANNEL_BY_LEVEL = 7, 5
"""Bytes besides, where a mask is followed: a voxel's level and its pull; and each channel, sorted by level."""


def find_problems(target: Target, settings: DiffusionSettings, device: str) -> list[Problem]:
    """Errors and warnings for this target, these settings and this device."""
    wrong = setting_problems(settings)
    room = size_problems(
        target.size, SMALLEST_SIDE, BYTES_PER_VOXEL, because="is sampled as a whole, which",
        remedy="Choose a smaller size, or write the volume to a file: it is then sampled on the disk.",
    )  # fmt: skip
    found = [*wrong, *device_problems(device), *room]
    exemplar = exemplar_problems(target)
    if exemplar or wrong:
        return [*found, *exemplar]
    try:
        crop = resolve(settings, *target.indicators).crop or 1
    except InputError as error:
        return [*found, Problem("error", "exemplar", error.what, error.remedy)]
    fraction = fraction_problems(target) or far_problems(target)
    mask = _mask(target, crop)
    return [*found, *misfit_problems(target, settings.stride), *fraction, *mask, *_structure(target, crop)]


def bytes_beside(target: Target) -> int:
    """What lies on the disk beside a volume that memory does not hold, while it is sampled; 0 where memory does."""
    voxels, free = math.prod(int(side) for side in target.size), devices.free_memory("cpu")
    if free is None or BYTES_PER_VOXEL * voxels <= free:
        return 0
    channels = channels_of(len(target.volume_phases[0]))
    followed = 0 if target.mask is None else MASK_ON_DISK + CHANNEL_BY_LEVEL * channels
    return voxels * (CHANNEL_ON_DISK * channels + followed)


def fractions_of_crops(target: Target, crop: int) -> tuple[float, float]:
    """Lowest and highest share of the phase of interest that crops have in the exemplars of all planes."""
    ranges = [window_fractions(image.labels == target.phase, crop) for image in target.distinct_exemplars]
    return max(low for low, _ in ranges), min(high for _, high in ranges)


def _mask(target: Target, crop: int) -> list[Problem]:
    """Places where the mask asks for what no crop shows."""
    if target.mask is None:
        return []
    (low, high), (least, most) = target.mask.range, fractions_of_crops(target, crop)
    if least <= low and high <= most:
        return []
    return [
        Problem("warning", "mask", f"The mask asks for {low:.3f} to {high:.3f}, but crops of the exemplar show "
                f"{least:.3f} to {most:.3f}: beyond that, shapes will differ from the exemplar's.")
    ]  # fmt: skip


def _structure(target: Target, crop: int) -> list[Problem]:
    length = max(correlation_length(indicator) for indicator in target.indicators)
    return [*crop_problems(crop, length), *scatter_problems(target.size, length)]


def crop_problems(crop: int, length: float, where: str = "") -> list[Problem]:
    """A warning where crops are too small for structures of ``length`` px; ``where``: of what, if not of the whole."""
    if crop >= LENGTHS_ACROSS * length:
        return []
    return [
        Problem("warning", "crop", f"The crops ({crop} px) are only {crop / length:.1f} times as wide as the "
                f"structure's length{where} ({length:.1f} px): what is larger is not learned.",
                "Choose larger crops, or a larger exemplar.")
    ]  # fmt: skip
