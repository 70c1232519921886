"""Everything the Phases form offers, as one frozen dataclass."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core import settings as described
from core.errors import InputError
from core.settings import setting, validate

DENOISE_METHODS = ("none", "median", "gaussian", "non-local means", "bilateral")
FLATTEN_METHODS = ("none", "gaussian", "rolling ball", "rolling ball, bright ground")
LOCAL_METHODS = ("sauvola", "adaptive mean", "adaptive gaussian")
TRAINED = "trained (scribbles)"
THRESHOLD_METHODS = ("otsu", "multi-otsu", "manual", "hysteresis", *LOCAL_METHODS, TRAINED)
CLEANING = ("open", "close", "erode", "dilate", "fill holes", "remove border pieces", "split touching")
MAX_THRESHOLD_PHASES = 5
MAX_CLEANING = 50


@dataclass(frozen=True)
class CleaningStep:
    """One change of the labels after the threshold (see `core.segmentation.morphology`)."""

    kind: str = setting(
        "open", "Step", "Opening removes what is thinner than the disc, closing fills what is narrower.",
        choices=CLEANING,
    )  # fmt: skip
    phase: int = setting(
        1,
        "Phase",
        "Label of the phase that it works on; 0 is the darkest.",
        minimum=0,
        maximum=MAX_THRESHOLD_PHASES - 1,
    )
    size: float = setting(
        2.0, "Size",
        "Radius of the disc (px); for holes the largest area that is filled (px, 0: any); for touching pieces how much "
        "narrower than the pieces a neck must be to be cut (px).",
        minimum=0.0, maximum=100_000.0,
    )  # fmt: skip


@dataclass(frozen=True)
class SegmentationSettings:
    """How a micrograph becomes a phase image.

    The fields that ``core.settings.describe`` lists make the form; ``manual_thresholds`` is set by the handles on the
    histogram and is therefore a plain field. `settings_to_json` and `settings_from_json` carry both.

    Attributes
    ----------
    manual_thresholds
        Grey values between the phases, in rising order, for the method "manual"; one fewer than the phases. For the
        method "hysteresis" the lower and the upper one, or none: the two of multi-Otsu with three classes.
    cleaning
        Changes of the labels after the threshold, in this order; islands and holes are removed after them.
    """

    flatten: str = setting(
        "none", "Background", "Takes out slow changes of brightness: a wide Gaussian blur, or a ball rolled under the "
        "grey values (over them where the ground is bright).", choices=FLATTEN_METHODS, advanced=True,
    )  # fmt: skip
    flatten_width: float = setting(
        50.0, "Background width", "Standard deviation of the blur; wider than the features.",
        unit="px", minimum=2.0, maximum=1000.0, advanced=True,
    )  # fmt: skip
    flatten_radius: int = setting(
        50, "Ball radius", "Larger than the features that must stay.", unit="px", minimum=2, maximum=500, advanced=True
    )

    denoise: str = setting(
        "none", "Denoise", "Smooths the grey values before the thresholds; edges stay sharpest with non-local means.",
        choices=DENOISE_METHODS,
    )  # fmt: skip
    median_radius: int = setting(
        1, "Median radius", "Half the window less one half: 1 takes 3 × 3 pixels.", unit="px", minimum=1, maximum=3
    )
    gaussian_sigma: float = setting(
        1.0, "Gaussian width", "Standard deviation of the blur.", unit="px", minimum=0.1, maximum=20.0
    )
    nlm_strength: float = setting(
        1.0, "Non-local means strength", "Filter strength as a multiple of the noise measured in the picture.",
        minimum=0.1, maximum=5.0,
    )  # fmt: skip
    nlm_distance: int = setting(
        4, "Search distance", "How far non-local means looks for similar patches; larger is slower.",
        unit="px", minimum=2, maximum=11, advanced=True,
    )  # fmt: skip
    bilateral_sigma: float = setting(
        1.5, "Bilateral width", "Standard deviation of the blur in space.", unit="px", minimum=0.5, maximum=5.0
    )
    bilateral_contrast: float = setting(
        10.0, "Bilateral contrast", "Grey steps well above this share of the picture's grey range are kept as edges.",
        unit="%", minimum=0.5, maximum=100.0,
    )  # fmt: skip
    threshold: str = setting(
        "otsu", "Threshold", "Otsu makes two phases, multi-Otsu as many as you say; manual takes the handles; "
        "hysteresis keeps what is above the lower handle where it touches something above the upper one; the others "
        "compare each pixel with its surroundings; trained learns the phases from what you scribble.",
        choices=THRESHOLD_METHODS,
    )  # fmt: skip
    phases: int = setting(
        2, "Phases", "Number of phases for multi-Otsu and for scribbles.", minimum=2, maximum=MAX_THRESHOLD_PHASES
    )  # fmt: skip
    local_radius: int = setting(
        25, "Surroundings", "Half the window of the local threshold; larger than the features.",
        unit="px", minimum=1, maximum=1000,
    )  # fmt: skip
    local_offset: float = setting(
        0.0, "Offset", "How much brighter than its surroundings a bright pixel must be, as a share of the grey range.",
        unit="%", minimum=-100.0, maximum=100.0,
    )  # fmt: skip
    sauvola_k: float = setting(
        0.2, "Sauvola's k", "How far the threshold leaves the local mean where there is little contrast: positive for "
        "dark features on a bright ground, negative for bright ones.", minimum=-1.0, maximum=1.0,
    )  # fmt: skip
    min_island: int = setting(
        0, "Smallest island", "Pieces brighter than their surroundings with fewer pixels than this are removed.",
        unit="px", minimum=0, maximum=1_000_000,
    )  # fmt: skip
    min_hole: int = setting(
        0, "Smallest hole", "Pieces darker than their surroundings with fewer pixels than this are filled.",
        unit="px", minimum=0, maximum=1_000_000,
    )  # fmt: skip
    manual_thresholds: tuple[float, ...] = field(default=())
    cleaning: tuple[CleaningStep, ...] = field(default=())

    @property
    def phase_count(self) -> int:
        """Phases that the segmentation will have; for trained ones at least so many."""
        if self.threshold == "manual":
            return len(self.manual_thresholds) + 1
        return self.phases if self.threshold in ("multi-otsu", TRAINED) else 2


def settings_to_json(settings: SegmentationSettings) -> dict[str, Any]:
    """Plain dictionary of every field, ``manual_thresholds`` and ``cleaning`` as lists."""
    return {
        **described.to_json(settings),
        "manual_thresholds": list(settings.manual_thresholds),
        "cleaning": [described.to_json(step) for step in settings.cleaning],
    }


def settings_from_json(data: Mapping[str, Any]) -> SegmentationSettings:
    """The inverse of `settings_to_json`; a field that is missing has its default.

    Raises
    ------
    InputError
        For an unknown key or a value out of range.
    """
    given = data.get("manual_thresholds", ())
    numbers = isinstance(given, (list, tuple)) and all(type(value) in (int, float) for value in given)
    if not numbers:
        raise InputError(f"Manual thresholds are a list of numbers, not {given!r}.")
    steps = data.get("cleaning", ())
    if not isinstance(steps, (list, tuple)) or not all(isinstance(step, Mapping) for step in steps):
        raise InputError(f"The steps of cleaning are a list, not {steps!r}."[:300])
    if len(steps) > MAX_CLEANING:
        raise InputError(f"There are {len(steps)} steps of cleaning; at most {MAX_CLEANING} are run.")
    rest = {key: value for key, value in data.items() if key not in ("manual_thresholds", "cleaning")}
    plain = described.from_json(SegmentationSettings, rest)
    try:
        levels = tuple(float(value) for value in given)
    except OverflowError:
        raise InputError("A manual threshold is beyond every grey value.") from None
    return dataclasses.replace(
        plain,
        manual_thresholds=levels,
        cleaning=tuple(described.from_json(CleaningStep, step) for step in steps),
    )


def check(settings: SegmentationSettings) -> SegmentationSettings:
    """``settings`` unchanged, or an `InputError` that names every field and step that is wrong."""
    validate(settings)
    for number, step in enumerate(settings.cleaning, 1):
        validate(step)
        if step.phase >= settings.phase_count >= 2:
            raise InputError(
                f"Step {number} of the cleaning ({step.kind}) works on phase {step.phase + 1} of "
                f"{settings.phase_count}.", "Choose another phase, or remove the step.",
            )  # fmt: skip
    return settings
