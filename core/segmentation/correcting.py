"""Labels corrected by hand: what was painted lies over the automatic labels, whatever these become."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.errors import InputError
from core.images.values import PhaseImage
from core.painting.rules import AUTOMATIC, over
from core.provenance import Provenance, array_hash


def corrected(image: PhaseImage, corrections: np.ndarray) -> PhaseImage:
    """``image`` with its labels replaced where something was painted.

    Parameters
    ----------
    corrections
        Shape of the image, uint8: a label, or `core.painting.rules.AUTOMATIC` where the image's own holds. A label of a
        phase that the image has not is left out.

    Returns
    -------
    PhaseImage
        The image itself where nothing differs; else its provenance says how many pixels were corrected.

    Raises
    ------
    InputError
        For corrections of another shape or type.
    """
    if corrections.shape != image.shape or corrections.dtype != np.uint8:
        raise InputError(
            f"Corrections of shape {corrections.shape}, {corrections.dtype}, do not fit a phase image of shape "
            f"{image.shape}."
        )
    labels = over(image.labels, corrections, len(image.phases))
    changed = int((labels != image.labels).sum())
    if changed == 0:
        return image
    made = Provenance(
        "correct by hand",
        settings={"pixels": changed},
        inputs=(image.provenance,),
        input_hashes=(array_hash(corrections),),
    )
    return replace(image, labels=labels, provenance=made)


def corrected_share(corrections: np.ndarray) -> float:
    """Share of the picture that was painted."""
    return float((corrections != AUTOMATIC).mean())
