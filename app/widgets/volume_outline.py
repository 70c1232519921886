"""The edges of a region made of equal cells, for drawing what of a volume is still to be made."""

from __future__ import annotations

import numpy as np


def region_edges(cells: np.ndarray) -> np.ndarray:
    """Where the surface of a region of cells bends: its edges, without the lines between cells of one flat side.

    Parameters
    ----------
    cells
        Shape (Z, Y, X), bool: the cells of the region.

    Returns
    -------
    Ends of straight pieces, shape (n, 2, 3): z, y, x in cells, where cell i spans i to i + 1.
    """
    inside = np.pad(cells.astype(bool), 1)
    pieces = []
    for axis in range(3):
        # the four cells around each line of the grid that runs along this axis
        along = np.moveaxis(inside, axis, 2)
        a, b, c, d = along[:-1, :-1], along[:-1, 1:], along[1:, :-1], along[1:, 1:]
        flat = ((a == b) & (c == d)) | ((a == c) & (b == d))
        starts = np.argwhere(~flat)
        starts[:, 2] -= 1  # the padding; across, a line lies between two cells, which makes up for it
        ends = starts + np.array([0, 0, 1])
        order = [2, 0, 1] if axis == 0 else [0, 2, 1] if axis == 1 else [0, 1, 2]
        pieces.append(np.stack([starts[:, order], ends[:, order]], axis=1))
    return np.concatenate(pieces).astype(float)
