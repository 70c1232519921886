"""Shapes and the brush against a test of every single pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.errors import InputError
from core.painting.brush import Brush, swept
from core.painting.pixels import Listed, Marked, Pixels
from core.painting.selecting import wand
from core.painting.shapes import Point, ellipse, polygon, rectangle

SHAPE = (41, 53)


def drawn(pixels: Pixels | None, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """All pixels as a picture; listing one twice or leaving the box is an error."""
    found = np.zeros(shape, dtype=int)
    if isinstance(pixels, Listed):
        np.add.at(found.reshape(-1), pixels.places, 1)
    elif isinstance(pixels, Marked):
        y0, y1, x0, x1 = pixels.box
        assert 0 <= y0 < y1 <= shape[0] and 0 <= x0 < x1 <= shape[1]
        found[y0:y1, x0:x1] += pixels.cover
    assert found.max() <= 1
    if pixels is not None:
        y0, y1, x0, x1 = pixels.box
        outside = found.copy()
        outside[y0:y1, x0:x1] = 0
        assert not outside.any()
    return found.astype(bool)


def distance(y: float, x: float, a: Point, b: Point) -> float:
    """From a place to a line, by its definition."""
    dy, dx = b[0] - a[0], b[1] - a[1]
    square = dy * dy + dx * dx
    along = 0.0 if square == 0 else min(1.0, max(0.0, ((y - a[0]) * dy + (x - a[1]) * dx) / square))
    return math.hypot(y - a[0] - along * dy, x - a[1] - along * dx)


def brute(a: Point, b: Point, radius: float) -> np.ndarray:
    return np.array([[distance(r + 0.5, c + 0.5, a, b) <= radius for c in range(SHAPE[1])] for r in range(SHAPE[0])])


@pytest.mark.parametrize("seed", range(40))
def test_a_swept_brush_covers_what_is_near_its_line(seed: int) -> None:
    generator = np.random.default_rng(seed)
    # also outside the picture, and larger than it
    a, b = (tuple(generator.uniform(-15, 65, 2)) for _ in range(2))
    if seed % 4 == 0:
        b = (a[0], b[1])
    if seed % 4 == 1:
        b = (b[0], a[1])
    radius = float(generator.choice([0.6, 3.3, 11.7, 90.0]))
    assert np.array_equal(drawn(swept(a, b, radius, SHAPE)), brute(a, b, radius))
    done = radius * 0.8
    assert np.array_equal(drawn(swept(a, b, radius, SHAPE, done)), brute(a, b, radius) & ~brute(a, a, done))


def test_a_brush_set_down_is_a_disc() -> None:
    assert np.array_equal(drawn(swept((20.2, 30.1), (20.2, 30.1), 7.4, SHAPE)), brute((20.2, 30.1), (20.2, 30.1), 7.4))
    assert swept((-100, 5), (-100, 9), 20, SHAPE) is None


@pytest.mark.parametrize(("diameter", "hardness"), [(9.0, 0.5), (30.0, 0.0), (120.0, 0.95)])
def test_strength_along_a_line_is_that_of_the_distance_to_it(diameter: float, hardness: float) -> None:
    generator = np.random.default_rng(0)
    brush, y, x = Brush(diameter, hardness), np.arange(-3, 12)[:, None] + 0.5, np.arange(5, 21)[None] + 0.5
    for number in range(12):
        a, b = (tuple(generator.uniform(-5, 25, 2)) for _ in range(2))
        b = (a, (a[0], b[1]), (b[0], a[1]), b)[number % 4]  # a place, along the axes, aslant
        away = [[distance(y + 0.5, x + 0.5, a, b) for x in range(5, 21)] for y in range(-3, 12)]
        found = brush.strength_along(y, x, a, b)
        assert found.dtype == np.float32
        assert np.allclose(found, brush.strength(np.array(away)), atol=2e-6)


def test_hardness() -> None:
    soft = Brush(20, 0.4)
    assert soft.strength(np.array([0, 4.0, 7.0, 10.0, 12.0])) == pytest.approx([1, 1, 0.5, 0, 0])
    assert soft.label_radius == pytest.approx(7.0), "labels: up to half the strength"
    assert Brush(20, 1.0).strength(np.array([0, 10.0, 10.1])) == pytest.approx([1, 1, 0])
    for bad in ((0.5, 1.0), (math.nan, 1.0), (5, 1.2)):
        with pytest.raises(InputError):
            Brush(*bad)


def inside_even_odd(y: float, x: float, corners: list[Point]) -> bool:
    """The classic ray to the right."""
    inside = False
    for (ya, xa), (yb, xb) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (ya <= y) != (yb <= y) and xa + (y - ya) * (xb - xa) / (yb - ya) <= x:
            inside = not inside
    return inside


@pytest.mark.parametrize("seed", range(20))
def test_a_polygon_holds_its_inside(seed: int) -> None:
    generator = np.random.default_rng(seed)
    corners = [tuple(point) for point in generator.uniform(-10, 60, (int(generator.integers(3, 12)), 2))]
    wanted = [[inside_even_odd(r + 0.5, c + 0.5, corners) for c in range(SHAPE[1])] for r in range(SHAPE[0])]
    assert np.array_equal(drawn(polygon(corners, SHAPE)), np.array(wanted))


def test_polygons_that_share_an_edge_share_no_pixel_and_lose_none() -> None:
    corners = [(2.5, 3.5), (2.5, 40.5), (30.5, 40.5), (30.5, 3.5)]
    one = drawn(polygon([corners[0], corners[1], corners[2]], SHAPE))
    other = drawn(polygon([corners[0], corners[2], corners[3]], SHAPE))
    whole = drawn(polygon(corners, SHAPE))
    assert not (one & other).any()
    assert np.array_equal(one | other, whole)
    assert polygon(corners[:2], SHAPE) is None


@pytest.mark.parametrize("seed", range(10))
def test_rectangle_and_ellipse(seed: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = (tuple(generator.uniform(-10, 60, 2)) for _ in range(2))
    (y0, y1), (x0, x1) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    box = (y >= y0) & (y <= y1) & (x >= x0) & (x <= x1)
    assert np.array_equal(drawn(rectangle(a, b, SHAPE)), box)
    middle_y, middle_x = (y0 + y1) / 2, (x0 + x1) / 2
    disc = ((y - middle_y) / ((y1 - y0) / 2)) ** 2 + ((x - middle_x) / ((x1 - x0) / 2)) ** 2 <= 1
    assert np.array_equal(drawn(ellipse(a, b, SHAPE)), disc)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("connected", [True, False])
def test_the_wand_finds_what_is_near_in_value(dtype: type, connected: bool) -> None:
    picture = np.random.default_rng(5).integers(0, 6, (14, 17)).astype(dtype)
    for seed in ((0, 0), (7, 9), (13, 16)):
        for tolerance in (0.0, 1.0, 2.5):
            near = np.abs(picture.astype(float) - float(picture[seed])) <= tolerance
            wanted = near
            if connected:
                wanted, waiting = np.zeros_like(near), [seed]
                while waiting:
                    r, c = waiting.pop()
                    if 0 <= r < 14 and 0 <= c < 17 and near[r, c] and not wanted[r, c]:
                        wanted[r, c] = True
                        waiting += [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
            assert np.array_equal(drawn(wand(picture, seed, tolerance, connected=connected), (14, 17)), wanted)
    assert wand(picture, (14, 0), 1.0) is None
