"""Selecting by value: flood fill and magic wand."""

from __future__ import annotations

import numpy as np

from core.painting.pixels import Marked


def wand(picture: np.ndarray, seed: tuple[int, int], tolerance: float, *, connected: bool = True) -> Marked | None:
    """Pixels whose value is at most ``tolerance`` from that of the pixel ``seed`` (row, column).

    Parameters
    ----------
    picture
        Shape (Y, X), any real type.
    connected
        Only those that hang together with the seed over edges (not corners); else all of the picture.

    Returns
    -------
    Marked
        None where the seed is outside the picture.
    """
    row, column = seed
    if not (0 <= row < picture.shape[0] and 0 <= column < picture.shape[1]):
        return None
    middle = float(picture[row, column])
    if tolerance <= 0:
        near = picture == picture[row, column]
    else:
        # compared with two bounds, not by a difference, which would wrap in unsigned numbers
        near = (picture >= middle - tolerance) & (picture <= middle + tolerance)
    if connected:
        from skimage.segmentation import flood

        near = flood(near.view(np.uint8), seed, connectivity=1)
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    box = (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    return Marked(box, near[box[0] : box[1], box[2] : box[3]])
