"""The two-point probability of sections as a distance: how structures lie to each other beyond the reach of a window.

Windows of a few cells do not see where the next cluster begins, nor a slant that is weak in each of them. The map of S2
over all lag vectors does, diagonals included, and costs one Fourier transform.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.reconstruction.swnn.aims import Aim


def two_point_half_map(inside: Tensor, reach: int) -> Tensor:
    """Mean over sections of the product of values at two places, for each lag: shape (2·reach + 1, reach + 1).

    Non-periodic and unbiased: each sum is divided by its number of pairs. Rows are the lags −reach … reach along the
    first axis, columns 0 … reach along the second; the other half is the same by symmetry.

    Parameters
    ----------
    inside
        Sections, shape (N, H, W), values 0 to 1; ``reach`` below both sides.
    """
    _, height, width = inside.shape
    shape = (2 * height, 2 * width)
    spectrum = torch.fft.rfft2(inside, s=shape)
    sums = torch.fft.irfft2((spectrum.real**2 + spectrum.imag**2).mean(dim=0), s=shape)
    rows = torch.arange(-reach, reach + 1, device=inside.device)
    columns = torch.arange(reach + 1, device=inside.device)
    pairs = (height - rows.abs())[:, None] * (width - columns)
    means: Tensor = sums[rows][:, : reach + 1] / pairs
    return means


class ExemplarCorrelation:
    """The exemplar's map of S2, averaged over cells, and how far a field's sections are from it.

    Parameters
    ----------
    sections
        True where the exemplar, or each patch of it, shows the phase; shape (N, Y, X).
    cell
        Edge in pixels of the squares that sections are averaged over before they are compared.
    reach
        Largest lag, in such squares, along each axis.
    """

    def __init__(self, sections: np.ndarray, cell: int, reach: int, device: str = "cpu") -> None:
        self.cell = cell
        inside = torch.from_numpy(sections.astype(np.float32))
        averaged = functional.avg_pool2d(inside, cell, stride=1)
        self.reach = min(reach, (min(averaged.shape[1:]) - 1) // cell)
        whole = two_point_half_map(averaged, self.reach * cell)
        self._map = whole[::cell, ::cell].contiguous().to(device)
        self._fraction = float(inside.mean())
        self._aims: dict[int, Aim] = {}

    def distance(self, field: Tensor, axes: tuple[int, ...], generator: torch.Generator, cell: int = 1) -> Tensor:
        """Mean over axes of Σ|S2 − aim| / Σ S2 of the exemplar, over all lag vectors.

        Parameters
        ----------
        field
            Shape (N, 1, D, H, W), values −1 (complement) to 1 (phase).
        cell
            Edge in pixels of the field's own cells, which divides the squares'.
        """
        square = self.cell // cell
        parts = []
        for axis in axes:
            # one section of so many, for neighbours say much the same; another grid of squares each time, so that no
            # place is preferred: on a fixed one, training learns stripes that are as wide
            z, y, x = torch.randint(0, square, (3,), generator=generator).tolist()
            sections = field[:, 0].movedim(axis + 1, 1)[:, z::square, y:, x:].flatten(0, 1)
            found = two_point_half_map((functional.avg_pool2d(sections, square) + 1) / 2, self.reach)
            aim = self._aim_of(axis).after(found)
            parts.append((found - aim).abs().sum() / self._map.sum())
        return torch.stack(parts).mean()

    @property
    def fraction(self) -> float:
        """Share of the phase."""
        return self._fraction

    @property
    def lines(self) -> Tensor:
        """Covariance along the sections' first and second direction over that at lag 0: shape (2, 1, reach + 1)."""
        straight = torch.stack([self._map[self.reach :, 0], self._map[self.reach]]) - self._fraction**2
        return (straight / straight[:, :1])[:, None]

    def agree(self, fraction: float, lines: Tensor) -> None:
        """Imitate the same map at another share of the phase, and with other `lines`; the rest bends with them.

        ρ'(y, x) = ρ(y, x) + (ρ'(y, 0) − ρ(y, 0)) ρ(0, x) + (ρ'(0, x) − ρ(0, x)) ρ(y, 0), where ρ is the covariance over
        that at lag 0.
        """
        variance = self._map[self.reach, 0] - self._fraction**2
        scaled = (self._map - self._fraction**2) / variance
        rows = torch.arange(-self.reach, self.reach + 1, device=scaled.device).abs()
        first, second = (line[0].to(scaled) for line in lines)
        down, along = scaled[:, :1], scaled[self.reach :][:1]
        scaled = scaled + (first[rows][:, None] - down) * along + (second[None] - along) * down
        spread = fraction * (1 - fraction) / (self._fraction * (1 - self._fraction))
        # where two exemplars hardly agree, the bent map could leave what a probability can be
        self._map = (fraction**2 + spread * variance * scaled).clamp(0, fraction)
        self._fraction = fraction

    def _aim_of(self, axis: int) -> Aim:
        return self._aims.setdefault(axis, Aim(self._map, 0.5 * self._map, 2 * self._map))

    def aims(self) -> dict[str, Aim]:
        """What is aimed at now, by name."""
        return {str(axis): aim for axis, aim in self._aims.items()}

    def aim(self, name: str) -> Aim:
        """The aim of this name, made where it is not there yet."""
        return self._aim_of(int(name))
