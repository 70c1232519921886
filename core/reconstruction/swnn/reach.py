"""How far a network sees: what noise, or mask, a voxel's value depends on."""

from __future__ import annotations

from core.reconstruction.swnn.network import SwnnNetwork


def receptive_field(network: SwnnNetwork) -> int:
    """Voxels along an axis, on all levels of noise together, that one voxel of the output depends on at most.

    A sharp edge of a mask becomes a transition no wider than this: what does not see it cannot know of it.
    """
    coarsest = network.noise_grids[-1].stride
    widths = []
    for place in range(coarsest):  # coarse cells lie differently about each voxel of one
        boxes = network.noise_boxes((place, place, place), (1, 1, 1))
        ends = [
            (box.start[0] * grid.stride, (box.start[0] + box.shape[0]) * grid.stride)
            for grid, box in zip(network.noise_grids, boxes, strict=True)
        ]
        widths.append(max(end for _, end in ends) - min(start for start, _ in ends))
    return max(widths)
