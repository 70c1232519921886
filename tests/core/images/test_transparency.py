"""Opacity found from two grounds."""

from __future__ import annotations

import numpy as np

from core.images.transparency import without_ground


def over(picture: np.ndarray, ground: float) -> np.ndarray:
    """``picture`` (red, green, blue, opacity; 0 to 1) drawn over a grey, in 8 bits."""
    opacity = picture[..., 3:]
    return np.rint(255 * (opacity * picture[..., :3] + (1 - opacity) * ground)).astype(np.uint8)


def test_opacity_and_colour_come_back_within_rounding() -> None:
    picture = np.random.default_rng(3).random((40, 50, 4))
    picture[..., 3] = np.round(picture[..., 3] * 15) / 15
    found = without_ground(over(picture, 0.0), over(picture, 1.0)).astype(float)
    assert np.abs(found[..., 3] - 255 * picture[..., 3]).max() <= 1.01
    firm = picture[..., 3] > 0.5  # where hardly anything is there, 8 bits do not hold its colour
    assert np.abs(found[firm][:, :3] - 255 * picture[firm][:, :3]).max() <= 2.5
    assert (found[picture[..., 3] == 0] == 0).all()


def test_what_is_opaque_stays_to_the_bit() -> None:
    colors = np.random.default_rng(4).integers(0, 256, (7, 9, 3)).astype(np.uint8)
    found = without_ground(colors, colors)
    assert (found[..., :3] == colors).all() and (found[..., 3] == 255).all()


def test_drawn_over_any_other_ground_it_is_the_picture_over_that_ground() -> None:
    picture = np.random.default_rng(5).random((20, 20, 4))
    found = without_ground(over(picture, 0.0), over(picture, 1.0)) / 255
    assert np.abs(over(found, 0.4).astype(int) - over(picture, 0.4)).max() <= 2
