"""Everything the Phases form offers, as one frozen dataclass."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core import settings as described
from core.errors import InputError
from core.settings import setting

DENOISE_METHODS = ("none", "median", "gaussian", "non-local means", "bilateral")
THRESHOLD_METHODS = ("otsu", "multi-otsu", "manual")
MAX_THRESHOLD_PHASES = 5


@dataclass(frozen=True)
class SegmentationSettings:
    """How a micrograph becomes a phase image.

    The fields that ``core.settings.describe`` lists make the form; ``manual_thresholds`` is set by the handles on the
    histogram and is therefore a plain field. `settings_to_json` and `settings_from_json` carry both.

    Attributes
    ----------
    manual_thresholds
        Grey values between the phases, in rising order, for the method "manual"; one fewer than the phases.
    """

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
        "otsu", "Threshold", "Otsu makes two phases, multi-Otsu as many as you say; manual takes the handles.",
        choices=THRESHOLD_METHODS,
    )  # fmt: skip
    phases: int = setting(
        2, "Phases", "Number of phases for multi-Otsu.", minimum=2, maximum=MAX_THRESHOLD_PHASES
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

    @property
    def phase_count(self) -> int:
        """Phases that the segmentation will have."""
        if self.threshold == "manual":
            return len(self.manual_thresholds) + 1
        return self.phases if self.threshold == "multi-otsu" else 2


def settings_to_json(settings: SegmentationSettings) -> dict[str, Any]:
    """Plain dictionary of every field, ``manual_thresholds`` as a list."""
    return {**described.to_json(settings), "manual_thresholds": list(settings.manual_thresholds)}


def settings_from_json(data: Mapping[str, Any]) -> SegmentationSettings:
    """The inverse of `settings_to_json`.

    Raises
    ------
    InputError
        For an unknown key or a value out of range.
    """
    given = data.get("manual_thresholds", ())
    numbers = isinstance(given, (list, tuple)) and all(type(value) in (int, float) for value in given)
    if not numbers:
        raise InputError(f"Manual thresholds are a list of numbers, not {given!r}.")
    rest = {key: value for key, value in data.items() if key != "manual_thresholds"}
    plain = described.from_json(SegmentationSettings, rest)
    return dataclasses.replace(plain, manual_thresholds=tuple(float(value) for value in given))
