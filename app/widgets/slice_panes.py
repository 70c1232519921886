"""The three slices of a volume in a vispy canvas: picture, axes, cross hairs, and finer pictures where one looks."""

from __future__ import annotations

from typing import Any

import numpy as np
from vispy import scene
from vispy.visuals.transforms import STTransform

from app.widgets.canvas_letters import CanvasLetters
from app.widgets.slice_axes import SliceAxis
from app.widgets.volume_parts import Clip, Part, Triple

AXIS_COLORS = ("#4F9DDE", "#6CBF5A", "#E0665A")
"""Lines of z, y, x."""
INK = "#D4D7DA"
PLANES = ((0, 1, 2), (2, 1, 0), (1, 0, 2))
"""Per slice: the axis it cuts, the axis down and the axis across (0, 1, 2 = z, y, x)."""
_AROUND = 0.25
"""What is read for a slice reaches so many of its own sides beyond what is seen, so that a small pan needs nothing."""


class SlicePanes:
    """Visuals of the slices.

    Attributes
    ----------
    views
        The three view boxes, as in `PLANES`.
    images
        Per slice the picture of the whole section, and its two lines.
    finer
        Per slice the picture of a part at a finer level, hidden where there is none.
    notes
        Per slice what is said of it below, beside the axis.
    """

    def __init__(self, canvas: Any, grid: Any, letters: CanvasLetters) -> None:
        self._canvas = canvas
        self.cells, self.views, self.images, self.finer = [], [], [], []
        self.notes: list[str] = []
        self._unit = ""
        self._across, self._down = [], []
        self._parts: list[Part | None] = [None, None, None]
        self._sides = [(1.0, 1.0)] * 3
        for plane, (row, column) in enumerate(((0, 0), (0, 1), (1, 0))):
            cell = grid.add_grid(row=row, col=column, spacing=0)
            cell.visible = False  # until there is something to show
            self.cells.append(cell)
            # colours of lines as numbers: a string makes vispy import matplotlib at the first draw
            ink = (*rgb(INK), 1.0)
            style = {"text_color": INK, "axis_color": ink, "tick_color": ink, "tick_font_size": 7, "axis_font_size": 8}
            style |= {"axis_width": 1, "tick_width": 1, "major_tick_length": 4, "minor_tick_length": 0}
            down = SliceAxis("left", axis_label_margin=38, tick_label_margin=6, **style)
            across = SliceAxis("bottom", axis_label_margin=26, tick_label_margin=12, **style)
            down.width_max = down.width_min = 56
            across.height_max = across.height_min = 40
            cell.add_widget(down, row=0, col=0)
            view = cell.add_view(row=0, col=1)
            cell.add_widget(across, row=1, col=1)
            view.camera = scene.PanZoomCamera(aspect=1)
            view.camera.flip = (False, True, False)
            view.camera.interactive = False
            for axis in (down, across):
                letters.use_in(axis.axis)
                axis.link_view(view)
                # its numbers follow the view, but it has to be told of its own place, too
                axis.events.resize.connect(lambda _event, axis=axis: axis.follow())
                axis.transform.changed.connect(lambda _event=None, axis=axis: axis.follow())
            image, finer = (
                scene.Image(np.zeros((2, 2, 3), np.uint8), parent=view.scene, interpolation="nearest") for _ in range(2)
            )
            image.transform, finer.transform = STTransform(), STTransform()
            for picture in (image, finer):
                picture.set_gl_state(depth_test=False, blend=False, cull_face=False)  # the later one is on top
            image.order, finer.order, finer.visible = 0, 1, False
            lines = [
                scene.Line(np.zeros((2, 2)), color=(*rgb(AXIS_COLORS[axis]), 0.9), parent=view.scene)
                for axis in PLANES[plane][1:]
            ]
            for line in lines:
                line.set_gl_state("translucent", depth_test=False, cull_face=False)
                line.order = 2
            self.views.append(view)
            self.images.append((image, lines))
            self.finer.append(finer)
            self.notes.append("")
            self._across.append(across)
            self._down.append(down)

    def lay_out(self, shape: tuple[int, ...], scale: tuple[float, ...], unit: str) -> None:
        """Name the axes of ``shape`` voxels; ``scale`` is a voxel's edge in units along (z, y, x)."""
        self._unit = unit
        for plane, (_, down, across) in enumerate(PLANES):
            self.cells[plane].visible = True
            self._name_axis(plane)
            high, wide = shape[down] * scale[down], shape[across] * scale[across]
            self._sides[plane] = (high, wide)
            self._down[plane].measure(high, wide)
            self._across[plane].measure(wide, high)
            self._down[plane].say(f"{'zyx'[down]} ({unit})")

    def note(self, plane: int, text: str) -> None:
        """Say something of a slice below it."""
        if self.notes[plane] != text:
            self.notes[plane] = text
            self._name_axis(plane)

    def _name_axis(self, plane: int) -> None:
        name = f"{'zyx'[PLANES[plane][2]]} ({self._unit})"
        note = self.notes[plane]
        self._across[plane].say(f"{name} · {note}" if note else name)

    def fit(self, shape: tuple[int, ...], scale: tuple[float, ...]) -> None:
        """Show all of every section of ``shape`` voxels."""
        size = np.array(shape) * np.array(scale)
        for plane, (_, down, across) in enumerate(PLANES):
            self.views[plane].camera.set_range(x=(0, size[across]), y=(0, size[down]), margin=0.02)

    def show(self, part: Part, colors: np.ndarray, cursor: Triple, scale: tuple[float, ...]) -> None:
        """Draw the three sections of ``part`` through ``cursor`` (voxels of the full volume)."""
        for plane, (cut, down, across) in enumerate(PLANES):
            image, lines = self.images[plane]
            _draw(image, part, plane, colors, cursor, scale)
            high, wide = self._sides[plane]
            y, x = (cursor[down] + 0.5) * scale[down], (cursor[across] + 0.5) * scale[across]
            lines[0].set_data(np.array([(0, y), (wide, y)], np.float32))
            lines[1].set_data(np.array([(x, 0), (x, high)], np.float32))
            finer = self._parts[plane]
            if finer is not None and not _cuts(finer, cut, cursor):
                self.show_finer(plane, None, colors, cursor, scale)
            elif finer is not None:
                _draw(self.finer[plane], finer, plane, colors, cursor, scale)

    def show_finer(
        self, plane: int, part: Part | None, colors: np.ndarray, cursor: Triple, scale: tuple[float, ...]
    ) -> None:
        """Draw a finer part of a section over it, or, with None, take it away."""
        if part is not None and not _cuts(part, PLANES[plane][0], cursor):
            return  # the cursor has gone on
        self._parts[plane] = part
        self.finer[plane].visible = part is not None
        if part is not None:
            _draw(self.finer[plane], part, plane, colors, cursor, scale)

    def finer_part(self, plane: int) -> Part | None:
        """What is drawn over the section at a finer level."""
        return self._parts[plane]

    def seen(self, plane: int, scale: tuple[float, ...]) -> tuple[Clip, tuple[float, float]]:
        """What a slice shows: ranges of voxels (all of the axis it cuts), and voxels in a pixel, down and across."""
        cut, down, across = PLANES[plane]
        view = self.views[plane]
        corners = [view.scene.transform.imap([x, y, 0, 1])[:2] for x, y in ((0, 0), view.size)]
        ranges: list[tuple[int, int]] = [(0, 0)] * 3
        per_pixel = []
        for axis, number, pixels in ((down, 1, view.size[1]), (across, 0, view.size[0])):
            low, high = sorted(float(corner[number]) / scale[axis] for corner in corners)
            ranges[axis] = (int(np.floor(low)), int(np.ceil(high)))
            per_pixel.append((high - low) / max(1.0, pixels * self._canvas.pixel_scale))
        ranges[cut] = (0, 1)
        return (ranges[0], ranges[1], ranges[2]), (per_pixel[0], per_pixel[1])

    def around(self, plane: int, seen: Clip, shape: Triple, cursor: Triple) -> Clip:
        """What to read for a slice: what is seen and a margin, inside ``shape``, one voxel thick at ``cursor``."""
        cut = PLANES[plane][0]
        ranges = []
        for axis, (low, high) in enumerate(seen):
            more = round(_AROUND * (high - low))
            start = min(max(low - more, 0), shape[axis] - 1)
            ranges.append((start, max(start + 1, min(high + more, shape[axis]))))
        ranges[cut] = (cursor[cut], cursor[cut] + 1)
        return ranges[0], ranges[1], ranges[2]


def _cuts(part: Part, cut: int, cursor: Triple) -> bool:
    return bool(0 <= part.place(cursor)[cut] < part.labels.shape[cut])


def _draw(image: Any, part: Part, plane: int, colors: np.ndarray, cursor: Triple, scale: tuple[float, ...]) -> None:
    cut, down, across = PLANES[plane]
    number = min(max(part.place(cursor)[cut], 0), part.labels.shape[cut] - 1)
    section = np.take(part.labels, number, axis=cut)
    image.set_data(colors[section.T if down > across else section])
    image.transform.scale = (scale[across] * part.step[across], scale[down] * part.step[down])
    image.transform.translate = (scale[across] * part.origin[across], scale[down] * part.origin[down])


def rgb(color: str) -> tuple[float, float, float]:
    """Red, green and blue, 0 to 1, of ``#RRGGBB``."""
    return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]
