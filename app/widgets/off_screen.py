"""Draws a part of a vispy canvas into memory, at any number of pixels.

vispy's own `SceneCanvas.render` draws what is larger than the canvas into its corner: it maps places on the canvas to
pixels of the canvas instead of those of the picture, and a Qt canvas that is made current again takes the drawing away
from the picture. Both are put right here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from vispy import gloo
from vispy.gloo import gl

from core.errors import InputError

MOST_PIXELS = 64_000_000
"""More would take gigabytes of the graphics card's memory, and of the computer's."""

Region = tuple[float, float, float, float]
"""Left, top, width and height of a part of a canvas, in its own (device-independent) pixels."""


def longest_side(canvas: Any) -> int:
    """The most pixels along a side that the graphics card draws."""
    canvas.set_current()
    limits = np.ravel([gl.glGetParameter(gl.GL_MAX_RENDERBUFFER_SIZE), *gl.glGetParameter(gl.GL_MAX_VIEWPORT_DIMS)])
    return int(limits.min())


def check_size(canvas: Any, size: tuple[int, int]) -> None:
    """Raise `InputError` where a picture of ``size`` (width, height) cannot be drawn here."""
    width, height = size
    limit = longest_side(canvas)
    if max(size) > limit:
        raise InputError(
            f"A picture of {width} × {height} pixels is too large: this graphics card draws {limit} along a side.",
            "Choose a smaller one.",
        )
    if width * height > MOST_PIXELS:
        raise InputError(
            f"A picture of {width} × {height} pixels is too large: {MOST_PIXELS // 1_000_000} million pixels are drawn "
            "at most.",
            "Choose a smaller one.",
        )


def draw(canvas: Any, region: Region, size: tuple[int, int], ground: Any = None) -> np.ndarray:
    """Draw ``region`` of a canvas that was shown before.

    Lines and letters grow with the picture, so that it shows what the screen does.

    Parameters
    ----------
    size
        Width and height in pixels.
    ground
        What it is drawn over, a colour; None: the canvas's own.

    Returns
    -------
    Red, green, blue; shape (height, width, 3), uint8.

    Raises
    ------
    InputError
        Where ``size`` is more than can be drawn.
    """
    check_size(canvas, size)
    left, top, width, height = region
    canvas.set_current()
    pixels = size[::-1]
    buffer = gloo.FrameBuffer(color=gloo.RenderBuffer(pixels), depth=gloo.RenderBuffer(pixels))
    canvas.push_fbo(buffer, (0, 0), canvas.size)
    across, down = (many / own for many, own in zip(canvas.physical_size, canvas.size, strict=True))
    bottom = canvas.physical_size[1] - (top + height) * down
    # places on the canvas to pixels of the picture; leaving the buffer sets it back
    canvas.transforms.canvas_transform.transforms[0].set_mapping(
        [(left * across, bottom), ((left + width) * across, bottom + height * down)], [(0, 0), size]
    )
    canvas.set_current = lambda _event=None: None  # made current anew, Qt's canvas would draw into itself
    try:
        canvas._draw_scene(bgcolor=ground)
        picture: np.ndarray = buffer.read()[..., :3]
    finally:
        del canvas.set_current
        canvas.pop_fbo()
        buffer.delete()
        canvas.update()
    return picture
