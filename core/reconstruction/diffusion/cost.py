"""What a run will cost: the sections that are looked at, counted exactly, times a speed measured on the spot."""

from __future__ import annotations

import functools
import math
import time
from dataclasses import fields, replace

import torch

from core.generation.periods import NOWHERE, Triple
from core.reconstruction.diffusion.denoiser import Condition, Denoiser, parameters_of
from core.reconstruction.diffusion.planes import sampled_size
from core.reconstruction.diffusion.samplers import SECOND_ORDER
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.diffusion.training import parts
from core.reconstruction.engine import Estimate
from core.reconstruction.weights import first_weights

_SHAPING = ("channels", "levels", "widening", "blocks", "attention", "bound_weight", "told", "prediction", "patch")
TRAINING_SHARE = 1.25
"""A step of training over the network alone: crops, the optimiser, the running mean, previews. Measured."""
_TENSORS_KEPT = 90
"""Tensors of the finest resolution that one residual block a resolution holds for its gradients, all in all."""
_BYTES = 4
_FIXED_BYTES = 500 << 20
"""What Python and torch take once they compute."""
_FEATURES = 4 * 64 * 64 * 24
"""Features at full resolution that are timed at once on a processor."""
_QUICK = 48
"""Up to so many channels, sections of 64 px are soon done."""
_COPIES, _LOOKING_BACK = 9, 2
"""Of the volume while it is sampled: itself, what is expected, odds, noise, the next one, and passing ones; besides,
where a sampler looks back at the step before. Measured at 256³."""


def estimate(settings: DiffusionSettings, size: Triple, device: str, channels: int = 1) -> Estimate:
    """Time and memory of a run with resolved ``settings`` on ``device``."""
    forward, both = seconds_per_pixel(_architecture(settings), device)
    crop = settings.crop or 64
    unlimited = settings.iterations * settings.batch * crop**2 * both * TRAINING_SHARE
    voxels = math.prod(sampled_size(size, NOWHERE, settings.stride))
    turns = settings.steps * settings.passes
    looks = 3 * turns if settings.planes == "together" else turns + 2
    looks *= 2 if settings.guidance > 0 and settings.told else 1
    at_once = max(part.stop - part.start for part in parts(settings, device))
    training = at_once * crop**2 * settings.channels * _TENSORS_KEPT * settings.blocks * _BYTES
    weights = 5 * _BYTES * parameters_of(settings, channels)
    return Estimate(
        train_seconds=unlimited if settings.time_limit is None else min(unlimited, settings.time_limit),
        generate_seconds=looks * voxels * forward,
        memory_bytes=_FIXED_BYTES + weights + max(training, volume_bytes(size, settings, channels)),
    )


def volume_bytes(size: Triple, settings: DiffusionSettings, channels: int = 1) -> int:
    """What sampling a volume of ``size`` holds at once."""
    section = max(math.prod(size) // side for side in size) * settings.channels * 8
    copies = _COPIES + _LOOKING_BACK * (settings.sampler in SECOND_ORDER)
    return int(math.prod(sampled_size(size, NOWHERE, settings.stride)) * channels * copies + section) * _BYTES


def _architecture(settings: DiffusionSettings) -> DiffusionSettings:
    """Settings that differ only in what does not shape the network become the same, and are measured once."""
    names = {field.name for field in fields(settings)} & set(_SHAPING)
    return replace(DiffusionSettings(crop=64), **{name: getattr(settings, name) for name in names})


@functools.cache
def seconds_per_pixel(settings: DiffusionSettings, device: str) -> tuple[float, float]:
    """Time of a network a pixel: forwards, and forwards and backwards. Measured once a process."""
    denoiser = first_weights(lambda: Denoiser(settings), 0)
    denoiser.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    count, edge = _sample(settings, device)
    x = torch.zeros(count, 1, edge, edge, device=device).contiguous(memory_format=torch.channels_last)
    times = torch.ones(count, dtype=torch.int64, device=device)
    told = Condition.nothing(count, 1, device)
    speeds = []
    for gradients in (False, True):
        # the first is a rehearsal: libraries prepare their kernels then
        for _ in range(2):
            began = _now(device)
            with torch.set_grad_enabled(gradients):
                answer, _ = denoiser(x, times, told)
            if gradients:
                answer.sum().backward()
            seconds = _now(device) - began
        speeds.append(seconds / (count * edge * edge))
    return speeds[0], speeds[1]


def _sample(settings: DiffusionSettings, device: str) -> tuple[int, int]:
    """How many sections of which edge are timed: as a run's, for small ones take longer a pixel, if it is soon done."""
    if device.startswith("cuda"):
        return 16, max(32, 2 * settings.stride)
    edge = max(64 if settings.channels <= _QUICK else 32, 2 * settings.stride)
    return max(1, _FEATURES // (edge * edge * settings.channels)), edge


def _now(device: str) -> float:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()
