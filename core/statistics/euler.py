"""Euler number: pieces less tunnels plus enclosed hollows, and its density.

Definition: χ = β0 − β1 + β2, components less handles (independent loops) plus cavities; in the plane pieces less holes.
It is a local quantity, a sum over 2 × 2 × 2 neighbourhoods (Serra, *Image Analysis and Mathematical Morphology*, 1982;
Ohser and Mücklich 2000, chapter 4; Toriwaki and Yonekura, Forma 17, 183, 2002). A strongly negative density means a
well connected network, a positive one separate pieces.

Two readings of a digital picture: with ``diagonal`` pixels are closed squares or cubes, so that those which share an
edge or a corner are connected (8, 26); without, pixels are points joined through faces (4, 6), the background then
being connected through edges and corners. χ has no unit, its density is px⁻² or px⁻³.

Boundary: `euler_number` takes the array as a body with nothing around it. `euler_density` averages over the
neighbourhoods that lie wholly inside, which is unbiased for a piece cut from a larger structure.
"""

from __future__ import annotations

import functools
from itertools import product

import numpy as np
import numpy.typing as npt

from core.statistics.configurations import Counts, configuration_counts, corners
from core.statistics.indicator import Indicator, checked_indicator

Floats = npt.NDArray[np.float64]


def euler_number(indicator: Indicator, diagonal: bool = False) -> int:
    """χ of the array as a body of its own.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1.
    diagonal
        Whether pixels that share an edge or a corner only are connected.

    Raises
    ------
    InputError
        Where the indicator cannot be used.
    """
    inside = checked_indicator(indicator)
    counts = configuration_counts(np.pad(inside, 1))
    return round(float(counts @ euler_weights(inside.ndim, diagonal)))


def euler_density(indicator: Indicator, diagonal: bool = False) -> float:
    """χ per area or volume (px⁻², px⁻³) of the structure that the array was cut from; arguments as `euler_number`."""
    inside = checked_indicator(indicator)
    return density_of(configuration_counts(inside), inside.ndim, diagonal)


def density_of(counts: Counts, ndim: int, diagonal: bool) -> float:
    """`euler_density` from the counts of `core.statistics.configurations`."""
    return float(counts @ euler_weights(ndim, diagonal) / counts.sum())


@functools.cache
def euler_weights(ndim: int, diagonal: bool) -> Floats:
    """What each arrangement of 2 × 2 (× 2) pixels adds to χ; shape (16,) or (256,).

    χ is the alternating sum of the numbers of a cell complex' vertices, edges, faces and cubes. Closed pixels
    (``diagonal``) are cells themselves, with their sides: a cell about an arrangement's midpoint is there where any of
    the pixels around it is, and is seen from each of its 2^k vertices. Otherwise pixels are vertices, and a cell
    between them is there where all its corners are; a cell of k dimensions lies in 2^(ndim − k) arrangements.
    """
    offsets = corners(ndim)
    weights = np.zeros(1 << len(offsets))
    for cell in product((None, 0, 1), repeat=ndim):
        around = [
            bit
            for bit, offset in enumerate(offsets)
            if all(side is None or side == o for side, o in zip(cell, offset, strict=True))
        ]
        fixed = sum(side is not None for side in cell)
        dimension = fixed if diagonal else ndim - fixed
        share = 2.0**-fixed
        for code in range(len(weights)):
            there = [code >> bit & 1 for bit in around]
            if any(there) if diagonal else all(there):
                weights[code] += (-1) ** dimension * share
    weights.flags.writeable = False
    return weights
