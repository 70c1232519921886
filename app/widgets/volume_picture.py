"""Pictures of a volume view for a paper or a slide: any part of it, any number of pixels, any ground."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QImage

from core.errors import InputError
from core.images.transparency import without_ground

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView

PARTS = {
    "all": "All that is on screen",
    "3d": "The volume in 3-D",
    "xy": "The slice xy",
    "zy": "The slice zy",
    "xz": "The slice xz",
}
"""What a picture may show."""
GROUNDS = {"screen": "Dark, as on screen", "white": "White", "transparent": "Transparent"}
DARK_INK = "#202427"
"""Letters and lines of a picture that is not dark."""


@dataclass(frozen=True)
class Shot:
    """A picture that is wanted.

    Attributes
    ----------
    part
        One of `PARTS`.
    width
        In pixels; the height follows from what is on screen.
    ground
        One of `GROUNDS`.
    """

    part: str = "all"
    width: int = 1600
    ground: str = "screen"


def region(view: VolumeView, part: str) -> tuple[float, float, float, float]:
    """Left, top, width and height of a part of the view, in device-independent pixels of its canvas."""
    canvas = view.scene.canvas
    if part == "all":
        return (0.0, 0.0, float(canvas.size[0]), float(canvas.size[1]))
    widget = view.scene.view if part == "3d" else view.scene.panes.cells[("xy", "zy", "xz").index(part)]
    corners = [widget.get_transform("visual", "canvas").map(place)[:2] for place in ((0, 0), widget.size)]
    (left, top), (right, bottom) = corners
    return float(left), float(top), float(right - left), float(bottom - top)


def width_on_screen(view: VolumeView, part: str) -> int:
    """Pixels of the screen that a part is wide now."""
    canvas = view.scene.canvas
    return max(1, round(float(region(view, part)[2] * canvas.physical_size[0] / canvas.size[0])))


def size_of(view: VolumeView, shot: Shot, even: bool = False) -> tuple[int, int]:
    """Width and height in pixels; ``even``: both even, as films want them."""
    _, _, width, height = region(view, shot.part)
    sides = (max(1, shot.width), max(1, round(shot.width * height / width)))
    if even:
        return max(2, sides[0] // 2 * 2), max(2, sides[1] // 2 * 2)
    return sides


def draw(view: VolumeView, shot: Shot, size: tuple[int, int] | None = None) -> np.ndarray:
    """The picture, finely drawn: shape (height, width, 3), or (…, 4) with opacity where its ground is transparent.

    ``size`` is its width and height where they are known already.

    Raises
    ------
    InputError
        Where there is no OpenGL, or the picture is larger than can be drawn.
    """
    if view.scene is None:
        raise InputError("There is no 3-D view without OpenGL.")
    from app.widgets import off_screen

    scene = view.scene
    where, size = region(view, shot.part), size or size_of(view, shot)
    coarseness = scene.volume.relative_step_size
    scene.coarse(False)
    panes = dict(zip(("xy", "zy", "xz", "3d"), (*scene.panes.cells, scene.view), strict=True))
    hidden = [pane for part, pane in panes.items() if shot.part not in ("all", part) and pane.visible]
    for pane in hidden:  # it would be drawn all the same, beside the picture
        pane.visible = False
    try:
        if shot.ground == "screen":
            return off_screen.draw(scene.canvas, where, size)
        with dark_ink(scene.canvas):
            white = off_screen.draw(scene.canvas, where, size, "white")
            if shot.ground == "white":
                return white
            return without_ground(off_screen.draw(scene.canvas, where, size, "black"), white)
    finally:
        scene.volume.relative_step_size = coarseness
        for pane in hidden:
            pane.visible = True


def as_image(pixels: np.ndarray) -> QImage:
    """A Qt picture of what `draw` returns."""
    height, width, channels = pixels.shape
    pixels = np.ascontiguousarray(pixels)
    kind = QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, channels * width, kind).copy()


@contextlib.contextmanager
def dark_ink(canvas: Any) -> Iterator[None]:
    """Draw in dark ink whatever is drawn in the canvas's light ink, for a while."""
    from vispy import scene

    from app.widgets.slice_panes import INK, rgb

    light, dark = (*rgb(INK), 1.0), (*rgb(DARK_INK), 1.0)
    texts, lines, axes = [], [], []
    for node in _below(canvas.scene):
        if isinstance(node, scene.Text):
            texts += [node] if np.allclose(node.color.rgba[0], light, atol=0.01) else []
        elif isinstance(node, scene.Line):
            color = np.asarray(node.color, float) if not isinstance(node.color, str) else np.zeros(0)
            lines += (
                [(node, node.color)] if color.shape == (4,) and np.allclose(color[:3], light[:3], atol=0.01) else []
            )
        elif isinstance(node, scene.AxisWidget):
            axes.append(node.axis)
    try:
        for text in texts:
            text.color = dark
        for line, color in lines:
            line.set_data(color=(*dark[:3], color[3]))
        for axis in axes:
            axis.text_color = axis.axis_color = axis.tick_color = dark
        yield
    finally:
        for text in texts:
            text.color = light
        for line, color in lines:
            line.set_data(color=color)
        for axis in axes:
            axis.text_color = axis.axis_color = axis.tick_color = light


def _below(node: Any) -> Iterator[Any]:
    for child in node.children:
        yield child
        yield from _below(child)
