"""Spinodal decomposition: two components that part of themselves, as in a copolymer or an annealed glass.

The Cahn–Hilliard equation ∂c/∂t = ∇²(c³ − c − κ∇²c) (Cahn and Hilliard 1958; Cahn 1961) in a periodic box, solved with
the linearly stabilised splitting of Eyre (1998): spectral in space, and stable at any step in time.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import fft

from core.errors import InputError

_STABILISER = 2.0
_STEPS = 160
_UNTIL = 60.0
"""When to stop, in units of the fastest wave's growth time: long after the phases have parted."""
_COARSENED = 1.6
"""How much longer structures are by then than the wave that grew fastest."""
_NOISE = 0.05


def spinodal_field(size: tuple[int, ...], length: float, fraction: float, generator: np.random.Generator) -> np.ndarray:
    """Concentration −1 … 1 after decomposition, periodic.

    Parameters
    ----------
    size
        Sides of the box, pixels; two or three.
    length
        Distance from one domain to the next, pixels, about; κ follows from it.
    fraction
        Share of the component whose concentration is 1: the mean is 2 · ``fraction`` − 1.

    Returns
    -------
    ndarray
        Shape ``size``, float64.

    Raises
    ------
    InputError
        Where the mean lies outside the spinodal (a fraction below 0.22 or above 0.78), so that nothing would part, or
        the box is too small.
    """
    mean = 2 * fraction - 1
    drive = 1 - 3 * mean**2
    if drive < 0.05:
        raise InputError(
            f"With a fraction of {fraction:g} the components do not part of themselves.",
            "Ask for a fraction between 0.22 and 0.78.",
        )
    if min(size) < length:
        raise InputError(f"Domains {length:g} px apart do not fit into a box of {' × '.join(map(str, size))}.",
                         "Ask for a larger box or a shorter length.")  # fmt: skip
    # growth k²(drive − κk²) is fastest, drive²/4κ, at k² = drive/2κ
    kappa = drive / 2 * (length / _COARSENED / (2 * math.pi)) ** 2
    step = _UNTIL * 4 * kappa / drive**2 / _STEPS
    axes = [2 * math.pi * fft.fftfreq(side) for side in size[:-1]] + [2 * math.pi * fft.rfftfreq(size[-1])]
    squared = sum(np.square(axis) for axis in np.meshgrid(*axes, indexing="ij", sparse=True))
    ahead = step * squared
    divisor = 1 + _STABILISER * ahead + kappa * ahead * squared
    field = mean + _NOISE * generator.standard_normal(size)
    spectrum = fft.rfftn(field - field.mean() + mean)
    for _ in range(_STEPS):
        bent = fft.rfftn(field**3 - field)
        spectrum = (spectrum * (1 + _STABILISER * ahead) - ahead * bent) / divisor
        field = fft.irfftn(spectrum, s=size)
    return np.asarray(field)
