"""The map of S2 that training compares, against the exact statistics."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from core.reconstruction.swnn.correlation import ExemplarCorrelation, two_point_half_map
from core.statistics import two_point_map


def sections(count: int = 2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal((count, 26, 31)), (0, 1.0, 2.5))
    return smooth > 0.05


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_map_is_that_of_the_statistics() -> None:
    inside = sections()
    found = two_point_half_map(torch.from_numpy(inside.astype(np.float64)), 5).numpy()
    exact = np.mean([two_point_map(section, 5) for section in inside], axis=0)
    assert found == pytest.approx(exact[:, 5:], abs=1e-9)


def test_grey_values_by_counting() -> None:
    grey = np.random.default_rng(1).random((1, 7, 6))
    found = two_point_half_map(torch.from_numpy(grey), 2).numpy()
    for dy in range(-2, 3):
        for dx in range(3):
            products = [
                grey[0, y, x] * grey[0, y + dy, x + dx] for y in range(7) for x in range(6 - dx) if 0 <= y + dy < 7
            ]
            assert found[dy + 2, dx] == pytest.approx(np.mean(products))


def test_the_exemplars_own_averages_are_nearer_than_another_image() -> None:
    """A checkerboard of 8 px averaged over cells of 4 px is a checkerboard of 2 cells."""
    y, x = np.ogrid[:64, :64]
    board = (y // 8 + x // 8) % 2 == 0
    correlation = ExemplarCorrelation(board[None], 4, 4)
    cells = board[::4, ::4].astype(np.float32) * 2 - 1
    slanted = np.triu(np.ones((16, 16), np.float32)) * 2 - 1
    near, far = (
        correlation.distance(torch.from_numpy(image).expand(1, 1, 16, 16, 16), (0,), draw(), 4).item()
        for image in (cells, slanted)
    )
    assert near < 0.3 * far  # not 0: the exemplar is averaged at every place, not on one grid


def test_a_field_in_finer_cells_is_averaged_in_its_sections_only() -> None:
    image = torch.from_numpy(sections(1)[0].astype(np.float32))
    cells = torch.nn.functional.avg_pool2d(image[None], 2)[0]
    fine = (2 * image - 1).expand(1, 1, 6, *image.shape)  # the same in every section across z
    coarse = (2 * cells - 1).expand(1, 1, 3, *cells.shape)
    correlation = ExemplarCorrelation(sections(2)[:1], 2, 4)
    wanted = correlation.distance(coarse, (0,), draw(), 2).item()
    given = [correlation.distance(fine, (0,), draw(seed)).item() for seed in range(12)]
    # one grid of four is that of the cells; on the others the numbers are near, but others
    assert any(value == pytest.approx(wanted) for value in given)
    assert len({round(value, 6) for value in given}) == 4


def test_reach_is_cut_to_the_exemplar() -> None:
    assert ExemplarCorrelation(sections(1), 4, 100).reach == (26 - 4 + 1 - 1) // 4


def test_there_is_a_gradient() -> None:
    field = torch.randn(1, 1, 9, 9, 9, requires_grad=True)
    ExemplarCorrelation(sections(1), 2, 4).distance(torch.tanh(field), (0, 1, 2), draw(), 2).backward()
    assert field.grad is not None
    assert float(field.grad.abs().sum()) > 0
