"""What windows see badly: how far lines and squares fit into a phase, and how many pieces a section has.

Two sets of sections can be at a small sliced-Wasserstein distance although one has long threads where the other has
short throats. Three families of numbers tell them apart, each a mean of minima and so with a gradient: the lineal path
(a segment of r + 1 pixels lies in the phase), the same with squares of (r + 1)² pixels, both for the phase and its
complement, and the Euler number (pieces less holes, per pixel).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from core.reconstruction.swnn.aims import Aim

LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16)
"""Edges in pixels of the segments and squares that are looked for; each at most twice the one before."""
COUNTED = 0.9
"""Euler numbers are compared in units of their own sum, or of this share of all pieces in phase and complement."""
SECTIONS = 8
"""Random sections of each block looked at along each axis in one step."""


def inclusion_curves(inside: Tensor, lengths: Sequence[int]) -> Tensor:
    """How far lines and squares fit: shape (3, len(lengths)) for columns, rows and squares.

    Parameters
    ----------
    inside
        Sections, shape (N, H, W), values 0 to 1 (degree of being in the phase).
    lengths
        Pixels along a line or a square's edge, ascending from 1, each at most twice the one before: a line of n pixels
        is one of m < n and the same one n − m pixels on.
    """
    curves = []
    for axes in ((1,), (2,), (1, 2)):
        fitting, shares = inside, [inside.mean()]
        for shorter, longer in pairwise(lengths):
            step = longer - shorter
            for axis in axes:
                places = fitting.shape[axis] - step
                fitting = torch.minimum(fitting.narrow(axis, 0, places), fitting.narrow(axis, step, places))
            shares.append(fitting.mean())
        curves.append(torch.stack(shares))
    return torch.stack(curves)


def euler_number(curves: Tensor) -> Tensor:
    """Pieces less holes per pixel, where pixels connect through their edges: vertices − edges + faces."""
    return curves[0, 0] - curves[0, 1] - curves[1, 1] + curves[2, 1]


def pieces_per_pixel(sections: np.ndarray) -> float:
    """Pieces of the phase in sections (N, Y, X; bool), where pixels connect through their edges."""
    within = np.zeros((3, 3, 3), dtype=bool)
    within[1] = ndimage.generate_binary_structure(2, 1)
    return float(ndimage.label(sections, structure=within)[1] / sections.size)


class ExemplarShapes:
    """The exemplar's curves and Euler numbers, and how far a block's sections are from them (or their `Aim`).

    Parameters
    ----------
    sections
        True where the exemplar, or each patch of it, shows the phase; shape (N, Y, X).
    longest
        Longest segment in pixels.
    """

    def __init__(self, sections: np.ndarray, longest: int, device: str = "cpu") -> None:
        self.lengths = tuple(length for length in LENGTHS if length <= max(2, longest))
        # a length stands for those up to the next one
        spans = torch.tensor([after - before for before, after in pairwise((*self.lengths, 2 * self.lengths[-1]))])
        self._spans = spans.clamp(max=4).to(device)
        inside = torch.from_numpy(sections.astype(np.float32))
        curves = [inclusion_curves(side, self.lengths) for side in (inside, 1 - inside)]
        self._euler = [euler_number(curve).to(device) for curve in curves]
        self._curves = [curve.to(device) for curve in curves]
        self._fraction = float(inside.mean())
        self._aims: dict[tuple[int, int], tuple[Aim, Aim]] = {}
        # where pieces and holes are about as many, both Euler numbers nearly vanish, and are no measure of themselves
        counted = sum(pieces_per_pixel(side) for side in (sections, np.logical_not(sections)))
        self._pieces = max(sum(abs(float(number)) for number in self._euler), COUNTED * counted) + 1e-6

    @property
    def fraction(self) -> float:
        """Share of the phase."""
        return self._fraction

    @property
    def lines(self) -> Tensor:
        """How far lines fit along the sections' two directions, over a single pixel: shape (2, 2, lengths).

        For either direction, first in the phase, then in its complement.
        """
        return torch.stack([curve[:2] / curve[:2, :1] for curve in self._curves], dim=1)

    def agree(self, fraction: float, lines: Tensor) -> None:
        """Imitate the same shapes at another share of the phase, and with other `lines`."""
        for number, share in enumerate((fraction, 1 - fraction)):
            curve = self._curves[number]
            self._curves[number] = torch.cat([lines[:, number].to(curve) * share, curve[2:] / curve[2, 0] * share])
        self._fraction = fraction

    def distance(self, block: Tensor, axes: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Mean over axes, of relative areas between curves and relative differences of the Euler numbers.

        Parameters
        ----------
        block
            Shape (N, 1, D, H, W), values −1 (complement) to 1 (phase).
        """
        parts = []
        for axis in axes:
            sections = block[:, 0].movedim(axis + 1, 1).flatten(0, 1)
            chosen = torch.randperm(len(sections), generator=generator)[: SECTIONS * len(block)].to(block.device)
            inside = (sections[chosen] + 1) / 2
            for number, side in enumerate((inside, 1 - inside)):
                wanted = self._curves[number]
                found = inclusion_curves(side, self.lengths)
                pieces = euler_number(found)
                curves_aim, pieces_aim = self._aims_of(axis, number)
                area = (wanted * self._spans).sum(dim=1)
                parts.append((((found - curves_aim.after(found)).abs() * self._spans).sum(dim=1) / area).mean())
                parts.append((pieces - pieces_aim.after(pieces)).abs() / self._pieces)
        return torch.stack(parts).mean()

    def _aims_of(self, axis: int, number: int) -> tuple[Aim, Aim]:
        """For curves and Euler number across ``axis``, of the phase (0) or its complement (1)."""
        if (axis, number) not in self._aims:
            curves, euler = self._curves[number], self._euler[number]
            self._aims[axis, number] = (
                Aim(curves, 0.5 * curves, 2 * curves),
                Aim(euler, euler - self._pieces, euler + self._pieces),
            )
        return self._aims[axis, number]

    def aims(self) -> dict[str, Aim]:
        """What is aimed at now, by name."""
        return {
            f"{axis},{number},{which}": aim
            for (axis, number), pair in self._aims.items()
            for which, aim in enumerate(pair)
        }

    def aim(self, name: str) -> Aim:
        """The aim of this name, made where it is not there yet."""
        axis, number, which = (int(part) for part in name.split(","))
        return self._aims_of(axis, number)[which]
