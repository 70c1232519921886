"""The whole way from a micrograph to a phase image. The window runs the same stages one by one and keeps each."""

from __future__ import annotations

from collections.abc import Sequence

from core.images.values import Micrograph, Phase, PhaseImage, default_phases
from core.provenance import Provenance, array_hash
from core.segmentation.cleaning import clean
from core.segmentation.denoising import Grey, denoise
from core.segmentation.settings import SegmentationSettings, settings_to_json
from core.segmentation.thresholding import apply_thresholds, check_thresholds, thresholds
from core.settings import validate


def chosen_thresholds(grey: Grey, settings: SegmentationSettings) -> tuple[float, ...]:
    """The thresholds that ``settings`` ask for on an already denoised picture.

    Raises
    ------
    InputError
        As `thresholds` and `check_thresholds`.
    """
    if settings.threshold == "manual":
        return check_thresholds(settings.manual_thresholds, grey)
    return thresholds(grey, settings.threshold, settings.phases)


def named_phases(count: int, kept: Sequence[Phase] = ()) -> tuple[Phase, ...]:
    """``count`` phases: the names and colours of ``kept`` as far as they reach, then the defaults."""
    return (*kept[:count], *default_phases(count)[len(kept[:count]) :])


def segment(micrograph: Micrograph, settings: SegmentationSettings, phases: Sequence[Phase] = ()) -> PhaseImage:
    """Denoise, threshold and clean ``micrograph``.

    Parameters
    ----------
    phases
        Names and colours to keep, in label order; missing ones get defaults.

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
    validate(settings)
    return segment_denoised(micrograph, denoise(micrograph.grey, settings), settings, phases)


def segment_denoised(
    micrograph: Micrograph, grey: Grey, settings: SegmentationSettings, phases: Sequence[Phase] = ()
) -> PhaseImage:
    """As `segment`, from the picture already denoised with ``settings`` (``grey``, same shape as the micrograph).

    The window keeps ``grey`` while only thresholds or clean-up change.
    """
    levels = chosen_thresholds(grey, settings)
    labels = clean(apply_thresholds(grey, levels), settings.min_island, settings.min_hole)
    return PhaseImage(
        labels=labels,
        phases=named_phases(len(levels) + 1, phases),
        pixel_size=micrograph.pixel_size,
        name=micrograph.name,
        provenance=Provenance(
            "segment",
            settings={**settings_to_json(settings), "thresholds_used": list(levels)},
            inputs=(micrograph.provenance,),
            input_hashes=(array_hash(micrograph.grey),),
        ),
    )
