"""How marks look in a vispy canvas: lines, dots and words with a dark edge, readable on any phase. Needs OpenGL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from vispy import scene
from vispy.scene.visuals import create_visual_node
from vispy.visuals import TextVisual

from app.widgets.slice_panes import PLANES
from app.widgets.volume_parts import Triple

NEAR = 1.5
"""A mark is drawn in a slice from whose middle none of its places is farther away; voxels."""
PLAIN, CHOSEN, EDGE = (1.0, 1.0, 1.0, 1.0), (1.0, 0.85, 0.3, 1.0), (0.0, 0.0, 0.0, 0.75)
_ARC = 0.35
"""Radius of an angle's arc, as a share of its shorter arm."""
_ARC_STEPS = 12
_GAP = "  "
"""Between a place and what is written beside it."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is drawn of a mark.

    Attributes
    ----------
    places
        Shape (n, 3): z, y, x in voxels of the full volume. Joined by lines; of three, an arc shows the angle.
    words
        Written beside its middle; empty: nothing is.
    chosen
        Whether it stands out.
    """

    places: np.ndarray
    words: str
    chosen: bool = False


class _EdgedTextVisual(TextVisual):
    """Letters a little bolder than vispy's, with a dark edge, both made from the distance that it draws them from."""

    _shaders = {  # noqa: RUF012 (vispy's own attribute)
        "vertex": TextVisual._shaders["vertex"],
        "fragment": TextVisual._shaders["fragment"]
        .replace("center - w, center + w", "center - 0.06 - w, center - 0.06 + w")
        .replace("if (alpha <= 0) discard;", "float edge = 0.85 * smoothstep(0.1, 0.3, distance);")
        .replace(
            "gl_FragColor = vec4(v_color.rgb, v_color.a * alpha);",
            "if (max(alpha, edge) <= 0.) discard;\n"
            "        gl_FragColor = vec4(v_color.rgb * alpha, v_color.a * max(alpha, edge));",
        ),
    }


EdgedText: Any = create_visual_node(_EdgedTextVisual)


class MarkDrawing:
    """The marks in the three slices and in the 3-D view of one `VolumeScene`."""

    def __init__(self, volume_scene: Any) -> None:
        self._canvas = volume_scene.canvas
        font = volume_scene.letters.manager
        self.layers = [_Layer(view.scene, font) for view in (*volume_scene.slices, volume_scene.view)]

    def show(self, marks: Sequence[Drawn], cursor: Triple, scale: tuple[float, ...]) -> None:
        """Draw ``marks``: in space all of them, in each slice those near it."""
        edges = np.array(scale)
        for plane, (cut, down, across) in enumerate(PLANES):
            near = [mark for mark in marks if (np.abs(mark.places[:, cut] - cursor[cut] - 0.5) <= NEAR).all()]
            self.layers[plane].show([(mark, (mark.places * edges)[:, [across, down]]) for mark in near])
        self.layers[3].show([(mark, (mark.places * edges)[:, ::-1]) for mark in marks])
        self._canvas.update()


class _Layer:
    """The visuals of one view."""

    def __init__(self, root: Any, font: Any) -> None:
        self.under = scene.Line(parent=root, connect="segments", color=EDGE, width=4)
        self.lines = scene.Line(parent=root, connect="segments", color=PLAIN, width=1.5)
        self.dots = scene.Markers(parent=root)
        self.words = EdgedText(
            "", parent=root, color=PLAIN, font_size=10, anchor_x="left", anchor_y="center", font_manager=font
        )
        for order, visual in enumerate((self.under, self.lines, self.dots, self.words), 20):
            visual.order = order
            visual.visible = False
            visual.set_gl_state("translucent", depth_test=False, cull_face=False)

    def show(self, marks: Sequence[tuple[Drawn, np.ndarray]]) -> None:
        """Draw each mark at its places in this view, shape (n, 2) or (n, 3)."""
        pieces, piece_colors, dots, dot_colors, words, places, word_colors = [], [], [], [], [], [], []
        for mark, at in marks:
            color = CHOSEN if mark.chosen else PLAIN
            for path in _paths(at):
                ends = np.repeat(path, 2, axis=0)[1:-1]
                pieces.append(ends)
                piece_colors += [color] * len(ends)
            dots.append(at)
            dot_colors += [color] * len(at)
            if mark.words:
                words.append(_GAP + mark.words)
                # a line comes to its rightmost place from the left, where no letters are
                places.append(at[1] if len(at) == 3 else at[at[:, 0].argmax()])
                word_colors.append(color)
        for visual in (self.under, self.lines):
            visual.visible = bool(pieces)
        self.dots.visible, self.words.visible = bool(dots), bool(words)
        if pieces:
            self.under.set_data(pos=np.concatenate(pieces))
            self.lines.set_data(pos=np.concatenate(pieces), color=np.array(piece_colors))
        if dots:
            self.dots.set_data(
                pos=np.concatenate(dots), size=7, face_color=np.array(dot_colors), edge_color=EDGE, edge_width=1.5
            )
        if words:
            self.words.text, self.words.pos, self.words.color = words, np.array(places), np.array(word_colors)


def _paths(at: np.ndarray) -> list[np.ndarray]:
    """The lines of a mark: through its places, and an angle's arc."""
    if len(at) < 2:
        return []
    if len(at) < 3:
        return [at]
    corner = at[1]
    a, b = at[0] - corner, at[2] - corner
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if min(lengths) == 0:
        return [at]
    a, b = a / lengths[0], b / lengths[1]
    # half-way directions drawn to one length, again and again, would do too; this needs no turning plane either
    between = np.linspace(0, 1, _ARC_STEPS)[:, None]
    angle = np.arccos(np.clip(a @ b, -1, 1))
    if angle < 1e-3 or angle > np.pi - 1e-3:
        return [at]
    arc = (np.sin((1 - between) * angle) * a + np.sin(between * angle) * b) / np.sin(angle)
    return [at, corner + _ARC * min(lengths) * arc]
