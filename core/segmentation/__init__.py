"""Flatten, denoise, thresholds, clean-up: from a micrograph to a phase image.

scipy and scikit-image are imported inside the functions that use them: the window needs the settings of this room when
it starts, and has no second to spare for them.
"""

from core.segmentation.cleaning import clean
from core.segmentation.denoising import denoise
from core.segmentation.fractions import FractionInterval, fraction_interval
from core.segmentation.segmenting import chosen_thresholds, named_phases, prepared, segment, segment_denoised
from core.segmentation.settings import CleaningStep, SegmentationSettings, settings_from_json, settings_to_json
from core.segmentation.thresholding import (
    Histogram,
    apply_thresholds,
    check_thresholds,
    histogram,
    thresholds,
    thresholds_of_histogram,
)

__all__ = [
    "CleaningStep",
    "FractionInterval",
    "Histogram",
    "SegmentationSettings",
    "apply_thresholds",
    "check_thresholds",
    "chosen_thresholds",
    "clean",
    "denoise",
    "fraction_interval",
    "histogram",
    "named_phases",
    "prepared",
    "segment",
    "segment_denoised",
    "settings_from_json",
    "settings_to_json",
    "thresholds",
    "thresholds_of_histogram",
]
