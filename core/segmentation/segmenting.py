"""The whole way from a micrograph to a phase image. The window runs the same stages one by one and keeps each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.images.values import Micrograph, Phase, PhaseImage, default_phases
from core.provenance import Provenance, array_hash
from core.segmentation.cleaning import clean
from core.segmentation.denoising import Grey, denoise
from core.segmentation.flattening import flatten
from core.segmentation.local_thresholds import brighter, hysteresis, local_threshold
from core.segmentation.morphology import changed_by
from core.segmentation.settings import LOCAL_METHODS, TRAINED, SegmentationSettings, check, settings_to_json
from core.segmentation.thresholding import Labels, apply_thresholds, check_thresholds, thresholds

if TYPE_CHECKING:
    from core.segmentation.classifier import Classifier


def chosen_thresholds(grey: Grey, settings: SegmentationSettings) -> tuple[float, ...]:
    """The thresholds that ``settings`` ask for on a prepared picture; none where each pixel has its own.

    Raises
    ------
    InputError
        As `thresholds` and `check_thresholds`.
    """
    automatic = automatic_thresholds(settings)
    if automatic is not None:
        return thresholds(grey, *automatic)
    if settings.threshold == "manual":
        return check_thresholds(settings.manual_thresholds, grey)
    if settings.threshold == "hysteresis":
        if len(settings.manual_thresholds) != 2:
            raise InputError(
                f"Hysteresis has a lower and an upper threshold; there are {len(settings.manual_thresholds)}.",
                "Give two, or none for automatic ones.",
            )
        return check_thresholds(settings.manual_thresholds, grey)
    return ()


def automatic_thresholds(settings: SegmentationSettings) -> tuple[str, int] | None:
    """Method and number of phases of the thresholds that a histogram gives (`thresholds`); None for all others."""
    if settings.threshold == "hysteresis" and not settings.manual_thresholds:
        return "multi-otsu", 3
    return (settings.threshold, settings.phases) if settings.threshold in ("otsu", "multi-otsu") else None


def prepared(grey: Grey, settings: SegmentationSettings) -> Grey:
    """``grey`` with its background flattened, then denoised: what the threshold sees. Shape and type stay."""
    return denoise(flatten(grey, check(settings)), settings)


def thresholded(grey: Grey, settings: SegmentationSettings, levels: Sequence[float]) -> Labels:
    """Labels of a prepared picture, not cleaned; ``levels`` as `chosen_thresholds` gives them.

    Raises
    ------
    InputError
        For trained phases: these need a classifier.
    """
    if settings.threshold == TRAINED:
        raise InputError(
            "There is no trained classifier yet.", "Scribble on two phases at least, or give a classifier's file."
        )
    if settings.threshold in LOCAL_METHODS:
        return brighter(grey, local_threshold(grey, settings))
    if settings.threshold == "hysteresis":
        return hysteresis(grey, *levels)
    return apply_thresholds(grey, levels)


def cleaned(labels: Labels, settings: SegmentationSettings) -> Labels:
    """``labels`` after every step of cleaning, small islands and holes last."""
    for step in settings.cleaning:
        labels = changed_by(labels, step)
    return clean(labels, settings.min_island, settings.min_hole)


def named_phases(count: int, kept: Sequence[Phase] = ()) -> tuple[Phase, ...]:
    """``count`` phases: the names and colours of ``kept`` as far as they reach, then the defaults."""
    return (*kept[:count], *default_phases(count)[len(kept[:count]) :])


def segment(
    micrograph: Micrograph,
    settings: SegmentationSettings,
    phases: Sequence[Phase] = (),
    classifier: Classifier | None = None,
) -> PhaseImage:
    """Flatten, denoise, threshold and clean ``micrograph``.

    Parameters
    ----------
    phases
        Names and colours to keep, in label order; missing ones get defaults.
    classifier
        For the method "trained (scribbles)": makes the labels of the prepared picture.

    Returns
    -------
    PhaseImage
        Labels from dark (0) to bright, pixel size and name of the micrograph; the provenance holds the settings and
        the thresholds used.

    Raises
    ------
    InputError
        For settings out of range, a picture with too few grey levels, or thresholds that separate nothing.
    """
    grey = prepared(micrograph.grey, settings)
    if settings.threshold == TRAINED and classifier is not None:
        labels, _ = classifier.predict(grey)
        return segment_trained(micrograph, labels, classifier, settings, phases)
    return segment_denoised(micrograph, grey, settings, phases)


def segment_denoised(
    micrograph: Micrograph, grey: Grey, settings: SegmentationSettings, phases: Sequence[Phase] = ()
) -> PhaseImage:
    """As `segment`, from the picture already `prepared` with ``settings`` (``grey``, same shape as the micrograph).

    The window keeps ``grey`` while only thresholds or clean-up change.
    """
    check(settings)
    levels = chosen_thresholds(grey, settings)
    labels = cleaned(thresholded(grey, settings, levels), settings)
    told = {**settings_to_json(settings), "thresholds_used": list(levels)}
    return _phase_image(micrograph, labels, settings.phase_count, phases, told)


def segment_trained(
    micrograph: Micrograph,
    labels: Labels,
    classifier: Classifier,
    settings: SegmentationSettings,
    phases: Sequence[Phase] = (),
) -> PhaseImage:
    """As `segment`, from the labels that ``classifier`` predicted on the prepared picture: they are only cleaned.

    The provenance holds the classifier's scales, number of trees and of labelled pixels, and a hash of its trees.
    """
    count = max(settings.phase_count, classifier.phases)
    told = {**settings_to_json(settings), "classifier": classifier.facts()}
    return _phase_image(micrograph, cleaned(labels, settings), count, phases, told)


def _phase_image(
    micrograph: Micrograph, labels: Labels, count: int, phases: Sequence[Phase], told: dict[str, Any]
) -> PhaseImage:
    return PhaseImage(
        labels=labels,
        phases=named_phases(count, phases),
        pixel_size=micrograph.pixel_size,
        name=micrograph.name,
        provenance=Provenance(
            "segment", settings=told, inputs=(micrograph.provenance,), input_hashes=(array_hash(micrograph.grey),)
        ),
    )
