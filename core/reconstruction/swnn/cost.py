"""What an SWNN run will cost: voxels times features, counted exactly, times a speed measured on the spot.

The speed is that of one block (3³ convolution, batch normalisation, LeakyReLU) of the network's own width on a small
cube, forwards alone and with its gradients. Everything else (interpolation, patterns, sorting, the optimiser) is taken
as a share of that, found by comparing with whole runs; time estimates are right within about a third.
"""

from __future__ import annotations

import functools
import time

import torch
from torch import nn

from core.generation.tiles import TILE_EDGE, tile_origins
from core.reconstruction.engine import Estimate
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.settings import SwnnSettings
from core.reconstruction.swnn.training import training_blocks

Triple = tuple[int, int, int]

_EDGE = 32
_REPEATS = 3
TRAINING_SHARE = 1.35
GENERATION_SHARE = 1.5
"""Whole runs over their convolution blocks alone, measured with the preset ``fast``."""
_TENSORS_KEPT = 3.5
"""Tensors of full width that one block holds for its gradients, or, without them, while it works."""
_BYTES = 4
_FIXED_BYTES = 300 << 20
"""What torch itself takes once it computes."""


def estimate(settings: SwnnSettings, size: Triple, device: str) -> Estimate:
    """Time and memory of a run with resolved ``settings`` on ``device`` ("cpu" or "cuda")."""
    with torch.device("meta"):
        network = SwnnNetwork(settings)
    blocks = [block for _, block in training_blocks(settings)]
    per_step = settings.batch * sum(block_voxels(network, block) for block in blocks)
    per_tile = block_voxels(network, (TILE_EDGE,) * 3)
    tiles = len(tile_origins((0, 0, 0), size, TILE_EDGE))
    forward, both = seconds_per_voxel(settings.channels, device)
    largest = settings.batch * max(block_voxels(network, block) for block in blocks)
    width = _TENSORS_KEPT * settings.channels * _BYTES
    finest = (TILE_EDGE + 2 * settings.fine_convolutions) ** 3
    voxels = size[0] * size[1] * size[2]
    unlimited = settings.iterations * per_step * both * TRAINING_SHARE
    return Estimate(
        train_seconds=unlimited if settings.time_limit is None else min(unlimited, settings.time_limit),
        generate_seconds=tiles * per_tile * forward * GENERATION_SHARE,
        memory_bytes=_FIXED_BYTES + int(max(largest * width, finest * width + 4 * voxels)),
    )


def block_voxels(network: SwnnNetwork, size: Triple) -> float:
    """Voxels that all convolution blocks write for an output of ``size``, in units of blocks as wide as the finest.

    Half of a block's time goes by what it writes (normalisation and the rest), half by what it multiplies.
    """
    width = network.settings.channels
    total = 0.0
    for stage, box in zip(network.stages, network.noise_boxes((0, 0, 0), size), strict=True):
        z, y, x = box.shape
        for module in stage.modules():
            if isinstance(module, nn.Conv3d):
                z, y, x = z - 2, y - 2, x - 2
                total += z * y * x * module.out_channels / width * (0.5 + 0.5 * module.in_channels / width)
    return total


@functools.cache
def seconds_per_voxel(channels: int, device: str) -> tuple[float, float]:
    """Time of one block per voxel written: forwards, and forwards and backwards. Measured once a process."""
    block = nn.Sequential(
        nn.Conv3d(channels, channels, 3, bias=False), nn.BatchNorm3d(channels), nn.LeakyReLU(0.1, inplace=True)
    ).to(device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    values = torch.randn(1, channels, _EDGE, _EDGE, _EDGE, device=device)
    values = values.contiguous(memory_format=torch.channels_last_3d)
    written = (_EDGE - 2) ** 3
    times: list[list[float]] = [[], []]
    for _ in range(_REPEATS + 1):
        for kind in (0, 1):
            began = _now(device)
            if kind == 0:
                with torch.inference_mode():
                    block(values)
            else:
                block(values.clone().requires_grad_()).sum().backward()
            times[kind].append(_now(device) - began)
    forward, both = (min(measured[1:]) / written for measured in times)
    return forward, both


def _now(device: str) -> float:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()
