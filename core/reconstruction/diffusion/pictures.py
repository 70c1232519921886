"""Pictures from a denoiser, without a volume: what it has learned is judged by them, plane sampling aside."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator

import numpy as np
import torch

from core.errors import InputError
from core.generation.noise import gaussian
from core.job import Progress
from core.reconstruction.diffusion.denoiser import Condition, Denoiser
from core.reconstruction.diffusion.phases import plain_labels
from core.reconstruction.diffusion.planes import PIXELS_AT_ONCE
from core.reconstruction.diffusion.prediction import Prediction, with_clean
from core.reconstruction.diffusion.samplers import sample
from core.reconstruction.diffusion.settings import DiffusionSettings


def sampling_pictures(
    denoiser: Denoiser,
    count: int,
    edge: int,
    seed: int,
    *,
    label: int = -1,
    fractions: np.ndarray | None = None,
    device: str = "cpu",
    settings: DiffusionSettings | None = None,
) -> Generator[Progress, None, np.ndarray]:
    """Make ``count`` pictures; arguments as of `sampling_fields`.

    Returns
    -------
    np.ndarray
        Labels, shape (count, edge, edge), uint8.
    """
    fields = yield from sampling_fields(
        denoiser, count, edge, seed, label=label, fractions=fractions, device=device, settings=settings
    )
    return np.stack([plain_labels(field) for field in fields])


def check_edge(count: int, edge: int, stride: int) -> None:
    """Check that a network of this ``stride`` can make ``count`` pictures of ``edge`` rows and columns.

    Raises
    ------
    InputError
        Where it cannot.
    """
    if count < 1:
        raise InputError(f"At least one picture is made, not {count}.")
    if edge < 1 or edge % stride:
        below = max(1, edge // stride) * stride
        raise InputError(
            f"Sides of pictures are whole multiples of {stride} px for this network, {edge} px are not.",
            f"Choose {below} or {below + stride} px.",
        )


def sampling_fields(
    denoiser: Denoiser,
    count: int,
    edge: int,
    seed: int,
    *,
    label: int = -1,
    fractions: np.ndarray | None = None,
    device: str = "cpu",
    settings: DiffusionSettings | None = None,
    within: bool = False,
) -> Generator[Progress, None, np.ndarray]:
    """Make the channels of ``count`` pictures; yields after each step of each batch of them.

    Parameters
    ----------
    denoiser
        In evaluation mode, on ``device``.
    edge
        Rows and columns, a whole multiple of the settings' ``stride``.
    label
        The class, −1 for none.
    fractions
        Share of each channel that the denoiser is told of each picture, shape (count, C); None for nothing.
    settings
        Say how to sample; by default the denoiser's own.
    within
        Whether what is expected is kept within −1 and 1 at every step, as grey values are.

    Returns
    -------
    np.ndarray
        Shape (count, C, edge, edge), float32: about −1 to 1.
    """
    settings = settings or denoiser.settings
    times = denoiser.schedule.trajectory(settings.steps, settings.crowding)
    each = max(1, PIXELS_AT_ONCE.get(device.partition(":")[0], PIXELS_AT_ONCE["cpu"]) // edge**2)
    steps = len(times) - 1
    made: list[np.ndarray] = []
    for first in range(0, count, each):
        now = min(each, count - first)
        condition = Condition.nothing(now, denoiser.channels, device)
        condition.label[:] = label
        if fractions is not None:
            condition.fraction[:] = torch.from_numpy(fractions[first : first + now])
        drawn = iter(range(1 << 30))

        def draw(first: int = first, now: int = now, drawn: Iterator[int] = drawn) -> torch.Tensor:
            # pictures are sections of one block of noise, so that their number changes none of them
            block = gaussian(seed, next(drawn), denoiser.channels, (first, 0, 0), (now, edge, edge), device)
            return block.movedim(1, 0).contiguous(memory_format=torch.channels_last)

        def denoise(x: torch.Tensor, time: int, condition: Condition = condition) -> Prediction:
            with torch.no_grad():
                found = denoiser.predict(
                    x.contiguous(memory_format=torch.channels_last), time, condition, settings.guidance
                )
            if not within:
                return found
            left = float(denoiser.schedule.left[time])
            return with_clean(found, found.clean.clamp(-1, 1), x, math.sqrt(left), math.sqrt(1 - left))

        making = sample(denoise, denoiser.schedule, draw(), times, draw, settings.sampler, settings.eta)
        for step in range(steps):
            next(making)
            yield Progress(first * steps // each + step + 1, -(-count // each) * steps, "Sampling pictures")
        try:
            next(making)
        except StopIteration as end:
            made += list(end.value.cpu().numpy())
    return np.stack(made)
