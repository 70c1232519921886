"""Volumes from a denoiser of sections: multi-plane sampling (Lee and Yun, Micro3Diff, arXiv 2308.14035).

The volume starts as noise. At each step its sections across one axis are denoised a little, each alone; at the next
pass those across another axis. Neighbouring sections know of one another only through the noise that they hold in
common, so a step is repeated: noise is put back, and other planes go over it, until the three directions agree
("harmonised").

Noise is a function of seed, place and step, so that the same seed gives the same volume. Between two seeds it passes
from the one's to the other's at every step alike, and the volume with it (as DDIM's: Song et al., 2021, Sec. 5.3).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from core.generation.noise import gaussian
from core.generation.periods import NOWHERE, Axes, Triple
from core.masks.mask import Mask
from core.reconstruction.diffusion.denoiser import Condition, Denoiser
from core.reconstruction.diffusion.levels import Pull, Varying
from core.reconstruction.diffusion.phases import plain_labels
from core.reconstruction.diffusion.prediction import Prediction, with_clean
from core.reconstruction.diffusion.samplers import stepped
from core.reconstruction.diffusion.schedule import Step
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.towards import Towards, blended

AXES = (0, 1, 2)
PIXELS_AT_ONCE = {"cpu": 4 * 64 * 64, "cuda": 256 * 64 * 64}
"""Sections are denoised in batches of about so many pixels: memory is bounded, and cancelling answers soon."""
SURE = 0.9999
"""Expected pictures are kept within ± this, where log-odds are finite."""
_LOOKED_AT = 1 << 18
"""The odds that a fraction asks for are found from about so many voxels."""

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
    """How far a volume is: batches of sections done and in all, and after each step the volume as it is expected."""

    done: int
    of: int
    labels: np.ndarray | None = None


def padded(size: Triple, stride: int) -> Triple:
    """The smallest size that holds ``size`` and whole places of the coarsest resolution."""
    z, y, x = (-(-side // stride) * stride for side in size)
    return z, y, x


def sampling_volume(
    denoiser: Denoiser, wanted: Wanted, *, device: str = "cpu", settings: DiffusionSettings | None = None
) -> Generator[Emerging, None, np.ndarray]:
    """Denoise a volume; yields after each batch of sections.

    Parameters
    ----------
    denoiser
        In evaluation mode, on ``device``.
    settings
        Say how to sample; by default the denoiser's own.

    Returns
    -------
    np.ndarray
        Shape (C, z, y, x), float32: about −1 and 1. `core.reconstruction.diffusion.phases` makes labels of it.
    """
    settings, schedule = settings or denoiser.settings, denoiser.schedule
    times, passes = schedule.trajectory(settings.steps), settings.passes
    size = padded(wanted.size, settings.stride)
    crop = (slice(None), *(slice(side) for side in wanted.size))
    turns = [(now, then, number) for now, then in pairwise(times) for number in range(passes)]
    looks = [AXES if settings.planes == "together" else (AXES[turn % 3],) for turn in range(len(turns))]
    looks[-1] = AXES  # the last word is that of all three directions
    of = sum(len(batches(size, axis, device)) for axes in looks for axis in axes)
    done = drawn = 0

    weight = weight_over(wanted, size)

    def draw() -> Tensor:
        nonlocal drawn
        drawn += 1
        own = gaussian(wanted.seed, drawn - 1, denoiser.channels, (0, 0, 0), size, device)
        if wanted.towards is None or weight is None:
            return own
        other = gaussian(wanted.towards.seed, drawn - 1, denoiser.channels, (0, 0, 0), size, device)
        return blended(own, other, weight)

    if wanted.varying is not None:
        wanted = replace(wanted, varying=wanted.varying.padded(size))
    pull = None if wanted.varying is None else Pull(wanted.varying, device, shift_for_some)
    x = draw()
    before: tuple[Step, Prediction] | None = None
    for (now, then, number), axes in zip(turns, looks, strict=True):
        step = schedule.between(now, then)
        clean, share = torch.zeros_like(x), torch.zeros_like(x) if denoiser.learns_variance else None
        for axis in axes:
            for rows in batches(size, axis, device):
                look(denoiser, wanted, x, now, axis, rows, 1 / len(axes), clean, share, settings.guidance)
                done += 1
                yield Emerging(done, of)
        clean = anchored(pulled(clean, wanted.fractions, pull), wanted.anchors)
        found = with_clean(Prediction(clean, x, share), clean, x, math.sqrt(step.left), math.sqrt(1 - step.left))
        y = stepped(settings.sampler, x, found, step, draw, settings.eta, before)
        if number + 1 < passes:
            x = step.back(y, draw())
            continue
        x, before = y, (step, found)
        yield Emerging(done, of, plain_labels(clean[crop].cpu().numpy()))
    field: np.ndarray = x[crop].cpu().numpy()
    return field


def weight_over(wanted: Wanted, size: Triple) -> float | np.ndarray | None:
    """How far the noise of a volume, padded to ``size``, has passed into that of another seed; None: not at all."""
    if wanted.towards is None:
        return None
    weight = wanted.towards.over(wanted.size)
    if not isinstance(weight, Mask):
        return weight
    beyond = [(0, side - own) for side, own in zip(size, wanted.size, strict=True)]
    padded: np.ndarray = np.pad(weight.resampled(wanted.size).fraction, beyond, mode="edge")
    return padded


def batches(size: Triple, axis: int, device: str) -> list[slice]:
    """The sections across an axis, in runs that are denoised at once."""
    area = math.prod(size) // size[axis]
    each = max(1, PIXELS_AT_ONCE.get(device.partition(":")[0], PIXELS_AT_ONCE["cpu"]) // area)
    return [slice(first, min(first + each, size[axis])) for first in range(0, size[axis], each)]


@torch.no_grad()
def look(
    denoiser: Denoiser,
    wanted: Wanted,
    x: Tensor,
    now: int,
    axis: int,
    rows: slice,
    weight: float,
    clean: Tensor,
    share: Tensor | None,
    guidance: float = 0.0,
) -> None:
    """Add ``weight`` times what the denoiser says of some sections across ``axis`` to ``clean`` and ``share``."""
    sections = x.movedim(axis + 1, 0)[rows].contiguous(memory_format=torch.channels_last)
    condition = Condition.nothing(len(sections), denoiser.channels, x.device)
    if wanted.told is not None:
        condition.fraction[:] = torch.tensor(told_of(wanted, axis, rows), device=x.device)
    condition.label[:] = wanted.labels[axis]
    along, across = (repeats for other, repeats in enumerate(wanted.periodic) if other != axis)
    found = denoiser.predict(sections, now, condition, guidance, (along, across))
    clean.movedim(axis + 1, 0)[rows] += weight * found.clean
    if share is not None and found.share is not None:
        share.movedim(axis + 1, 0)[rows] += weight * found.share


def told_of(wanted: Wanted, axis: int, rows: slice) -> list[tuple[float, ...]]:
    """What some sections across ``axis`` are told of their fractions: of all the same, or of each its own mean."""
    told = wanted.told or ()
    if wanted.varying is None:
        return [told] * (rows.stop - rows.start)
    return [wanted.varying.fractions(float(share)) for share in wanted.varying.along(axis)[rows]]


def pulled(clean: Tensor, fractions: tuple[float, ...] | None, pull: Pull | None = None) -> Tensor:
    """The expected picture (C, …) within −1 and 1, and, where fractions are asked for, with the mean that they mean.

    A voxel of −1 or 1 whose expectation is m has the log-odds 2·artanh(m). All of a channel's are shifted by the same
    amount, as another prior would: what is certain stays, what is open leans. Where fractions vary in space, ``pull``
    does so level by level.
    """
    clean = clean.clamp(-SURE, SURE)
    if pull is not None:
        return torch.tanh(pull(torch.atanh(clean)))
    if fractions is None:
        return clean
    odds = torch.atanh(clean)
    for channel, fraction in enumerate(fractions):
        odds[channel] += shift_for_some(odds[channel].flatten(), fraction)
    return torch.tanh(odds)


def shift_for_some(odds: Tensor, fraction: float) -> float:
    """As `shift_for`, found from some of many ``odds`` (n,)."""
    return shift_for(odds[:: max(1, len(odds) // _LOOKED_AT)], fraction)


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


def anchored(clean: Tensor, anchors: Mapping[Anchor, np.ndarray]) -> Tensor:
    """The expected picture with the given sections in their places: what the sampler makes of them is exactly what the
    forward process makes of the truth, and the sections that cross them see it."""
    for (axis, place), section in anchors.items():
        known = torch.from_numpy(np.ascontiguousarray(section)).to(clean)
        height, width = known.shape[1:]
        clean.movedim(axis + 1, 0)[place][:, :height, :width] = known
    return clean
