"""Volumes from a denoiser of sections: multi-plane sampling (Lee and Yun, Micro3Diff, arXiv 2308.14035).

The volume starts as noise. At each step its sections across one axis are denoised a little, each alone; at the next
pass those across another axis. Neighbouring sections know of one another only through the noise that they hold in
common, so a step is repeated: noise is put back, and other planes go over it, until the three directions agree
("harmonised").

Where the denoiser answers with odds, sections across all three axes can be asked about the same noise instead: Bayes'
rule adds up what they say (`core.reconstruction.diffusion.witnesses`).

A denoiser has seen where its crops end, and takes the faces of a volume for such ends: after many steps, in all three
directions, a rare phase would gather there and leave the middle. So no volume has faces while it is sampled: it is
a part of a larger one that repeats, with a few voxels between its opposite faces.

A section is looked at alone: a volume that memory does not hold lies on the disk, and is worked on in blocks of whole
sections. There is no seam between them, for none knows where its block ends.

Noise is a function of seed, place and step, so that the same seed gives the same volume. Between two seeds it passes
from the one's to the other's at every step alike, and the volume with it (as DDIM's: Song et al., 2021, Sec. 5.3).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from core.generation.noise import gaussian
from core.generation.periods import NOWHERE, Axes, Triple
from core.masks.mask import Mask
from core.masks.stretched import Stretched
from core.reconstruction.diffusion.denoiser import Condition, Denoiser
from core.reconstruction.diffusion.levels import Pull, Varying
from core.reconstruction.diffusion.phases import plain_labels
from core.reconstruction.diffusion.prediction import Prediction, with_clean
from core.reconstruction.diffusion.samplers import SECOND_ORDER, draws_noise, stepped
from core.reconstruction.diffusion.schedule import Step
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.diffusion.shelf import Shelf
from core.reconstruction.diffusion.witnesses import agreed
from core.reconstruction.towards import Towards, blended

AXES = (0, 1, 2)
PIXELS_AT_ONCE = {"cpu": 4 * 64 * 64, "cuda": 256 * 64 * 64}
"""Sections are denoised in batches of about so many pixels: memory is bounded, and cancelling answers soon."""
SURE = 0.9999
"""Expected pictures are kept within ± this, where log-odds are finite."""
BLOCK = 1 << 26
"""Voxels that are worked on at once, in whole sections: how much of a volume on the disk is in memory."""
MARGIN = 8
"""Voxels, at least, that are sampled between opposite faces of a volume that does not repeat."""
PREVIEW_EDGE = 256
"""Of a larger volume, only every so many voxels are shown while it emerges."""
_LOOKED_AT = 1 << 18
"""The odds that a fraction asks for are found from about so many voxels."""

R = TypeVar("R")
Anchor = tuple[int, int]
"""A section that is given: the axis across which it lies, and its place along it."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a volume shall be.

    Attributes
    ----------
    size
        Voxels along z, y, x.
    seed
        Of its noise.
    periodic
        Along which axes it repeats; its size there is a whole multiple of the settings' ``stride``.
    fractions
        Share of each channel that is 1, which the sampling is pulled towards; None leaves it to the denoiser.
    told
        What the denoiser is told of them, or None for nothing.
    labels
        Which exemplar the sections across z, y and x are to be like; −1 for no particular one.
    anchors
        Sections that are given, as channels (C, H, W) of −1 and 1.
    varying
        Fractions that vary in space, in place of ``fractions``; of ``told`` it then says what each section is told.
    towards
        The seed whose noise that of ``seed`` passes into, and how far; None for its own alone.
    """

    size: Triple
    seed: int
    periodic: Axes = NOWHERE
    fractions: tuple[float, ...] | None = None
    told: tuple[float, ...] | None = None
    labels: tuple[int, int, int] = (-1, -1, -1)
    anchors: Mapping[Anchor, np.ndarray] = field(default_factory=dict)
    varying: Varying | None = None
    towards: Towards | None = None


@dataclass(frozen=True, eq=False)
class Emerging:
    """How far a volume is: batches of sections done and in all, and after each step the channels as they are expected.

    ``expected`` has shape (C, z, y, x), or is None in between; of a large volume it is every so many voxels.
    """

    done: int
    of: int
    expected: np.ndarray | None = None

    @property
    def labels(self) -> np.ndarray | None:
        """The same as the likeliest phases."""
        return None if self.expected is None else plain_labels(self.expected)


def sampled_size(size: Triple, periodic: Axes, stride: int) -> Triple:
    """The smallest size that holds ``size``, the margin where it does not repeat, and whole coarsest places."""
    z, y, x = (
        side if repeats else -(-(side + MARGIN) // stride) * stride
        for side, repeats in zip(size, periodic, strict=True)
    )
    return z, y, x


def sampling_volume(
    denoiser: Denoiser,
    wanted: Wanted,
    *,
    device: str = "cpu",
    settings: DiffusionSettings | None = None,
    shelf: Shelf | None = None,
) -> Generator[Emerging, None, np.ndarray]:
    """Denoise a volume; yields after each batch of sections.

    Parameters
    ----------
    denoiser
        In evaluation mode, on ``device``.
    settings
        Say how to sample; by default the denoiser's own.
    shelf
        Where the volume lies meanwhile; by default in the memory of ``device``.

    Returns
    -------
    np.ndarray
        Shape (C, z, y, x), float32: about −1 and 1. `core.reconstruction.diffusion.phases` makes labels of it.
    """
    settings, schedule, shelf = settings or denoiser.settings, denoiser.schedule, shelf or Shelf(device)
    times, passes = schedule.trajectory(settings.steps, settings.crowding), settings.passes
    size = sampled_size(wanted.size, wanted.periodic, settings.stride)
    wanted = replace(wanted, periodic=(True, True, True))
    turns = [(now, then, number) for now, then in pairwise(times) for number in range(passes)]
    looks = [AXES if settings.planes == "together" else (AXES[turn % 3],) for turn in range(len(turns))]
    looks[-1] = AXES  # the last word is that of all three directions
    parts = [
        sum(len(batches(size, axis, device, block)) for axis in axes for block in blocks(size, axis)) for axes in looks
    ]
    of = sum(parts)
    weight = weight_over(wanted, size)

    def noise(number: int, slab: slice) -> Tensor:
        place, shape = (slab.start, 0, 0), (slab.stop - slab.start, *size[1:])
        own = gaussian(wanted.seed, number, denoiser.channels, place, shape, device)
        if wanted.towards is None or weight is None:
            return own
        other = gaussian(wanted.towards.seed, number, denoiser.channels, place, shape, device)
        return blended(own, other, weight if isinstance(weight, float) else weight.sections(slab.start, slab.stop))

    every, slabs = (denoiser.channels, *size), blocks(size, 0)
    x, clean = shelf.tensor(every), shelf.tensor(every)
    share = shelf.tensor(every) if denoiser.learns_variance else None
    former = shelf.tensor(every) if settings.sampler in SECOND_ORDER else None
    odds = settings.prediction == "odds"
    # draws of noise that the sampler itself makes in a step
    fresh = int(draws_noise(settings.sampler, settings.eta))
    # where a later run may go on, what a turn starts from is left as it is until the turn is done
    after, begun = shelf.tensor(every) if shelf.keeps else x, shelf.done
    pull = None
    if wanted.varying is not None:
        varying = wanted.varying.padded(size)
        pull = yield from telling(Pull.over(varying, shelf), Emerging(0, of))
        wanted = replace(wanted, varying=varying)
    if not begun:
        for slab in slabs:
            x[:, slab] = noise(0, slab)
    done, drawn = 0, 1
    before: Step | None = None
    for turn, ((now, then, number), axes) in enumerate(zip(turns, looks, strict=True)):
        step, last = schedule.between(now, then), number + 1 == passes
        if turn < begun:
            done += parts[turn]
        else:
            for array in (clean, share):
                if array is not None:
                    array.zero_()
            for axis in axes:
                for block in blocks(size, axis):
                    part = Part.of(axis, block, x, clean, share, device)
                    for rows in batches(size, axis, device, block):
                        look(denoiser, wanted, part.x, now, axis, part.within(rows), part.clean, part.share,
                             settings.guidance, part.first)  # fmt: skip
                        done += 1
                        yield Emerging(done, of)
                    part.put_back()
            for slab in slabs:
                said, here = clean[:, slab].to(device), x[:, slab].to(device)
                clean[:, slab] = agreed(said, here, step, len(axes), odds, wanted.fractions)
            shifts = None if pull is not None else shifts_for(clean, wanted.fractions)
            if pull is not None:
                pull.aim(((slab, odds_of(clean[:, slab].to(device))) for slab in slabs), shift_for, _LOOKED_AT)
            for slab in slabs:
                here, learned = x[:, slab].to(device), None if share is None else share[:, slab].to(device) / len(axes)
                expected = anchored(pulled(clean[:, slab].to(device), shifts, pull, slab), wanted.anchors, slab.start)
                found = Prediction(expected, here, learned)
                found = with_clean(found, expected, here, math.sqrt(step.left), math.sqrt(1 - step.left))
                earlier = None
                if before is not None and former is not None:
                    earlier = before, Prediction(former[:, slab].to(device), here)
                y = stepped(settings.sampler, here, found, step, partial(noise, drawn, slab), settings.eta, earlier)
                after[:, slab] = y if last else step.back(y, noise(drawn + fresh, slab))
                clean[:, slab] = expected
            if last:
                yield Emerging(done, of, shown(clean, wanted.size))
        x, after = after, x
        drawn += fresh + (not last)
        if last:
            before = step
            if former is not None:
                former, clean = clean, former
        if turn >= begun:
            shelf.note(turn + 1, len(turns))
    if shelf.keeps:
        # what is done with the field must not spoil what a later run goes on from
        after.copy_(x)
        x = after
    z, y_, x_ = wanted.size
    field: np.ndarray = x[:, :z, :y_, :x_].cpu().numpy()
    return field


@dataclass(frozen=True, eq=False)
class Part:
    """A run of sections of a volume, where the denoiser is.

    Attributes
    ----------
    x, clean, share
        Of these sections alone; shape as of the volume, but shorter along the axis.
    first
        The section of the volume that these begin with.
    """

    x: Tensor
    clean: Tensor
    share: Tensor | None
    first: int
    _home: tuple[tuple[Tensor, Tensor], ...]

    @classmethod
    def of(cls, axis: int, block: slice, x: Tensor, clean: Tensor, share: Tensor | None, device: str) -> Part:
        """The sections ``block`` across ``axis``; a copy, unless it is all of a volume in the denoiser's memory."""
        length = block.stop - block.start
        if length == x.shape[axis + 1] and x.device == torch.device(device):
            return cls(x, clean, share, 0, ())
        here = x.narrow(axis + 1, block.start, length).to(device, copy=True)
        home = tuple(
            (torch.zeros_like(here), whole.narrow(axis + 1, block.start, length))
            for whole in (clean, share)
            if whole is not None
        )
        return cls(here, home[0][0], home[1][0] if share is not None else None, block.start, home)

    def within(self, rows: slice) -> slice:
        """Sections of the volume, as counted here."""
        return slice(rows.start - self.first, rows.stop - self.first)

    def put_back(self) -> None:
        """Add what was found to the volume's own."""
        for found, whole in self._home:
            whole += found.to(whole.device)


def shown(clean: Tensor, size: Triple) -> np.ndarray:
    """The expected volume, or every so many voxels of a large one."""
    by = -(-max(size) // PREVIEW_EDGE)
    z, y, x = size
    return clean[:, :z:by, :y:by, :x:by].cpu().numpy()


def weight_over(wanted: Wanted, size: Triple) -> float | Stretched | None:
    """How far the noise of a volume, sampled in ``size``, has passed into that of another seed; None: not at all."""
    if wanted.towards is None:
        return None
    weight = wanted.towards.over(wanted.size)
    return Stretched(weight, wanted.size, size) if isinstance(weight, Mask) else float(weight)


def telling(steps: Generator[None, None, R], told: Emerging) -> Generator[Emerging, None, R]:
    """Run ``steps`` inside a sampling; ``told`` is yielded each time that they yield."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: R = end.value
            return found
        yield told


def blocks(size: Triple, axis: int) -> list[slice]:
    """The sections across an axis, in runs of about `BLOCK` voxels."""
    each = max(1, BLOCK // (math.prod(size) // size[axis]))
    return [slice(first, min(first + each, size[axis])) for first in range(0, size[axis], each)]


def batches(size: Triple, axis: int, device: str, block: slice | None = None) -> list[slice]:
    """The sections across an axis, or those of a block, in runs that are denoised at once."""
    area, within = math.prod(size) // size[axis], block or slice(0, size[axis])
    each = max(1, PIXELS_AT_ONCE.get(device.partition(":")[0], PIXELS_AT_ONCE["cpu"]) // area)
    return [slice(first, min(first + each, within.stop)) for first in range(within.start, within.stop, each)]


@torch.no_grad()
def look(
    denoiser: Denoiser,
    wanted: Wanted,
    x: Tensor,
    now: int,
    axis: int,
    rows: slice,
    said: Tensor,
    share: Tensor | None,
    guidance: float = 0.0,
    first: int = 0,
) -> None:
    """Add what the denoiser says of some sections across ``axis``, odds or a picture, to ``said`` and ``share``.

    The volume's part ``x`` begins at section ``first``, and ``rows`` counts from there.
    """
    sections = x.movedim(axis + 1, 0)[rows].contiguous(memory_format=torch.channels_last)
    condition = Condition.nothing(len(sections), denoiser.channels, x.device)
    if wanted.told is not None:
        condition.fraction[:] = torch.tensor(told_of(wanted, axis, rows, first), device=x.device)
    condition.label[:] = wanted.labels[axis]
    along, across = (repeats for other, repeats in enumerate(wanted.periodic) if other != axis)
    found = denoiser.predict(sections, now, condition, guidance, (along, across))
    said.movedim(axis + 1, 0)[rows] += found.clean if found.odds is None else found.odds
    if share is not None and found.share is not None:
        share.movedim(axis + 1, 0)[rows] += found.share


def told_of(wanted: Wanted, axis: int, rows: slice, first: int = 0) -> list[tuple[float, ...]]:
    """What some sections across ``axis`` are told of their fractions: of all the same, or of each its own mean.

    ``rows`` counts from section ``first`` of the volume.
    """
    told = wanted.told or ()
    if wanted.varying is None:
        return [told] * (rows.stop - rows.start)
    return [wanted.varying.fractions(float(share)) for share in wanted.varying.along(axis)[first:][rows]]


def odds_of(clean: Tensor) -> Tensor:
    """Half the log-odds of an expected picture."""
    return torch.atanh(clean.clamp(-SURE, SURE))


def pulled(
    clean: Tensor, shifts: Sequence[float] | None, pull: Pull | None = None, slab: slice = slice(None)
) -> Tensor:
    """The expected picture (C, …) within −1 and 1, its odds shifted as `shifts_for` says, one number a channel.

    Where fractions vary in space, ``pull`` does so level by level; of ``clean``, which is the sections ``slab`` then.
    """
    if pull is not None:
        return torch.tanh(pull(odds_of(clean), slab))
    if shifts is None:
        return clean.clamp(-SURE, SURE)
    odds = odds_of(clean)
    for channel, shift in enumerate(shifts):
        odds[channel] += shift
    return torch.tanh(odds)


def shifts_for(clean: Tensor, fractions: tuple[float, ...] | None) -> list[float] | None:
    """What to add to the odds of each channel of an expected volume, so that it has the mean that a fraction means.

    A voxel of −1 or 1 whose expectation is m has the log-odds 2·artanh(m). All of a channel's are shifted by the same
    amount, as another prior would: what is certain stays, what is open leans. Found from some of many voxels.
    """
    if fractions is None:
        return None
    found = []
    for channel, fraction in zip(clean, fractions, strict=True):
        some = channel.flatten()[:: max(1, channel.numel() // _LOOKED_AT)]
        found.append(shift_for(odds_of(some), fraction))
    return found


def shift_for(odds: Tensor, fraction: float) -> float:
    """What to add to ``odds`` so that the mean of their hyperbolic tangents is 2 · ``fraction`` − 1, by bisection."""
    low, high = -12.0, 12.0
    for _ in range(24):
        middle = 0.5 * (low + high)
        if float(torch.tanh(odds + middle).mean()) < 2 * fraction - 1:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def anchored(clean: Tensor, anchors: Mapping[Anchor, np.ndarray], first: int = 0) -> Tensor:
    """The expected picture with the given sections in their places: what the sampler makes of them is exactly what the
    forward process makes of the truth, and the sections that cross them see it. ``clean`` begins at section ``first``
    across z."""
    for (axis, place), section in anchors.items():
        known = torch.from_numpy(np.ascontiguousarray(section)).to(clean)
        if axis == 0:
            place -= first
            if not 0 <= place < clean.shape[1]:
                continue
        else:
            known = known[:, first : first + clean.shape[1]]
        height, width = known.shape[1:]
        clean.movedim(axis + 1, 0)[place][:, :height, :width] = known
    return clean
