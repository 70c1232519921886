"""Volume fractions that vary in space: voxels of which about the same is wanted are steered together.

A mask says at each voxel how likely the phase is to be there. All voxels with about the same wanted fraction form a
level; the sampling is pulled until each level has its mean, and the labels meet it to the voxel. Between the levels the
pull is interpolated, so that a gradient shows no steps.

All of it is done some sections at a time, whether the volume lies in memory or on the disk: to the same bits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.job import finish
from core.masks.stretched import Stretched, Triple
from core.reconstruction.diffusion.counting import Steps, ranking
from core.reconstruction.diffusion.shelf import Shelf

MOST = 16
"""Levels of a mask that has more values than that."""


@dataclass(frozen=True, eq=False)
class Varying:
    """Wanted fractions in space.

    Attributes
    ----------
    field
        Share of the phase of interest at each voxel.
    none, whole
        Share of each channel that is 1 where that is 0, and where it is 1; between, they are in proportion.
    """

    field: Stretched
    none: tuple[float, ...]
    whole: tuple[float, ...]
    _means: list[np.ndarray] = dataclasses.field(default_factory=list, init=False, repr=False)

    def fractions(self, share: float) -> tuple[float, ...]:
        """Of each channel, where the phase of interest has ``share``."""
        return tuple(low + share * (high - low) for low, high in zip(self.none, self.whole, strict=True))

    def padded(self, size: Triple) -> Varying:
        """On a larger box: beyond its faces the outermost values go on."""
        return Varying(self.field.within(size), self.none, self.whole)

    def along(self, axis: int) -> np.ndarray:
        """Mean share in each section across ``axis``, shape (sections,)."""
        if not self._means:
            finish(self.summing())
        return self._means[axis]

    def summing(self) -> Steps:
        """Finds what `along` tells; yields after each part."""
        depth, height, width = self.field.shape
        z, y, x = np.zeros(depth), np.zeros(height), np.zeros(width)
        for slab, part in self.field.slabs():
            # section by section, so that sums do not depend on how many there are in a part
            for place, section in enumerate(part, slab.start):
                z[place] = section.sum(dtype=np.float64)
                y += section.sum(axis=1, dtype=np.float64)
                x += section.sum(axis=0, dtype=np.float64)
            yield
        self._means[:] = [z / (height * width), y / (depth * width), x / (depth * height)]


@dataclass(frozen=True, eq=False)
class Levels:
    """The voxels of a field in groups of about the same value.

    Attributes
    ----------
    lowest
        From which value on a voxel is in each group, rising, shape (k,), float32.
    means, counts
        Mean value of each group, and how many voxels it has, shape (k,).
    """

    lowest: np.ndarray
    means: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, field: Stretched) -> Generator[None, None, Levels]:
        """One group a value, or `MOST` equally large ones where there are more values; yields after each part."""
        values = np.zeros(0, np.float32)
        for _, part in field.slabs():
            values = np.union1d(values, part)
            yield
            if len(values) > MOST:
                break
        if len(values) > MOST:
            # values that occur, so that no group is empty
            ranks = np.floor((int(np.prod(field.shape)) - 1) * np.linspace(0, 1, MOST + 1)[:-1]).astype(np.int64)
            values = np.unique((yield from ranking(lambda: (part for _, part in field.slabs()), ranks)))
        marks, counts = np.arange(len(values)), np.zeros(len(values), np.int64)
        sums: np.ndarray = np.zeros(len(values))
        found = cls(values, sums, counts)
        for _, part in field.slabs():
            group = found.group(part).reshape(-1)
            counts += np.bincount(group, minlength=len(values))
            # the sums so far come first: as if all were added in one go
            places, weights = np.concatenate((marks, group)), np.concatenate((sums, part.reshape(-1)))
            sums = np.bincount(places, weights, minlength=len(values))
            yield
        return cls(values, sums / counts, counts)

    def group(self, part: np.ndarray) -> np.ndarray:
        """Which one each voxel is in, from its value, uint8."""
        above = np.searchsorted(self.lowest, part, side="right")
        return np.clip(above - 1, 0, len(self.lowest) - 1).astype(np.uint8)

    def members(self, part: np.ndarray) -> list[np.ndarray]:
        """Where in the flat ``part`` those of each group lie, in their order."""
        group = self.group(part).reshape(-1)
        ends = np.cumsum(np.bincount(group, minlength=len(self.lowest)))
        return np.split(np.argsort(group, kind="stable"), ends[:-1])


class Pull:
    """Shifts the odds of an expected picture so that every level has its mean; as `planes.pulled` does for a whole.

    Made by `over`. Of each voxel it keeps its level, and between which two levels' pulls its own lies.
    """

    def __init__(self, varying: Varying, levels: Levels, kept: tuple[Tensor, Tensor, Tensor]) -> None:
        self._varying, self._levels = varying, levels
        self._group, self._left, self._share = kept
        self._shifts = torch.zeros(0)

    @classmethod
    def over(cls, varying: Varying, shelf: Shelf) -> Generator[None, None, Pull]:
        """Of the size of ``varying``; what it keeps lies on ``shelf``. Yields after each part."""
        yield from varying.summing()
        levels = yield from Levels.of(varying.field)
        size, marks = varying.field.shape, np.arange(len(levels.means))
        group, left, share = shelf.tensor(size, torch.uint8), shelf.tensor(size, torch.uint8), shelf.tensor(size)
        # an earlier run that got somewhere has left them whole
        for slab, part in () if shelf.done else varying.field.slabs():
            places = np.interp(part, levels.means, marks)
            first = np.minimum(places.astype(np.int64), max(0, len(marks) - 2))
            group[slab] = torch.from_numpy(levels.group(part))
            left[slab] = torch.from_numpy(first.astype(np.uint8))
            share[slab] = torch.from_numpy((places - first).astype(np.float32))
            yield
        return cls(varying, levels, (group, left, share))

    def aim(
        self, parts: Iterable[tuple[slice, Tensor]], shift_for: Callable[[Tensor, float], float], looked_at: int
    ) -> None:
        """Find how much each level is to be shifted.

        Parameters
        ----------
        parts
            All odds: which sections across z, and those of their channels (C, d, y, x), in order.
        shift_for
            What to add to log-odds (n,) so that they have a wanted mean.
        looked_at
            Of a level that has more voxels, only every so many are looked at, about as many as that.
        """
        counts = self._levels.counts
        every, seen = [max(1, int(count) // looked_at) for count in counts], [0] * len(counts)
        some: list[list[Tensor]] = [[] for _ in counts]
        for slab, odds in parts:
            group = self._group[slab].to(odds.device)
            for level, (step, before) in enumerate(zip(every, seen, strict=True)):
                # a copy, so that only what is looked at is kept
                inside = odds[:, group == level]
                some[level].append(inside[:, -before % step :: step].clone())
                seen[level] += inside.shape[1]
        shifts = [
            [
                shift_for(one, share)
                for one, share in zip(torch.cat(found, 1), self._varying.fractions(mean), strict=True)
            ]
            for found, mean in zip(some, self._levels.means.tolist(), strict=True)
        ]
        # what lies between the last level and none has its pull
        self._shifts = torch.tensor([*shifts, shifts[-1]]).T

    def __call__(self, odds: Tensor, slab: slice) -> Tensor:
        """Odds of the channels (C, d, y, x) of some sections across z, shifted."""
        # as bytes they would be taken for a mask
        left, share = self._left[slab].to(odds.device).int(), self._share[slab].to(odds.device)
        shifts = self._shifts.to(odds)
        moved = [
            one + torch.lerp(shifts[channel][left], shifts[channel][left + 1], share)
            for channel, one in enumerate(odds)
        ]
        return torch.stack(moved)


def labelling_by_level(
    field: np.ndarray,
    wanted: Stretched,
    shares: Callable[[float], Sequence[float]],
    known: tuple[np.ndarray, np.ndarray] | None,
    labels: np.ndarray,
    label: Callable[..., Steps],
    shelf: Shelf,
) -> Steps:
    """Write labels of which every level meets its fractions to the voxel; yields after each part.

    The voxels of each level are put side by side, labelled like a volume of their own, and put back.

    Parameters
    ----------
    field
        Channels, shape (C, z, y, x).
    wanted
        Share of the phase of interest at each voxel.
    shares
        Of each phase in label order, from that of the phase of interest.
    known
        Labels, and where they are to be kept (bool), of the same shape; None where nothing is.
    labels
        Shape (z, y, x), uint8, to be written.
    label
        A job: given channels (C, n), fractions, the labels (n,) to be written, and what of them is known, and where.
    shelf
        Where the levels lie meanwhile.
    """
    levels = yield from Levels.of(wanted)
    ends = np.cumsum(levels.counts)
    apart, found = shelf.array((len(field), int(ends[-1])), np.float32), shelf.array((int(ends[-1]),), np.uint8)
    here = [] if known is None else [(one, shelf.array(found.shape, one.dtype.type)) for one in known]
    for slab, moves in _moves(levels, wanted):
        channels, others = field[:, slab].reshape(len(field), -1), [(one[slab].reshape(-1), to) for one, to in here]
        for places, to in moves:
            apart[:, to] = channels[:, places]
            for one, there in others:
                there[to] = one[places]
        yield
    for mean, start, end in zip(levels.means.tolist(), ends - levels.counts, ends, strict=True):
        nothing = np.broadcast_to(np.uint8(0), (end - start,))
        kept = [one[start:end] for _, one in here] or [nothing, nothing.view(np.bool_)]
        yield from label(apart[:, start:end], shares(mean), found[start:end], *kept)
        yield
    for slab, moves in _moves(levels, wanted):
        part = np.zeros(labels[slab].size, np.uint8)
        for places, to in moves:
            part[places] = found[to]
        labels[slab] = part.reshape(labels[slab].shape)
        yield


def _moves(levels: Levels, wanted: Stretched) -> Iterator[tuple[slice, list[tuple[np.ndarray, slice]]]]:
    """Sections across z, and which of their voxels go where, when those of each level are put side by side."""
    ends = np.cumsum(levels.counts) - levels.counts
    for slab, part in wanted.slabs():
        moves = []
        for level, places in enumerate(levels.members(part)):
            moves.append((places, slice(int(ends[level]), int(ends[level]) + len(places))))
            ends[level] += len(places)
        yield slab, moves
