"""Whether the result on show is still that of what is open, and if not, what has changed since."""

from __future__ import annotations

import numpy as np

from app.session import Result, Session
from app.workspaces.reconstruct.earlier import anchors_of, mask_of, planes_of, region_of, same_exemplars
from core.masks.design import MaskDesign, same_designs
from core.masks.sources import Imported
from core.reconstruction.anchors import same_planes

_NAMES = {
    "engine": "engine",
    "preset": "preset",
    "volume_fraction": "volume fraction",
    "volume_fractions": "volume fractions",
    "size": "size",
    "periodic": "periodic axes",
    "all_phases": "all phases or one",
    "seed": "seed",
    "towards": "other seed",
    "exact": "how exact the fraction is",
    "device": "device",
    "max_seconds": "time limit",
    "patience": "patience",
    "changed_settings": "engine settings",
}


def stale_reason(session: Session) -> str:
    """What changed since the result on show was made, in words, or empty."""
    result, image = session.state.result, session.phase_image
    if result is None or image is None:
        return ""
    if result.exemplar.labels is not image.labels and not np.array_equal(result.exemplar.labels, image.labels):
        return "The phase image has changed since. Run again to bring the volume up to date."
    plan, then = session.state.plan, result.asked or result.plan
    changed = [words for name, words in _NAMES.items() if getattr(plan, name) != getattr(then, name)]
    if session.phase_of_interest != result.phase:
        changed.append("phase")
    if not same_planes(session.state.anchors, anchors_of(result)):
        changed.append("given planes")
    if not same_exemplars(session.state.planes, planes_of(result)):
        changed.append("exemplars of other planes")
    if not _same_mask(session.state.mask, result):
        changed.append("mask")
    if image.pixel_size != result.exemplar.pixel_size:
        changed.append("pixel size")
    return f"Changed since: {', '.join(changed)}. Run again to bring the volume up to date." if changed else ""


def _same_mask(now: MaskDesign, result: Result) -> bool:
    mask = mask_of(result)
    if (now.used and not now.is_empty) != (mask is not None):
        return False
    if result.design is not None and same_designs(now, result.design):
        return True
    if mask is None:
        return True
    # the result's own, as its settings were taken over
    shown = [layer.source for layer in now.layers if layer.shown]
    own = len(shown) == 1 and isinstance(shown[0], Imported) and np.array_equal(shown[0].mask.fraction, mask.fraction)
    # a project from before designs were kept does not tell how the mask was made
    return now.region_of == region_of(result) and (own or result.design is None)
