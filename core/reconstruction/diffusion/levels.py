"""Volume fractions that vary in space: voxels of which about the same is wanted are steered together.

A mask says at each voxel how likely the phase is to be there. All voxels with about the same wanted fraction form a
level; the sampling is pulled until each level has its mean, and the labels meet it to the voxel. Between the levels the
pull is interpolated, so that a gradient shows no steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.reconstruction.diffusion.phases import Floats, Labels, labels_around

MOST = 16
"""Levels of a mask that has more values than that."""


@dataclass(frozen=True, eq=False)
class Varying:
    """Wanted fractions in space.

    Attributes
    ----------
    field
        Share of the phase of interest at each voxel, shape (z, y, x), float32.
    none, whole
        Share of each channel that is 1 where that is 0, and where it is 1; between, they are in proportion.
    """

    field: np.ndarray
    none: tuple[float, ...]
    whole: tuple[float, ...]

    def fractions(self, share: float) -> tuple[float, ...]:
        """Of each channel, where the phase of interest has ``share``."""
        return tuple(low + share * (high - low) for low, high in zip(self.none, self.whole, strict=True))

    def padded(self, size: tuple[int, int, int]) -> Varying:
        """On a larger box: beyond its faces the outermost values go on."""
        beyond = [(0, side - own) for side, own in zip(size, self.field.shape, strict=True)]
        return Varying(np.pad(self.field, beyond, mode="edge"), self.none, self.whole)

    def along(self, axis: int) -> np.ndarray:
        """Mean share in each section across ``axis``, shape (sections,)."""
        others = tuple(other for other in range(3) if other != axis)
        means: np.ndarray = self.field.mean(axis=others, dtype=np.float64)
        return means


@dataclass(frozen=True, eq=False)
class Levels:
    """The voxels of a field in groups of about the same value.

    Attributes
    ----------
    group
        Which one each voxel is in, shape of the field, uint8.
    means
        Mean value of each group, rising, shape (k,).
    """

    group: np.ndarray
    means: np.ndarray

    @classmethod
    def of(cls, field: np.ndarray) -> Levels:
        """One group a value, or `MOST` equally large ones where there are more values."""
        values = np.unique(field)
        if len(values) > MOST:
            # values that occur, so that no group is empty
            values = np.unique(np.quantile(field, np.linspace(0, 1, MOST + 1)[:-1], method="lower"))
        group = np.clip(np.searchsorted(values, field, side="right") - 1, 0, len(values) - 1).astype(np.uint8)
        counts = np.bincount(group.reshape(-1), minlength=len(values))
        sums = np.bincount(group.reshape(-1), weights=field.reshape(-1).astype(np.float64), minlength=len(values))
        return cls(group, sums / counts)


class Pull:
    """Shifts the odds of an expected picture so that every level has its mean; as `planes.pulled` does for a whole.

    Parameters
    ----------
    varying
        Of the volume's size.
    shift_for
        What to add to log-odds (n,) so that they have a wanted mean.
    """

    def __init__(
        self, varying: Varying, device: str | torch.device, shift_for: Callable[[Tensor, float], float]
    ) -> None:
        self._varying, self._shift_for = varying, shift_for
        self._levels = Levels.of(varying.field)
        means = self._levels.means
        places = np.interp(varying.field, means, np.arange(len(means)))
        left = np.minimum(places.astype(np.int64), max(0, len(means) - 2))
        self._group = torch.from_numpy(self._levels.group).to(device)
        self._left = torch.from_numpy(left).to(device)
        self._share = torch.from_numpy((places - left).astype(np.float32)).to(device)

    def __call__(self, odds: Tensor) -> Tensor:
        """Odds of all channels (C, z, y, x), shifted."""
        shifts = torch.zeros(len(odds), len(self._levels.means) + 1)
        for level, mean in enumerate(self._levels.means):
            inside = self._group == level
            for channel, fraction in enumerate(self._varying.fractions(float(mean))):
                shifts[channel, level] = self._shift_for(odds[channel][inside], fraction)
        shifts[:, -1] = shifts[:, -2]
        shifts = shifts.to(odds)
        moved = [
            one + torch.lerp(shifts[channel][self._left], shifts[channel][self._left + 1], self._share)
            for channel, one in enumerate(odds)
        ]
        return torch.stack(moved)


def labels_by_level(
    field: Floats, wanted: np.ndarray, shares: Callable[[float], Sequence[float]], known: np.ndarray, given: np.ndarray
) -> Labels:
    """Labels of which every level meets its fractions to the voxel.

    Parameters
    ----------
    field
        Channels, shape (C, z, y, x).
    wanted
        Share of the phase of interest at each voxel.
    shares
        Of each phase in label order, from that of the phase of interest.
    known, given
        As for `core.reconstruction.diffusion.phases.labels_around`.
    """
    levels, labels = Levels.of(wanted), np.zeros(wanted.shape, dtype=np.uint8)
    for level, mean in enumerate(levels.means):
        inside = levels.group == level
        labels[inside] = labels_around(field[:, inside], shares(float(mean)), known[inside], given[inside])
    return labels
