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
SHAPES = {"window": "As on screen", "16:9": "16 : 9", "4:3": "4 : 3", "1:1": "1 : 1"}
"""Shapes of a picture's frame; what it shows is laid out anew in it, nothing is stretched or cut off."""
AS_GIVEN = "as given"
"""The shape of the size that it is drawn in."""
RATIOS = {"16:9": 16 / 9, "4:3": 4 / 3, "1:1": 1.0}
"""Width over height of those that are not the screen's."""
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
        In pixels; the height follows from the shape.
    ground
        One of `GROUNDS`.
    shape
        One of `SHAPES`, or `AS_GIVEN`.
    """

    part: str = "all"
    width: int = 1600
    ground: str = "screen"
    shape: str = "window"


def region(view: VolumeView, part: str) -> tuple[float, float, float, float]:
    """Left, top, width and height of a part of the view, in device-independent pixels of its canvas."""
    if part == "all":
        width, height = view.scene.canvas.central_widget.size
        return (0.0, 0.0, float(width), float(height))
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
    return sides_of(shot, width / height, even)


def sides_of(shot: Shot, on_screen: float, even: bool = False) -> tuple[int, int]:
    """Width and height in pixels of a shot of what is ``on_screen`` times as wide as high."""
    ratio = RATIOS.get(shot.shape, on_screen)
    sides = (max(1, shot.width), max(1, round(shot.width / ratio)))
    if even:
        return max(2, sides[0] // 2 * 2), max(2, sides[1] // 2 * 2)
    return sides


@contextlib.contextmanager
def laid_out(
    view: VolumeView, part: str, ratio: float | None, base: tuple[float, float] | None = None
) -> Iterator[None]:
    """Lay the canvas out so that a part of it is ``ratio`` times as wide as high, and as large as now; then as before.

    ``base``: the canvas's size to begin with, where that is another than now.
    """
    room = view.scene.canvas.central_widget
    before = tuple(room.size)
    try:
        if base is not None and tuple(base) != before:
            view.scene.give_room(base)
        if ratio is not None:
            _, _, width, height = region(view, part)
            wide = (width * height * ratio) ** 0.5
            # of the room that is gained, a part gets some share
            share = 1.0 if part == "all" else 2.0
            for _ in range(8):
                missing = wide - width, wide / ratio - height
                if max(map(abs, missing)) < 0.1:
                    break
                view.scene.give_room([side + share * more for side, more in zip(room.size, missing, strict=True)])
                _, _, width, height = region(view, part)
        yield
    finally:
        if tuple(room.size) != before:
            view.scene.give_room(before)


def draw(
    view: VolumeView, shot: Shot, size: tuple[int, int] | None = None, base: tuple[float, float] | None = None
) -> np.ndarray:
    """The picture, finely drawn: shape (height, width, 3), or (…, 4) with opacity where its ground is transparent.

    ``size`` is its width and height where they are known already; ``base`` as in `laid_out`.

    Raises
    ------
    InputError
        Where there is no OpenGL, or the picture is larger than can be drawn.
    """
    if view.scene is None:
        raise InputError("There is no 3-D view without OpenGL.")
    size = size or size_of(view, shot)
    with laid_out(view, shot.part, None if shot.shape == "window" else size[0] / size[1], base):
        return _drawn(view, shot, size)


def _drawn(view: VolumeView, shot: Shot, size: tuple[int, int]) -> np.ndarray:
    from app.widgets import off_screen

    scene, where = view.scene, region(view, shot.part)
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
