"""What an SWNN run will cost: the voxels its convolutions write, counted exactly, times a speed measured on the spot.

The speed is that of the network itself on a small box, forwards alone and with its gradients. What training adds to it
(patterns, sorting, the optimiser) is taken as a share, found by comparing with whole runs. Time estimates were within a
third of what runs took, on a machine whose load does not change meanwhile.
"""

from __future__ import annotations

import functools
import time
from dataclasses import replace

import torch
from torch import nn

from core.generation.tiles import TILE_EDGE, tile_origins
from core.reconstruction.engine import Estimate
from core.reconstruction.swnn.model import CALIBRATION_SIZE
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.serving import NODES
from core.reconstruction.swnn.settings import SwnnSettings
from core.reconstruction.swnn.training import overview_around, training_blocks
from core.reconstruction.weights import first_weights

Triple = tuple[int, int, int]

_FORWARD_EDGE, _GRADIENT_EDGE = 48, 24
TRAINING_SHARE = 0.9
GENERATION_SHARE = 1.15
"""Whole runs over the network alone on its small box: patterns, optimiser, noise, against larger and faster boxes."""
PHASE_SHARE = 0.3
"""What comparing one more channel adds to a step of training."""
_TENSORS_KEPT = 3.5
"""Tensors of full width that one block holds for its gradients, or, without them, while it works."""
_BYTES = 4
_FIXED_BYTES = 600 << 20
"""What Python and torch take once they compute."""


def estimate(settings: SwnnSettings, size: Triple, device: str, phases: int = 2) -> Estimate:
    """Time and memory of a run with resolved ``settings`` on ``device`` ("cpu" or "cuda")."""
    with torch.device("meta"):
        network = SwnnNetwork(settings, phases)
    blocks = [block for _, block in training_blocks(settings)]
    batch = settings.batch or 1
    per_step = batch * sum(step_voxels(network, block) for block in blocks)
    per_tile = block_voxels(network, (TILE_EDGE,) * 3)
    tiles = len(tile_origins((0, 0, 0), size, TILE_EDGE))
    forward, both = seconds_per_voxel(_architecture(settings), device)
    largest = batch * max(step_voxels(network, block) for block in blocks)
    width = _TENSORS_KEPT * settings.channels * _BYTES
    finest = (TILE_EDGE + 2 * settings.fine_convolutions) ** 3
    voxels = size[0] * size[1] * size[2]
    # each further phase adds its patterns, shapes and maps
    more = 1 + PHASE_SHARE * (phases - 2 if phases == 2 else phases - 1)
    unlimited = settings.iterations * per_step * both * TRAINING_SHARE * more
    # a range is calibrated at each of its nodes, and once more where the first look was not close enough
    fields = 2 * NODES if settings.conditional else 1
    sample = len(tile_origins((0, 0, 0), CALIBRATION_SIZE, TILE_EDGE))
    return Estimate(
        train_seconds=unlimited if settings.time_limit is None else min(unlimited, settings.time_limit),
        generate_seconds=tiles * per_tile * forward * GENERATION_SHARE,
        memory_bytes=_FIXED_BYTES + int(max(largest * width, finest * width + 4 * voxels)),
        calibrate_seconds=fields * sample * per_tile * forward * GENERATION_SHARE,
    )


def step_voxels(network: SwnnNetwork, size: Triple) -> float:
    """As `block_voxels`, for one step of training on one block: with its overview, where there is one."""
    level = network.settings.overview or 0
    if not level:
        return block_voxels(network, size)
    around, _ = overview_around(network, size)
    return block_voxels(network, around.shape, level) + block_voxels(network, size, 0, level)


def block_voxels(network: SwnnNetwork, size: Triple, level: int = 0, stop: int | None = None) -> float:
    """Voxels that all convolution blocks write for an output of ``size``, in units of blocks as wide as the finest.

    Half of a block's time goes by what it writes (normalisation and the rest), half by what it multiplies.
    ``size`` is in cells of ``level``; levels from ``stop`` on are left out.
    """
    width = network.settings.channels
    total = 0.0
    boxes = network.noise_boxes((0, 0, 0), size, level)
    for stage, box in list(zip(network.stages[level:], boxes, strict=True))[: None if stop is None else stop - level]:
        z, y, x = box.shape
        for module in stage.modules():
            if isinstance(module, nn.Conv3d):
                z, y, x = z - 2, y - 2, x - 2
                total += z * y * x * module.out_channels / width * (0.5 + 0.5 * module.in_channels / width)
    return total


def _architecture(settings: SwnnSettings) -> SwnnSettings:
    """Settings that differ only in what does not shape the network become the same, and are measured once."""
    plain = SwnnSettings()
    shaping = ("levels", "channels", "coarse_channels", "fine_convolutions", "coarse_convolutions", "noise_channels")
    return replace(plain, **{name: getattr(settings, name) for name in shaping})


@functools.cache
def seconds_per_voxel(settings: SwnnSettings, device: str) -> tuple[float, float]:
    """Time per `block_voxels` of a network: forwards, and forwards and backwards. Measured once a process."""
    network = first_weights(lambda: SwnnNetwork(settings), 0).to(device)
    speeds = []
    for gradients, edge in ((False, _FORWARD_EDGE), (True, _GRADIENT_EDGE)):
        network.train(gradients)
        size = (edge,) * 3
        boxes = network.noise_boxes((0, 0, 0), size)
        noises = [
            torch.zeros(1, grid.channels, *box.shape, device=device)
            for grid, box in zip(network.noise_grids, boxes, strict=True)
        ]
        # the first is a rehearsal: libraries prepare their kernels then
        for _ in range(2):
            began = _now(device)
            with torch.set_grad_enabled(gradients):
                field = network(noises, (0, 0, 0), size)
            if gradients:
                field.sum().backward()
            seconds = _now(device) - began
        speeds.append(seconds / block_voxels(network, size))
    return speeds[0], speeds[1]


def _now(device: str) -> float:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()
