"""Euler number and specific surface: against counts of cells, scikit-image and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from skimage import measure

from core.errors import InputError
from core.statistics import two_point_axes
from core.statistics.components import label_components
from core.statistics.configurations import configuration_counts
from core.statistics.euler import euler_density, euler_number
from core.statistics.specific_surface import specific_surface


def euler_of_closed_pixels(inside: np.ndarray) -> int:
    """Vertices less edges plus faces less cubes of the union of closed pixels: cells named by doubled coordinates."""
    cells = set()
    for pixel in zip(*np.nonzero(inside), strict=True):
        cells |= set(itertools.product(*((2 * int(p), 2 * int(p) + 1, 2 * int(p) + 2) for p in pixel)))
    return sum((-1) ** sum(part % 2 for part in cell) for cell in cells)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("shape", [(6, 7), (5, 6, 4), (1, 4), (1, 1, 1)])
def test_euler_number_equals_a_count_of_cells(shape: tuple[int, ...], fraction: float) -> None:
    """With 26 (8) neighbours; with 6 (4) it is, up to a sign in the plane, that of the background in a frame."""
    inside = np.random.default_rng(1).random(shape) < fraction
    assert euler_number(inside, diagonal=True) == euler_of_closed_pixels(inside)
    outside = euler_of_closed_pixels(~np.pad(inside, 1))
    # space around: a frame is a ring in the plane (0) and a shell in space (2), one hollow or body less
    assert euler_number(inside) == (1 - outside if inside.ndim == 2 else outside - 1)


@pytest.mark.parametrize("shape", [(20, 21), (10, 11, 12)])
def test_euler_number_equals_scikit_image(shape: tuple[int, ...]) -> None:
    inside = np.random.default_rng(2).random(shape) < 0.4
    assert euler_number(inside) == measure.euler_number(inside, connectivity=1)
    assert euler_number(inside, diagonal=True) == measure.euler_number(inside, connectivity=inside.ndim)


def test_euler_numbers_by_hand() -> None:
    solid = np.zeros((7, 7, 7), bool)
    solid[1:6, 1:6, 1:6] = True
    hollow, ring = solid.copy(), solid.copy()
    hollow[3, 3, 3] = False
    ring[:, 3, 3] = False
    for diagonal in (False, True):
        assert euler_number(solid, diagonal) == 1
        assert euler_number(hollow, diagonal) == 2
        assert euler_number(ring, diagonal) == 0
        assert euler_number(ring[3], diagonal) == 0
        assert euler_number(solid[3], diagonal) == 1


def test_checkerboard() -> None:
    """Squares of 4 pixels in 32²: 32 pieces; joined at corners, one with holes, the 18 white squares inside.

    Of the 31² neighbourhoods 49 are corners of four squares, at which the two readings differ by one.
    """
    square = np.arange(32) // 4
    inside = (square[:, None] + square[None]) % 2 == 0
    assert euler_number(inside) == 32
    assert euler_number(inside, diagonal=True) == 1 - 18
    assert euler_density(inside) == pytest.approx(euler_density(inside, diagonal=True) + 49 / 31**2)


def test_density_is_unbiased() -> None:
    """The mean over all windows of a periodic structure is the count over its torus."""
    inside = np.random.default_rng(5).random((9, 10)) < 0.5
    torus = np.pad(inside, ((0, 1), (0, 1)), mode="wrap")
    for diagonal in (False, True):
        whole = euler_density(torus, diagonal)
        twice = np.tile(inside, (2, 2))
        windows = [
            euler_density(twice[y : y + 5, x : x + 4], diagonal) for y, x in itertools.product(range(9), range(10))
        ]
        assert np.mean(windows) == pytest.approx(whole, abs=1e-14)


@pytest.mark.parametrize("slab", [1 << 21, 1])
def test_configurations_are_counted_by_their_codes(slab: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.statistics.configurations.SLAB_VALUES", slab)
    inside = np.random.default_rng(5).random((4, 5, 6)) < 0.5
    expected = np.zeros(256, int)
    for corner in itertools.product(range(3), range(4), range(5)):
        bits = [
            inside[tuple(a + b for a, b in zip(corner, o, strict=True))] for o in itertools.product((0, 1), repeat=3)
        ]
        expected[sum(bool(there) << bit for bit, there in enumerate(bits))] += 1
    np.testing.assert_array_equal(configuration_counts(inside), expected)
    with pytest.raises(InputError, match="two of them"):
        configuration_counts(inside[:1])


def test_marching_cubes_equal_the_drawn_surface() -> None:
    inside = np.random.default_rng(7).random((9, 10, 11)) < 0.4
    vertices, triangles, _, _ = measure.marching_cubes(inside.astype(np.float32), 0.5)
    area = measure.mesh_surface_area(vertices, triangles)
    assert specific_surface(inside).marching == pytest.approx(area / (8 * 9 * 10), rel=1e-5)


def test_marching_squares_equal_contours() -> None:
    inside = np.random.default_rng(7).random((20, 21)) < 0.3
    lines = measure.find_contours(inside.astype(float), 0.5)
    length = sum(np.linalg.norm(np.diff(line, axis=0), axis=1).sum() for line in lines)
    assert specific_surface(inside).marching == pytest.approx(length / (19 * 20), rel=1e-10)


def test_laminate() -> None:
    """Layers 3 of 8 thick: two faces for every 8 px, all across z; marching cubes finds the same flat area."""
    inside = np.zeros((33, 16, 20), dtype=np.uint8)
    inside[np.arange(33) % 8 < 3] = 1
    found = specific_surface(inside)
    assert found.staircase_axes == (1 / 4, 0.0, 0.0)
    assert found.staircase == 1 / 4
    assert found.marching == pytest.approx(1 / 4, rel=1e-6)
    assert found.smooth == pytest.approx(2 / 3 * found.staircase)


def test_slope_of_s2() -> None:
    """Where the array repeats, S2(1) − S2(0) is exactly minus half the chance that neighbours differ."""
    inside = np.random.default_rng(7).random((12, 13, 14)) < 0.4
    torus = np.pad(inside, ((0, 1),) * 3, mode="wrap")
    faces = specific_surface(torus[:, :-1, :-1]).staircase_axes[0]
    s2 = two_point_axes(inside, 1, periodic=True)[0]
    assert s2[1] - s2[0] == pytest.approx(-faces / 2)


def test_sphere() -> None:
    """Of 4πR²: as voxel faces 3/2, by marching cubes about a tenth too much, from the slope right."""
    radius = 20.0
    z, y, x = np.indices((49, 49, 49)) - 24
    inside = z**2 + y**2 + x**2 <= radius**2
    found = specific_surface(inside)
    area = 4 * np.pi * radius**2 / 48**3
    assert found.staircase / area == pytest.approx(1.5, rel=0.05)
    assert found.smooth / area == pytest.approx(1.0, rel=0.06)
    assert found.marching / area == pytest.approx(1.09, abs=0.03)


def test_disc() -> None:
    y, x = np.indices((97, 97)) - 48
    inside = y**2 + x**2 <= 40**2
    found = specific_surface(inside)
    length = 2 * np.pi * 40 / 96**2
    assert found.staircase / length == pytest.approx(4 / np.pi, rel=0.02)
    assert found.boundary / length == pytest.approx(1.0, rel=0.02)
    assert found.marching / length == pytest.approx(1.05, abs=0.02)


def test_simple_pieces_are_as_many_as_the_euler_number_says() -> None:
    inside = np.zeros((20, 20, 20), bool)
    inside[::5, ::5, ::5] = True
    assert euler_number(inside) == label_components(inside)[1] == 64
