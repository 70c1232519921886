"""What windows see badly: how far lines and squares fit into a phase, and how many pieces a section has.

Two sets of sections can be at a small sliced-Wasserstein distance although one has long threads where the other has
short throats. Three families of numbers tell them apart, each a mean of minima and so with a gradient: the lineal path
(a segment of r + 1 pixels lies in the phase), the same with squares of (r + 1)² pixels, both for the phase and its
complement, and the Euler number (pieces less holes, per pixel).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

REACH = 16
"""Longest segment and largest square, in pixels, less one."""
SECTIONS = 12
"""Random sections looked at along each axis in one step."""


def inclusion_curves(inside: Tensor, reach: int) -> Tensor:
    """How far lines and squares fit: shape (3, reach + 1) for rows, columns and squares, r = 0 … reach.

    Parameters
    ----------
    inside
        Sections, shape (N, H, W), values 0 to 1 (degree of being in the phase).
    """
    down, right, square = [inside.mean()], [inside.mean()], [inside.mean()]
    rows = columns = squares = inside
    for r in range(1, reach + 1):
        columns = torch.minimum(columns[:, :-1], inside[:, r:])
        rows = torch.minimum(rows[:, :, :-1], inside[:, :, r:])
        squares = torch.minimum(
            torch.minimum(squares[:, :-1, :-1], squares[:, 1:, 1:]),
            torch.minimum(squares[:, :-1, 1:], squares[:, 1:, :-1]),
        )
        down.append(columns.mean())
        right.append(rows.mean())
        square.append(squares.mean())
    return torch.stack([torch.stack(curve) for curve in (down, right, square)])


def euler_number(curves: Tensor) -> Tensor:
    """Pieces less holes per pixel, where pixels connect through their edges: vertices − edges + faces."""
    return curves[0, 0] - curves[0, 1] - curves[1, 1] + curves[2, 1]


class ExemplarShapes:
    """The exemplar's curves and Euler numbers, and how far a block's sections are from them.

    Parameters
    ----------
    indicator
        True where the exemplar shows the phase; shape (Y, X). Rows and columns are taken together.
    reach
        Longest segment, in pixels, less one.
    """

    def __init__(self, indicator: np.ndarray, reach: int, device: str = "cpu") -> None:
        self.reach = reach
        inside = torch.from_numpy(indicator.astype(np.float32))[None]
        curves = [inclusion_curves(side, reach) for side in (inside, 1 - inside)]
        self._euler = [euler_number(curve).to(device) for curve in curves]
        self._curves = [
            torch.stack([curve[:2].mean(dim=0), curve[:2].mean(dim=0), curve[2]]).to(device) for curve in curves
        ]
        # both Euler numbers together cannot vanish where there are pieces
        self._pieces = sum(abs(float(number)) for number in self._euler) + 1e-6

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
            chosen = torch.randperm(len(sections), generator=generator)[:SECTIONS].to(block.device)
            inside = (sections[chosen] + 1) / 2
            for side, wanted, euler in zip((inside, 1 - inside), self._curves, self._euler, strict=True):
                found = inclusion_curves(side, self.reach)
                parts.append(((found - wanted).abs().sum(dim=1) / wanted.sum(dim=1)).mean())
                parts.append((euler_number(found) - euler).abs() / self._pieces)
        return torch.stack(parts).mean()
