"""A field as colours: 256 of viridis or magma, and which of them each voxel has."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg

_BRIGHT = 99.9


def color_table(name: str) -> np.ndarray:
    """256 colours of the map "viridis" or "magma", dark to bright: shape (256, 3), uint8."""
    table: np.ndarray = pg.colormap.get(name).getLookupTable(0.0, 1.0, 256)
    return np.ascontiguousarray(table[:, :3], np.uint8)


def shades(field: np.ndarray, top: float) -> np.ndarray:
    """Which of 256 colours each value has, from 0 (dark) to ``top`` (bright) and beyond: uint8."""
    if not top > 0:
        return np.zeros(field.shape, np.uint8)
    return np.clip(field * (255 / top), 0, 255).astype(np.uint8)


def bright(field: np.ndarray) -> float:
    """The value to be shown bright: nearly the highest, so that a few odd voxels do not darken all others."""
    return float(np.percentile(field, _BRIGHT)) or float(field.max())
