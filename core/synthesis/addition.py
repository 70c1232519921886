"""Random sequential addition (Widom 1966): balls, or slightly tilted fibres, that never overlap, in a periodic box."""

from __future__ import annotations

import itertools

import numpy as np

from core.errors import InputError

_TRIES = 400_000


def add_balls(box: tuple[int, ...], radii: np.ndarray, gap: float, generator: np.random.Generator) -> np.ndarray:
    """Centres for balls (discs in two dimensions) whose surfaces stay ``gap`` apart, periodic along every axis.

    Parameters
    ----------
    box
        Sides in pixels, two or three.
    radii
        Shape (n,), pixels. Largest first finds room most easily.
    gap
        Least distance between two surfaces, pixels.

    Returns
    -------
    ndarray
        Shape (n, len(box)), float64, in [0, side).

    Raises
    ------
    InputError
        Where a ball is wider than the box, or no place is found: the fraction is above what random addition reaches.
    """
    return add_fibres(box, radii, np.zeros((len(radii), len(box))), 0.0, gap, generator)


def add_fibres(
    box: tuple[int, ...],
    radii: np.ndarray,
    slopes: np.ndarray,
    length: float,
    gap: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Where fibres start that drift by ``slopes`` per pixel of ``length`` and never come nearer than ``gap``.

    A fibre's section is a disc of its radius at every place along its length. The box is periodic across the fibres.

    Parameters
    ----------
    box
        Sides across the fibres, pixels.
    radii
        Shape (n,), pixels.
    slopes
        Shape (n, len(box)): drift of the centre per pixel along the fibre.
    length
        Length of the fibres, pixels.
    gap
        Least distance between two surfaces, pixels.

    Returns
    -------
    ndarray
        Shape (n, len(box)), float64: the centres at the start, in [0, side).

    Raises
    ------
    InputError
        Where a fibre is wider than the box, or no place is found.
    """
    if len(radii) and 2 * float(radii.max()) + gap > min(box):
        raise InputError(
            f"A radius of {radii.max():.3g} px does not fit into a box of {' × '.join(map(str, box))}.",
            "Ask for smaller radii or a larger box.",
        )
    sides = np.asarray(box, dtype=np.float64)
    images = np.asarray(list(itertools.product((-1, 0, 1), repeat=len(box)))) * sides
    # a drift longer than half a box would need images further away
    if len(radii) and length * float(np.ptp(slopes, axis=0).max()) > min(box) / 2:
        raise InputError("The fibres drift too far for this box.", "Ask for less misalignment or a larger box.")
    centres = np.empty((len(radii), len(box)))
    tries = 0
    for number, radius in enumerate(radii):
        while True:
            tries += 1
            if tries > _TRIES:
                raise InputError(
                    f"Only {number} of {len(radii)} found a place in a box of {' × '.join(map(str, box))}.",
                    "Ask for a lower fraction or a larger box.",
                )
            place = generator.random(len(box)) * sides
            reach = np.square(radii[:number] + radius + gap)
            if length:
                nearest = _nearest_lines(place - centres[:number], slopes[number] - slopes[:number], length, images)
            else:
                apart = np.abs(place - centres[:number])
                nearest = np.square(np.minimum(apart, sides - apart)).sum(axis=1)
            if (nearest >= reach).all():
                centres[number] = place
                break
    return centres


def _nearest_lines(apart: np.ndarray, drift: np.ndarray, length: float, images: np.ndarray) -> np.ndarray:
    """Least squared distance |apart + image + s·drift| over 0 ≤ s ≤ length and all periodic images; shape (n,)."""
    shifted = apart[None] + images[:, None]
    speed = np.square(drift).sum(axis=1)
    along = -(shifted * drift).sum(axis=2) / np.maximum(speed, 1e-300)
    place = np.clip(along, 0.0, length)[..., None]
    return np.asarray(np.square(shifted + place * drift).sum(axis=2).min(axis=0))


def paint_balls(box: tuple[int, ...], centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Which voxels have their middle in a ball, periodic.

    Parameters
    ----------
    centres, radii
        Shapes (n, len(box)) and (n,), pixels; voxel i reaches from i to i + 1.

    Returns
    -------
    ndarray
        Shape ``box``, uint8: 1 inside, 0 outside.
    """
    labels = np.zeros(box, dtype=np.uint8)
    for centre, radius in zip(centres, radii, strict=True):
        # voxel i is inside along its axis where |i + 0.5 − c| ≤ r
        spans = [np.arange(np.ceil(c - radius - 0.5), np.floor(c + radius - 0.5) + 1) for c in centre]
        squares = [np.square(span + 0.5 - c) for span, c in zip(spans, centre, strict=True)]
        inside = np.nonzero(sum(np.ix_(*squares)) <= radius * radius)
        index = tuple(span.astype(np.int64)[found] % side for span, found, side in zip(spans, inside, box, strict=True))
        labels[index] = 1
    return labels
