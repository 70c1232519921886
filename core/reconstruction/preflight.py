"""What would stop or harm a run, whichever the engine: device, size, memory, exemplars, fraction, what is not heeded.

Every function gives the findings of one question, none where all is well. An engine puts together what concerns it and
adds its own.
"""

from __future__ import annotations

import math
from typing import Any

from core import devices
from core import settings as described
from core.errors import InputError
from core.generation.periods import Triple, axes_name, misfit
from core.images.values import PhaseImage
from core.reconstruction.anchors import contradictions
from core.reconstruction.engine import Engine, Problem, Target

PLANES_APART = 0.05
"""Volume fractions of exemplars of two planes that differ by more are warned about."""
ALIKE = 0.01
"""Pixel sizes that differ by no more than this share are the same."""
FAR = 0.1
"""A fraction further than this from the exemplar's is called far."""
LENGTHS_ACROSS = 6
"""A volume or crop of fewer correlation lengths is small: what it shows scatters."""


def unused_problems(engine: Engine, target: Target) -> list[Problem]:
    """What of the target the engine would not heed. No engine ignores anything in silence."""
    found = [*mask_problems(engine, target), *period_problems(engine, target)]
    if target.several and not getattr(engine, "uses_all_phases", False):
        found.append(
            Problem("error", "all_phases", f"The engine {engine.title} makes volumes of two phases only.",
                    "Reconstruct one phase against the rest, or choose another engine.")
        )  # fmt: skip
    if target.several and target.volume_fractions is not None and not getattr(engine, "uses_phase_fractions", False):
        found.append(
            Problem("error", "volume_fractions", f"The engine {engine.title} makes volumes of all phases with the "
                    "exemplar's fractions only.", "Leave the fractions as they are, or choose another engine.")
        )  # fmt: skip
    if target.region_of is not None and not getattr(engine, "uses_regions", False):
        found.append(
            Problem("error", "mask", f"The engine {engine.title} cannot make phases around one that is given.",
                    "Let the mask say fractions, or choose another engine.")
        )  # fmt: skip
    if target.anisotropic and not getattr(engine, "uses_planes", False):
        found.append(
            Problem("error", "exemplar_xz", f"The engine {engine.title} takes one exemplar for all three planes.",
                    "Remove the exemplars of the planes xz and yz, or choose another engine.")
        )  # fmt: skip
    if target.towards is not None and not getattr(engine, "uses_towards", False):
        found.append(
            Problem("error", "towards", f"The engine {engine.title} cannot pass into the volume of another seed.",
                    "Leave the other seed out, or choose another engine.")
        )  # fmt: skip
    return [*found, *plane_problems(target), *anchor_problems(engine, target)]


def mask_problems(engine: Engine, target: Target) -> list[Problem]:
    """What speaks against the target's mask; nothing where there is none."""
    if target.mask is None or getattr(engine, "uses_mask", False):
        return []
    low, high = target.mask.range
    return [
        Problem("error", "mask", f"The engine {engine.title} cannot follow a mask yet: its volumes are statistically "
                f"the same everywhere, but the mask asks for {low:.3f} to {high:.3f}.",
                "Switch the mask off in step 3, or choose an engine that follows one.")
    ]  # fmt: skip


def period_problems(engine: Engine, target: Target) -> list[Problem]:
    """What speaks against a volume that repeats; nothing where none is asked for."""
    if not any(target.periodic) or getattr(engine, "uses_periodic", False):
        return []
    return [
        Problem("error", "periodic", f"The engine {engine.title} cannot make volumes that repeat along "
                f"{', '.join(axes_name(target.periodic))}.", "Switch the periodic axes off, or choose another engine.")
    ]  # fmt: skip


def plane_problems(target: Target) -> list[Problem]:
    """Whether the exemplars of the planes show the same material at the same scale."""
    found: list[Problem] = []
    for plane, image in (("xz", target.exemplar_xz), ("yz", target.exemplar_yz)):
        if image is None:
            continue
        found += _unlike(f"exemplar_{plane}", f"the plane {plane}", image, "the plane xy", target.exemplar)
        if len(image.phases) != len(target.exemplar.phases):
            continue
        apart = abs(image.fractions[target.phase] - target.exemplar.fractions[target.phase])
        if apart > PLANES_APART:
            found.append(
                Problem("warning", f"exemplar_{plane}", f"The fraction of the phase in the plane {plane} differs by "
                        f"{100 * apart:.0f} percentage points from that in xy, so they cannot both be met.",
                        "Use larger micrographs, or check the segmentation.")
            )  # fmt: skip
    return found


def anchor_problems(engine: Engine, target: Target) -> list[Problem]:
    """What speaks against the sections that the volume is to hold exactly; nothing where none are given."""
    if not target.anchors:
        return []
    if not getattr(engine, "uses_anchors", False):
        return [
            Problem("error", "anchors", f"The engine {engine.title} cannot keep given planes.",
                    "Remove the given planes, or choose the engine Diffusion.")
        ]  # fmt: skip
    found = [Problem("error", "anchors", *said) for said in contradictions(target.size, target.anchors)]
    for anchor in target.anchors:
        found += _unlike("anchors", f"the plane {anchor.name}", anchor.image, "the exemplar", target.exemplar)
    return found


def _unlike(field: str, name: str, image: PhaseImage, other: str, own: PhaseImage) -> list[Problem]:
    """Where a second picture has other phases, or another scale."""
    if len(image.phases) != len(own.phases):
        return [
            Problem("error", field, f"{name[0].upper()}{name[1:]} has {len(image.phases)} phases, {other} "
                    f"{len(own.phases)}.", "Segment them into the same phases, in the same order.")
        ]  # fmt: skip
    if own.pixel_size is None or image.pixel_size is None or abs(image.pixel_size / own.pixel_size - 1) <= ALIKE:
        return []
    return [
        Problem("error", field, f"A pixel of {name} is {image.pixel_size / own.pixel_size:.3g} times as wide as one of "
                f"{other}.", "Scale one of the pictures so that both have the same pixel size.")
    ]  # fmt: skip


def setting_problems(settings: Any) -> list[Problem]:
    """Settings out of their ranges."""
    wrong = described.problems(settings)
    return [Problem("error", name, message, "Change the setting.") for name, message in wrong.items()]


def device_problems(device: str) -> list[Problem]:
    """A device that is not there."""
    try:
        devices.resolve(device)
    except InputError as error:
        return [Problem("error", "device", error.what, error.remedy)]
    return []


def size_problems(
    size: Triple, smallest: int, bytes_per_voxel: int, *, because: str = "", remedy: str = "Choose a smaller size."
) -> list[Problem]:
    """A volume that is too small to mean anything, or larger than memory.

    Parameters
    ----------
    smallest
        Voxels along each axis.
    bytes_per_voxel
        What the run holds at once.
    because
        Why so much memory is needed ("is sampled as a whole, which"), to go before "needs".
    """
    shown = " × ".join(map(str, size))
    if min(size) < smallest:
        return [
            Problem("error", "size", f"A volume of {shown} voxels is too small.",
                    f"Choose at least {smallest} voxels along each axis.")
        ]  # fmt: skip
    # Python's whole numbers do not overflow
    needed, free = bytes_per_voxel * math.prod(int(side) for side in size), devices.free_memory("cpu")
    if free is None or needed <= free:
        return []
    return [
        Problem("error", "size", f"A volume of {shown} voxels {because}{' ' if because else ''}needs about "
                f"{needed / 2**30:.1f} GB of memory; {free / 2**30:.1f} GB are free.", remedy)
    ]  # fmt: skip


def misfit_problems(target: Target, cell: int) -> list[Problem]:
    """A size that cannot repeat along the periodic axes, in whole cells of so many voxels."""
    problem = misfit(target.size, target.periodic, cell)
    return [] if problem is None else [Problem("error", "size", problem.what, problem.remedy)]


def exemplar_problems(target: Target) -> list[Problem]:
    """An exemplar that has no such phase, or nothing else."""
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


def fraction_problems(target: Target) -> list[Problem]:
    """A volume fraction that is none."""
    wanted = target.wanted_fraction
    if 0 < wanted < 1:
        return []
    return [
        Problem("error", "volume_fraction",
                f"The volume fraction must lie between 0 and 1, both excluded, not {wanted:g}.",
                "Give a share such as 0.4 for 40 %.")
    ]  # fmt: skip


def far_problems(target: Target) -> list[Problem]:
    """A volume fraction far from the exemplar's."""
    wanted, own = target.wanted_fraction, target.own_fraction
    if abs(wanted - own) <= FAR:
        return []
    return [
        Problem("warning", "volume_fraction", f"The wanted volume fraction, {wanted:.3f}, is far from the "
                f"exemplar's, {own:.3f}: shapes will differ from the exemplar's.")
    ]  # fmt: skip


def scatter_problems(size: Triple, length: float, what: str = "curves") -> list[Problem]:
    """A volume only a few correlation lengths (pixels) wide, so that ``what`` is measured of it will scatter."""
    if min(size) >= LENGTHS_ACROSS * length:
        return []
    return [
        Problem("warning", "size", f"The volume is only {min(size) / length:.1f} times as wide as the "
                f"structure's length ({length:.1f} px): its {what} will scatter.", "Choose a larger size.")
    ]  # fmt: skip
