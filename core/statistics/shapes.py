"""Shapes in sections: how many pieces there are and how long their boundary is, per area.

S2 and L can agree while the shapes are wrong (threads instead of grains, or many specks); these three numbers tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.errors import InputError
from core.statistics.indicator import Indicator, checked_indicator

AREA = 1e4
"""Pieces are counted per this many square pixels."""

Bools = npt.NDArray[np.bool_]

_IN_SECTION = np.zeros((3, 3, 3), dtype=np.bool_)
_IN_SECTION[1] = ndimage.generate_binary_structure(2, 1)


@dataclass(frozen=True)
class SectionShapes:
    """Shapes in a picture, or the mean over a volume's sections.

    Attributes
    ----------
    pieces_per_area
        Connected pieces of the phase per 10⁴ px² of section. Pixels connect through their four edges, in the phase and
        in its complement alike, so that exchanging the two exchanges the two counts. A piece cut by the edge of the
        section counts as one.
    complement_pieces_per_area
        The same for everything that is not the phase.
    boundary_per_area
        Length of the phase's boundary per area, px per px²: pixel edges between the phase and its complement, those
        along rows and columns each divided by the number of neighbouring pairs, so that the section's own edge neither
        counts nor biases. On a grid this staircase is 4/π times the length of a smooth isotropic boundary.
    across
        For a volume, the same over the sections perpendicular to each axis, in axis order; their mean is this one.
        Empty for a picture.
    """

    pieces_per_area: float
    complement_pieces_per_area: float
    boundary_per_area: float
    across: tuple[SectionShapes, ...] = ()


def section_shapes(indicator: Indicator, window: int | None = None) -> SectionShapes:
    """Count pieces and measure the boundary in a picture, or in all sections of a volume across each axis.

    Parameters
    ----------
    indicator
        Shape (Y, X), or (Z, Y, X): then every section perpendicular to each axis, all weighted alike within an axis,
        and the three axes alike.
    window
        Side in pixels of the square windows in which to count, placed side by side from the first corner (a rest
        smaller than a window is left out); by default each section is one window. Pieces cut by a window's edge count
        once in each, so a small window holds more per area: compare a picture with sections of another size in the same
        window.

    Raises
    ------
    InputError
        Where the indicator cannot be used, a section is thinner than two pixels, or the window does not fit.
    """
    inside = checked_indicator(indicator)
    if inside.ndim == 2:
        return _shapes(inside[None], window)
    across = tuple(_shapes(np.moveaxis(inside, axis, 0), window) for axis in range(3))
    return SectionShapes(
        pieces_per_area=float(np.mean([one.pieces_per_area for one in across])),
        complement_pieces_per_area=float(np.mean([one.complement_pieces_per_area for one in across])),
        boundary_per_area=float(np.mean([one.boundary_per_area for one in across])),
        across=across,
    )


def _shapes(sections: Bools, window: int | None) -> SectionShapes:
    """Mean over sections of shape (sections, rows, columns)."""
    if min(sections.shape[1:]) < 2:
        raise InputError(f"A section needs at least 2 × 2 pixels, not {sections.shape[1]} × {sections.shape[2]}.")
    tiles = np.ascontiguousarray(sections if window is None else _windows(sections, window))
    down = np.count_nonzero(tiles[:, 1:] != tiles[:, :-1]) / tiles[:, 1:].size
    right = np.count_nonzero(tiles[:, :, 1:] != tiles[:, :, :-1]) / tiles[:, :, 1:].size
    return SectionShapes(
        pieces_per_area=_pieces(tiles) * AREA / tiles.size,
        complement_pieces_per_area=_pieces(~tiles) * AREA / tiles.size,
        boundary_per_area=down + right,
    )


def _pieces(tiles: Bools) -> int:
    """Pieces in all tiles together; neighbours in the stack do not connect."""
    return int(ndimage.label(tiles, structure=_IN_SECTION)[1])


def _windows(sections: Bools, window: int) -> Bools:
    """Cut sections into square windows side by side; shape (windows, window, window)."""
    count, rows, columns = sections.shape
    if not 2 <= window <= min(rows, columns):
        raise InputError(
            f"A window of {window} px does not fit into sections of {rows} × {columns} px.",
            f"Choose 2 to {min(rows, columns)} px.",
        )
    down, right = rows // window, columns // window
    kept = sections[:, : down * window, : right * window].reshape(count, down, window, right, window)
    return np.asarray(kept.swapaxes(2, 3).reshape(-1, window, window))
