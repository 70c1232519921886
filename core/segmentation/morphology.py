"""Changes of labels by shape: opening, closing, holes, pieces at the border, touching particles.

Each works on one phase of several. Pixels that the phase gains are taken from whatever phase they had. Pixels that it
loses go to the phase of the nearest pixel that was never its own. What lies outside the picture is unknown: it
removes nothing and adds nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.segmentation.settings import CLEANING, CleaningStep
from core.settings import validate

Labels = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
_ROUNDING = 1e-6
"""Added to the depth of a neck, so that a plateau never counts as standing out."""


def changed_by(labels: Labels, step: CleaningStep) -> Labels:
    """``labels`` after one step.

    Parameters
    ----------
    labels
        Shape (Y, X) or (Z, Y, X), uint8.

    Raises
    ------
    InputError
        For a step that is not known, or a size that it cannot have.
    """
    validate(step)
    own = labels == step.phase
    if not own.any() or own.all():
        return labels
    match step.kind:
        case "dilate":
            return _gained(labels, dilated(own, step.size), step.phase)
        case "erode":
            return _lost(labels, own, own & ~eroded(own, step.size))
        case "open":
            return _lost(labels, own, own & ~dilated(eroded(own, step.size), step.size))
        case "close":
            return _gained(labels, eroded(dilated(own, step.size), step.size), step.phase)
        case "fill holes":
            return _gained(labels, holes(own, step.size), step.phase)
        case "remove border pieces":
            return _lost(labels, own, at_border(own))
        case "split touching":
            from scipy import ndimage

            # distances and what is nearest come from one transform
            distance, nearest = ndimage.distance_transform_edt(own, return_indices=True)
            return _lost(labels, own, _cut(own, distance, step.size), nearest)
    raise InputError(f"No step of cleaning is called {step.kind!r}.", f"Choose one of: {', '.join(CLEANING)}.")


def dilated(inside: Bools, radius: float) -> Bools:
    """Pixels whose centre lies within ``radius`` of a centre inside."""
    from scipy import ndimage

    if not inside.any():
        return inside
    return np.asarray(ndimage.distance_transform_edt(~inside) <= radius)


def eroded(inside: Bools, radius: float) -> Bools:
    """Pixels inside with no centre outside within ``radius``."""
    return ~dilated(~inside, radius)


def holes(inside: Bools, largest: float = 0) -> Bools:
    """Pieces (joined by sides) of what is outside that reach no edge, of at most ``largest`` pixels (0: any)."""
    from scipy import ndimage

    pieces, count = ndimage.label(~inside)
    sizes = np.bincount(pieces.reshape(-1), minlength=count + 1)
    hole = np.ones(count + 1, bool) if largest == 0 else sizes <= largest
    hole[_edge_values(pieces)] = False
    hole[0] = False
    return np.asarray(hole.take(pieces))


def at_border(inside: Bools) -> Bools:
    """The pieces (joined by sides) that reach an edge."""
    from scipy import ndimage

    pieces, count = ndimage.label(inside)
    reaches = np.zeros(count + 1, bool)
    reaches[_edge_values(pieces)] = True
    reaches[0] = False
    return np.asarray(reaches.take(pieces))


def necks(inside: Bools, depth: float) -> Bools:
    """Lines, one pixel wide, that cut touching particles apart.

    Watershed of the distance to the outside (Beucher and Lantuéjoul, 1979). A particle is a maximum of that distance
    which stands out by more than ``depth`` px (Soille, *Morphological Image Analysis*, 2003, section 6.3): a neck is
    cut where its half-width is that much less than the half-width of both particles.
    """
    from scipy import ndimage

    return _cut(inside, np.asarray(ndimage.distance_transform_edt(inside)), depth)


def _cut(inside: Bools, distance: np.ndarray, depth: float) -> Bools:
    """`necks`, with the distance known: of the pieces alone that have two peaks which can stand out, one by one."""
    from scipy import ndimage
    from skimage.morphology import local_maxima

    around = np.ones((3,) * inside.ndim)
    pieces, count = ndimage.label(inside, around)
    # of a peak that stands out, all of the depth is inside
    peaks, number = ndimage.label(local_maxima(distance) & (distance > depth + _ROUNDING), around)
    of_piece = np.zeros(number + 1, np.intp)
    of_piece[peaks.reshape(-1)] = pieces.reshape(-1)
    several = np.bincount(of_piece[1:], minlength=count + 1) > 1
    boxes = ndimage.find_objects(pieces)
    chosen = np.flatnonzero(several)
    lines = np.zeros(inside.shape, bool)
    if sum(distance[boxes[piece - 1]].size for piece in chosen) > inside.size:
        # pieces within each other: all at once
        return _cut_part(several.take(pieces), distance, depth)
    for piece in chosen:
        box = boxes[piece - 1]
        lines[box] |= _cut_part(pieces[box] == piece, distance[box], depth)
    return lines


def _cut_part(inside: Bools, distance: np.ndarray, depth: float) -> Bools:
    from scipy import ndimage
    from skimage.morphology import local_maxima, reconstruction
    from skimage.segmentation import watershed

    distance = np.where(inside, distance, 0)
    flat = reconstruction(distance - (depth + _ROUNDING), distance)
    seeds, count = ndimage.label(local_maxima(flat) & inside, np.ones((3,) * inside.ndim))
    if count < 2:
        return np.zeros(inside.shape, bool)
    lines = (watershed(-distance, seeds, mask=inside, watershed_line=True) == 0) & inside
    # what hangs on by a corner and holds no seed is not flooded: it is no line
    joined, number = ndimage.label(inside)
    flooded = np.zeros(number + 1, bool)
    flooded[np.unique(joined[seeds > 0])] = True
    return np.asarray(lines & flooded.take(joined))


def _edge_values(pieces: np.ndarray) -> np.ndarray:
    ends = [np.moveaxis(pieces, axis, 0)[side].reshape(-1) for axis in range(pieces.ndim) for side in (0, -1)]
    return np.unique(np.concatenate(ends))


def _gained(labels: Labels, wanted: Bools, phase: int) -> Labels:
    out = labels.copy()
    out[wanted] = phase
    return out


def _lost(labels: Labels, own: Bools, removed: Bools, nearest: np.ndarray | None = None) -> Labels:
    from scipy import ndimage

    if not removed.any():
        return labels
    if nearest is None:
        nearest = ndimage.distance_transform_edt(own, return_distances=False, return_indices=True)
    out = labels.copy()
    out[removed] = labels[tuple(axis[removed] for axis in nearest)]
    return out
