"""What would stop or harm a diffusion run, found in milliseconds and without torch (apart from looking for CUDA)."""

from __future__ import annotations

from core import devices
from core import settings as described
from core.errors import InputError
from core.generation.periods import Triple, misfit
from core.reconstruction.diffusion.settings import DiffusionSettings, resolve
from core.reconstruction.engine import Problem, Target
from core.statistics import correlation_length

SMALLEST_SIDE = 16
BYTES_PER_VOXEL = 40
"""The field while it is sampled, what measuring takes, rounded up."""
FAR = 0.1
"""A fraction further than this from the exemplar's is called far."""


def find_problems(target: Target, settings: DiffusionSettings, device: str) -> list[Problem]:
    """Errors and warnings for this target, these settings and this device."""
    wrong = [
        Problem("error", name, message, "Change the setting.") for name, message in described.problems(settings).items()
    ]
    found = [*wrong, *_device(device), *_size(target.size)]
    exemplar = _exemplar(target)
    if exemplar or wrong:
        return [*found, *exemplar]
    try:
        resolve(settings, *target.indicators)
    except InputError as error:
        return [*found, Problem("error", "exemplar", error.what, error.remedy)]
    problem = misfit(target.size, target.periodic, settings.stride)
    if problem is not None:
        found.append(Problem("error", "size", problem.what, problem.remedy))
    return [*found, *_fraction(target), *_structure(target, settings)]


def _device(device: str) -> list[Problem]:
    try:
        devices.resolve(device)
    except InputError as error:
        return [Problem("error", "device", error.what, error.remedy)]
    return []


def _size(size: Triple) -> list[Problem]:
    shown = " × ".join(map(str, size))
    if min(size) < SMALLEST_SIDE:
        return [
            Problem("error", "size", f"A volume of {shown} voxels is too small.",
                    f"Choose at least {SMALLEST_SIDE} voxels along each axis.")
        ]  # fmt: skip
    voxels = int(size[0]) * int(size[1]) * int(size[2])
    needed, free = BYTES_PER_VOXEL * voxels, devices.free_memory("cpu")
    if free is not None and needed > free:
        return [
            Problem("error", "size", f"A volume of {shown} voxels is sampled as a whole, which needs about "
                    f"{needed / 2**30:.1f} GB of memory; {free / 2**30:.1f} GB are free.",
                    "Choose a smaller size, or the engine SWNN, which makes large volumes in blocks.")
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
    own, name = image.fractions[target.phase], image.phases[target.phase].name
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


def _fraction(target: Target) -> list[Problem]:
    wanted, own = target.wanted_fraction, target.own_fraction
    if not 0 < wanted < 1:
        return [
            Problem("error", "volume_fraction",
                    f"The volume fraction must lie between 0 and 1, both excluded, not {wanted:g}.",
                    "Give a share such as 0.4 for 40 %.")
        ]  # fmt: skip
    if abs(wanted - own) > FAR:
        return [
            Problem("warning", "volume_fraction", f"The wanted volume fraction, {wanted:.3f}, is far from the "
                    f"exemplar's, {own:.3f}: shapes will differ from the exemplar's.")
        ]  # fmt: skip
    return []


def _structure(target: Target, settings: DiffusionSettings) -> list[Problem]:
    length = max(correlation_length(indicator) for indicator in target.indicators)
    crop = resolve(settings, *target.indicators).crop or 1
    found = []
    if crop < 6 * length:
        found.append(
            Problem("warning", "crop", f"The crops ({crop} px) are only {crop / length:.1f} times as wide as the "
                    f"structure's length ({length:.1f} px): what is larger is not learned.",
                    "Choose larger crops, or a larger exemplar.")
        )  # fmt: skip
    if min(target.size) < 6 * length:
        found.append(
            Problem("warning", "size", f"The volume is only {min(target.size) / length:.1f} times as wide as the "
                    f"structure's length ({length:.1f} px): its curves will scatter.", "Choose a larger size.")
        )  # fmt: skip
    return found
