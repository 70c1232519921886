"""The pyramid: what it reads, how it interpolates, and that blocks made apart fit together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from core.reconstruction.swnn.network import Box, SwnnNetwork, doubled
from core.reconstruction.swnn.settings import PRESETS, SwnnSettings

FIELD = 48  # cells of every level's test noise, centred on 0


def _network(settings: SwnnSettings, seed: int = 0) -> SwnnNetwork:
    torch.manual_seed(seed)
    network = SwnnNetwork(settings)
    for module in network.modules():  # statistics and scales that are not those of a fresh network
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.1, 0.4)
            torch.nn.init.normal_(module.weight, 1.0, 0.2)
    return network.eval()


def _noise(network: SwnnNetwork, origin: tuple[int, int, int], size: tuple[int, int, int]) -> list[torch.Tensor]:
    """Cuts of one fixed field of noise per level, so that a position always has the same noise."""
    cuts = []
    for grid, box in zip(network.noise_grids, network.noise_boxes(origin, size), strict=True):
        generator = torch.Generator().manual_seed(grid.level)
        field = torch.randn(1, grid.channels, FIELD, FIELD, FIELD, generator=generator)
        for axis in range(3):
            field = field.narrow(axis + 2, box.start[axis] + FIELD // 2, box.shape[axis])
        cuts.append(field)
    return cuts


CASES = {
    "paper": PRESETS["paper"],
    "fast": replace(PRESETS["fast"], levels=3),
    "fast of a coarse exemplar": replace(PRESETS["fast"], levels=4),
    "thorough": replace(PRESETS["thorough"], levels=3),
    "thorough of a coarse exemplar": replace(PRESETS["thorough"], levels=4),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("origin", [(-3, 1, -5), (0, -1, 3), (-7, -6, 2)])
def test_overlapping_boxes_agree(name: str, origin: tuple[int, int, int]) -> None:
    network = _network(CASES[name])
    size, other, other_size = (8, 9, 7), tuple(o + 3 for o in origin), (6, 7, 9)
    with torch.no_grad():
        first = network(_noise(network, origin, size), origin, size)
        second = network(_noise(network, other, other_size), other, other_size)
    a = first[0, 0, 3:8, 3:9, 3:7]
    b = second[0, 0, :5, :6, :4]
    # the linear output of `paper` is not of the order of 1
    assert torch.allclose(a, b, rtol=0, atol=1e-5 * float(a.abs().max()))
    assert a.std() > 1e-2  # not the agreement of two constants


def test_interpolation_and_its_gradient_are_those_of_torch_inside() -> None:
    values = torch.randn(2, 3, 6, 5, 7, requires_grad=True)
    coarse = Box((0, 0, 0), (6, 5, 7))
    fine = Box((1, 3, 2), (10, 6, 9))
    assert fine.coarser.start == (0, 1, 0)
    whole = functional.interpolate(values, scale_factor=2, mode="trilinear", align_corners=False)
    reference = whole[:, :, 1:11, 3:9, 2:11]
    mine = doubled(values, coarse, fine)
    assert torch.allclose(mine, reference, atol=1e-6)
    weights = torch.randn_like(reference)
    wanted = torch.autograd.grad((reference * weights).sum(), values)[0]
    found = torch.autograd.grad((mine * weights).sum(), values)[0]
    assert torch.allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize(("start", "shape"), [(0, 4), (1, 4), (-1, 3), (-4, 1), (7, 2)])
def test_coarser_box_holds_just_what_interpolation_reads(start: int, shape: int) -> None:
    read = set()
    for fine in range(start, start + shape):
        cell = fine // 2
        read |= {cell, cell - 1 if fine % 2 == 0 else cell + 1}
    box = Box((start,) * 3, (shape,) * 3).coarser
    assert set(range(box.start[0], box.start[0] + box.shape[0])) == read


def test_the_published_network() -> None:
    network = SwnnNetwork(PRESETS["paper"])
    kernels = [m.kernel_size for m in network.modules() if isinstance(m, torch.nn.Conv3d)]
    assert kernels == [(3, 3, 3)] * 8 + [(1, 1, 1)]
    (box,) = network.noise_boxes((0, 0, 0), (1, 128, 128))
    assert box == Box((-8, -8, -8), (17, 144, 144))


def test_output_saturates_between_the_phases() -> None:
    network = _network(replace(PRESETS["fast"], levels=2))
    with torch.no_grad():
        field = network(_noise(network, (0, 0, 0), (8, 8, 8)), (0, 0, 0), (8, 8, 8))
    assert field.shape == (1, 1, 8, 8, 8)
    assert np.abs(field.numpy()).max() <= 1


def test_noise_of_the_wrong_shape_is_refused() -> None:
    network = _network(replace(PRESETS["fast"], levels=2))
    noise = _noise(network, (0, 0, 0), (8, 8, 8))
    with pytest.raises(ValueError, match="level 0"):
        network(noise, (1, 0, 0), (10, 8, 8))


def test_unresolved_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="resolve"):
        SwnnNetwork(PRESETS["fast"])


def test_a_block_made_from_the_overview_is_the_block_made_whole() -> None:
    network = _network(replace(PRESETS["fast"], levels=4, overview=2))
    origin, size = (4, -8, 12), (8, 12, 4)
    noises = _noise(network, origin, size)
    needed = network.overview_box(origin, size)
    around = needed.grown(2)
    coarse = []
    for grid, box in zip(
        network.noise_grids[2:], network.noise_boxes(around.start, around.shape, level=2), strict=True
    ):
        generator = torch.Generator().manual_seed(grid.level)
        field = torch.randn(1, grid.channels, FIELD, FIELD, FIELD, generator=generator)
        for axis in range(3):
            field = field.narrow(axis + 2, box.start[axis] + FIELD // 2, box.shape[axis])
        coarse.append(field)
    with torch.no_grad():
        whole = network(noises, origin, size)
        features, field = network.overview_of(coarse, around)
        refined = network.refined(features, around, noises[:2], origin, size)
    assert tuple(field.shape) == (1, 1, *around.shape)
    assert torch.allclose(refined, whole, atol=1e-5)
    assert whole.std() > 1e-2


def test_a_network_without_an_overview_says_so() -> None:
    network = _network(replace(PRESETS["fast"], levels=2, overview=0))
    with pytest.raises(ValueError, match="no overview"):
        network.overview_of([], Box((0, 0, 0), (4, 4, 4)))
