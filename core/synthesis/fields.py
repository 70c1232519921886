"""Bicontinuous structures: a Gaussian random field cut at a level (Cahn 1965; Teubner 1991)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from core.errors import InputError
from core.images.values import Phase, Volume
from core.provenance import Provenance
from core.settings import setting, to_json, validate


@dataclass(frozen=True)
class BicontinuousSettings:
    """A field whose waves all have nearly one length."""

    fraction: float = setting(0.42, "Fraction", "Share of the solid.", minimum=0.02, maximum=0.98)
    wavelength: float = setting(26.0, "Wavelength", "Distance from ligament to ligament.", unit="px", minimum=4.0)
    spread: float = setting(0.22, "Spread", "Relative width of the band of wavelengths.", minimum=0.02, maximum=1.0)
    voxel_size: float = setting(1.2e-9, "Voxel size", "Edge of a voxel.", unit="m", minimum=1e-12, maximum=1e-2)


def gaussian_field(size: tuple[int, ...], wavelength: float, spread: float, seed: int) -> np.ndarray:
    """A periodic Gaussian random field with waves about ``wavelength`` pixels long.

    Returns
    -------
    ndarray
        Shape ``size``, float32, zero mean and unit variance. White noise is filtered in Fourier space with a Gaussian
        band of relative width ``spread``.

    Raises
    ------
    InputError
        Where the box is too small to hold a wave of the band.
    """
    white = np.random.default_rng(seed).standard_normal(size, dtype=np.float32)
    spectrum = fft.rfftn(white)
    axes = [fft.fftfreq(side) for side in size[:-1]] + [fft.rfftfreq(size[-1])]
    k = np.sqrt(sum(np.square(axis) for axis in np.meshgrid(*axes, indexing="ij", sparse=True)))
    spectrum *= np.exp(-0.5 * np.square((k * wavelength - 1.0) / spread)).astype(np.float32)
    spectrum.flat[0] = 0
    field = fft.irfftn(spectrum, s=size)
    deviation = float(field.std())
    if not deviation > 1e-12:
        raise InputError(
            f"No wave about {wavelength:g} px long fits into a box of {' × '.join(map(str, size))}.",
            "Ask for a larger box, a shorter wavelength or a wider spread.",
        )
    return np.asarray(field / deviation, dtype=np.float32)


def highest(field: np.ndarray, fraction: float) -> np.ndarray:
    """uint8, shape of ``field``: 1 where its values are highest, in exactly (to one voxel) the wanted share."""
    inside = round(fraction * field.size)
    labels = np.zeros(field.size, dtype=np.uint8)
    labels[np.argpartition(field.reshape(-1), field.size - inside)[field.size - inside :]] = 1
    return labels.reshape(field.shape)


def bicontinuous(size: tuple[int, int, int], seed: int, settings: BicontinuousSettings | None = None) -> Volume:
    """A bicontinuous volume, periodic, whose solid has the wanted fraction exactly (to one voxel).

    Raises
    ------
    InputError
        For settings out of range, or a box too small for the wavelength.
    """
    chosen = validate(settings or BicontinuousSettings())
    field = gaussian_field(size, chosen.wavelength, chosen.spread, seed)
    return Volume(
        labels=highest(field, chosen.fraction),
        phases=(Phase("Pore", "#8A9099"), Phase("Metal", "#E69F00")),
        voxel_size=(chosen.voxel_size,) * 3,
        name="Bicontinuous",
        provenance=Provenance("bicontinuous", settings=to_json(chosen), seed=seed),
    )
