"""The lines, squares and pieces of sections against counting, and that they tell threads from discs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from core.reconstruction.swnn.shapes import (
    ExemplarShapes,
    euler_number,
    inclusion_curves,
    pieces_per_pixel,
)


def sections(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return ndimage.gaussian_filter(rng.standard_normal((2, 20, 23)), (0, 1.5, 1.5)) > 0.05


def test_curves_count_the_places_where_lines_and_squares_fit() -> None:
    inside = sections()
    lengths = (1, 2, 3, 4, 6)
    curves = inclusion_curves(torch.from_numpy(inside.astype(np.float32)), lengths).numpy()
    _, height, width = inside.shape
    for place, r in enumerate(length - 1 for length in lengths):
        down = [inside[:, y : y + r + 1].all(axis=1) for y in range(height - r)]
        right = [inside[:, :, x : x + r + 1].all(axis=2) for x in range(width - r)]
        square = [
            inside[:, y : y + r + 1, x : x + r + 1].all(axis=(1, 2))
            for y in range(height - r)
            for x in range(width - r)
        ]
        assert curves[:, place] == pytest.approx([np.mean(down), np.mean(right), np.mean(square)], abs=1e-6)


def test_the_euler_number_counts_vertices_edges_and_faces() -> None:
    image = np.zeros((1, 64, 64), bool)
    image[0].reshape(8, 8, 8, 8)[:, 2:5, :, 3:6] = True  # 64 squares of 3 × 3, none at the border
    found = float(euler_number(inclusion_curves(torch.from_numpy(image.astype(np.float64)), (1, 2))))
    vertices, edges, faces = 64 * 9 / 64**2, 64 * 12 / (63 * 64), 64 * 4 / 63**2
    assert found == pytest.approx(vertices - edges + faces)
    assert found * 64**2 == pytest.approx(64, rel=0.1)  # as many pieces, but for the places a section's edge lacks


def test_holes_count_against_pieces() -> None:
    image = np.ones((1, 200, 200), bool)
    image[0].reshape(10, 20, 10, 20)[:, 9:11, :, 9:11] = False
    found = float(euler_number(inclusion_curves(torch.from_numpy(image.astype(np.float64)), (1, 2))))
    assert found * 200**2 == pytest.approx(-100, abs=12)


def discs(edge: int = 48) -> np.ndarray:
    y, x = np.ogrid[:edge, :edge]
    return (y % 12 - 6) ** 2 + (x % 12 - 6) ** 2 < 16


def threads(edge: int = 48) -> np.ndarray:
    return np.broadcast_to(np.arange(edge)[:, None] % 6 < 2, (edge, edge)).copy()


def block(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.astype(np.float32) * 2 - 1).expand(1, 1, 8, *image.shape)


def test_threads_are_far_from_discs() -> None:
    shapes = ExemplarShapes(discs()[None], 8)
    draw = torch.Generator().manual_seed(0)
    near = float(shapes.distance(block(discs()), (0,), draw))
    far = float(shapes.distance(block(threads()), (0,), draw))
    assert near == pytest.approx(0, abs=1e-3)
    assert far > 0.2


def test_there_is_a_gradient() -> None:
    values = torch.randn(1, 1, 12, 12, 12, requires_grad=True)
    shapes = ExemplarShapes(discs()[None], 5)
    shapes.distance(torch.tanh(values), (0, 1, 2), torch.Generator().manual_seed(0)).backward()
    assert values.grad is not None
    assert float(values.grad.abs().sum()) > 0


def test_pieces_are_counted_within_sections() -> None:
    sections = np.zeros((2, 4, 5), dtype=bool)
    sections[0, 0, 0] = sections[1, 0, 0] = True  # one above the other: two pieces
    sections[0, 2:, 3] = True
    sections[0, 1, 4] = True  # touches the one before at a corner
    assert pieces_per_pixel(sections) == 4 / 40


def test_as_many_pieces_as_holes_do_not_make_the_smallest_difference_huge() -> None:
    """A square and a square hole: both Euler numbers are about 0, and nothing could be divided by them."""
    section = np.zeros((24, 24), dtype=bool)
    section[:, 12:] = True
    section[10:13, 4:7], section[10:13, 17:20] = True, False
    shapes = ExemplarShapes(section[None], 6)
    # two pieces and two of the complement, of 576 pixels
    assert shapes._pieces == pytest.approx(0.9 * 4 / 576, rel=1e-3)
    without = section.copy()
    without[10:13, 4:7] = False
    block = torch.from_numpy(without.astype(np.float32) * 2 - 1)[None, None, None].repeat(1, 1, 8, 1, 1)
    assert float(shapes.distance(block, (0,), torch.Generator().manual_seed(0))) < 0.5
