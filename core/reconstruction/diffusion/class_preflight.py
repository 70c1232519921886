"""What would stop or harm a training on classes, of phase images or grey ones, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core import devices
from core.errors import InputError
from core.reconstruction.diffusion import classes as of_phases
from core.reconstruction.diffusion import grey as of_grey
from core.reconstruction.diffusion.phases import GREY, channels_of
from core.reconstruction.diffusion.preflight import crop_problems
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.engine import Estimate, Problem
from core.reconstruction.preflight import device_problems, setting_problems
from core.statistics import correlation_length

_VOLUME = (64, 64, 64)


def class_problems(
    classes: Mapping[str, Sequence[Any]], settings: DiffusionSettings, device: str, *, grey: bool = False
) -> list[Problem]:
    """Errors and warnings for a training on these classes; takes a moment for large images.

    Parameters
    ----------
    classes
        Phase images by class; micrographs where they are ``grey``.
    """
    wrong = [*setting_problems(settings), *device_problems(device)]
    if any(item.severity == "error" for item in wrong):
        return wrong
    try:
        chosen = of_grey.resolved(classes, settings) if grey else of_phases.resolved(classes, settings)
        _check_held_out(classes, chosen, grey)
    except InputError as error:
        return [*wrong, Problem("error", "images", error.what, error.remedy)]
    crop, found = chosen.crop or 1, []
    for name, group in classes.items():
        shown = _shown(group, grey)
        lengths = [correlation_length(inside) for inside in shown if inside.any() and not inside.all()]
        if lengths:
            found += crop_problems(crop, float(np.median(lengths)), f" in the class {name}")
        room = sum(inside.shape[0] * inside.shape[1] for inside in _areas(group, grey)) // crop**2
        if room < of_phases.FEW_CROPS and not chosen.held_out_looks:
            found.append(
                Problem("warning", "images", f"The class {name} has room for only {room} crops of {crop} px side by "
                        "side: a long training learns them by heart.", "Add images, or choose smaller crops.")
            )  # fmt: skip
    return [*wrong, *found]


def class_estimate(
    classes: Mapping[str, Sequence[Any]], settings: DiffusionSettings, device: str, *, grey: bool = False
) -> Estimate:
    """Time and memory of the training, from a short measurement on the device (once a process, about 1 s).

    Raises
    ------
    InputError
        Where the settings do not go with the images.
    """
    from core.reconstruction.diffusion.cost import estimate

    chosen = of_grey.resolved(classes, settings) if grey else of_phases.resolved(classes, settings)
    phases = GREY if grey else len(next(iter(classes.values()))[0].phases)
    return replace(estimate(chosen, _VOLUME, devices.resolve(device), channels_of(phases)), generate_seconds=None)


def _check_held_out(classes: Mapping[str, Sequence[Any]], chosen: DiffusionSettings, grey: bool) -> None:
    """`InputError` where a part is to be held out and an image is too small for it."""
    if not chosen.held_out_looks:
        return
    from core.reconstruction.diffusion.held_out import parted
    from core.reconstruction.diffusion.sections import Exemplar

    exemplars = [
        Exemplar(shape, number) for number, group in enumerate(classes.values()) for shape in _areas(group, grey)
    ]
    parted(exemplars, chosen.crop or 0)


def _areas(group: Sequence[Any], grey: bool) -> list[np.ndarray]:
    return [image.grey if grey else image.labels for image in group]


def _shown(group: Sequence[Any], grey: bool) -> list[np.ndarray]:
    """Where some images of a class show its phase of interest, or are bright."""
    if grey:
        return of_grey.bright_of(group)
    return [of_phases.indicator_of(image) for image in group[: of_phases.MAX_LOOKED_AT]]
